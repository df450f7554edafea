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
    /// Who holds the lease.
    pub holder: Option<usize>,
    /// The attempt that nobody has resolved.
    pub open: Option<Tx>,
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
    /// Whether a hint is in the queue.
    pub hint: bool,
    /// What may still go wrong.
    pub crashes: u8,
    /// What may still go wrong.
    pub flushes: u8,
    /// What may still go wrong.
    pub expiries: u8,
}

impl System {
    /// An accepted order, announced; nobody has done anything.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            order: Order {
                status: Status::Live,
                failures: 0,
                epoch: 0,
                holder: None,
                open: None,
            },
            workers: [Worker::Idle; 2],
            journeys: Vec::new(),
            hint: true,
            crashes: bounds.crashes,
            flushes: bounds.flushes,
            expiries: bounds.expiries,
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
        if self.workers[0] > self.workers[1] {
            self.workers.swap(0, 1);
            self.order.holder = self.order.holder.map(|holder| 1 - holder);
        }
    }
}

impl Worker {
    const fn epoch(&self) -> Option<u8> {
        match self {
            Self::Idle => None,
            Self::Claimed { epoch }
            | Self::Ready { epoch, .. }
            | Self::Waiting { epoch, .. }
            | Self::Resolved { epoch, .. } => Some(*epoch),
        }
    }

    const fn epoch_mut(&mut self) -> Option<&mut u8> {
        match self {
            Self::Idle => None,
            Self::Claimed { epoch }
            | Self::Ready { epoch, .. }
            | Self::Waiting { epoch, .. }
            | Self::Resolved { epoch, .. } => Some(epoch),
        }
    }
}
