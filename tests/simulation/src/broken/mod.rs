//! Engines that are broken on purpose, each in one way that is tempting in practice. They run in the same
//! worlds as the real one, so that the audit can be seen to notice.

mod forgetful;
mod naive;
mod settlement;
mod unfenced;
mod write_behind;

use std::sync::Arc;

use order_memory::MemoryStore;
use order_ports::Settlement;

pub use naive::NaiveWorker;

use crate::faults::StorePorts;
use forgetful::WithoutMinimum;
use settlement::{Misread, MisreadSettlement};
use unfenced::UnfencedStore;
use write_behind::WriteBehind;

/// Which engine runs in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// The real one.
    Honest,
    /// Its worker executes what the queue delivers and writes down afterwards what came of it.
    NaiveWorker,
    /// Its store takes every write, whoever holds the lease by now.
    NoFence,
    /// It keeps a transaction in memory until the next write, instead of storing it before it is sent.
    WriteBehind,
    /// It takes silence and "not found" for a failure.
    SilenceIsFailure,
    /// It takes "not found" for dead without waiting for the transaction to expire.
    NotFoundIsDead,
    /// It sends the same bytes again to a chain that executes them again.
    TrustsDuplicates,
    /// Its worker forgets the minimum that the request names.
    ForgetsMinimum,
}

impl Variant {
    /// All that are broken.
    pub const BROKEN: [Self; 7] = [
        Self::NaiveWorker,
        Self::NoFence,
        Self::WriteBehind,
        Self::SilenceIsFailure,
        Self::NotFoundIsDead,
        Self::TrustsDuplicates,
        Self::ForgetsMinimum,
    ];

    pub(crate) const fn chain_removes_duplicates(self) -> bool {
        !matches!(self, Self::TrustsDuplicates)
    }

    /// The store as all processes see it.
    pub(crate) fn store_of_the_world(self, store: Arc<MemoryStore>) -> StorePorts {
        match self {
            Self::NoFence => StorePorts::of(Arc::new(UnfencedStore::new(store))),
            Self::Honest
            | Self::NaiveWorker
            | Self::WriteBehind
            | Self::SilenceIsFailure
            | Self::NotFoundIsDead
            | Self::TrustsDuplicates
            | Self::ForgetsMinimum => StorePorts::of(store),
        }
    }

    /// The store as one life of one process sees it.
    pub(crate) fn store_of_a_life(self, store: StorePorts) -> StorePorts {
        match self {
            Self::WriteBehind => {
                let journal = Arc::new(WriteBehind::new(Arc::clone(&store.journal)));
                StorePorts { journal, ..store }
            }
            Self::ForgetsMinimum => {
                let leases = Arc::new(WithoutMinimum::new(Arc::clone(&store.leases)));
                StorePorts { leases, ..store }
            }
            Self::Honest
            | Self::NaiveWorker
            | Self::NoFence
            | Self::SilenceIsFailure
            | Self::NotFoundIsDead
            | Self::TrustsDuplicates => store,
        }
    }

    /// The chain as the engine sees it.
    pub(crate) fn settlement(self, settlement: Arc<dyn Settlement>) -> Arc<dyn Settlement> {
        let misread = match self {
            Self::SilenceIsFailure => Misread::SilenceAsFailure,
            Self::NotFoundIsDead => Misread::NotFoundAsDead,
            Self::TrustsDuplicates => Misread::DuplicatesAsRemoved,
            Self::Honest | Self::NaiveWorker | Self::NoFence | Self::WriteBehind | Self::ForgetsMinimum => {
                return settlement;
            }
        };
        Arc::new(MisreadSettlement::new(settlement, misread))
    }
}
