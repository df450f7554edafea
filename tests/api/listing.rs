//! Lists of orders, filtered and page by page.

use order_tests::{Mode, TestEngine, in_both_modes};
use serde_json::{Value, json};

use crate::{sell, sell_with};

in_both_modes!(
    orders_are_listed_by_filter,
    pages_do_not_shift,
    times_are_those_of_the_calendar
);

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|order| order["orderId"].as_str().unwrap().to_owned())
        .collect()
}

async fn orders_are_listed_by_filter(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let sold = engine.finished(&engine.accepted(&sell()).await).await;
    let bought = json!({"tokenIn": "USDC", "tokenOut": "ETH", "amountIn": 100, "userId": "ann"});
    let bought = engine.finished(&engine.accepted(&bought).await).await;
    let failed = engine
        .accepted(&sell_with(json!({"minAmountOut": "1000000"})))
        .await;
    let failed = engine.finished(&failed).await;
    let [sold_id, bought_id, failed_id] =
        [&sold, &bought, &failed].map(|order| order["orderId"].as_str().unwrap().to_owned());

    let list = async |query: &str| ids(&engine.get(&format!("/api/orders?{query}")).await.json());
    let (sold_id, bought_id, failed_id) = (sold_id.as_str(), bought_id.as_str(), failed_id.as_str());
    assert_eq!(list("").await, [failed_id, bought_id, sold_id]);
    assert_eq!(list("status=confirmed").await, [bought_id, sold_id]);
    assert_eq!(list("status=CONFIRMED&type=&limit=").await, [bought_id, sold_id]);
    assert_eq!(list("status=failed,pending").await, [failed_id]);
    assert_eq!(list("token=eth").await, [bought_id]);
    assert_eq!(list("token=SOL&status=confirmed").await, [sold_id]);
    assert_eq!(list("userId=ann").await, [bought_id]);
    assert_eq!(list("type=market&limit=1").await, [failed_id]);
    assert_eq!(list("type=limit").await, Vec::<String>::new());
    let dex = sold["dex"].as_str().unwrap();
    assert!(list(&format!("dex={dex}")).await.iter().any(|id| id == sold_id));
    let from = failed["createdAt"].as_str().unwrap();
    assert_eq!(list(&format!("from={from}")).await, [failed_id]);
    assert_eq!(list(&format!("to={from}")).await, [bought_id, sold_id]);
    engine.stop().await;
}

async fn times_are_those_of_the_calendar(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let order = engine.accepted(&sell()).await;
    let (first, last) = ("-62167219200000", "253402300799999");
    let page = engine.get(&format!("/api/orders?from={first}&to={last}")).await;
    assert_eq!(ids(&page.json()), [order.as_str()]);
    for query in [format!("from={last}"), format!("to={first}")] {
        let page = engine.get(&format!("/api/orders?{query}")).await;
        assert_eq!(ids(&page.json()), Vec::<String>::new(), "{query}");
    }
    for (query, field) in [
        ("from=99999999999999999", "from"),
        ("to=253402300800000", "to"),
        ("to=-62167219200001", "to"),
        ("from=-9223372036854775808", "from"),
    ] {
        let reply = engine.get(&format!("/api/orders?{query}")).await;
        assert_eq!(
            (reply.status, &reply.json()["errors"][0]["field"]),
            (400, &json!(field)),
            "{query}"
        );
    }
    engine.stop().await;
}

async fn pages_do_not_shift(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(engine.accepted(&sell()).await);
    }
    expected.reverse();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = engine.get(&format!("/api/orders?limit=3{cursor}")).await.json();
        seen.extend(ids(&page));
        engine.accepted(&sell()).await;
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, expected);
    engine.stop().await;
}

#[tokio::test]
async fn bad_filters_are_named() {
    let engine = TestEngine::memory("").await;
    for (query, field) in [
        ("status=open", "status"),
        ("type=twap", "type"),
        ("token=DOGE", "token"),
        ("dex=orca", "dex"),
        ("from=yesterday", "from"),
        ("to=x", "to"),
        ("cursor=abc", "cursor"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("page=2", "page"),
    ] {
        let reply = engine.get(&format!("/api/orders?{query}")).await;
        assert_eq!(
            (reply.status, &reply.json()["errors"][0]["field"]),
            (400, &json!(field)),
            "{query}"
        );
    }
}
