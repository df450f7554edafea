//! What an order's owner may still decide: to take it back, or to change its terms while it waits.

use futures_util::StreamExt;
use std::time::Duration;

use order_core::id::{OrderId, Owner};
use order_core::lifecycle::{Release, max_rest};
use order_core::order::{Event, IllegalTransition, Order, State, Status};
use order_core::order_types::{NewPrices, NotApplicable};
use order_core::price::Price;
use order_core::spec::Terms;
use order_core::time_in_force::TimeInForce;
use order_core::trigger::WaitsFor;
use order_ports::{JournalError, OrderFilter, StoreError, Transition};

use super::Engine;

/// How often a decision is taken anew because the order has moved meanwhile.
const TRIES: usize = 16;
/// How many orders are read at once to be cancelled, and how many are cancelled at once.
const PAGE: usize = 200;
const AT_ONCE: usize = 16;

/// Why an owner's decision was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such order of theirs.
    #[error("there is no such order")]
    NoSuchOrder,
    /// Its state does not allow it any more.
    #[error("an order that is {} cannot be cancelled", .0.as_str())]
    TooLate(Status),
    /// Only an order that waits can have other terms.
    #[error("an order that is {} has no terms to replace", .0.as_str())]
    NotWaiting(Status),
    /// The decision was taken on another version of the order.
    #[error("the order is at version {0}")]
    OtherVersion(u32),
    /// The field has no meaning for this order.
    #[error(transparent)]
    NotApplicable(#[from] NotApplicable),
    /// The order moves faster than it can be decided on.
    #[error("the order is being worked on; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// New terms; what is absent stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amendment {
    /// Quote per base.
    pub limit_price: Option<Price>,
    /// Quote per base.
    pub stop_price: Option<Price>,
    /// Until a date, or until cancelled.
    pub time_in_force: Option<TimeInForce>,
}

/// The versions of an order that a decision of its owner is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever its version is, as long as there is the order.
    Any,
    /// One of these.
    OneOf(Vec<u32>),
}

impl Expected {
    /// Whether that version is one of them.
    pub fn allows(&self, version: u32) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

impl From<u32> for Expected {
    fn from(version: u32) -> Self {
        Self::OneOf(vec![version])
    }
}

/// What became of many orders that were to be cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CancelledMany {
    /// So many are cancelled.
    pub cancelled: u64,
    /// So many went on: they were submitted or over by then.
    pub too_late: u64,
}

