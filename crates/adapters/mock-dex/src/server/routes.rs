//! Which request means what.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use order_core::amm::CurveKind;
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::token::{Pair, Symbol};
use order_core::venue::{QuoteRequest, TxId, VenueId, VenueRegistry};
use order_ports::Settlement;
use poem::endpoint::{BoxEndpoint, make};
use poem::error::MethodNotAllowedError;
use poem::web::{Data, Json, Path, Query};
use poem::{Endpoint, EndpointExt, Request, Response, Route, RouteMethod, get, handler, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::Sent;
use super::refused::Refused;
use super::{ServeOptions, admin};
use crate::chain::LandedTransaction;
use crate::market::{Market, Snapshot};
use crate::wire::{
    BlockAnswer, LedgerAnswer, LedgerItem, MovesAnswer, MovesRequest, PoolItem, PoolsAnswer, QuotesAnswer,
    QuotesRequest, RefusalItem, SnapshotAnswer, SnapshotItem, SnapshotRequest, StatusAnswer,
    TransactionRequest, VenuesAnswer,
};

/// The longest that a question about a transaction waits, in milliseconds.
const MAX_WAIT_MS: u64 = 60_000;

/// Every route that is open.
pub(super) fn routes(market: &Arc<Market>, options: ServeOptions) -> BoxEndpoint<'static, Response> {
    let refuse = |_| async { Err::<(), _>(Refused::admin_disabled()) };
    let admin = if options.admin {
        admin::routes().boxed()
    } else {
        make(refuse).map_to_response().boxed()
    };
    Route::new()
        .nest("/admin", admin)
        // Of the process, whatever the market in it plays at.
        .at("/health/live", only("GET", get(live)))
        .at("/venues", traded("GET", get(list_venues)))
        .at("/pools", traded("GET", get(list_pools)))
        .at("/pools/snapshot", traded("POST", post(show_pools)))
        .at("/moves", traded("POST", post(tell_moves)))
        .at("/blockhash", traded("GET", get(blockhash)))
        .at("/quotes", traded("POST", post(ask)))
        .at("/transactions", traded("GET, POST", get(list_landed).post(send)))
        .at("/transactions/:id", traded("GET", get(look_up)))
        .data(Arc::clone(market))
        .catch_all_error(|error| async { Refused::answer(error) })
        .map_to_response()
        .boxed()
}

