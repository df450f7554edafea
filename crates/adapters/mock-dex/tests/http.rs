//! The market as a server: its routes, its refusals, its administration, and its restart.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::token::TokenRegistry;
use order_core::venue::{SignedTransaction, TxStatus};
use order_mock_dex::{Market, MarketSettings, RemoteError, RemoteTimeouts, RemoteVenues};
use order_ports::contract::fixtures::{METEORA, RAYDIUM};
use order_ports::{SendError, Settlement, VenueLedger};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use support::served::Served;
use support::{Counting, TokioClock, draft, market, quiet, request, settings};

async fn get(served: &Served, path: &str) -> (StatusCode, Value) {
    let answer = Client::new().get(served.url(path)).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn post(served: &Served, path: &str, body: &Value) -> (StatusCode, Value) {
    let answer = Client::new()
        .post(served.url(path))
        .json(body)
        .send()
        .await
        .unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// A swap of 10 SOL at Raydium, built by a client.
async fn built(client: &RemoteVenues, number: u32) -> SignedTransaction {
    let wanted = request("SOL", "USDC", "10");
    let raydium = client.quote_sources([RAYDIUM]).remove(0);
    let quote = raydium.quote(&wanted).await.unwrap();
    client
        .settlement()
        .build(&draft(number, &wanted, &quote, Amount::new(1)))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    let served = Served::new(market(&quiet()), true).await;
    for path in ["quotes", "transactions", "moves", "pools/snapshot", "admin/price"] {
        let request = Client::new().post(served.url(path));
        let request = request.header("content-encoding", "gzip").body(vec![0x1f, 0x8b]);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path}");
        assert_eq!(answer.headers()["accept-encoding"], "identity");
        assert_eq!(
            answer.json::<Value>().await.unwrap()["code"],
            "unsupported_encoding"
        );
    }
    let asked = json!({ "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5" });
    let plain = Client::new().post(served.url("quotes")).json(&asked);
    let plain = plain.header("content-encoding", "identity").send().await.unwrap();
    assert_eq!(plain.status(), StatusCode::OK);
}

#[tokio::test]
async fn quotes_of_both_venues_come_with_a_blockhash() {
    let served = Served::new(market(&quiet()), false).await;
    let asked = json!({ "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5" });
    let (status, answer) = post(&served, "quotes", &asked).await;
    assert_eq!(status, StatusCode::OK);
    let quotes = answer["quotes"].as_array().unwrap();
    assert_eq!(
        quotes.iter().map(|quote| &quote["dex"]).collect::<Vec<_>>(),
        ["Meteora", "Raydium"]
    );
    assert_eq!(quotes[0]["amountIn"], "1.5");
    assert!(
        quotes[0]["amountOut"].as_str().unwrap().starts_with("22"),
        "{answer}"
    );
    assert!(answer["block"]["blockhash"].as_str().unwrap().len() > 30);

    let asked = json!({ "tokenIn": "SOL", "tokenOut": "JUP", "amountIn": 0.1, "dex": "Raydium" });
    let (_, answer) = post(&served, "quotes", &asked).await;
    assert_eq!(answer["quotes"].as_array().unwrap().len(), 1, "{answer}");
    let asked = json!({ "tokenIn": "SOL", "tokenOut": "NOPE", "amountIn": "1" });
    let (_, answer) = post(&served, "quotes", &asked).await;
    let refusals =
        json!([{ "dex": "Meteora", "code": "unknown_token" }, { "dex": "Raydium", "code": "unknown_token" }]);
    assert_eq!(answer["refusals"], refusals);
}

#[tokio::test]
async fn what_landed_is_in_the_ledger_with_its_order() {
    let served = Served::new(market(&quiet()), false).await;
    let client = served.client(1);
    let transaction = built(&client, 7).await;
    client.settlement().send(&transaction).await.unwrap();
    let (_, answer) = get(&served, "transactions?after=0").await;
    let [item] = answer["items"].as_array().unwrap().as_slice() else {
        panic!("{answer}")
    };
    assert_eq!(item["txHash"], transaction.id.to_string());
    assert_eq!(item["memo"], "ORD-00000000-0000-0000-0000-000000000007");
    assert_eq!(
        (&item["amountIn"], &item["amountInRaw"]),
        (&json!("10"), &json!("10000000000"))
    );
    assert_eq!(item["legs"][0]["amountOut"], item["amountOut"]);
    let (_, later) = get(&served, &format!("transactions?after={}", item["slot"])).await;
    assert_eq!(later["items"], json!([]));

    let (_, status) = get(&served, &format!("transactions/{}", transaction.id)).await;
    assert_eq!(
        (&status["status"], &status["slot"]),
        (&json!("landed"), &item["slot"])
    );
    let audited = client.venue_ledger().landed().await.unwrap();
    assert_eq!(audited, served.market.landed().await.unwrap());
    assert_eq!(audited.len(), 1);
    let books = client.books().await.unwrap();
    assert!(books.len() > 10 && books.iter().all(|(_, books)| books.balance()));
    assert_eq!(books, served.market.books());
}

#[tokio::test]
async fn a_long_ledger_is_read_page_by_page() {
    let served = Served::new(market(&quiet()), false).await;
    let settlement = served.market.clone();
    for number in 0..9 {
        let transaction = support::built(&served.market, number, RAYDIUM, &request("SOL", "USDC", "1")).await;
        settlement.send(&transaction).await.unwrap();
        // Three in each block.
        served.market.advance(u64::from(number % 3 == 2));
    }
    let mut seen = Vec::new();
    let mut after = 0;
    loop {
        let (_, page) = get(&served, &format!("transactions?after={after}&limit=2")).await;
        let items = page["items"].as_array().unwrap().clone();
        let Some(last) = items.last() else { break };
        after = last["slot"].as_u64().unwrap();
        seen.extend(items.iter().map(|item| item["memo"].clone()));
    }
    let expected: Vec<Value> = (0..9)
        .map(|number| json!(support::order(number).to_string()))
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_bad_request_is_told_what_is_wrong() {
    let served = Served::new(market(&quiet()), false).await;
    let good = json!({ "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1" });
    for (field, value, told) in [
        ("amountIn", json!("-1"), "negative"),
        (
            "amountIn",
            json!("0.0000000001"),
            "amountIn: has more than 9 decimal places",
        ),
        ("tokenIn", json!("S O L"), "token symbol"),
        ("venue", json!("Raydium"), "unknown field `venue`"),
        ("dex", json!("Orca"), "dex: must be one of Meteora, Raydium"),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let (status, problem) = post(&served, "quotes", &bad).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::BAD_REQUEST, &json!("bad_request"))
        );
        assert!(problem["detail"].as_str().unwrap().contains(told), "{problem}");
    }
    let wrong = [
        ("transactions/nonsense", StatusCode::BAD_REQUEST),
        ("transactions?after=x", StatusCode::BAD_REQUEST),
        ("transactions?since=1", StatusCode::BAD_REQUEST),
        ("nothing", StatusCode::NOT_FOUND),
        ("quotes", StatusCode::METHOD_NOT_ALLOWED),
    ];
    for (path, expected) in wrong {
        assert_eq!(get(&served, path).await.0, expected, "{path}");
    }
    let huge = json!({ "txHash": "1", "transaction": "x".repeat(70_000) });
    assert_eq!(
        post(&served, "transactions", &huge).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let transaction = built(&served.client(1), 1).await;
    let forged = json!({ "txHash": transaction.id, "transaction": "AAAA" });
    let (status, problem) = post(&served, "transactions", &forged).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_transaction"))
    );
}

