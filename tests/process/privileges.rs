//! The engine under the roles of `deploy/`: each part has the rights that its work needs, and no others.

use order_tests::{Client, EngineProcess};
use serde_json::json;

use crate::deployment::{assert_all_confirmed, sale, submit};
use crate::guarded::{Guarded, venue};

#[tokio::test]
async fn every_part_does_its_work_with_its_own_rights() {
    let guarded = Guarded::start().await;
    let folder = tempfile::tempdir().unwrap();
    let venue = venue(&folder);
    let market = venue.client().await.url("");
    let (mut api, mut worker) = (
        guarded.process("api", &market, &[]),
        guarded.process("worker", &market, &[]),
    );
    let client: Client = api.client().await;
    let ids = submit(&client, 40).await;
    assert_all_confirmed(&client, &ids).await;
    // One that waits, and is called back.
    let mut limit = sale();
    limit["type"] = json!("limit");
    limit["limitPrice"] = json!("100000");
    let waiting = client.accepted(&limit).await;
    let cancelled = client.delete(&format!("/api/orders/{waiting}")).await;
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    let ready = client.get("/health/ready").await.json();
    assert_eq!(ready["status"], "ready", "{ready}");

    let database = guarded.database_of("reader");
    let audit = [
        ("DATABASE_URL", database.as_str()),
        ("VENUE_URL", market.as_str()),
    ];
    let mut verify = EngineProcess::spawn(&["verify"], &audit);
    assert!(verify.exit().await.success(), "{:?}", verify.lines());
    assert_eq!(
        (api.terminate().await, worker.terminate().await),
        (Some(0), Some(0))
    );
    for line in api.lines().iter().chain(&worker.lines()) {
        let refused = line.contains("NOPERM") || line.contains("permission denied");
        assert!(!refused, "{line}");
    }
    history_stands(&guarded).await;
}

async fn history_stands(guarded: &Guarded) {
    for role in ["api", "worker", "reader"] {
        for statement in [
            "update order_events set seq = seq",
            "delete from order_events",
            "truncate order_events",
            "delete from orders",
            "delete from attempts",
            "drop table orders",
            "create table mine (id integer)",
            "update orders set owner = 'mallory'",
            "update orders set spec = '{}'",
            "update attempts set bytes = ''",
        ] {
            let refused = guarded.as_role(role, statement).await.unwrap_err();
            let denied = refused.contains("permission denied") || refused.contains("must be owner");
            assert!(denied, "{role}: {statement}: {refused}");
        }
    }
    let orders = "insert into orders (id) select id from orders limit 0";
    for (role, statement) in [
        ("worker", orders),
        ("reader", orders),
        ("api", "select from attempts"),
    ] {
        let refused = guarded.as_role(role, statement).await.unwrap_err();
        assert!(
            refused.contains("permission denied"),
            "{role}: {statement}: {refused}"
        );
    }
}
