//! The one function that decides what happens to an order next. Pure: the application brings the inputs,
//! makes the events durable as the decision's [`Commit`] says, does its [`Step`], and comes back.

use std::time::Duration;

use super::decision::{Commit, Context, Decision, Input, Release, Step};
use super::wait;
use crate::amount::Amount;
use crate::failure::{Failure, FailureClass, VenueError};
use crate::order::{Attempt, AttemptOutcome, Event, Execution, Order, State};
use crate::price::Price;
use crate::routing::{Market, Route};
use crate::terms::{self, Assessment, Outlook};
use crate::venue::{Draft, Fill, QuoteRequest, SignedTransaction, TxStatus, VenueId};

/// How soon an order whose transaction is still open is looked at again by the next worker.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The same for one whose venue has been silent for long: a part of that time,
const PATIENCE: u32 = 16;
/// and no more than this.
const LOOK_AGAIN_AT_LAST: Duration = Duration::from_secs(30);

/// Decides what happens next.
pub fn decide(order: &Order, input: Input, context: &Context) -> Decision {
    match input {
        Input::Claimed { open: Some(attempt) } => Decision::only(Step::LookUp(attempt)),
        Input::Claimed { open: None } => claimed(order, context),
        Input::Quoted(market) => quoted(order, market, context),
        Input::Built {
            venue,
            draft,
            transaction,
        } => built(order, venue, draft, transaction, context),
        Input::NotBuilt(error) => failed(order, Failure::Venue(error), None, Vec::new(), context),
        Input::NotSent { attempt: _, error } => dead(order, error, context),
        Input::Seen { attempt, status } => seen(order, attempt, status, context),
        Input::Silent { attempt } => unresolved(order, attempt, context),
        Input::OutOfTime => out_of_time(order),
    }
}

/// Nothing is open, so the order may still end, or wait, without a look at the market.
fn claimed(order: &Order, context: &Context) -> Decision {
    if terms::is_expired(order, context.now) {
        return expired();
    }
    match wait::before_the_market(order) {
        Some(waits_for) => wait::wait(order, waits_for, None, context),
        None => Decision::only(Step::Quote(quote_request(order))),
    }
}

fn quote_request(order: &Order) -> QuoteRequest {
    let spec = order.spec();
    QuoteRequest {
        token_in: spec.token_in,
        token_out: spec.token_out,
        amount_in: spec.amount_in,
    }
}

/// The number of the attempt under way, or of the first if none has begun.
fn current_attempt(order: &Order) -> u8 {
    order.progress().attempt.max(1)
}

fn quoted(order: &Order, market: Market, context: &Context) -> Decision {
    if terms::is_expired(order, context.now) {
        return expired();
    }
    let Assessment { outlook, arrival } = terms::assess(order, &market, &context.routing);
    let routing = Event::Routing {
        attempt: current_attempt(order),
        quotes: market.answers,
        arrival,
    };
    match outlook {
        Outlook::Wait { waits_for, .. } => wait::wait(order, waits_for, None, context),
        Outlook::Execute(route) => build(order, routing, *route),
        Outlook::Nothing => Decision::stop(vec![routing, Event::Cancelled], None, Release::Done),
        Outlook::Fail(failure) => failed(order, wait::verdict(order, failure), None, vec![routing], context),
    }
}

/// Its time is up, and nothing of it is at the venue.
fn expired() -> Decision {
    Decision::stop(vec![Event::Expired], None, Release::Done)
}

/// Builds the transaction of a route.
fn build(order: &Order, routing: Event, route: Route) -> Decision {
    let best = Event::BestDex {
        venue: route.venue,
        price: route.price,
        reason: route.reason,
        min_out: route.min_out,
        legs: route.recorded_legs(order.spec().amount_in),
        weighed: route.weighed.clone(),
    };
    Decision {
        events: vec![routing, best, Event::Building { venue: route.venue }],
        commit: Commit::Anytime,
        step: Some(Step::Build {
            venue: route.venue,
            draft: Draft {
                order_id: order.id(),
                legs: route.swaps(),
                min_out: route.min_out,
            },
        }),
    }
}

fn built(
    order: &Order,
    venue: VenueId,
    draft: Draft,
    transaction: SignedTransaction,
    context: &Context,
) -> Decision {
    // Quotes and building take their time, and from here on nothing can be taken back.
    if terms::is_expired(order, context.now) {
        return expired();
    }
    let submitted = Event::Submitted {
        venue,
        tx_id: transaction.id,
    };
    let number = current_attempt(order);
    let attempt = Attempt {
        number,
        venue,
        draft,
        transaction,
        written_at: context.now,
    };
    Decision {
        events: vec![submitted],
        commit: Commit::WriteAhead(attempt.clone()),
        step: Some(Step::Send(attempt)),
    }
}

