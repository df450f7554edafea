//! What can strike.

use crate::proxy::Mode;

/// Where a process's way leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Postgres,
    Redis,
    Venue,
}

/// How the venues misbehave by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// They refuse, with errors of all kinds.
    Errors,
    /// They execute and do not answer.
    AcceptThenTimeout,
    /// Transactions stay out of sight, longer than a lease perhaps.
    LateLanding,
    /// They refuse everything.
    Down,
}

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultCard {
    KillApi,
    KillWorker,
    FreezeApi,
    FreezeWorker,
    StopApi,
    StopWorker,
    Cut(Link),
    Hold(Link, Mode),
    FlushRedis,
    RedisDown,
    FreezeRedis,
    PostgresDown,
    KillVenue,
    FreezeVenue,
    Venue(Trouble),
}

/// All cards with their names and how often they are in the deck.
const CARDS: [(FaultCard, &str, usize); 26] = [
    (FaultCard::KillApi, "api killed", 2),
    (FaultCard::KillWorker, "worker killed", 4),
    (FaultCard::FreezeApi, "api frozen", 1),
    (FaultCard::FreezeWorker, "worker frozen past its lease", 3),
    (FaultCard::StopApi, "api stopped in good order", 1),
    (FaultCard::StopWorker, "worker stopped in good order", 1),
    (FaultCard::Cut(Link::Postgres), "cut from Postgres", 2),
    (FaultCard::Cut(Link::Redis), "cut from Redis", 1),
    (FaultCard::Cut(Link::Venue), "cut from the venues", 2),
    (
        FaultCard::Hold(Link::Postgres, Mode::Stall),
        "way to Postgres stalled",
        1,
    ),
    (
        FaultCard::Hold(Link::Postgres, Mode::HoldAnswers),
        "answers of Postgres held back",
        2,
    ),
    (
        FaultCard::Hold(Link::Postgres, Mode::Refuse),
        "Postgres unreachable",
        1,
    ),
    (
        FaultCard::Hold(Link::Redis, Mode::Stall),
        "way to Redis stalled",
        1,
    ),
    (
        FaultCard::Hold(Link::Redis, Mode::HoldAnswers),
        "answers of Redis held back",
        1,
    ),
    (
        FaultCard::Hold(Link::Venue, Mode::Stall),
        "way to the venues stalled",
        1,
    ),
    (
        FaultCard::Hold(Link::Venue, Mode::HoldAnswers),
        "answers of the venues held back",
        2,
    ),
    (FaultCard::FlushRedis, "Redis flushed", 1),
    (FaultCard::RedisDown, "Redis killed and empty", 2),
    (FaultCard::FreezeRedis, "Redis frozen", 1),
    (FaultCard::PostgresDown, "Postgres crashed", 2),
    (FaultCard::KillVenue, "venue killed", 2),
    (FaultCard::FreezeVenue, "venue frozen", 1),
    (FaultCard::Venue(Trouble::Errors), "venue errors", 1),
    (
        FaultCard::Venue(Trouble::AcceptThenTimeout),
        "venue executes and is silent",
        2,
    ),
    (FaultCard::Venue(Trouble::LateLanding), "venue lands late", 2),
    (FaultCard::Venue(Trouble::Down), "venue down", 1),
];

/// The names of all faults.
pub(crate) const NAMES: [&str; CARDS.len()] = {
    let mut names = [""; CARDS.len()];
    let mut index = 0;
    while index < CARDS.len() {
        names[index] = CARDS[index].1;
        index += 1;
    }
    names
};

/// Every card, as often as it is in the deck.
pub(super) fn deck() -> Vec<FaultCard> {
    let often = |(card, _, times): &(FaultCard, &str, usize)| std::iter::repeat_n(*card, *times);
    CARDS.iter().flat_map(often).collect()
}

impl FaultCard {
    /// For the report.
    pub(super) fn name(self) -> &'static str {
        let own = CARDS.iter().find(|(card, _, _)| *card == self);
        own.map_or("unnamed", |(_, name, _)| name)
    }
}
