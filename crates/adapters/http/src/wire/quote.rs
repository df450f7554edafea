//! Quotes, in an event and as the reply of `POST /api/quotes`.

use order_core::failure::VenueError;
use order_core::routing::{Route, RouteLeg};
use order_core::time::Timestamp;
use order_core::token::Side;
use order_core::venue::{Leg, Quote, QuoteAnswer, QuoteRequest, VenueId};
use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use super::text::{Code, Decimal, Dex, EXAMPLE_QUOTE, QuoteId, SideName, Symbol, Text, Time};

/// What a venue would pay for the whole size, fees and price impact included.
#[derive(Object, Serialize)]
#[oai(rename = "Quote", rename_all = "camelCase", example)]
#[serde(rename_all = "camelCase")]
pub struct QuoteView {
    /// The venue.
    dex: Text<Dex>,
    /// Quote per base, net of fees.
    price: Text<Decimal>,
    /// What comes out, net of fees, in tokenOut.
    amount_out: Text<Decimal>,
    /// The venue's fee, in tokenIn.
    fee: Text<Decimal>,
    /// How far the size itself moves the price, in basis points.
    price_impact_bps: u32,
}

impl From<&Quote> for QuoteView {
    fn from(quote: &Quote) -> Self {
        Self {
            dex: Text::of(quote.venue),
            price: Text::of(quote.price),
            amount_out: Text::of(quote.amount_out),
            fee: Text::of(quote.fee),
            price_impact_bps: quote.price_impact_bps,
        }
    }
}

impl Example for QuoteView {
    fn example() -> Self {
        Self {
            dex: Text::name("Meteora"),
            price: Text::name("149.85"),
            amount_out: Text::name("224.775"),
            fee: Text::name("0.0015"),
            price_impact_bps: 1,
        }
    }
}

/// A venue that gave no quote.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Unavailable", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct UnavailableView {
    /// The venue.
    pub dex: Text<Dex>,
    /// Why.
    pub error: String,
    /// The stable code of that reason.
    pub code: Text<Code>,
}

impl UnavailableView {
    /// A venue that gave no quote for this reason.
    fn new(venue: VenueId, error: VenueError) -> Self {
        Self {
            dex: Text::of(venue),
            error: error.to_string(),
            code: Text::name(error.code()),
        }
    }
}

/// The quotes, and the venues that gave none.
pub fn split(answers: &[QuoteAnswer]) -> (Vec<QuoteView>, Vec<UnavailableView>) {
    let (mut quotes, mut unavailable) = (Vec::with_capacity(answers.len()), Vec::new());
    for answer in answers {
        match &answer.result {
            Ok(quote) => quotes.push(QuoteView::from(quote)),
            Err(error) => unavailable.push(UnavailableView::new(answer.venue, *error)),
        }
    }
    (quotes, unavailable)
}

/// One swap of a route.
#[derive(Clone, Debug, Object, Serialize)]
#[oai(rename = "Leg", rename_all = "camelCase", skip_serializing_if_is_none)]
#[serde(rename_all = "camelCase")]
pub struct LegView {
    /// The venue.
    dex: Text<Dex>,
    /// Which of its pools.
    pool: String,
    /// What goes in.
    token_in: Text<Symbol>,
    /// What comes out.
    token_out: Text<Symbol>,
    /// How much goes in, in tokenIn.
    amount_in: Text<Decimal>,
    /// How much comes out, in tokenOut.
    amount_out: Text<Decimal>,
    /// The pool's fee, part of amountIn. Only where the route is not executed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<Text<Decimal>>,
}

impl From<&RouteLeg> for LegView {
    fn from(leg: &RouteLeg) -> Self {
        let fee = leg.fee.with_decimals(leg.swap.token_in.decimals);
        Self {
            fee: Some(Text::of(fee)),
            ..Self::from(&leg.swap)
        }
    }
}

impl From<&Leg> for LegView {
    fn from(leg: &Leg) -> Self {
        Self {
            dex: Text::of(leg.venue),
            pool: leg.pool.0.to_string(),
            token_in: Text::of(leg.token_in.symbol),
            token_out: Text::of(leg.token_out.symbol),
            amount_in: Text::of(leg.amount_in.with_decimals(leg.token_in.decimals)),
            amount_out: Text::of(leg.amount_out.with_decimals(leg.token_out.decimals)),
            fee: None,
        }
    }
}

