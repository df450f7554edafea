//! Orders, lists of them, their events, and quotes.

use order_core::failure::VenueError;
use serde_json::{Value, json};

use crate::test_server::{LIFE, TestServer};

#[tokio::test]
async fn an_order_is_found_under_its_id_with_and_without_prefix() {
    let server = TestServer::open().await;
    let order = server.order().await;
    for name in [
        order.to_string(),
        order.uuid().to_string(),
        order.to_string().to_lowercase(),
    ] {
        let reply = server.get(&format!("/api/orders/{name}")).await;
        assert_eq!(reply.status(), 200, "{name}");
        assert_eq!(reply.headers()["etag"], "\"1\"");
        assert_eq!(reply.json::<Value>().await.unwrap()["orderId"], order.to_string());
    }
    server.confirm(order);
    let view: Value = server
        .get(&format!("/api/orders/{order}"))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&view["status"], &view["executedPrice"]),
        (&json!("confirmed"), &json!("150"))
    );
}

#[tokio::test]
async fn an_unknown_order_is_not_found() {
    let server = TestServer::open().await;
    for name in [
        "ORD-01890a5d-ac96-774b-bcce-b302099a8057",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "nonsense",
    ] {
        for path in [
            format!("/api/orders/{name}"),
            format!("/api/orders/{name}/events"),
        ] {
            let reply = server.get(&path).await;
            assert_eq!(reply.status(), 404, "{path}");
            assert_eq!(reply.headers()["content-type"], "application/problem+json");
            assert_eq!(reply.json::<Value>().await.unwrap()["code"], "order_not_found");
        }
        let stream = server
            .client
            .get(server.url(&format!("/api/orders/{name}/events")));
        let reply = stream.header("accept", "text/event-stream").send().await.unwrap();
        assert_eq!(reply.status(), 404);
    }
}

#[tokio::test]
async fn the_events_are_a_list_after_a_number() {
    let server = TestServer::open().await;
    let order = server.order().await;
    server.confirm(order);
    let events = async |query: &str| -> Value {
        server
            .get(&format!("/api/orders/{order}/events{query}"))
            .await
            .json()
            .await
            .unwrap()
    };
    let all = events("").await;
    let names: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["status"].as_str().unwrap())
        .collect();
    assert_eq!(names, LIFE);
    assert_eq!(all[5]["meta"]["executedPrice"], "150");
    assert_eq!(events("?after=4").await, json!([all[4], all[5]]));
    assert_eq!(events("?after=6").await, json!([]));
    let bad = server.get(&format!("/api/orders/{order}/events?after=two")).await;
    assert_eq!(bad.status(), 400);
    assert_eq!(bad.json::<Value>().await.unwrap()["errors"][0]["field"], "after");
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let server = TestServer::open().await;
    let mut orders = Vec::new();
    for _ in 0..5 {
        orders.push(server.order().await.to_string());
    }
    orders.reverse();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page: Value = server
            .get(&format!("/api/orders?limit=2{cursor}"))
            .await
            .json()
            .await
            .unwrap();
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|o| o["orderId"].as_str().unwrap().to_owned()),
        );
        // A new order in between shifts nothing.
        server.order().await;
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, orders);
}

#[tokio::test]
async fn a_list_is_filtered_and_a_bad_filter_is_named() {
    let server = TestServer::open().await;
    let (done, _open) = (server.order().await, server.order().await);
    server.confirm(done);
    let page: Value = server
        .get("/api/orders?status=confirmed,failed")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(page["items"][0]["orderId"], done.to_string());
    assert_eq!(page["nextCursor"], Value::Null);
    let reply = server.get("/api/orders?status=done&limit=0").await;
    assert_eq!(reply.status(), 400);
    let problem: Value = reply.json().await.unwrap();
    assert_eq!(
        (&problem["errors"][0]["field"], &problem["errors"][1]["field"]),
        (&json!("status"), &json!("limit"))
    );
}

#[tokio::test]
async fn quotes_name_the_venues_that_gave_none() {
    let server = TestServer::open().await;
    let question = r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"1.5","slippageBps":100}"#;
    let reply = server.post("/api/quotes", question).await;
    assert_eq!(reply.status(), 200);
    let leg = json!({
        "dex": "Raydium", "pool": "raydium:SOL/USDC", "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5",
        "amountOut": "225", "fee": "0.00375",
    });
    let expected = json!({
        "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5", "side": "sell", "slippageBps": 100,
        "quotes": [{"dex": "Raydium", "price": "150", "amountOut": "225", "fee": "0.00375", "priceImpactBps": 2}],
        "unavailable": [{"dex": "Meteora", "error": "the venue did not answer in time", "code": "timeout"}],
        "route": {
            "dex": "Raydium", "legs": [leg], "amountOut": "225", "price": "150",
            "fee": "0.00375", "priceImpactBps": 2, "reason": "the only venue that gave a quote",
        },
        "minAmountOut": "222.75", "expiresAt": "2025-11-20T12:00:10.000Z",
    });
    let mut report = reply.json::<Value>().await.unwrap();
    let quote_id = report.as_object_mut().unwrap().remove("quoteId").unwrap();
    assert_eq!(report, expected);
    // An order that names the quote is taken; a name that nobody gave is not.
    let order = |quote_id: &str| {
        json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5", "quoteId": quote_id}).to_string()
    };
    let taken = server
        .post("/api/orders/execute", order(quote_id.as_str().unwrap()))
        .await;
    assert_eq!(taken.status(), 202);
    let refused = server.post("/api/orders/execute", order("QUO1-none")).await;
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "unknown_quote");
}

#[tokio::test]
async fn without_a_quote_it_depends_on_why() {
    for (error, status, code) in [
        (VenueError::InsufficientLiquidity, 422, "amount_exceeds_liquidity"),
        (VenueError::ZeroOutput, 422, "zero_output"),
        (VenueError::UnknownToken, 422, "pair_not_traded"),
        (VenueError::Timeout, 503, "no_quotes"),
    ] {
        let server = TestServer::without_quotes(error).await;
        let reply = server
            .post(
                "/api/quotes",
                r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"1.5"}"#,
            )
            .await;
        assert_eq!(reply.status(), status);
        assert_eq!(reply.headers().contains_key("retry-after"), status == 503);
        let problem: Value = reply.json().await.unwrap();
        assert_eq!(problem["code"], code);
        assert_eq!(problem["unavailable"][0]["code"], error.code());
    }
}

#[tokio::test]
async fn a_parameter_without_a_value_is_as_good_as_none() {
    let server = TestServer::open().await;
    let order = server.order().await;
    for (path, status) in [
        ("by-client-id/mine?userId=".to_owned(), 404),
        (format!("{order}/events?after="), 200),
        (format!("{order}/events?after=&after=1"), 200),
    ] {
        let reply = server.get(&format!("/api/orders/{path}")).await;
        assert_eq!(reply.status(), status, "{path}: {}", reply.text().await.unwrap());
    }
}
