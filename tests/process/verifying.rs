//! `order-engine verify`: it passes what the engine leaves behind, at work and at rest, and notices a record
//! that was tampered with.

use order_tests::EngineProcess;

use crate::deployment::{Deployment, assert_all_confirmed, submit};

#[tokio::test]
async fn what_the_engine_leaves_behind_holds_until_somebody_changes_it() {
    let deployment = Deployment::start("instant").await;
    let mut api = deployment.process("api", &[]);
    let mut worker = deployment.process("worker", &[]);
    let client = api.client().await;
    let ids = submit(&client, 30).await;
    assert_all_confirmed(&client, &ids).await;
    assert_eq!(worker.terminate().await, Some(0));
    assert_eq!(api.terminate().await, Some(0));

    let mut verify = deployment.verify(&["--drained"]);
    verify.says("30 orders, 30 executions: no violation").await;
    verify.says("I3  at most one execution an order").await;
    verify.says("pools balance").await;
    assert_eq!(verify.exit().await.code(), Some(0));

    let last = "select order_id from attempts order by order_id desc limit 1";
    let reopen = format!("update attempts set outcome = null where order_id = ({last})");
    deployment.tamper(&reopen).await;
    let first = "select order_id from order_events order by order_id limit 1";
    let forget = format!("delete from order_events where seq = 1 and order_id = ({first})");
    deployment.tamper(&forget).await;

    let mut verify = deployment.verify(&["--drained"]);
    verify.says("I7 ORD-").await;
    verify.says("I11 ORD-").await;
    verify.says("VIOLATIONS").await;
    assert_eq!(verify.exit().await.code(), Some(1));
}

#[tokio::test]
async fn a_deployment_at_work_has_no_violation_either() {
    let deployment = Deployment::start("instant").await;
    let api = deployment.process("api", &[]);
    let _workers = [
        deployment.process("worker", &[]),
        deployment.process("worker", &[]),
    ];
    let client = api.client().await;
    let load = async {
        let ids = submit(&client, 600).await;
        assert_all_confirmed(&client, &ids).await;
    };
    let watch = async {
        for _ in 0..4 {
            let mut verify = deployment.verify(&[]);
            verify.says("no violation").await;
            assert_eq!(verify.exit().await.code(), Some(0), "{:#?}", verify.lines());
        }
    };
    tokio::join!(load, watch);
}

#[tokio::test]
async fn without_records_there_is_nothing_to_verify() {
    let mut verify = EngineProcess::spawn(&["verify"], &[]);
    verify.says("DATABASE_URL").await;
    verify.says("VENUE_URL").await;
    assert_eq!(verify.exit().await.code(), Some(2));
}
