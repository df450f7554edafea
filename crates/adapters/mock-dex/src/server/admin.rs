//! What an administrator of the market may ask for.

use std::sync::Arc;

use order_core::price::Price;
use order_core::token::Symbol;
use poem::web::{Data, Json};
use poem::{Route, handler, post};
use serde_json::{Map, Value, json};

use super::body::Sent;
use super::refused::Refused;
use super::routes::{only, venue};
use crate::market::Market;
use crate::settings::{FaultSettings, PoolSettings};
use crate::wire::{BlocksRequest, PriceRequest};

pub(super) fn routes() -> Route {
    Route::new()
        .at("/price", only("POST", post(price)))
        .at("/pools", only("POST", post(pool)))
        .at("/faults", only("POST", post(faults)))
        .at("/blocks", only("POST", post(blocks)))
}

/// What was done is told when it is on the disk.
async fn kept(market: &Market, answer: Value) -> Result<Json<Value>, Refused> {
    market.flush().await?;
    Ok(Json(answer))
}

#[handler]
async fn price(market: Data<&Arc<Market>>, request: Sent<PriceRequest>) -> Result<Json<Value>, Refused> {
    let Sent(PriceRequest { pair, price }) = request;
    let named = pair
        .split_once('/')
        .and_then(|(base, quote)| Some((base.parse::<Symbol>().ok()?, quote.parse::<Symbol>().ok()?)));
    let (base, quote) = named.ok_or_else(|| Refused::bad_request("pair: must be BASE/QUOTE"))?;
    let price =
        Price::from_decimal(price.0).map_err(|error| Refused::bad_request(format_args!("price: {error}")))?;
    if price.units() == 0 {
        return Err(Refused::bad_request("price: must be above zero"));
    }
    let (pair, price) = market.set_price(base, quote, price)?;
    let pair = format!("{}/{}", pair.base.symbol, pair.quote.symbol);
    kept(&market, json!({ "pair": pair, "price": price })).await
}

/// The pool of a configuration list, and the name of the venue where it opens.
#[handler]
async fn pool(market: Data<&Arc<Market>>, request: Sent<Map<String, Value>>) -> Result<Json<Value>, Refused> {
    let Sent(mut settings) = request;
    let dex = settings.remove("dex").unwrap_or_default();
    let (venue, curve) = venue(&market, dex.as_str().and_then(|name| name.parse().ok()))?;
    let pool = PoolSettings::read(curve, Value::Object(settings)).map_err(Refused::bad_request)?;
    let id = market.open_pool(venue, &pool)?;
    kept(&market, json!({ "id": id })).await
}

#[handler]
async fn faults(market: Data<&Arc<Market>>, request: Sent<FaultSettings>) -> Result<Json<Value>, Refused> {
    market.set_faults(request.0);
    kept(&market, json!({})).await
}

#[handler]
async fn blocks(market: Data<&Arc<Market>>, request: Sent<BlocksRequest>) -> Result<Json<Value>, Refused> {
    let height = market.advance(request.0.advance.into());
    kept(&market, json!({ "height": height })).await
}
