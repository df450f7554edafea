//! What acceptance asks the market about an order: whether it can be executed at all, and on which side of the market its
//! stop is.
//!
//! An order is durable without any venue, so its acceptance does not depend on one: the questions have a short limit, a
//! venue that does not answer in time is no reason to refuse, and for a moment afterwards it is not asked again.

use std::time::Duration;

use order_core::failure::VenueError;
use order_core::routing::{RouteRequest, RuledOut};
use order_core::spec::OrderSpec;
use order_core::terms::{self, ReachedStop};
use order_core::trigger::WaitsFor;
use parking_lot::Mutex;

use super::Engine;
use super::submit::SubmitError;
use crate::quotes::{ask_all, look};

/// How long acceptance waits for the market.
const LONGEST: Duration = Duration::from_millis(500);
/// How long it does not ask after the market has not answered in time.
const PAUSE: Duration = Duration::from_secs(2);

/// Until when, by the clock's monotonic reading, the market is not asked.
#[derive(Default)]
pub(crate) struct MarketSilence(Mutex<Duration>);

impl Engine {
    /// Refuses an order that no market could fill, or whose stop is on the wrong side of the market.
    pub(crate) async fn check_market(
        &self,
        spec: &OrderSpec,
        allow_immediate: bool,
    ) -> Result<(), SubmitError> {
        let clock = &self.ports.clock;
        if clock.monotonic() < *self.market_silence.0.lock() {
            return Ok(());
        }
        tokio::select! {
            biased;
            checked = self.within_reach(spec) => checked?,
            () = clock.sleep(LONGEST) => {
                tracing::debug!("the market does not say in time whether it can fill an order");
                *self.market_silence.0.lock() = clock.monotonic() + PAUSE;
                return Ok(());
            }
        }
        if !allow_immediate && spec.kind.stop(spec.side).is_some() {
            self.stop_is_ahead(spec).await?;
        }
        Ok(())
    }

    /// Refuses a stop on the wrong side of the market, which would trigger at once: most likely its sign, or the market,
    /// was mistaken. A market that does not answer soon is no reason to refuse.
    async fn stop_is_ahead(&self, spec: &OrderSpec) -> Result<(), SubmitError> {
        let timeout = self.settings.quote_timeout.min(LONGEST);
        let market = ask_all(&self.ports, &RouteRequest::of(spec).request, &spec.route, timeout).await;
        match terms::reached_stop(spec, &market, &self.settings.routing) {
            Some(ReachedStop { stop, market }) => Err(SubmitError::WouldTrigger { stop, market }),
            None => Ok(()),
        }
    }

    /// Refuses a size that no venue could ever fill. A venue that cannot be asked now is no reason to refuse.
    async fn within_reach(&self, spec: &OrderSpec) -> Result<(), SubmitError> {
        let allowed = self.ports.venues.iter();
        let asked = allowed
            .filter(|source| spec.route.allows(source.venue()))
            .map(|source| source.capacity(spec.token_in, spec.token_out, spec.amount_in));
        let mut total: u128 = 0;
        let mut pools = false;
        for answer in futures_util::future::join_all(asked).await {
            match answer {
                Ok(capacity) => {
                    pools = true;
                    total = total.saturating_add(capacity.units());
                }
                Err(VenueError::UnknownToken) => {}
                Err(error) => {
                    tracing::debug!(%error, "a venue's capacity is not known");
                    return Ok(());
                }
            }
        }
        if !pools {
            // Its pool is yet to open.
            if spec.kind.waits_first() == Some(WaitsFor::Pool) {
                return Ok(());
            }
            return self.around(spec).await;
        }
        if spec.amount_in.units() > total {
            let capacity = order_core::amount::Amount::new(total).with_decimals(spec.token_in.decimals);
            return Err(SubmitError::TooLarge { capacity });
        }
        Ok(())
    }

    /// Refuses what does not lead anywhere by another token either.
    async fn around(&self, spec: &OrderSpec) -> Result<(), SubmitError> {
        // Venues that show no pools at all fill every order in one swap.
        if self.ports.pools.is_none() {
            return Err(SubmitError::NoPool(RuledOut::default()));
        }
        let request = RouteRequest::of(spec).request;
        match look(&self.ports, &request, self.settings.quote_timeout).await {
            Some(view) => {
                let leads = view.leads(&request, &spec.route, &self.settings.routing);
                leads.map_err(SubmitError::NoPool)
            }
            // Pools that cannot be seen now are no reason to refuse.
            None => Ok(()),
        }
    }
}
