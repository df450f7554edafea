//! Taking an order in: checked, made durable, then announced.

use std::time::Duration;

use order_core::amount::Quantity;
use order_core::failure::VenueError;
use order_core::id::{ClientOrderId, IdempotencyKey, OrderId, Owner};
use order_core::lifecycle::Status;
use order_core::order::{Order, OrderKind, OrderSpec};
use order_core::price::Price;
use order_core::routing::Ask;
use order_core::terms::{self, ReachedStop};
use order_core::time::Timestamp;
use order_ports::{AcceptError, Acceptance, Accepted, OrderFilter, StoreError, WorkHint};
use tracing::{Instrument, Span};

use crate::engine::Engine;
use crate::quote::{ask_all, look};
use crate::spans;

/// How long acceptance waits for quotes to see on which side of the market a stop is.
const STOP_CHECK: Duration = Duration::from_secs(1);

/// What a submission says besides the order itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubmitOptions {
    /// What makes a repeated request the same one.
    pub key: Option<IdempotencyKey>,
    /// Whether a stop that the market has passed already may trigger at once, instead of being refused.
    pub allow_immediate: bool,
}

impl SubmitOptions {
    /// Those of a request that may be repeated under this key.
    pub fn keyed(key: IdempotencyKey) -> Self {
        Self {
            key: Some(key),
            ..Self::default()
        }
    }
}

/// An accepted order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its id.
    pub order_id: OrderId,
    /// Its owner's own id of it, if it has one.
    pub client_order_id: Option<ClientOrderId>,
    /// Where it stands: pending, unless the same request had been accepted before.
    pub status: Status,
    /// Whether it had been.
    pub replayed: bool,
}

/// Why an order was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Its time is up before it begins.
    #[error("the order would expire before it begins")]
    Expired,
    /// No venue has a pool of the pair.
    #[error("no venue trades this pair")]
    NoPool,
    /// More than all pools of the pair hold.
    #[error("the pools of this pair hold {capacity} in all")]
    TooLarge {
        /// What they hold.
        capacity: Quantity,
    },
    /// Its stop would trigger at once, and the request does not say that it may.
    #[error("the stop at {stop} would trigger at once: the market is at {market}")]
    WouldTrigger {
        /// The stop, quote per base.
        stop: Price,
        /// The price of the whole size now, quote per base.
        market: Price,
    },
    /// The owner has as many orders under way as may be.
    #[error("{most} orders of this owner are not over yet")]
    TooManyOpen {
        /// How many that are.
        most: usize,
    },
    /// The service is shutting down.
    #[error("the service is shutting down")]
    Draining,
    /// The store's refusal or failure.
    #[error(transparent)]
    Accept(#[from] AcceptError),
}

/// The store names an order that it does not have.
#[derive(Debug, thiserror::Error)]
#[error("the order {0} was accepted, and is not there")]
struct Vanished(OrderId);

impl From<Vanished> for AcceptError {
    fn from(vanished: Vanished) -> Self {
        Self::Store(StoreError::Corrupt(Box::new(vanished)))
    }
}

