//! The invariants by name.

/// Something that must hold, whatever fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Invariant {
    /// Every acknowledged order is stored.
    AcceptedIsStored,
    /// After a drain every order is terminal or visibly unknown.
    ReachesAnEnd,
    /// At most one execution an order.
    ExecutedOnce,
    /// Confirmed means executed.
    ConfirmedIsExecuted,
    /// Failed, cancelled and expired mean not executed.
    EndedIsNotExecuted,
    /// No execution without an order.
    ExecutionHasOrder,
    /// Sequence numbers are 1 to the version, without a gap.
    HistoryWithoutGap,
    /// Nothing follows a terminal event.
    NothingAfterTheEnd,
    /// Every execution was written ahead.
    ExecutionWrittenAhead,
    /// Only legal moves, leading to the state that the order shows.
    LegalMoves,
    /// Attempts within the limit, one open while submitted and none else.
    AttemptsWithinLimit,
    /// One order for an owner's idempotency key.
    OneOrderPerKey,
    /// No retry sooner than its backoff.
    RetriesWait,
    /// The epoch never falls along a history.
    EpochNeverFalls,
    /// Each subscriber saw exactly what came after its start, in order.
    StreamsAreExact,
    /// Executed amounts are at least what the request asks for, and what the order shows.
    AmountsHold,
    /// No execution is outside the terms that its order had when it was submitted: limit, minimum, venues, swaps, time.
    LimitHolds,
    /// A stop, or the wait for a pool, comes before everything else, and is over once it has fired.
    FiresOnce,
}

impl Invariant {
    /// All of them, by number.
    pub const ALL: [Self; 18] = [
        Self::AcceptedIsStored,
        Self::ReachesAnEnd,
        Self::ExecutedOnce,
        Self::ConfirmedIsExecuted,
        Self::EndedIsNotExecuted,
        Self::ExecutionHasOrder,
        Self::HistoryWithoutGap,
        Self::NothingAfterTheEnd,
        Self::ExecutionWrittenAhead,
        Self::LegalMoves,
        Self::AttemptsWithinLimit,
        Self::OneOrderPerKey,
        Self::RetriesWait,
        Self::EpochNeverFalls,
        Self::StreamsAreExact,
        Self::AmountsHold,
        Self::LimitHolds,
        Self::FiresOnce,
    ];

    /// Its number in the design.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AcceptedIsStored => "I1",
            Self::ReachesAnEnd => "I2",
            Self::ExecutedOnce => "I3",
            Self::ConfirmedIsExecuted => "I4",
            Self::EndedIsNotExecuted => "I5",
            Self::ExecutionHasOrder => "I6",
            Self::HistoryWithoutGap => "I7",
            Self::NothingAfterTheEnd => "I8",
            Self::ExecutionWrittenAhead => "I9",
            Self::LegalMoves => "I10",
            Self::AttemptsWithinLimit => "I11",
            Self::OneOrderPerKey => "I12",
            Self::RetriesWait => "I13",
            Self::EpochNeverFalls => "I14",
            Self::StreamsAreExact => "I15",
            Self::AmountsHold => "I18",
            Self::LimitHolds => "I19",
            Self::FiresOnce => "I20",
        }
    }

    /// What it says.
    pub const fn title(self) -> &'static str {
        match self {
            Self::AcceptedIsStored => "every acknowledged order is stored",
            Self::ReachesAnEnd => "after a drain every order is terminal or visibly unknown",
            Self::ExecutedOnce => "at most one execution an order",
            Self::ConfirmedIsExecuted => "confirmed means executed",
            Self::EndedIsNotExecuted => "failed, cancelled and expired mean not executed",
            Self::ExecutionHasOrder => "no execution without an order",
            Self::HistoryWithoutGap => "sequence numbers are 1 to the version",
            Self::NothingAfterTheEnd => "nothing follows a terminal event",
            Self::ExecutionWrittenAhead => "every execution was written ahead",
            Self::LegalMoves => "only legal moves, leading to the shown state",
            Self::AttemptsWithinLimit => "attempts within the limit, open only while submitted",
            Self::OneOrderPerKey => "one order for an owner's idempotency key",
            Self::RetriesWait => "no retry sooner than its backoff",
            Self::EpochNeverFalls => "the epoch never falls along a history",
            Self::StreamsAreExact => "each subscriber saw exactly its part of the history",
            Self::AmountsHold => "executed amounts are at least what was asked for, and as shown",
            Self::LimitHolds => "no execution is outside its order's terms",
            Self::FiresOnce => "a stop, or the wait for a pool, fires once and first",
        }
    }
}
