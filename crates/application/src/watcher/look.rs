//! One look at one resting order: quotes for its size, and what they say of its terms.

use order_core::failure::FailureClass;
use order_core::id::OrderId;
use order_core::routing::{Market, RouteRequest};
use order_core::terms::{self, Check};
use order_core::venue::QuoteAnswer;
use order_ports::RestingSince;

use super::index::Candidate;
use crate::quotes::ask_all;
use crate::setup::{Ports, Settings};

/// What a look has found.
pub(super) struct Look {
    pub(super) id: OrderId,
    pub(super) since: RestingSince,
    pub(super) check: Check,
    /// How many of the venues that were asked are out of reach or out of order.
    pub(super) silence: Silence,
}

/// How many venues are silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    None,
    Some,
    All,
}

pub(super) async fn look_at(ports: Ports, settings: Settings, candidate: Candidate) -> Look {
    let Candidate { order, since } = candidate;
    let spec = order.spec();
    let request = RouteRequest::of(spec).request;
    let market = ask_all(&ports, &request, &spec.route, settings.quote_timeout).await;
    Look {
        id: order.id(),
        since,
        check: terms::check(&order, &market, &settings.routing),
        silence: silence(&market),
    }
}

fn silence(market: &Market) -> Silence {
    let is_silent = |answer: &&QuoteAnswer| match &answer.result {
        Ok(_) => false,
        Err(error) => match error.class() {
            FailureClass::Retry => true,
            FailureClass::Requote | FailureClass::Final => false,
        },
    };
    match market.answers.iter().filter(is_silent).count() {
        0 => Silence::None,
        silent if silent < market.answers.len() => Silence::Some,
        _ => Silence::All,
    }
}