impl Engine {
    /// Accepts an order. When this returns, the order is durable.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub async fn submit(&self, spec: OrderSpec, options: SubmitOptions) -> Result<Submission, SubmitError> {
        if self.draining() {
            return Err(SubmitError::Draining);
        }
        let span = spans::accept();
        self.take_in(spec, options, &span).instrument(span.clone()).await
    }

    async fn take_in(
        &self,
        spec: OrderSpec,
        options: SubmitOptions,
        span: &Span,
    ) -> Result<Submission, SubmitError> {
        let SubmitOptions { key, allow_immediate } = options;
        let now = self.ports.clock.now();
        let refusal = match self.acceptable(&spec, allow_immediate, now).await {
            Ok(()) => self.has_room(&spec.owner).await.err(),
            Err(refusal) => Some(refusal),
        };
        if let Some(refusal) = refusal {
            return self.recall(&spec, key).await?.ok_or(refusal);
        }
        let priority = spec.priority;
        let (order, event) = Order::accept(self.ports.ids.next(), spec, now);
        let order_id = order.id();
        let accepted = order.spec().clone();
        let acceptance = Acceptance {
            order,
            event: event.clone(),
            idempotency_key: key,
        };
        match self.ports.intake.accept(acceptance).await? {
            Accepted::Replayed(order_id) => {
                span.record("order_id", tracing::field::display(order_id));
                span.record("replayed", true);
                self.replayed(order_id).await
            }
            Accepted::New => {
                span.record("order_id", tracing::field::display(order_id));
                self.announcer.due(WorkHint { order_id, priority });
                self.announcer.committed(&accepted, &[event]);
                tracing::debug!(%order_id, "order accepted");
                Ok(Submission {
                    order_id,
                    client_order_id: accepted.client_order_id,
                    status: Status::Pending,
                    replayed: false,
                })
            }
        }
    }

    /// An order that the same request had brought in before, as it stands now. While it cannot be read, the request is
    /// to be repeated once more, which is as safe as this repetition was.
    async fn replayed(&self, order_id: OrderId) -> Result<Submission, SubmitError> {
        let order = self.order(order_id, None).await.map_err(AcceptError::from)?;
        let order = order.ok_or_else(|| AcceptError::from(Vanished(order_id)))?;
        Ok(Submission {
            order_id,
            client_order_id: order.spec().client_order_id.clone(),
            status: order.status(),
            replayed: true,
        })
    }

    /// Refuses what has no time left, is out of reach, or would trigger at once though nothing says that it may.
    async fn acceptable(
        &self,
        spec: &OrderSpec,
        allow_immediate: bool,
        now: Timestamp,
    ) -> Result<(), SubmitError> {
        if spec.time_in_force.until().is_some_and(|until| until <= now) {
            return Err(SubmitError::Expired);
        }
        self.within_reach(spec).await?;
        match spec.kind {
            OrderKind::StopLimit { .. } if !allow_immediate => self.stop_is_ahead(spec).await,
            OrderKind::StopLimit { .. } | OrderKind::Market | OrderKind::Limit { .. } | OrderKind::Sniper => {
                Ok(())
            }
        }
    }

    /// Refuses a stop on the wrong side of the market, which would trigger at once: most likely its sign, or the market,
    /// was mistaken. A market that does not answer soon is no reason to refuse.
    async fn stop_is_ahead(&self, spec: &OrderSpec) -> Result<(), SubmitError> {
        let timeout = self.settings.quote_timeout.min(STOP_CHECK);
        let market = ask_all(&self.ports, &Ask::of(spec).request, &spec.route, timeout).await;
        match terms::reached_stop(spec, &market, &self.settings.routing) {
            Some(ReachedStop { stop, market }) => Err(SubmitError::WouldTrigger { stop, market }),
            None => Ok(()),
        }
    }

    /// Refuses an owner who has too many orders under way. Those who submit side by side may pass it together, so the
    /// limit holds to within what is on its way into the store.
    async fn has_room(&self, owner: &Owner) -> Result<(), SubmitError> {
        let Some(most) = self.settings.open_orders else {
            return Ok(());
        };
        let open = OrderFilter {
            owner: Some(owner.clone()),
            statuses: Status::ALL
                .into_iter()
                .filter(|status| !status.is_terminal())
                .collect(),
            ..OrderFilter::default()
        };
        let page = self.ports.reader.list(&open, None, most).await;
        if page.map_err(AcceptError::from)?.items.len() < most {
            Ok(())
        } else {
            Err(SubmitError::TooManyOpen { most })
        }
    }

    /// The order of a request that was accepted before, if it was.
    ///
    /// Time, the venues and quotes move on, so a request that was accepted once may be refused when it is repeated, and
    /// it is still the same order. Only then is the store asked twice: whatever can be accepted finds its names taken
    /// when it is.
    ///
    /// # Errors
    /// [`SubmitError::Accept`].
    pub async fn recall(
        &self,
        spec: &OrderSpec,
        key: Option<IdempotencyKey>,
    ) -> Result<Option<Submission>, SubmitError> {
        if key.is_none() && spec.client_order_id.is_none() {
            return Ok(None);
        }
        match self.ports.intake.recall(spec, key).await? {
            Some(order_id) => self.replayed(order_id).await.map(Some),
            None => Ok(None),
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
            return match spec.kind {
                // Its pool is yet to open.
                OrderKind::Sniper => Ok(()),
                OrderKind::Market | OrderKind::Limit { .. } | OrderKind::StopLimit { .. } => {
                    self.around(spec).await
                }
            };
        }
        if spec.amount_in.units() > total {
            let capacity = order_core::amount::Amount::new(total).with_decimals(spec.token_in.decimals);
            return Err(SubmitError::TooLarge { capacity });
        }
        Ok(())
    }
}

impl Engine {
    /// Refuses what does not lead anywhere by another token either.
    async fn around(&self, spec: &OrderSpec) -> Result<(), SubmitError> {
        // Venues that show no pools at all fill every order in one swap.
        if spec.route.most_legs(&self.settings.routing) < 2 || self.ports.pools.is_none() {
            return Err(SubmitError::NoPool);
        }
        let request = Ask::of(spec).request;
        let view = look(&self.ports, &request, self.settings.quote_timeout).await;
        match view {
            Some(view) if !view.leads_around(&request, &spec.route) => Err(SubmitError::NoPool),
            // Pools that cannot be seen now are no reason to refuse.
            Some(_) | None => Ok(()),
        }
    }
}
