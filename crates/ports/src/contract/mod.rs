//! The laws of every port, run against each implementation.
//!
//! A law is an async function that panics when an implementation breaks it; its name is the sentence it
//! stands for. One macro per port ([`store_contract!`](crate::store_contract) and its siblings) turns all laws
//! of the port into tests of one implementation, so that a broken law is reported under its own name.
//! [`fixtures`] has what laws and other tests build orders from.
//!
//! Only what a port promises belongs here. What a single adapter promises beyond that is tested beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "laws are the bodies of tests"
)]
#![allow(missing_docs, reason = "the name of a law is the sentence that it stands for")]

pub mod audit;
pub mod backlog;
pub mod dispatch;
pub mod feed;
pub mod fixtures;
pub mod keys;
pub mod ledger;
pub mod market;
pub mod notifier;
pub mod pools;
pub mod queue;
pub mod store;
pub mod tickets;

/// Turns laws into tests. Not to be used directly: each port has a macro that knows its laws.
#[doc(hidden)]
#[macro_export]
macro_rules! __laws {
    ($module:ident, $attributes:tt, $make:expr, $arguments:tt, [$($law:ident),+ $(,)?]) => {
        $($crate::__law! { $module, $attributes, $make, $arguments, $law })+
    };
}

/// Turns one law into a test.
#[doc(hidden)]
#[macro_export]
macro_rules! __law {
    ($module:ident, [$($attribute:tt)+], $make:expr, ($($argument:expr),*), $law:ident) => {
        $($attribute)+
        async fn $law() {
            let subject = $make().await;
            $crate::contract::$module::$law(&*subject $(, $argument)*).await;
        }
    };
}

#[cfg(test)]
mod tests {
    /// A law that is in no macro is run by nobody.
    #[test]
    fn every_law_is_run() {
        let store = [
            include_str!("store/intake.rs"),
            include_str!("store/leases.rs"),
            include_str!("store/journal.rs"),
            include_str!("store/reading.rs"),
            include_str!("store/listing.rs"),
            include_str!("store/sweeping.rs"),
        ];
        let ports = [
            (include_str!("store/mod.rs"), store.concat()),
            (include_str!("queue.rs"), include_str!("queue.rs").to_owned()),
            (
                include_str!("notifier.rs"),
                include_str!("notifier.rs").to_owned(),
            ),
            (
                include_str!("dispatch.rs"),
                include_str!("dispatch.rs").to_owned(),
            ),
            (include_str!("market.rs"), include_str!("market.rs").to_owned()),
            (include_str!("pools.rs"), include_str!("pools.rs").to_owned()),
            (include_str!("feed.rs"), include_str!("feed.rs").to_owned()),
            (include_str!("audit.rs"), include_str!("audit.rs").to_owned()),
            (include_str!("backlog.rs"), include_str!("backlog.rs").to_owned()),
            (include_str!("ledger.rs"), include_str!("ledger.rs").to_owned()),
            (include_str!("keys.rs"), include_str!("keys.rs").to_owned()),
            (include_str!("tickets.rs"), include_str!("tickets.rs").to_owned()),
        ];
        for (list, laws) in ports {
            let written = laws
                .split("\npub async fn ")
                .skip(1)
                .filter_map(|law| law.split(['(', '<']).next());
            let written: Vec<_> = written.collect();
            let unlisted: Vec<_> = written
                .iter()
                .filter(|law| !list.contains(&format!(" {law},\n")))
                .collect();
            assert!(
                written.len() >= 3 && unlisted.is_empty(),
                "in no list: {unlisted:?}"
            );
        }
    }
}