impl Example for LegView {
    fn example() -> Self {
        Self {
            dex: Text::name("Meteora"),
            pool: "meteora-sol-usdc-10".into(),
            token_in: Text::name("SOL"),
            token_out: Text::name("USDC"),
            amount_in: Text::name("1.5"),
            amount_out: Text::name("224.775"),
            fee: Some(Text::name("0.0015")),
        }
    }
}

/// What an order would do now.
#[derive(Object, Serialize)]
#[oai(rename = "Route", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct RouteView {
    /// The venue; of several, that of the largest part of the input.
    dex: Text<Dex>,
    /// The swaps, in order. All execute in one transaction, or none does.
    legs: Vec<LegView>,
    /// What comes out in all, net of fees, in tokenOut.
    amount_out: Text<Decimal>,
    /// Quote per base, net of fees.
    price: Text<Decimal>,
    /// The fees in all, in tokenIn; a second swap's fee counts as its share of the swap's input.
    fee: Text<Decimal>,
    /// How far the size itself moves the prices, in basis points; the average over the parts of the input.
    price_impact_bps: u32,
    /// Why this route.
    reason: String,
}

impl From<&Route> for RouteView {
    fn from(route: &Route) -> Self {
        Self {
            dex: Text::of(route.venue),
            legs: route.legs.iter().map(LegView::from).collect(),
            amount_out: Text::of(route.amount_out),
            price: Text::of(route.price),
            fee: Text::of(route.fee),
            price_impact_bps: route.price_impact_bps,
            reason: route.reason.to_string(),
        }
    }
}

/// What the venues would pay now. Nothing is reserved: the next swap moves the pools.
#[derive(Object, Serialize)]
#[oai(rename = "QuoteReport", rename_all = "camelCase", example)]
#[serde(rename_all = "camelCase")]
pub struct QuoteReportView {
    /// What is paid.
    token_in: Text<Symbol>,
    /// What is wanted.
    token_out: Text<Symbol>,
    /// How much is paid, in tokenIn.
    amount_in: Text<Decimal>,
    /// Whether that buys or sells the pair's base token.
    side: Text<SideName>,
    /// The slippage that minAmountOut allows for, in basis points.
    slippage_bps: u16,
    /// Every quote.
    quotes: Vec<QuoteView>,
    /// The venues that gave none.
    unavailable: Vec<UnavailableView>,
    /// What an order would do now: the best of them, or several swaps where they bring in more than they cost.
    route: RouteView,
    /// The least that an order with this slippage would accept, in tokenOut.
    min_amount_out: Text<Decimal>,
    /// An order that names it gets at least minAmountOut, or nothing.
    quote_id: Text<QuoteId>,
    /// Until when an order may name it.
    expires_at: Text<Time>,
}

impl QuoteReportView {
    /// The reply to that request.
    pub fn new(
        request: &QuoteRequest,
        side: Side,
        slippage_bps: u16,
        answers: &[QuoteAnswer],
        route: &Route,
        (quote_id, expires_at): (String, Timestamp),
    ) -> Self {
        let (quotes, unavailable) = split(answers);
        Self {
            token_in: Text::of(request.token_in.symbol),
            token_out: Text::of(request.token_out.symbol),
            amount_in: Text::of(request.amount_in.with_decimals(request.token_in.decimals)),
            side: Text::name(side.as_str()),
            slippage_bps,
            quotes,
            unavailable,
            route: route.into(),
            min_amount_out: Text::of(route.min_out.with_decimals(request.token_out.decimals)),
            quote_id: Text::of(quote_id),
            expires_at: Text::at(expires_at),
        }
    }
}

impl Example for QuoteReportView {
    fn example() -> Self {
        Self {
            token_in: Text::name("SOL"),
            token_out: Text::name("USDC"),
            amount_in: Text::name("1.5"),
            side: Text::name("sell"),
            slippage_bps: 50,
            quotes: vec![QuoteView::example()],
            unavailable: Vec::new(),
            route: RouteView {
                dex: Text::name("Meteora"),
                legs: vec![LegView::example()],
                amount_out: Text::name("224.775"),
                price: Text::name("149.85"),
                fee: Text::name("0.0015"),
                price_impact_bps: 1,
                reason: "the only venue that gave a quote".into(),
            },
            min_amount_out: Text::name("223.651125"),
            quote_id: Text::name(EXAMPLE_QUOTE),
            expires_at: Text::name("2026-11-20T12:00:10.000Z"),
        }
    }
}
