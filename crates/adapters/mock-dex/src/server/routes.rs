//! Which request means what.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::token::{Pair, Symbol};
use order_core::venue::{QuoteRequest, VenueId, VenueRegistry};
use order_ports::Settlement;
use serde_json::json as object;

use super::answer::{Answer, Refused, json};
use super::{ServeOptions, admin, body};
use crate::chain::LandedTransaction;
use crate::market::{Market, Snapshot};
use crate::wire::{
    BlockAnswer, LedgerAnswer, LedgerItem, MovesAnswer, MovesRequest, PoolItem, PoolsAnswer, QuotesAnswer,
    QuotesRequest, RefusalItem, SnapshotAnswer, SnapshotItem, SnapshotRequest, StatusAnswer,
    TransactionRequest, VenuesAnswer,
};

/// The longest that a question about a transaction waits, in milliseconds.
const MAX_WAIT_MS: u64 = 60_000;

pub(super) async fn answer(market: &Market, options: ServeOptions, request: Request<Incoming>) -> Answer {
    route(market, options, request)
        .await
        .unwrap_or_else(Refused::answer)
}

async fn route(
    market: &Market,
    options: ServeOptions,
    request: Request<Incoming>,
) -> Result<Answer, Refused> {
    let path = request.uri().path().to_owned();
    let path: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (request.method(), path.as_slice()) {
        (&Method::POST, ["admin", what]) if options.admin => admin::route(market, what, request).await,
        (_, ["admin", ..]) if !options.admin => Err(Refused::new(
            StatusCode::FORBIDDEN,
            "admin_disabled",
            "started without admin rights",
        )),
        (_, ["admin", ..]) => Err(Refused::method_not_allowed("POST")),
        // Of the process, whatever the market in it plays at.
        (&Method::GET, ["health", "live"]) => Ok(json(&object!({ "status": "ok" }))),
        (_, ["health", "live"]) => Err(Refused::method_not_allowed("GET")),
        _ if market.is_down() => Err(Refused::unavailable(VenueError::Down)),
        (&Method::GET, ["venues"]) => Ok(json(&VenuesAnswer {
            venues: market.listings(),
        })),
        (&Method::GET, ["pools"]) => Ok(pools(market)),
        (&Method::POST, ["moves"]) => moves(market, request).await,
        (&Method::POST, ["pools", "snapshot"]) => snapshot(market, request).await,
        (_, ["pools", "snapshot"]) => Err(Refused::method_not_allowed("POST")),
        (&Method::GET, ["blockhash"]) => Ok(json(&block(market))),
        (&Method::POST, ["quotes"]) => quotes(market, request).await,
        (&Method::POST, ["transactions"]) => submit(market, request).await,
        (&Method::GET, ["transactions"]) => ledger(market, &request).await,
        (&Method::GET, ["transactions", id]) => status(market, id, &request).await,
        (_, ["venues" | "pools" | "blockhash" | "transactions", ..]) => {
            Err(Refused::method_not_allowed(if path == ["transactions"] {
                "GET, POST"
            } else {
                "GET"
            }))
        }
        (_, ["quotes" | "moves"]) => Err(Refused::method_not_allowed("POST")),
        _ => Err(Refused::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing here",
        )),
    }
}

fn block(market: &Market) -> BlockAnswer {
    BlockAnswer::new(market.recent_block(), market.removes_duplicates())
}

fn pools(market: &Market) -> Answer {
    let pools = market.pools().into_iter().map(PoolItem::from).collect();
    json(&PoolsAnswer {
        height: market.height(),
        pools,
    })
}

async fn moves(market: &Market, request: Request<Incoming>) -> Result<Answer, Refused> {
    let asked: MovesRequest = body::json(request).await?;
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
    let moves = moves.map_err(Refused::unavailable)?;
    Ok(json(&MovesAnswer::from(moves)))
}

/// The whole state of the pools that a router may use, but for those that the client has.
async fn snapshot(market: &Market, request: Request<Incoming>) -> Result<Answer, Refused> {
    let asked: SnapshotRequest = body::json(request).await?;
    let token = |symbol| market.token(symbol).ok_or(VenueError::UnknownToken);
    let (token_in, token_out) = match (token(asked.token_in), token(asked.token_out)) {
        (Ok(token_in), Ok(token_out)) => (token_in, token_out),
        (Err(error), _) | (_, Err(error)) => return Err(Refused::unavailable(error)),
    };
    let Snapshot {
        instance_id,
        slot,
        secs,
        pools,
    } = market
        .snapshot(token_in, token_out)
        .map_err(Refused::unavailable)?;
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
    Ok(json(&SnapshotAnswer {
        instance_id,
        slot,
        secs,
        pools: pools.collect(),
    }))
}

