//! A venue's prices over HTTP.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::amount::{Amount, Quantity};
use order_core::failure::VenueError;
use order_core::token::{Symbol, Token, TokenRegistry};
use order_core::venue::{Quote, QuoteRequest, VenueId};
use order_ports::{Clock, QuoteSource};
use parking_lot::Mutex;
use serde_json::json;

use super::blocks::Blocks;
use super::http::Http;
use crate::wire::{PoolItem, PoolsAnswer, QuoteItem, QuotesAnswer};

/// How long capacities are good.
const CAPACITY_AGE: Duration = Duration::from_secs(3);

/// What the venue's pools can take, by what is paid and what is wanted.
type Capacities = HashMap<(Symbol, Symbol), u128>;

pub(super) struct RemoteVenue {
    venue: VenueId,
    http: Arc<Http>,
    blocks: Arc<Blocks>,
    tokens: Arc<TokenRegistry>,
    clock: Arc<dyn Clock>,
    capacities: Mutex<Option<(Arc<Capacities>, Duration)>>,
}

impl RemoteVenue {
    pub(super) fn new(
        venue: VenueId,
        http: Arc<Http>,
        blocks: Arc<Blocks>,
        tokens: Arc<TokenRegistry>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            venue,
            http,
            blocks,
            tokens,
            clock,
            capacities: Mutex::default(),
        }
    }

    async fn capacities(&self) -> Result<Arc<Capacities>, VenueError> {
        let known = self.capacities.lock().clone();
        if let Some((capacities, heard)) = known
            && self.clock.monotonic().saturating_sub(heard) < CAPACITY_AGE
        {
            return Ok(capacities);
        }
        let answer: PoolsAnswer = self
            .http
            .get("pools", self.http.timeouts.ask)
            .await
            .map_err(|error| error.harmless())?;
        let mut capacities = Capacities::new();
        for pool in answer.pools.iter().filter(|pool| pool.dex == self.venue) {
            add(&mut capacities, pool);
        }
        let capacities = Arc::new(capacities);
        *self.capacities.lock() = Some((capacities.clone(), self.clock.monotonic()));
        Ok(capacities)
    }

    /// A quote as the engine knows it; `None` if the answer is about something else.
    fn read(&self, request: &QuoteRequest, item: &QuoteItem) -> Option<Quote> {
        let quote = Quote {
            venue: self.venue,
            pool: item.pool.clone(),
            amount_in: quantity(&item.amount_in, request.token_in)?,
            amount_out: quantity(&item.amount_out, request.token_out)?,
            fee: quantity(&item.fee, request.token_in)?,
            price: item.price,
            price_impact_bps: item.price_impact_bps,
        };
        (item.dex == self.venue && quote.amount_in.amount == request.amount_in).then_some(quote)
    }
}

fn add(capacities: &mut Capacities, pool: &PoolItem) {
    let (base, quote) = (pool.base, pool.quote);
    for (pair, more) in [
        ((base, quote), pool.capacity_raw.base),
        ((quote, base), pool.capacity_raw.quote),
    ] {
        let sum = capacities.entry(pair).or_default();
        *sum = sum.saturating_add(more.units());
    }
}

fn quantity(text: &str, token: Token) -> Option<Quantity> {
    let amount = Amount::from_decimal(text.parse().ok()?, token.decimals).ok()?;
    Some(amount.with_decimals(token.decimals))
}

#[async_trait]
impl QuoteSource for RemoteVenue {
    fn venue(&self) -> VenueId {
        self.venue
    }

    async fn quote(&self, request: &QuoteRequest) -> Result<Quote, VenueError> {
        let amount_in = request.amount_in.with_decimals(request.token_in.decimals);
        let asked = json!({
            "dex": self.venue,
            "tokenIn": request.token_in.symbol,
            "tokenOut": request.token_out.symbol,
            "amountIn": amount_in.to_string(),
        });
        let answer: QuotesAnswer = self
            .http
            .post("quotes", &asked, self.http.timeouts.quote)
            .await
            .map_err(|error| error.harmless())?;
        self.blocks.hear(&answer.block);
        match (answer.quotes.first(), answer.refusals.first()) {
            (Some(item), _) => self.read(request, item).ok_or(VenueError::NodeBehind),
            (None, Some(refusal)) => Err(refusal.code),
            (None, None) => Err(VenueError::NodeBehind),
        }
    }

    async fn capacity(
        &self,
        token_in: Token,
        token_out: Token,
        _enough: Amount,
    ) -> Result<Amount, VenueError> {
        let known = |token: Token| self.tokens.get(token.symbol) == Some(token);
        if !known(token_in) || !known(token_out) {
            return Err(VenueError::UnknownToken);
        }
        let capacities = self.capacities().await?;
        let capacity = capacities.get(&(token_in.symbol, token_out.symbol));
        capacity.copied().map(Amount::new).ok_or(VenueError::UnknownToken)
    }
}
