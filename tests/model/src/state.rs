//! What the model is made of.

use crate::Bounds;

/// A transaction, named by its number.
pub type Tx = u8;

/// Where the order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not at its end.
    Live,
    /// Reported as executed.
    Confirmed,
    /// Reported as not executed.
    Failed,
    /// Taken back by its owner.
    Cancelled,
}

/// The order in the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    /// Where it stands.
    pub status: Status,
    /// Failed attempts.
    pub failures: u8,
    /// Grows with every claim.
    pub epoch: u8,
    /// The worker that holds the lease.
    pub holder: Option<usize>,
    /// The attempt that is not resolved.
    pub open: Option<Tx>,
    /// Whether it shows that it waits: until a worker that was woken for it has written ahead.
    pub waiting: bool,
    /// Whether it is due. What waits is not, until it is woken.
    pub due: bool,
    /// Which terms it has: 0 until they are replaced.
    pub terms: u8,
}

impl Order {
    /// Whether it waits and no watcher has woken it.
    pub const fn waits(&self) -> bool {
        self.waiting && !self.due
    }
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Worker {
    /// Nothing.
    Idle,
    /// It holds the order, and nothing is written ahead.
    Claimed {
        /// Its epoch.
        epoch: u8,
        /// The terms that it has read.
        terms: u8,
    },
    /// A transaction is to be sent.
    Ready {
        /// Its epoch.
        epoch: u8,
        /// The transaction.
        tx: Tx,
    },
    /// A transaction may be at the venue.
    Waiting {
        /// Its epoch.
        epoch: u8,
        /// The transaction.
        tx: Tx,
    },
    /// The outcome is known.
    Resolved {
        /// Its epoch.
        epoch: u8,
        /// The transaction.
        tx: Tx,
        /// Whether it executed.
        landed: bool,
    },
}

/// A transaction out in the world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Journey {
    /// Copies on their way to the venue.
    pub under_way: u8,
    /// How often it executed.
    pub landed: u8,
    /// Whether the venue has refused it for good.
    pub rejected: bool,
    /// Whether its last valid block has passed.
    pub expired: bool,
    /// Whether it was refused because the price had gone by.
    pub gone_by: bool,
    /// Whether it executed at a price beyond the limit.
    pub beyond_limit: bool,
    /// The terms that it was made under.
    pub terms: u8,
}

/// The whole world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct System {
    /// The order in the store.
    pub order: Order,
    /// The workers.
    pub workers: [Worker; 2],
    /// All transactions ever made, by number.
    pub journeys: Vec<Journey>,
    /// Whether a work item is in the queue.
    pub item: bool,
    /// Whether the market's price meets the order's limit.
    pub met: bool,
    /// Which of the watchers have seen that, and not acted yet.
    pub seen: [bool; 2],
    /// Whether the owner was told that the order is cancelled.
    pub told_cancelled: bool,
    /// What may still go wrong.
    pub crashes: u8,
    /// What may still go wrong.
    pub flushes: u8,
    /// What may still go wrong.
    pub expiries: u8,
    /// How often the price may still cross the limit.
    pub moves: u8,
    /// How often the owner may still replace the terms.
    pub replacements: u8,
}

impl System {
    /// An accepted order, announced; no worker has done anything.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            order: Order {
                status: Status::Live,
                failures: 0,
                epoch: 0,
                holder: None,
                open: None,
                waiting: false,
                due: true,
                terms: 0,
            },
            workers: [Worker::Idle; 2],
            journeys: Vec::new(),
            item: true,
            met: !bounds.limit,
            seen: [false; 2],
            told_cancelled: false,
            crashes: bounds.crashes,
            flushes: bounds.flushes,
            expiries: bounds.expiries,
            moves: bounds.moves,
            replacements: bounds.replacements,
        }
    }

    /// How often the order has executed.
    pub fn executions(&self) -> u32 {
        self.journeys
            .iter()
            .map(|journey| u32::from(journey.landed))
            .sum()
    }

    /// Folds states that differ in names alone into one: which worker is which, how large an epoch is, and
    /// what is still under way when it can land no more.
    pub(crate) fn fold(&mut self) {
        for journey in self.journeys.iter_mut().filter(|journey| journey.expired) {
            journey.under_way = 0;
        }
        let mut epochs: Vec<u8> = self
            .workers
            .iter()
            .filter_map(Worker::epoch)
            .chain([self.order.epoch])
            .collect();
        epochs.sort_unstable();
        epochs.dedup();
        let rank = |epoch: u8| {
            (0..)
                .zip(&epochs)
                .find(|(_, known)| **known == epoch)
                .map_or(epoch, |(rank, _)| rank)
        };
        self.order.epoch = rank(self.order.epoch);
        for worker in &mut self.workers {
            if let Some(epoch) = worker.epoch_mut() {
                *epoch = rank(*epoch);
            }
        }
        let [first, second] = [0, 1].map(|process| (self.workers[process], self.seen[process]));
        if first > second {
            self.workers.swap(0, 1);
            self.seen.swap(0, 1);
            self.order.holder = self.order.holder.map(|holder| 1 - holder);
        }
    }
}

impl Worker {
    const fn epoch(&self) -> Option<u8> {
        match self {
            Self::Idle => None,
            Self::Claimed { epoch, .. }
            | Self::Ready { epoch, .. }
            | Self::Waiting { epoch, .. }
            | Self::Resolved { epoch, .. } => Some(*epoch),
        }
    }

    const fn epoch_mut(&mut self) -> Option<&mut u8> {
        match self {
            Self::Idle => None,
            Self::Claimed { epoch, .. }
            | Self::Ready { epoch, .. }
            | Self::Waiting { epoch, .. }
            | Self::Resolved { epoch, .. } => Some(epoch),
        }
    }
}
