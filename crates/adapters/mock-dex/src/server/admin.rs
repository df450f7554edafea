//! What an administrator of the market may ask for.

use http::{Request, StatusCode};
use hyper::body::Incoming;
use order_core::price::Price;
use order_core::token::Symbol;
use serde_json::{Map, Value, json as object};

use super::answer::{Answer, Refused, json};
use super::body;
use crate::market::Market;
use crate::settings::{FaultSettings, PoolSettings};
use crate::wire::{BlocksRequest, PriceRequest};

pub(super) async fn route(
    market: &Market,
    what: &str,
    request: Request<Incoming>,
) -> Result<Answer, Refused> {
    let answer = match what {
        "price" => price(market, &body::json(request).await?)?,
        "pools" => pool(market, body::json(request).await?)?,
        "faults" => {
            market.set_faults(body::json::<FaultSettings>(request).await?);
            object!({})
        }
        "blocks" => {
            let BlocksRequest { advance } = body::json(request).await?;
            object!({ "height": market.advance(advance.into()) })
        }
        _ => {
            return Err(Refused::new(
                StatusCode::NOT_FOUND,
                "not_found",
                "there is nothing here",
            ));
        }
    };
    market.flush().await?;
    Ok(json(&answer))
}

fn price(market: &Market, request: &PriceRequest) -> Result<Value, Refused> {
    let pair = request
        .pair
        .split_once('/')
        .and_then(|(base, quote)| Some((base.parse::<Symbol>().ok()?, quote.parse::<Symbol>().ok()?)));
    let (base, quote) = pair.ok_or_else(|| Refused::bad_request("pair: must be BASE/QUOTE"))?;
    let price = Price::from_decimal(request.price.0)
        .map_err(|error| Refused::bad_request(format_args!("price: {error}")))?;
    if price.units() == 0 {
        return Err(Refused::bad_request("price: must be above zero"));
    }
    let (pair, price) = market.set_price(base, quote, price)?;
    let pair = format!("{}/{}", pair.base.symbol, pair.quote.symbol);
    Ok(object!({ "pair": pair, "price": price }))
}

/// The pool of a configuration list, and the name of the venue where it opens.
fn pool(market: &Market, mut request: Map<String, Value>) -> Result<Value, Refused> {
    let dex = request.remove("dex").unwrap_or_default();
    let named = dex.as_str().and_then(|name| market.configured(name));
    let (venue, curve) = named.ok_or_else(|| Refused::bad_request("dex: must be a configured venue"))?;
    let pool = PoolSettings::read(curve, Value::Object(request)).map_err(Refused::bad_request)?;
    let id = market.open_pool(venue, &pool)?;
    Ok(object!({ "id": id }))
}