async fn quotes(market: &Market, request: Request<Incoming>) -> Result<Answer, Refused> {
    let asked: QuotesRequest = body::json(request).await?;
    let token = |symbol| market.token(symbol).ok_or(VenueError::UnknownToken);
    let wanted = match (token(asked.token_in), token(asked.token_out)) {
        (Ok(token_in), Ok(token_out)) => {
            let amount_in = Amount::from_decimal(asked.amount_in.0, token_in.decimals)
                .map_err(|error| Refused::bad_request(format_args!("amountIn: {error}")))?;
            Ok(QuoteRequest {
                token_in,
                token_out,
                amount_in,
            })
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    let venues = match asked.dex {
        Some(dex) => vec![venue(market, dex)?],
        None => market
            .listings()
            .into_iter()
            .map(|listing| listing.name)
            .collect(),
    };
    let ask = async |venue: VenueId| {
        let result = match &wanted {
            Ok(wanted) => market.quote(venue, wanted).await,
            Err(error) => Err(*error),
        };
        (venue, result)
    };
    // All at once: each takes its time.
    let answers = join_all(venues.into_iter().map(ask)).await;
    let mut answer = QuotesAnswer {
        block: block(market),
        quotes: Vec::new(),
        refusals: Vec::new(),
    };
    for (dex, result) in answers {
        match result {
            Ok(quote) => answer.quotes.push(quote.into()),
            Err(code) => answer.refusals.push(RefusalItem { dex, code }),
        }
    }
    Ok(json(&answer))
}

/// The venue of that name, as it is shown.
pub(super) fn venue(market: &Market, name: VenueId) -> Result<VenueId, Refused> {
    let venues: VenueRegistry = market
        .listings()
        .into_iter()
        .map(|listing| listing.name)
        .collect();
    let unknown = || Refused::bad_request(format_args!("dex: must be one of {}", venues.names()));
    venues.find(name.as_str()).ok_or_else(unknown)
}

async fn submit(market: &Market, request: Request<Incoming>) -> Result<Answer, Refused> {
    let sent: TransactionRequest = body::json(request).await?;
    let bytes = STANDARD
        .decode(&sent.transaction)
        .map_err(|error| Refused::bad_request(format_args!("transaction: {error}")))?;
    let status = market.submit(sent.tx_hash, &bytes).await?;
    Ok(json(&StatusAnswer::new(
        sent.tx_hash,
        &status,
        market.removes_duplicates(),
    )))
}

async fn status(market: &Market, id: &str, request: &Request<Incoming>) -> Result<Answer, Refused> {
    let id = id
        .parse()
        .map_err(|error| Refused::bad_request(format_args!("{id:?} {error}")))?;
    let [wait_ms] = body::numbers(request, ["waitMs"])?;
    let wait = Duration::from_millis(wait_ms.unwrap_or(0).min(MAX_WAIT_MS));
    let status = market.ask(id, wait).await?;
    Ok(json(&StatusAnswer::new(id, &status, market.removes_duplicates())))
}

async fn ledger(market: &Market, request: &Request<Incoming>) -> Result<Answer, Refused> {
    let [after, limit] = body::numbers(request, ["after", "limit"])?;
    let landed = market.durably_landed_after(after.unwrap_or(0)).await?;
    let limit = limit
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usize::MAX);
    let items = page(&landed, limit)
        .iter()
        .map(|landed| LedgerItem::from(&**landed))
        .collect();
    Ok(json(&LedgerAnswer { items }))
}

/// At least `limit` entries, cut between two slots, so that the last slot is where to go on.
fn page(landed: &[Arc<LandedTransaction>], limit: usize) -> &[Arc<LandedTransaction>] {
    let Some(last) = limit.checked_sub(1).and_then(|index| landed.get(index)) else {
        return if limit == 0 { &[] } else { landed };
    };
    let end = landed.partition_point(|other| other.slot <= last.slot);
    &landed[..end]
}
