//! What a page costs among many orders, in blocks of the database that are looked at.

use std::time::Duration;

use order_core::venue::VenueId;
use order_ports::OrderReader;
use order_ports::contract::fixtures::{EPOCH, METEORA, RAYDIUM, name, token};
use order_test_servers::Postgres;
use sqlx::types::Json;

use super::*;
use crate::PostgresStore;
use crate::testing::migrated;

/// How many orders there are; `LISTED_ORDERS=1000000` for a longer look.
fn orders() -> i64 {
    std::env::var("LISTED_ORDERS").map_or(100_000, |text| text.parse().unwrap())
}

/// One order a second. The oldest hundredth has what is rare; a planner that expects rare things to be spread
/// evenly looks for them from the newest downwards, through nearly all orders.
const MANY_ORDERS: &str = r#"
    insert into orders (
        id, owner, kind, token_in, token_out, priority, created_at, odd_id, spec,
        status, venue, state, version, attempt, updated_at, next_run_at, enqueued_at
    )
    select (lpad(to_hex($1 + n * 1000), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8'
                || lpad(to_hex(n), 15, '0'))::uuid,
           case when n % 2 = 0 then 'alice' when old and n % 5 = 0 then 'bob' else 'owner-' || n % 1000 end,
           case when old then 'limit' else 'market' end,
           case when old then 'ETH' else 'SOL' end,
           'USDC', 1, at, false, spec, status, venue,
           case when venue is null then jsonb '{"status": "failed", "failure": "no_quotes"}'
                else jsonb '{"status": "pending"}' end,
           6, 1, at, at, at
    from generate_series(0, $2::bigint - 1) as n
    cross join lateral (select n < $2::bigint / 100 as old, timestamptz 'epoch' + ($1 + n * 1000) * interval '1 millisecond' as at) as a
    cross join lateral (
        select case when old then 'failed' else 'confirmed' end as status,
               case when old then null else 'Raydium' end as venue,
               $3::jsonb as spec
    ) as b
"#;

async fn store_of_many() -> (PostgresStore, Postgres) {
    let (store, server) = migrated(|settings| settings.statement_timeout = Duration::from_secs(600)).await;
    let many = sqlx::query(MANY_ORDERS)
        .bind(EPOCH.millis())
        .bind(orders())
        .bind(Json(order_ports::contract::fixtures::spec()));
    let mut connection = store.database.connection().await.unwrap();
    many.execute(&mut *connection).await.unwrap();
    let vacuum = sqlx::query("vacuum analyze orders");
    vacuum.execute(&mut *connection).await.unwrap();
    drop(connection);
    (store, server)
}

/// How many blocks the database looks at for a page.
async fn blocks(store: &PostgresStore, filter: &OrderFilter, before: Option<OrderId>) -> i64 {
    let endings = endings(&store.database, filter).await.unwrap();
    let standings = StatusClass::branches(filter, &endings);
    if standings.is_empty() {
        return 0;
    }
    let mut query = QueryBuilder::new(EXPLAIN);
    push_page(&mut query, filter, &standings, before, 50).unwrap();
    explained(store, query).await
}

const EXPLAIN: &str = "explain (analyze, buffers, format json) ";

async fn explained(store: &PostgresStore, mut query: QueryBuilder<sqlx::Postgres>) -> i64 {
    let explain = query.build().persistent(false);
    let mut connection = store.database.connection().await.unwrap();
    let row = explain.fetch_one(&mut *connection).await.unwrap();
    let Json(plan) = row.get::<Json<serde_json::Value>, _>(0);
    let count = |kind: &str| plan[0]["Plan"][kind].as_i64().unwrap();
    count("Shared Hit Blocks") + count("Shared Read Blocks")
}

#[tokio::test]
async fn a_page_costs_the_same_however_many_orders_there_are() {
    let (store, _server) = store_of_many().await;
    let mut endings = QueryBuilder::new(EXPLAIN);
    endings.push(sql::ENDINGS);
    let blocks_of_endings = explained(&store, endings).await;
    assert!(
        blocks_of_endings < 100,
        "{blocks_of_endings} blocks for the endings"
    );
    let all = OrderFilter::default;
    let statuses = |statuses: &[Status]| OrderFilter {
        statuses: statuses.to_vec(),
        ..all()
    };
    let with_token = |symbol: &str| OrderFilter {
        token: Some(token(symbol).symbol),
        ..all()
    };
    let kind = |kind: &str| OrderFilter {
        kind: Some(kind.to_owned()),
        ..all()
    };
    let owner = |owner: &str| OrderFilter {
        owner: Some(name(owner)),
        ..all()
    };
    let venue = |venue: VenueId| OrderFilter {
        venue: Some(venue),
        ..all()
    };
    let hour = Duration::from_secs(3_600);
    let long_ago = Some(EPOCH.plus(hour / 4));
    let late = Some(EPOCH.plus(Duration::from_secs(orders().unsigned_abs() - 900)));
    let middle = u128::try_from(EPOCH.millis() + orders() * 500).unwrap();
    let middle = OrderId::from_uuid(Uuid::from_u128(middle << 80));
    for (filter, found) in [
        (all(), 50),
        (owner("alice"), 50),
        (owner("bob"), 50),
        (owner("nobody"), 0),
        (
            OrderFilter {
                client_order_id: Some(name("mine")),
                ..owner("alice")
            },
            0,
        ),
        (statuses(&[Status::Confirmed]), 50),
        (statuses(&[Status::Failed]), 50),
        (statuses(&[Status::Cancelled]), 0),
        (
            statuses(&[Status::Cancelled, Status::Failed, Status::Pending]),
            50,
        ),
        (statuses(&[Status::Pending, Status::Submitted]), 0),
        (with_token("SOL"), 50),
        (with_token("ETH"), 50),
        (with_token("BONK"), 0),
        (kind("limit"), 50),
        (kind("sniper"), 0),
        (venue(RAYDIUM), 50),
        (venue(METEORA), 0),
        (OrderFilter { from: late, ..all() }, 50),
        (
            OrderFilter {
                to: long_ago,
                ..all()
            },
            50,
        ),
        (
            OrderFilter {
                from: Some(EPOCH),
                to: long_ago,
                owner: Some(name("alice")),
                ..all()
            },
            50,
        ),
        (
            OrderFilter {
                owner: Some(name("alice")),
                ..statuses(&[Status::Failed])
            },
            50,
        ),
        (
            OrderFilter {
                kind: Some("limit".to_owned()),
                token: Some(token("ETH").symbol),
                ..statuses(&[Status::Failed])
            },
            50,
        ),
    ] {
        let items = store.list(&filter, None, 50).await.unwrap().items;
        assert_eq!(items.len(), found, "{filter:?}");
        for before in [None, Some(middle)] {
            let blocks = blocks(&store, &filter, before).await;
            // A page of 50 comes to some 60, times the branches.
            assert!(blocks < 700, "{blocks} blocks for {filter:?} before {before:?}");
        }
    }
}