/// A path whose other methods are refused in a way that names these.
pub(super) fn only(methods: &'static str, route: RouteMethod) -> BoxEndpoint<'static> {
    let other = move |_: MethodNotAllowedError| async move { Refused::method_not_allowed(methods) };
    route.catch_error(other).boxed()
}

/// A path of the market, which answers nothing while the venues are down.
fn traded(methods: &'static str, route: RouteMethod) -> BoxEndpoint<'static> {
    only(methods, route).around(unless_down).boxed()
}

async fn unless_down(endpoint: Arc<BoxEndpoint<'static>>, request: Request) -> poem::Result<Response> {
    let down = request
        .data::<Arc<Market>>()
        .is_some_and(|market| market.is_down());
    if down {
        return Err(Refused::unavailable(VenueError::Down).into());
    }
    endpoint.call(request).await
}

#[handler]
fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

fn block(market: &Market) -> BlockAnswer {
    BlockAnswer::new(market.recent_block(), market.removes_duplicates())
}

#[handler]
fn blockhash(market: Data<&Arc<Market>>) -> Json<BlockAnswer> {
    Json(block(&market))
}

#[handler]
fn list_venues(market: Data<&Arc<Market>>) -> Json<VenuesAnswer> {
    let venues = market.listings();
    Json(VenuesAnswer { venues })
}

#[handler]
fn list_pools(market: Data<&Arc<Market>>) -> Json<PoolsAnswer> {
    let pools = Market::pools(&market).into_iter().map(PoolItem::from).collect();
    Json(PoolsAnswer {
        height: market.height(),
        pools,
    })
}

#[handler]
async fn tell_moves(
    market: Data<&Arc<Market>>,
    request: Sent<MovesRequest>,
) -> Result<Json<MovesAnswer>, Refused> {
    let Sent(asked) = request;
    let wait = Duration::from_millis(asked.wait_ms.min(MAX_WAIT_MS));
    // A pair of tokens that the market does not know has not moved.
    let pair = |(base, quote): &(Symbol, Symbol)| {
        Some(Pair {
            base: market.token(*base)?,
            quote: market.token(*quote)?,
        })
    };
    let pairs: Vec<_> = asked.pairs.iter().filter_map(pair).collect();
    let named = (!asked.pairs.is_empty()).then_some(pairs.as_slice());
    let moves = market.moves_of(named, asked.after, wait).await;
    Ok(Json(MovesAnswer::from(moves.map_err(Refused::unavailable)?)))
}

/// The whole state of the pools that a router may use, but for those that the client has.
#[handler]
fn show_pools(
    market: Data<&Arc<Market>>,
    request: Sent<SnapshotRequest>,
) -> Result<Json<SnapshotAnswer>, Refused> {
    let Sent(asked) = request;
    let token = |symbol| market.token(symbol).ok_or(VenueError::UnknownToken);
    let tokens = token(asked.token_in).and_then(|token_in| Ok((token_in, token(asked.token_out)?)));
    let snapshot = tokens.and_then(|(token_in, token_out)| market.snapshot(token_in, token_out));
    let Snapshot {
        instance_id,
        slot,
        secs,
        pools,
    } = snapshot.map_err(Refused::unavailable)?;
    let pools = pools.into_iter().map(|(pool, version)| {
        let known = instance_id == asked.instance_id && asked.known.get(&pool.id) == Some(&version);
        SnapshotItem {
            id: pool.id,
            dex: pool.venue,
            base: pool.base.symbol,
            quote: pool.quote.symbol,
            version,
            state: (!known).then_some(pool.state),
        }
    });
    Ok(Json(SnapshotAnswer {
        instance_id,
        slot,
        secs,
        pools: pools.collect(),
    }))
}

#[handler]
async fn ask(
    market: Data<&Arc<Market>>,
    request: Sent<QuotesRequest>,
) -> Result<Json<QuotesAnswer>, Refused> {
    let Sent(asked) = request;
    let token = |symbol| market.token(symbol).ok_or(VenueError::UnknownToken);
    let wanted = match token(asked.token_in).and_then(|token_in| Ok((token_in, token(asked.token_out)?))) {
        Ok((token_in, token_out)) => {
            let amount_in = Amount::from_decimal(asked.amount_in.0, token_in.decimals)
                .map_err(|error| Refused::bad_request(format_args!("amountIn: {error}")))?;
            Ok(QuoteRequest {
                token_in,
                token_out,
                amount_in,
            })
        }
        Err(error) => Err(error),
    };
    let one = async |venue: VenueId| {
        let result = match &wanted {
            Ok(wanted) => market.quote(venue, wanted).await,
            Err(error) => Err(*error),
        };
        (venue, result)
    };
    let venues: Vec<_> = match asked.dex {
        Some(dex) => vec![venue(&market, Some(dex))?.0],
        None => market.venues().iter().map(|(venue, _)| *venue).collect(),
    };
    // All at once: each takes its time.
    let answers = join_all(venues.into_iter().map(one)).await;
    let mut answer = QuotesAnswer {
        block: block(&market),
        quotes: Vec::new(),
        refusals: Vec::new(),
    };
    for (dex, result) in answers {
        match result {
            Ok(quote) => answer.quotes.push(quote.into()),
            Err(code) => answer.refusals.push(RefusalItem { dex, code }),
        }
    }
    Ok(Json(answer))
}

/// The venue of that name, as it is shown, and how it prices.
pub(super) fn venue(market: &Market, dex: Option<VenueId>) -> Result<(VenueId, CurveKind), Refused> {
    let known = market.venues().iter().find(|(venue, _)| Some(*venue) == dex);
    known.copied().ok_or_else(|| {
        let all: VenueRegistry = market.venues().iter().map(|(venue, _)| *venue).collect();
        Refused::bad_request(format_args!("dex: must be one of {}", all.names()))
    })
}

#[handler]
async fn send(
    market: Data<&Arc<Market>>,
    request: Sent<TransactionRequest>,
) -> Result<Json<StatusAnswer>, Refused> {
    let Sent(sent) = request;
    let bytes = STANDARD
        .decode(&sent.transaction)
        .map_err(|error| Refused::bad_request(format_args!("transaction: {error}")))?;
    let status = market.submit(sent.tx_hash, &bytes).await?;
    let removes_duplicates = market.removes_duplicates();
    Ok(Json(StatusAnswer::new(sent.tx_hash, &status, removes_duplicates)))
}

/// How long a question about a transaction waits.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StatusQuery {
    wait_ms: Option<u64>,
}

#[handler]
async fn look_up(
    market: Data<&Arc<Market>>,
    Path(id): Path<String>,
    Query(query): Query<StatusQuery>,
) -> Result<Json<StatusAnswer>, Refused> {
    let id: TxId = id
        .parse()
        .map_err(|error| Refused::bad_request(format_args!("{id:?} {error}")))?;
    let wait = Duration::from_millis(query.wait_ms.unwrap_or(0).min(MAX_WAIT_MS));
    let status = market.ask(id, wait).await?;
    Ok(Json(StatusAnswer::new(id, &status, market.removes_duplicates())))
}

/// Which part of the ledger is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LedgerQuery {
    after: Option<u64>,
    limit: Option<u64>,
}

#[handler]
async fn list_landed(
    market: Data<&Arc<Market>>,
    Query(query): Query<LedgerQuery>,
) -> Result<Json<LedgerAnswer>, Refused> {
    let landed = market.durably_landed_after(query.after.unwrap_or(0)).await?;
    let limit = query.limit.and_then(|limit| usize::try_from(limit).ok());
    let items = page(&landed, limit.unwrap_or(usize::MAX)).iter();
    let items = items.map(|landed| LedgerItem::from(&**landed)).collect();
    Ok(Json(LedgerAnswer { items }))
}

/// At least `limit` entries, cut between two slots, so that the last slot is where to go on.
fn page(landed: &[Arc<LandedTransaction>], limit: usize) -> &[Arc<LandedTransaction>] {
    let Some(last) = limit.checked_sub(1).and_then(|index| landed.get(index)) else {
        return if limit == 0 { &[] } else { landed };
    };
    let end = landed.partition_point(|other| other.slot <= last.slot);
    &landed[..end]
}
