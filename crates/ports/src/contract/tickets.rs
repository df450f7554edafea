//! The laws of the tickets.
//!
//! Every law gets a fresh, empty box of tickets.

use std::time::Duration;

use futures_util::future::join_all;
use order_core::access::Grant;

use super::keys::{key_id, secret_hash};
use crate::Tickets;

/// Runs every law of the tickets as a test of its own; to be used as [`store_contract!`](crate::store_contract).
#[macro_export]
macro_rules! tickets_contract {
    ($(#[$attribute:meta])+ $make:expr) => {
        $crate::__laws! { tickets, [$(#[$attribute])+], $make, (), [
            a_ticket_is_good_once,
            of_many_who_ask_at_once_one_is_told,
            a_ticket_that_was_never_kept_is_none,
            a_ticket_is_good_for_its_time,
        ] }
    };
}

const LONG: Duration = Duration::from_secs(600);

fn grant(n: u32) -> Grant {
    Grant {
        key: key_id(n),
        hash: secret_hash(100 + n),
    }
}

#[track_caller]
fn assert_grant(found: Option<Grant>, n: u32) {
    let found = found.unwrap();
    assert_eq!(found.key, key_id(n));
    assert_eq!(found.hash.bytes(), grant(n).hash.bytes());
}

pub async fn a_ticket_is_good_once(tickets: &dyn Tickets) {
    for n in [1, 2] {
        tickets.keep(secret_hash(n), grant(n), LONG).await.unwrap();
    }
    assert_grant(tickets.redeem(secret_hash(2)).await.unwrap(), 2);
    assert_grant(tickets.redeem(secret_hash(1)).await.unwrap(), 1);
    for n in [1, 2] {
        assert!(tickets.redeem(secret_hash(n)).await.unwrap().is_none());
    }
}

pub async fn of_many_who_ask_at_once_one_is_told(tickets: &dyn Tickets) {
    for n in 1..=8 {
        tickets.keep(secret_hash(n), grant(n), LONG).await.unwrap();
        let told = join_all((0..8).map(|_| tickets.redeem(secret_hash(n)))).await;
        let told = told.into_iter().filter(|told| told.as_ref().unwrap().is_some());
        assert_eq!(told.count(), 1);
    }
}

pub async fn a_ticket_that_was_never_kept_is_none(tickets: &dyn Tickets) {
    assert!(tickets.redeem(secret_hash(1)).await.unwrap().is_none());
    tickets.keep(secret_hash(1), grant(1), LONG).await.unwrap();
    assert!(tickets.redeem(secret_hash(2)).await.unwrap().is_none());
    assert_grant(tickets.redeem(secret_hash(1)).await.unwrap(), 1);
}

pub async fn a_ticket_is_good_for_its_time(tickets: &dyn Tickets) {
    let short = Duration::from_millis(500);
    tickets.keep(secret_hash(1), grant(1), short).await.unwrap();
    tickets.keep(secret_hash(2), grant(2), LONG).await.unwrap();
    tokio::time::sleep(short + Duration::from_millis(100)).await;
    assert!(tickets.redeem(secret_hash(1)).await.unwrap().is_none());
    // Whoever keeps another one may throw away those whose time is over, and no others.
    tickets.keep(secret_hash(3), grant(3), LONG).await.unwrap();
    assert_grant(tickets.redeem(secret_hash(2)).await.unwrap(), 2);
    assert_grant(tickets.redeem(secret_hash(3)).await.unwrap(), 3);
}
