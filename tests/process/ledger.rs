//! One process with a database, and nothing else: its venues keep what they executed in a ledger beside the database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use order_test_servers::Postgres;
use order_tests::EngineProcess;
use tempfile::TempDir;

use crate::deployment::{SHORT_LEASE, assert_all_confirmed, submit};

/// A database, and a home for what belongs to it.
struct Desk {
    postgres: Postgres,
    database: String,
    home: TempDir,
}

impl Desk {
    async fn open() -> Self {
        let postgres = Postgres::start().await.unwrap();
        let database = postgres.fresh_database().await.unwrap();
        Self {
            postgres,
            database,
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn run(&self, arguments: &[&str], more: &[(&str, &str)]) -> EngineProcess {
        self.run_in(self.home.path(), &self.database, arguments, more)
    }

    fn run_in(
        &self,
        home: &Path,
        database: &str,
        arguments: &[&str],
        more: &[(&str, &str)],
    ) -> EngineProcess {
        let mut environment = vec![
            ("HOST", "127.0.0.1"),
            ("PORT", "0"),
            ("DATABASE_URL", database),
            ("XDG_STATE_HOME", home.to_str().unwrap()),
            ("ORDER_ENGINE__VENUES__PRICE", "frozen"),
            ("ORDER_ENGINE__QUEUE__CONCURRENCY", "100"),
        ];
        environment.extend(SHORT_LEASE);
        environment.extend(more);
        EngineProcess::spawn(arguments, &environment)
    }

    /// The ledgers that there are.
    fn ledgers(&self) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.home.path().join("order-engine")).unwrap();
        folder.map(|file| file.unwrap().path()).collect()
    }
}

#[tokio::test]
async fn an_order_whose_process_is_killed_is_not_sent_again() {
    let desk = Desk::open().await;
    let mut ids = Vec::new();
    // Different times, so that it is killed at different steps of its orders.
    for millis in [100, 300, 700, 1_500, 2_500] {
        let mut engine = desk.run(&["serve"], &[]);
        ids.extend(submit(&engine.client().await, 40).await);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        engine.signal(Signal::SIGKILL);
        engine.exit().await;
    }
    let mut engine = desk.run(&["serve"], &[]);
    let client = engine.client().await;
    assert_all_confirmed(&client, &ids).await;
    for id in &ids {
        let order = client.order(id).await;
        assert_eq!(
            order["attempts"], 1,
            "it was sent under a second transaction: {order}"
        );
    }
    assert_eq!(engine.terminate().await, Some(0));
    assert_eq!(desk.ledgers().len(), 1);
    let mut verify = desk.run(&["verify", "--drained"], &[]);
    verify.says("200 orders, 200 executions: no violation").await;
    assert!(verify.exit().await.success());
}

#[tokio::test]
async fn each_database_has_a_ledger_of_its_own() {
    let desk = Desk::open().await;
    let other = desk.postgres.fresh_database().await.unwrap();
    let instant = [("ORDER_ENGINE__VENUES__PROFILE", "instant")];
    for (database, orders) in [(&desk.database, 5), (&other, 3)] {
        let mut engine = desk.run_in(desk.home.path(), database, &["serve"], &instant);
        let client = engine.client().await;
        let ids = submit(&client, orders).await;
        assert_all_confirmed(&client, &ids).await;
        assert_eq!(engine.terminate().await, Some(0));
    }
    assert_eq!(desk.ledgers().len(), 2);
    for (database, orders) in [(&desk.database, 5), (&other, 3)] {
        let verify = desk.run_in(desk.home.path(), database, &["verify", "--drained"], &[]);
        let verdict = format!("{orders} orders, {orders} executions: no violation");
        verify.says(&verdict).await;
    }
}

#[tokio::test]
async fn a_second_process_on_the_database_says_that_it_has_venues_of_its_own() {
    let desk = Desk::open().await;
    let first = desk.run(&["serve"], &[]);
    first
        .says("the venues in this process keep what they execute")
        .await;
    let second = desk.run(&["serve"], &[]);
    let client = second.client().await;
    second.says("set VENUE_URL to share one market").await;
    assert_eq!(client.get("/health/ready").await.status, 200);
}

#[tokio::test]
async fn where_nothing_can_be_kept_it_does_not_start_unless_that_is_wanted() {
    let desk = Desk::open().await;
    let occupied = desk.home.path().join("file");
    std::fs::write(&occupied, "no folder").unwrap();
    let mut refused = desk.run_in(&occupied, &desk.database, &["serve"], &[]);
    assert_eq!(refused.exit().await.code(), Some(1));
    refused
        .says("set market.ledger to a file that can be written")
        .await;

    let off = [("ORDER_ENGINE__MARKET__LEDGER", "off")];
    let forgetful = desk.run_in(&occupied, &desk.database, &["serve"], &off);
    forgetful.client().await;
    forgetful.says("forget what they executed when it ends").await;

    // Nor where a venue server keeps it.
    let server = EngineProcess::spawn(&["venue", "--port", "0"], &[("HOST", "127.0.0.1")]);
    let url = server.client().await.url("");
    let shared = desk.run_in(&occupied, &desk.database, &["serve"], &[("VENUE_URL", &url)]);
    shared.client().await;

    let mut verify = desk.run_in(&occupied, &desk.database, &["verify"], &off);
    verify.says("VENUE_URL").await;
    assert_eq!(verify.exit().await.code(), Some(2));
    let mut verify = desk.run(&["verify"], &[]);
    verify.says("no ledger of the venues is at").await;
    assert_eq!(verify.exit().await.code(), Some(1));
}
