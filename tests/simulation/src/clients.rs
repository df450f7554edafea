//! Clients: they submit until they are acknowledged, sometimes twice, and watch until the end, resuming
//! whenever a process ends under them or drops them for being slow.

use std::sync::Arc;
use std::time::Duration;

use order_application::{Amendment, ControlError, Engine, SubmitError, SubmitOptions};
use order_core::amount::Amount;
use order_core::id::{IdempotencyKey, OrderId, Owner};
use order_core::order::Status;
use order_core::order_types::{LimitOrder, OrderKind, StopLimitOrder};
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::spec::{OrderSpec, Protection, RouteLimits};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::{Pair, Side, TokenRegistry};
use order_core::venue::VenueId;

use crate::clock::SimClock;
use crate::faults::Injector;
use crate::process::{Process, Running};
use crate::recorder::{Recorder, Testimony};
use crate::rng::{CountedIds, SeededRng};

/// How long a client waits before it tries again.
const PAUSE: Duration = Duration::from_millis(300);

/// How long a client waits for an answer that does not matter.
const PATIENCE: Duration = Duration::from_secs(5);

/// All processes, of which a client takes any that lives.
#[derive(Clone)]
pub struct Endpoints {
    pub(crate) processes: Arc<[Arc<Process>]>,
    pub(crate) rng: Arc<SeededRng>,
    pub(crate) ids: Arc<CountedIds>,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) injector: Arc<Injector>,
    pub(crate) testimony: Arc<Testimony>,
}

