//! Taking an order in: checked, made durable, then announced.

use order_core::amount::Quantity;
use order_core::id::{ClientOrderId, IdempotencyKey, OrderId, Owner};
use order_core::order::{Order, Status};
use order_core::price::Price;
use order_core::routing::RuledOut;
use order_core::spec::OrderSpec;
use order_core::time::Timestamp;
use order_ports::{AcceptError, Acceptance, Accepted, OrderFilter, StoreError, WorkItem};
use tracing::{Instrument, Span};

use super::Engine;
use crate::spans;

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
    /// No venue has a pool of the pair, and no way by another token leads there; or the order itself rules out what
    /// does.
    #[error("no venue trades this pair{}", if .0.any() { " in the way that the order allows" } else { "" })]
    NoPool(RuledOut),
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
        self.accept_order(spec, options, &span)
            .instrument(span.clone())
            .await
    }

    async fn accept_order(
        &self,
        spec: OrderSpec,
        options: SubmitOptions,
        span: &Span,
    ) -> Result<Submission, SubmitError> {
        let SubmitOptions { key, allow_immediate } = options;
        let now = self.ports.clock.now();
        let refusal = match self.acceptable(&spec, allow_immediate, now).await {
            Ok(()) => self.check_open_orders(&spec.owner).await.err(),
            Err(refusal) => Some(refusal),
        };
        if let Some(refusal) = refusal {
            return self.find_replayed(&spec, key).await?.ok_or(refusal);
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
                self.publisher.due(WorkItem { order_id, priority });
                self.publisher.committed(&accepted, &[event]);
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
        self.check_market(spec, allow_immediate).await
    }

    /// Refuses an owner with too many orders under way. Requests that are made side by side may pass it together, so
    /// the limit holds to within what is on its way into the store.
    async fn check_open_orders(&self, owner: &Owner) -> Result<(), SubmitError> {
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
    pub async fn find_replayed(
        &self,
        spec: &OrderSpec,
        key: Option<IdempotencyKey>,
    ) -> Result<Option<Submission>, SubmitError> {
        if key.is_none() && spec.client_order_id.is_none() {
            return Ok(None);
        }
        match self.ports.intake.find_replayed(spec, key).await? {
            Some(order_id) => self.replayed(order_id).await.map(Some),
            None => Ok(None),
        }
    }
}
