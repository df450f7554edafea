//! The laws of the store, of the API keys and of the tickets, against Postgres.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod support;

order_ports::store_contract!(
    #[tokio::test]
    support::fresh
);

order_ports::audit_contract!(
    #[tokio::test]
    support::fresh
);
order_ports::backlog_contract!(
    #[tokio::test]
    support::fresh
);
order_ports::keys_contract!(
    #[tokio::test]
    support::fresh
);
order_ports::tickets_contract!(
    #[tokio::test]
    support::fresh
);