impl Endpoints {
    async fn any(&self) -> Running {
        loop {
            let choice = self
                .rng
                .below(u32::try_from(self.processes.len()).unwrap_or(u32::MAX));
            let process = usize::try_from(choice)
                .ok()
                .and_then(|choice| self.processes.get(choice));
            if let Some(running) = process.and_then(|process| process.running()) {
                return running;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Submits an order until it is acknowledged, and at times once more although it was. Returns the id that
    /// was acknowledged last; none if the order is refused.
    pub(crate) async fn submit(&self, spec: OrderSpec, key: IdempotencyKey) -> Option<OrderId> {
        let mut acknowledged = None;
        loop {
            let Running { engine, gone } = self.any().await;
            let answer = tokio::select! {
                biased;
                answer = engine.submit(spec.clone(), whatever_happens(&key)) => answer,
                () = gone.cancelled() => continue,
            };
            match answer {
                Ok(submission) => {
                    self.testimony.acknowledged(&spec.owner, submission.order_id);
                    acknowledged = Some(submission.order_id);
                    if self.rng.strikes(50) {
                        self.submit_another(&engine, &spec, &key).await;
                    }
                    if !self.rng.strikes(200) {
                        return acknowledged;
                    }
                }
                Err(SubmitError::Accept(_) | SubmitError::Draining | SubmitError::TooManyOpen { .. }) => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(SubmitError::Expired) if acknowledged.is_none() => {
                    self.testimony.came_too_late();
                    return None;
                }
                Err(
                    SubmitError::Expired
                    | SubmitError::NoPool(_)
                    | SubmitError::TooLarge { .. }
                    | SubmitError::WouldTrigger { .. },
                ) => {
                    return acknowledged;
                }
            }
        }
    }

    /// Tries to use a key that is taken for another order.
    async fn submit_another(&self, engine: &Engine, spec: &OrderSpec, key: &IdempotencyKey) {
        let amount_in = Amount::new(spec.amount_in.units() + 1);
        let other = OrderSpec {
            amount_in,
            ..spec.clone()
        };
        let answer = tokio::time::timeout(PATIENCE, engine.submit(other, whatever_happens(key))).await;
        if let Ok(Ok(submission)) = answer {
            self.testimony
                .complains(format!("{key} was taken for another order: {submission:?}"));
        }
    }

    /// Cancels an order, until an answer says what came of it. What was said to be cancelled must be so.
    pub(crate) async fn cancel(&self, order_id: OrderId) {
        loop {
            let Running { engine, gone } = self.any().await;
            let answer = tokio::select! {
                biased;
                answer = engine.cancel(order_id, None) => answer,
                () = gone.cancelled() => continue,
            };
            match answer {
                Ok(_) => return self.testimony.cancelled(order_id),
                Err(ControlError::TooLate(status)) if status.is_terminal() => return,
                // What is submitted may fail, and be tried or wait again.
                Err(ControlError::TooLate(_) | ControlError::Busy | ControlError::Store(_)) => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(
                    error @ (ControlError::NoSuchOrder
                    | ControlError::NotWaiting(_)
                    | ControlError::OtherVersion(_)
                    | ControlError::NotApplicable(_)),
                ) => {
                    return self
                        .testimony
                        .complains(format!("{order_id} cannot be cancelled: {error}"));
                }
            }
        }
    }

    /// Puts another limit in place of an order's own, as long as it waits. What was said to be replaced must be so.
    pub(crate) async fn replace(&self, order_id: OrderId) {
        let limit_price = Some(near(&self.rng));
        loop {
            let Running { engine, gone } = self.any().await;
            let replace = async {
                let Some(order) = engine.order(order_id, None).await? else {
                    return Err(ControlError::NoSuchOrder);
                };
                let amendment = Amendment {
                    limit_price,
                    ..Amendment::default()
                };
                engine.replace(order_id, None, order.version(), amendment).await
            };
            let answer = tokio::select! {
                biased;
                answer = replace => answer,
                () = gone.cancelled() => continue,
            };
            match answer {
                Ok(order) => return self.testimony.replaced(order_id, order.version(), limit_price),
                Err(ControlError::NotWaiting(Status::Pending)) | Err(ControlError::Store(_)) => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(ControlError::NotWaiting(_) | ControlError::OtherVersion(_)) => return,
                Err(
                    error @ (ControlError::NoSuchOrder
                    | ControlError::TooLate(_)
                    | ControlError::Busy
                    | ControlError::NotApplicable(_)),
                ) => {
                    return self
                        .testimony
                        .complains(format!("{order_id} cannot be replaced: {error}"));
                }
            }
        }
    }

    /// Watches an order from behind `after` to its end, over as many connections as it takes.
    pub(crate) async fn watch(&self, order_id: OrderId, after: u32) {
        let recorder = self.testimony.recorder(order_id, after);
        while !recorder.is_done() {
            let running = self.any().await;
            tokio::select! {
                biased;
                () = running.gone.cancelled() => {}
                () = self.watch_once(&running, &recorder) => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn watch_once(&self, running: &Running, recorder: &Recorder) {
        let (order_id, last) = (recorder.order_id(), recorder.last_seen());
        let Ok(Some((_, mut watch))) = running.engine.watch(order_id, None, last).await else {
            return;
        };
        loop {
            match watch.next().await {
                Ok(Some(live)) => recorder.saw(live.event()),
                Ok(None) => return recorder.done(),
                Err(_) => return,
            }
            if self.read_slowly().await {
                return;
            }
        }
    }

    /// At times takes its time; says whether to leave in the middle.
    async fn read_slowly(&self) -> bool {
        if !self.injector.is_calm() && self.rng.strikes(30) {
            tokio::time::sleep(self.rng.duration(Duration::from_secs(20))).await;
            return self.rng.strikes(300);
        }
        false
    }

    /// Watches all orders of an owner for ever, from the beginning on each connection.
    pub(crate) async fn watch_owner(&self, owner: Owner) {
        loop {
            let running = self.any().await;
            self.testimony.owner_connects(&owner, self.ids.newest());
            let mut watch = running.engine.watch_owner(Some(owner.clone()));
            let watching = async {
                while let Ok(live) = watch.next().await {
                    self.testimony.owner_saw(&owner, live.event());
                    if self.read_slowly().await {
                        return;
                    }
                }
            };
            tokio::select! {
                biased;
                () = running.gone.cancelled() => {}
                () = watching => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Stops may be on either side of the market.
fn whatever_happens(key: &IdempotencyKey) -> SubmitOptions {
    SubmitOptions {
        allow_immediate: true,
        ..SubmitOptions::keyed(key.clone())
    }
}

/// A random order.
pub fn random_spec(
    rng: &SeededRng,
    tokens: &TokenRegistry,
    owner: Owner,
    now: Timestamp,
) -> Option<OrderSpec> {
    if rng.strikes(60) {
        return sniper(rng, tokens, owner);
    }
    let pairs = [
        ("SOL", "USDC"),
        ("USDC", "SOL"),
        ("ETH", "USDC"),
        ("RAY", "SOL"),
        ("USDC", "JUP"),
        // No pool of its own: by USDC or SOL.
        ("RAY", "JUP"),
    ];
    let (token_in, token_out) = rng.pick(&pairs);
    let (token_in, token_out) = (tokens.find(token_in)?, tokens.find(token_out)?);
    let (pair, side) = tokens.orient(token_in, token_out);
    let whole = 10u128.pow(u32::from(token_in.decimals));
    let kind = random_kind(rng, &pair);
    let amount_in = Amount::new(whole * u128::from(1 + rng.below(50)));
    let protection = match own_minimum(rng, &pair, side, amount_in) {
        Some(minimum) => Protection::MinOut(minimum),
        None => Protection::Slippage(rng.pick(&[0, 10, 50, 500])),
    };
    Some(OrderSpec {
        owner,
        client_order_id: None,
        kind,
        token_in,
        token_out,
        pair,
        side,
        amount_in,
        protection,
        slippage_by_default: false,
        time_in_force: random_force(rng, kind, now),
        priority: rng.pick(&Priority::ALL),
        route: random_route(rng, &pair),
        trace: None,
    })
}

/// The pair that is not traded at first.
pub const LATE_PAIR: (&str, &str) = ("JUP", "BONK");

/// Waits for the pool that opens later.
fn sniper(rng: &SeededRng, tokens: &TokenRegistry, owner: Owner) -> Option<OrderSpec> {
    let (token_in, token_out) = (tokens.find(LATE_PAIR.0)?, tokens.find(LATE_PAIR.1)?);
    let (pair, side) = tokens.orient(token_in, token_out);
    let whole = 10u128.pow(u32::from(token_in.decimals));
    Some(OrderSpec {
        owner,
        client_order_id: None,
        kind: OrderKind::Sniper,
        token_in,
        token_out,
        pair,
        side,
        amount_in: Amount::new(whole * u128::from(1 + rng.below(50))),
        protection: Protection::Slippage(500),
        slippage_by_default: false,
        time_in_force: TimeInForce::Gtc,
        priority: Priority::High,
        route: Default::default(),
        trace: None,
    })
}

/// How long it lives: as long as it takes, for most.
fn random_force(rng: &SeededRng, kind: OrderKind, now: Timestamp) -> TimeInForce {
    if kind.limit_price().is_none() {
        return TimeInForce::Gtc;
    }
    let later = Duration::from_secs(10) + rng.duration(Duration::from_secs(120));
    rng.pick(&[
        TimeInForce::Gtc,
        TimeInForce::Gtc,
        TimeInForce::Gtc,
        TimeInForce::Ioc,
        TimeInForce::Fok,
        TimeInForce::Gtd(now.plus(later)),
    ])
}

/// 150 USDC, give or take half a percent.
fn near(rng: &SeededRng) -> Price {
    Price::new((14_925 + u128::from(rng.below(150))) * 10u128.pow(16))
}

/// 3.115 JUP for a RAY, by other tokens, give or take half a percent.
fn near_by_another_way(rng: &SeededRng) -> Price {
    Price::new((3_100 + u128::from(rng.below(32))) * 10u128.pow(15))
}

/// A minimum of the request's own, about what the market gives at first, for some orders of the pair whose price is
/// known.
fn own_minimum(rng: &SeededRng, pair: &Pair, side: Side, amount_in: Amount) -> Option<Amount> {
    if pair.base.symbol.as_str() != "SOL" || pair.quote.symbol.as_str() != "USDC" || !rng.strikes(300) {
        return None;
    }
    near(rng).least_output(pair, side, amount_in).ok()
}

/// Some orders go to one venue only, or make one swap.
fn random_route(rng: &SeededRng, pair: &Pair) -> RouteLimits {
    // A pair without a pool of its own takes two swaps at least, and an order that rules that out is refused.
    let legs: &[u8] = if pair.quote.symbol.as_str() == "JUP" {
        &[2, 3]
    } else {
        &[1, 2, 3]
    };
    let venues = rng
        .strikes(150)
        .then(|| rng.pick(&["Meteora", "Raydium"].map(VenueId::literal)));
    RouteLimits {
        venues: venues.into_iter().collect(),
        max_legs: rng.strikes(150).then(|| rng.pick(legs)),
    }
}

/// Some kind of order; limits and stops are near to where the market begins.
fn random_kind(rng: &SeededRng, pair: &Pair) -> OrderKind {
    let near: fn(&SeededRng) -> Price = match (pair.base.symbol.as_str(), pair.quote.symbol.as_str()) {
        ("SOL", "USDC") => near,
        ("RAY", "JUP") => near_by_another_way,
        _ => return OrderKind::Market,
    };
    if rng.strikes(400) {
        return OrderKind::Market;
    }
    let limit_price = near(rng);
    if rng.strikes(300) {
        let stop_price = near(rng);
        return OrderKind::StopLimit(StopLimitOrder {
            stop_price,
            limit_price,
        });
    }
    OrderKind::Limit(LimitOrder { limit_price })
}