#[tokio::test]
async fn it_says_that_it_runs_also_while_the_market_is_down() {
    let served = Served::new(market(&quiet()), true).await;
    let (status, body) = get(&served, "health/live").await;
    assert_eq!((status, &body["status"]), (StatusCode::OK, &json!("ok")));
    post(&served, "admin/faults", &json!({ "down": true })).await;
    assert_eq!(get(&served, "health/live").await.0, StatusCode::OK);
    assert_eq!(
        post(&served, "health/live", &json!({})).await.0,
        StatusCode::METHOD_NOT_ALLOWED
    );
    served.stop().await;
}

#[tokio::test]
async fn nobody_administers_a_server_that_was_not_started_for_it() {
    let served = Served::new(market(&quiet()), false).await;
    let (status, problem) = post(&served, "admin/blocks", &json!({ "advance": 1 })).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::FORBIDDEN, &json!("admin_disabled"))
    );
}

#[tokio::test]
async fn an_administrator_moves_prices_pools_time_and_faults() {
    let served = Served::new(market(&quiet()), true).await;
    let (status, _) = post(
        &served,
        "admin/price",
        &json!({ "pair": "SOL/USDC", "price": "160" }),
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    let (_, answer) = get(&served, "pools").await;
    let pools = answer["pools"].as_array().unwrap();
    let sol: Vec<&str> = pools
        .iter()
        .filter(|pool| pool["base"] == "SOL" && pool["quote"] == "USDC")
        .map(|pool| pool["price"].as_str().unwrap())
        .collect();
    // Each as far as its fee: a few basis points, or 0.6 % where bins have just been crossed in a hurry.
    let near = |price: &str| price.starts_with("158.9") || price.starts_with("159.");
    assert!(sol.len() == 3 && sol.iter().all(|price| near(price)), "{sol:?}");
    assert_eq!(
        (&pools[0]["feeRate"], &pools[0]["binStep"]),
        (&json!(2500), &Value::Null)
    );
    let unknown = json!({ "pair": "SOL/SOL", "price": "160" });
    assert_eq!(
        post(&served, "admin/price", &unknown).await.0,
        StatusCode::NOT_FOUND
    );

    let pool = json!({
        "dex": "Raydium", "base": "ETH", "quote": "USDT", "baseReserve": "10", "quoteReserve": "30000", "feeRate": 2500
    });
    let (_, opened) = post(&served, "admin/pools", &pool).await;
    assert_eq!(opened["id"], "raydium-eth-usdt-2500");
    let bins = json!({
        "dex": "Meteora", "base": "ETH", "quote": "USDT", "binStep": 10, "activeId": 3403,
        "bins": [{ "id": 3403, "base": "1.5", "quote": 3000 }]
    });
    assert_eq!(
        post(&served, "admin/pools", &bins).await.1["id"],
        "meteora-eth-usdt-10-10000"
    );
    let (_, answer) = post(
        &served,
        "quotes",
        &json!({ "tokenIn": "ETH", "tokenOut": "USDT", "amountIn": "0.1" }),
    )
    .await;
    assert_eq!(answer["quotes"].as_array().unwrap().len(), 2, "{answer}");
    let mut wrong = pool.clone();
    wrong["quote"] = json!("DOGE");
    let (status, problem) = post(&served, "admin/pools", &wrong).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        problem["detail"].as_str().unwrap().contains("pool.quote"),
        "{problem}"
    );

    let (_, before) = get(&served, "blockhash").await;
    let (_, after) = post(&served, "admin/blocks", &json!({ "advance": 200 })).await;
    assert!(after["height"].as_u64().unwrap() >= before["height"].as_u64().unwrap() + 200);

    assert_eq!(
        post(&served, "admin/faults", &json!({ "down": true })).await.0,
        StatusCode::OK
    );
    let (status, problem) = get(&served, "pools").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("down"))
    );
    assert_eq!(
        post(&served, "admin/faults", &json!({ "down": false, "dwon": 1 }))
            .await
            .0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(post(&served, "admin/faults", &json!({})).await.0, StatusCode::OK);
    assert_eq!(get(&served, "pools").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_pool_may_be_written_either_way_round_and_its_pair_is_priced_one_way() {
    let served = Served::new(market(&quiet()), true).await;
    // Of two tokens the one that the registry lists first is the quote: the market has RAY/JUP.
    let pool = json!({
        "dex": "Raydium", "base": "JUP", "quote": "RAY", "fee_rate": 2500,
        "base_reserve": "400000", "quote_reserve": "100000"
    });
    assert_eq!(post(&served, "admin/pools", &pool).await.0, StatusCode::OK);
    let asked = json!({ "tokenIn": "JUP", "tokenOut": "RAY", "amountIn": "4", "dex": "Raydium" });
    let (_, answer) = post(&served, "quotes", &asked).await;
    let price = answer["quotes"][0]["price"].as_str().unwrap();
    assert!(price.starts_with("4.0"), "{answer}");

    let (status, set) = post(
        &served,
        "admin/price",
        &json!({ "pair": "JUP/RAY", "price": "0.2" }),
    )
    .await;
    assert_eq!(
        (status, set),
        (StatusCode::OK, json!({ "pair": "RAY/JUP", "price": "5" }))
    );
    let (_, answer) = post(&served, "quotes", &asked).await;
    let price = answer["quotes"][0]["price"].as_str().unwrap();
    assert!(price.starts_with("5.0") || price.starts_with("4.9"), "{answer}");

    let far = json!({ "pair": "JUP/RAY", "price": "100000000000000000000" });
    let (status, problem) = post(&served, "admin/price", &far).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_price"))
    );
    served.stop().await;
}

#[tokio::test]
async fn a_client_tells_what_was_not_sent_from_what_nobody_knows() {
    let served = Served::new(market(&quiet()), true).await;
    let client = served.client(1);
    let settlement = client.settlement();
    let transaction = built(&client, 1).await;
    post(&served, "admin/faults", &json!({ "down": true })).await;
    assert!(matches!(
        settlement.send(&transaction).await,
        Err(SendError::NotSent(VenueError::Down))
    ));
    assert!(settlement.look_up(transaction.id, Duration::ZERO).await.is_err());
    let wanted = request("SOL", "USDC", "10");
    assert_eq!(
        client.quote_sources([METEORA])[0].quote(&wanted).await,
        Err(VenueError::Down)
    );

    post(&served, "admin/faults", &json!({ "acceptThenTimeout": 1 })).await;
    assert!(matches!(
        settlement.send(&transaction).await,
        Err(SendError::Unknown(_))
    ));
    let status = settlement.look_up(transaction.id, Duration::ZERO).await.unwrap();
    assert!(matches!(status, TxStatus::Landed(_)), "{status:?}");
    assert!(settlement.removes_duplicates());

    let other = built(&client, 2).await;
    served.stop().await;
    assert!(matches!(
        settlement.send(&other).await,
        Err(SendError::NotSent(VenueError::Down))
    ));
    assert!(matches!(client.height().await, Err(RemoteError::Unreachable(_))));
}

#[tokio::test]
async fn a_server_that_never_answers_leaves_a_send_unknown_and_a_quote_timed_out() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let silent = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    let quick = Duration::from_millis(200);
    let timeouts = RemoteTimeouts {
        connect: quick,
        quote: quick,
        send: quick,
        ask: quick,
    };
    let (clock, tokens) = (TokioClock::starting_at(0), TokenRegistry::default());
    let client = RemoteVenues::connect(
        &format!("http://{address}"),
        timeouts,
        &tokens,
        clock,
        Counting::from(1),
    )
    .unwrap();
    let local = market(&quiet());
    let transaction = support::built(&local, 1, RAYDIUM, &request("SOL", "USDC", "10")).await;
    assert!(matches!(
        client.settlement().send(&transaction).await,
        Err(SendError::Unknown(_))
    ));
    assert!(
        client
            .settlement()
            .look_up(transaction.id, Duration::ZERO)
            .await
            .is_err()
    );
    let wanted = request("SOL", "USDC", "10");
    assert_eq!(
        client.quote_sources([METEORA])[0].quote(&wanted).await,
        Err(VenueError::Timeout)
    );
    silent.abort();
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    for url in ["", "localhost:4000", "ftp://localhost", "https://localhost:4000"] {
        let (clock, tokens) = (TokioClock::starting_at(0), TokenRegistry::default());
        let refused =
            RemoteVenues::connect(url, RemoteTimeouts::default(), &tokens, clock, Counting::from(1));
        assert!(matches!(refused, Err(RemoteError::Address { .. })), "{url}");
    }
}