fn seen(order: &Order, attempt: Attempt, status: TxStatus, context: &Context) -> Decision {
    match status {
        TxStatus::Landed(fill) => landed(order, &attempt, fill),
        TxStatus::Rejected(error) => dead(order, error, context),
        TxStatus::Pending => unresolved(order, attempt, context),
        TxStatus::NotFound { block_height } if block_height > attempt.transaction.last_valid_height => {
            dead(order, VenueError::Expired, context)
        }
        // An order whose time is up is not sent any more, not even again.
        TxStatus::NotFound { .. }
            if context.venue_removes_duplicates && !terms::is_expired(order, context.now) =>
        {
            send_again(order, attempt, context)
        }
        TxStatus::NotFound { .. } => unresolved(order, attempt, context),
    }
}

fn landed(order: &Order, attempt: &Attempt, fill: Fill) -> Decision {
    let spec = order.spec();
    // A fill whose price does not fit 128 bits is still a fill; the price is then the largest there is.
    let executed_price = Price::of_trade(&spec.pair, spec.side, fill.amount_in, fill.amount_out)
        .unwrap_or(Price::new(u128::MAX));
    let confirmed = Event::Confirmed(Execution {
        venue: attempt.venue,
        tx_id: attempt.transaction.id,
        executed_price,
        amount_out: Amount::with_decimals(fill.amount_out, spec.token_out.decimals),
        fill,
    });
    Decision::stop(vec![confirmed], Some(AttemptOutcome::Landed(fill)), Release::Done)
}

fn dead(order: &Order, error: VenueError, context: &Context) -> Decision {
    let (failure, outcome) = (Failure::Venue(error), Some(AttemptOutcome::Dead(error)));
    match terms::rests_on(order, failure) {
        // The price has gone by: that is no failure, and no attempt is used up.
        Some(waits_for) => wait::wait(order, waits_for, outcome, context),
        None => failed(order, wait::verdict(order, failure), outcome, Vec::new(), context),
    }
}

/// The attempt is over and has provably not executed: another one later, or the end.
fn failed(
    order: &Order,
    failure: Failure,
    outcome: Option<AttemptOutcome>,
    mut events: Vec<Event>,
    context: &Context,
) -> Decision {
    let number = current_attempt(order);
    let repeatable = match failure.class() {
        FailureClass::Retry | FailureClass::Requote => number < context.retry.max_attempts,
        FailureClass::Final => false,
    };
    if !repeatable {
        events.push(Event::Failed { failure });
        return Decision::stop(events, outcome, Release::Done);
    }
    let delay = context.retry.delay(number, context.entropy);
    let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    events.push(Event::Retrying {
        attempt: number + 1,
        delay_ms,
        failure,
    });
    Decision::stop(events, outcome, Release::RunAgain(delay))
}

/// The outcome is not known yet. Past the deadline subscribers are told so, once, and the search goes on; but a worker
/// does not hold on to the order while it has nothing to do but wait, so that silent venues do not take all workers
/// from the orders that can be executed.
fn unresolved(order: &Order, attempt: Attempt, context: &Context) -> Decision {
    if is_early(&attempt, context) {
        return Decision::only(Step::LookUp(attempt));
    }
    let silent_for = context.now.since(attempt.written_at);
    let again = (silent_for / PATIENCE).clamp(LOOK_AGAIN, LOOK_AGAIN_AT_LAST);
    Decision::stop(news_of_silence(order, &attempt), None, Release::RunAgain(again))
}

/// The venue does not have it, and still takes it: the same bytes again.
fn send_again(order: &Order, attempt: Attempt, context: &Context) -> Decision {
    if is_early(&attempt, context) {
        return Decision::only(Step::Send(attempt));
    }
    let events = news_of_silence(order, &attempt);
    let commit = if events.is_empty() {
        Commit::Nothing
    } else {
        Commit::Append
    };
    Decision {
        events,
        commit,
        step: Some(Step::Send(attempt)),
    }
}

/// Whether it is too early to call the outcome unknown.
fn is_early(attempt: &Attempt, context: &Context) -> bool {
    context.now.since(attempt.written_at) < context.unknown_after
}

/// The event that says that a transaction's outcome is unknown, unless it was said before.
fn news_of_silence(order: &Order, attempt: &Attempt) -> Vec<Event> {
    if matches!(order.state(), State::Submitted { unknown: true, .. }) {
        return Vec::new();
    }
    vec![Event::OutcomeUnknown {
        venue: attempt.venue,
        tx_id: attempt.transaction.id,
    }]
}

fn out_of_time(order: &Order) -> Decision {
    let soon = if order.state().tx_id().is_some() {
        LOOK_AGAIN
    } else {
        Duration::ZERO
    };
    Decision::stop(Vec::new(), None, Release::RunAgain(soon))
}