impl Engine {
    /// Cancels an order, unless a transaction of it may execute. Cancelling it again is the same.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn cancel(&self, id: OrderId, owner: Option<&Owner>) -> Result<Order, ControlError> {
        self.cancel_if(id, owner, &Expected::Any).await
    }

    /// Cancels an order that is at one of these versions. One that is cancelled stays so, whatever was expected.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn cancel_if(
        &self,
        id: OrderId,
        owner: Option<&Owner>,
        expected: &Expected,
    ) -> Result<Order, ControlError> {
        for _ in 0..TRIES {
            let order = self.owned(id, owner).await?;
            if *order.state() == State::Cancelled {
                return Ok(order);
            }
            if !expected.allows(order.version()) {
                return Err(ControlError::OtherVersion(order.version()));
            }
            let too_late = ControlError::TooLate(order.status());
            match self
                .apply_owner_command(order, Event::Cancelled, Release::Done)
                .await
            {
                Ok(cancelled) => return Ok(cancelled),
                Err(OwnerCommandRejected::Illegal) => return Err(too_late),
                Err(OwnerCommandRejected::Transition) => {}
                Err(OwnerCommandRejected::Store(error)) => return Err(error.into()),
            }
        }
        Err(ControlError::Busy)
    }

    /// Cancels every order of this filter that can be cancelled.
    ///
    /// # Errors
    /// [`StoreError`]; then some of them may be cancelled.
    pub async fn cancel_all(&self, filter: &OrderFilter) -> Result<CancelledMany, StoreError> {
        let mut many = CancelledMany::default();
        let mut before = None;
        loop {
            let page = self.orders(filter, before, PAGE).await?;
            before = page.items.last().map(Order::id);
            let open = page.items.iter().filter(|order| !order.status().is_terminal());
            let open: Vec<_> = open.map(Order::id).collect();
            let mut cancels = futures_util::stream::iter(open)
                .map(|id| self.cancel(id, filter.owner.as_ref()))
                .buffer_unordered(AT_ONCE);
            while let Some(outcome) = cancels.next().await {
                match outcome {
                    Ok(_) => many.cancelled += 1,
                    Err(ControlError::Store(error)) => return Err(error),
                    Err(
                        ControlError::NoSuchOrder
                        | ControlError::TooLate(_)
                        | ControlError::NotWaiting(_)
                        | ControlError::OtherVersion(_)
                        | ControlError::NotApplicable(_)
                        | ControlError::Busy,
                    ) => many.too_late += 1,
                }
            }
            if !page.more {
                return Ok(many);
            }
        }
    }

    /// Replaces the terms of an order that waits, and is at one of the versions expected.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn replace(
        &self,
        id: OrderId,
        owner: Option<&Owner>,
        expected: impl Into<Expected> + Send,
        amendment: Amendment,
    ) -> Result<Order, ControlError> {
        let expected = expected.into();
        for _ in 0..TRIES {
            let order = self.owned(id, owner).await?;
            let State::Waiting { waits_for } = *order.state() else {
                return Err(ControlError::NotWaiting(order.status()));
            };
            if !expected.allows(order.version()) {
                return Err(ControlError::OtherVersion(order.version()));
            }
            let terms = amended(order.terms(), waits_for, amendment)?;
            let event = Event::Waiting {
                waits_for,
                terms: Some(terms),
                refused: None,
            };
            let release = Release::Wait {
                longest: max_rest(terms, self.ports.clock.now()),
                rest: Duration::ZERO,
            };
            match self.apply_owner_command(order, event, release).await {
                Ok(replaced) => {
                    self.publisher.resting().began();
                    return Ok(replaced);
                }
                // Whatever it is now, the next look finds it: in another state, or at another version.
                Err(OwnerCommandRejected::Illegal | OwnerCommandRejected::Transition) => {}
                Err(OwnerCommandRejected::Store(error)) => return Err(error.into()),
            }
        }
        Err(ControlError::Busy)
    }

    async fn owned(&self, id: OrderId, owner: Option<&Owner>) -> Result<Order, ControlError> {
        self.order(id, owner).await?.ok_or(ControlError::NoSuchOrder)
    }

    async fn apply_owner_command(
        &self,
        mut order: Order,
        event: Event,
        release: Release,
    ) -> Result<Order, OwnerCommandRejected> {
        let recorded = order.apply(event, self.ports.clock.now())?;
        let events = [recorded];
        let moved = Transition {
            order: &order,
            events: &events,
        };
        self.ports.control.apply_owner_command(moved, release).await?;
        self.publisher.committed(order.spec(), &events);
        tracing::debug!(order_id = %order.id(), status = order.status().as_str(), "decided by its owner");
        Ok(order)
    }
}

/// Why an owner's command was not carried out.
enum OwnerCommandRejected {
    /// The table forbids it.
    Illegal,
    /// The order has moved, or a transaction of it may execute.
    Transition,
    Store(StoreError),
}

impl From<IllegalTransition> for OwnerCommandRejected {
    fn from(_: IllegalTransition) -> Self {
        Self::Illegal
    }
}

impl From<JournalError> for OwnerCommandRejected {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Fenced => Self::Transition,
            JournalError::Store(error) => Self::Store(error),
        }
    }
}

fn amended(terms: Terms, waits_for: WaitsFor, amendment: Amendment) -> Result<Terms, ControlError> {
    let Amendment {
        limit_price,
        stop_price,
        time_in_force,
    } = amendment;
    let kind = terms.kind.with_prices(NewPrices {
        limit_price,
        stop_price,
        stop_reached: waits_for != WaitsFor::Stop,
    })?;
    let time_in_force = match (terms.time_in_force, time_in_force) {
        (old, None) => old,
        (TimeInForce::Gtc | TimeInForce::Gtd(_), Some(new)) => new,
        (TimeInForce::Ioc | TimeInForce::Fok, Some(_)) => {
            return Err(ControlError::NotApplicable(NotApplicable {
                field: "expiresAt",
                reason: "does not apply to this time in force",
            }));
        }
    };
    Ok(Terms { kind, time_in_force })
}