#[tokio::test]
async fn a_long_poll_ends_when_the_transaction_lands() {
    let served = Served::new(market(&settings("price = \"frozen\"\nseed = 1")), true).await;
    let client = served.client(1);
    let transaction = built(&client, 1).await;
    assert_eq!(
        client.settlement().send(&transaction).await.unwrap(),
        TxStatus::Pending
    );
    let (settlement, id) = (client.settlement(), transaction.id);
    let poll = tokio::spawn(async move { settlement.look_up(id, Duration::from_secs(30)).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = tokio::time::Instant::now();
    post(&served, "admin/blocks", &json!({ "advance": 100 })).await;
    assert!(matches!(poll.await.unwrap(), TxStatus::Landed(_)));
    assert!(began.elapsed() < Duration::from_secs(2));
}

fn open(settings: &MarketSettings, path: &Path) -> Arc<Market> {
    let clock = TokioClock::starting_at(1_000_000);
    Market::open(
        settings,
        &TokenRegistry::default(),
        clock,
        Counting::from(3),
        path,
    )
    .unwrap()
}

#[tokio::test]
async fn a_restarted_server_keeps_ledger_reserves_and_height() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let served = Served::new(open(&quiet(), &path), true).await;
    let address = served.address;
    let client = served.client(1);
    let settlement = client.settlement();
    let mut landed = Vec::new();
    for number in 0..20 {
        let transaction = built(&client, number).await;
        landed.push((settlement.send(&transaction).await.unwrap(), transaction));
    }
    post(&served, "admin/blocks", &json!({ "advance": 40 })).await;
    let (_, pools) = get(&served, "pools").await;
    let (_, ledger) = get(&served, "transactions").await;
    served.stop().await;

    let served = Served::at(address, open(&quiet(), &path), true).await;
    let (_, pools_then) = get(&served, "pools").await;
    assert_eq!(pools_then["pools"], pools["pools"]);
    assert!(pools_then["height"].as_u64() >= pools["height"].as_u64());
    assert_eq!(get(&served, "transactions").await.1, ledger);
    for (status, transaction) in &landed {
        assert_eq!(
            &settlement.look_up(transaction.id, Duration::ZERO).await.unwrap(),
            status
        );
        assert_eq!(&settlement.send(transaction).await.unwrap(), status);
    }
    assert_eq!(
        get(&served, "transactions").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        20
    );
    // A client that was there before goes on with the block it knew.
    let more = built(&client, 99).await;
    assert!(matches!(
        settlement.send(&more).await.unwrap(),
        TxStatus::Landed(_)
    ));
}
