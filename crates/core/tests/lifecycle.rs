//! Whatever the world answers, the decisions stay within the table and within the promise.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use order_core::amount::Amount;
use order_core::failure::{Failure, VenueError};
use order_core::id::OrderId;
use order_core::lifecycle::{
    Commit, Context, Decision, Input, Release, Step, WakeBackoff, WakeBackoffPolicy, decide,
};
use order_core::order::{Attempt, Event, Order, State, Status};
use order_core::order_types::{LimitOrder, OrderKind, StopLimitOrder};
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::retry::RetryPolicy;
use order_core::routing::RoutingPolicy;
use order_core::spec::{OrderSpec, Protection, Terms};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::TokenRegistry;
use order_core::trigger::WaitsFor;
use order_core::venue::{
    Fill, PoolId, Quote, QuoteAnswer, QuoteRequest, SignedTransaction, TxId, TxStatus, VenueId,
};
use proptest::prelude::*;
use uuid::Uuid;

const LAST_VALID: u64 = 150;

fn order() -> Order {
    order_of(OrderKind::Market, TimeInForce::Gtc)
}

fn order_of(kind: OrderKind, time_in_force: TimeInForce) -> Order {
    let tokens = TokenRegistry::default();
    let (token_in, token_out) = (tokens.find("SOL").unwrap(), tokens.find("USDC").unwrap());
    let (pair, side) = tokens.orient(token_in, token_out);
    let spec = OrderSpec {
        owner: "desk".parse().unwrap(),
        client_order_id: None,
        kind,
        token_in,
        token_out,
        pair,
        side,
        amount_in: Amount::new(1_000_000_000),
        protection: Protection::Slippage(50),
        slippage_by_default: false,
        time_in_force,
        priority: Priority::Normal,
        route: Default::default(),
        trace: None,
    };
    Order::accept(
        OrderId::from_uuid(Uuid::from_u128(7)),
        spec,
        Timestamp::from_millis(1_000),
    )
    .0
}

fn context(now: Timestamp, venue_removes_duplicates: bool) -> Context {
    Context {
        now,
        entropy: 0,
        retry: RetryPolicy::default(),
        unknown_after: Duration::from_secs(90),
        venue_removes_duplicates,
        routing: RoutingPolicy::default(),
        rest: WakeBackoffPolicy::default(),
        rested: WakeBackoff::default(),
    }
}

fn answers(request: &QuoteRequest, outs: [Result<u128, VenueError>; 2]) -> Vec<QuoteAnswer> {
    let quote = |venue, out: u128| Quote {
        venue,
        pool: PoolId("pool".into()),
        amount_in: request.amount_in.with_decimals(request.token_in.decimals),
        amount_out: Amount::new(out).with_decimals(request.token_out.decimals),
        fee: Amount::ZERO.with_decimals(request.token_in.decimals),
        price: price_of(out),
        price_impact_bps: 1,
    };
    let both = ["Meteora", "Raydium"].map(VenueId::literal).into_iter().zip(outs);
    both.map(|(venue, out)| QuoteAnswer {
        venue,
        result: out.map(|out| quote(venue, out)),
    })
    .collect()
}

/// The price at which one SOL brings so many raw units of USDC.
fn price_of(out: u128) -> Price {
    Price::new(out * 10u128.pow(12))
}

/// A limit in the middle of what the venues quote.
const LIMIT: u128 = 500_000;

fn kind() -> impl Strategy<Value = OrderKind> {
    let limit_price = price_of(LIMIT);
    prop::sample::select(vec![
        OrderKind::Market,
        OrderKind::Limit(LimitOrder { limit_price }),
        OrderKind::StopLimit(StopLimitOrder {
            stop_price: price_of(LIMIT * 3 / 2),
            limit_price,
        }),
        OrderKind::Sniper,
    ])
}

fn time_in_force() -> impl Strategy<Value = TimeInForce> {
    let until = Timestamp::from_millis(300_000);
    prop::sample::select(vec![TimeInForce::Gtc, TimeInForce::Fok, TimeInForce::Gtd(until)])
}

/// What the world does next, whatever it is asked.
#[derive(Clone, Debug)]
enum Fate {
    Quotes([Result<u128, VenueError>; 2]),
    BuildFails(VenueError),
    NotSent(VenueError),
    Landed,
    Rejected(VenueError),
    Pending,
    NotFound(u64),
    Silent,
    WorkerDies,
    LeaseEnds,
}

fn fate() -> impl Strategy<Value = Fate> {
    let error = prop::sample::select(VenueError::ALL.to_vec());
    let out = prop_oneof![3 => (1u128..1_000_000).prop_map(Ok), 1 => error.clone().prop_map(Err)];
    prop_oneof![
        4 => prop::array::uniform2(out).prop_map(Fate::Quotes),
        1 => error.clone().prop_map(Fate::BuildFails),
        1 => error.clone().prop_map(Fate::NotSent),
        1 => Just(Fate::Landed),
        2 => error.prop_map(Fate::Rejected),
        1 => Just(Fate::Pending),
        2 => (0..2 * LAST_VALID).prop_map(Fate::NotFound),
        1 => Just(Fate::Silent),
        1 => Just(Fate::WorkerDies),
        1 => Just(Fate::LeaseEnds),
    ]
}

/// A world that answers as fate says, and remembers what the promise is about.
#[derive(Default)]
struct World {
    open: Option<Attempt>,
    written: u32,
    sends: u32,
    landed: bool,
}

impl World {
    /// Checks a decision, does what it says as far as storing goes, and returns the step.
    fn commit(&mut self, order: &mut Order, decision: Decision, now: Timestamp) -> Option<Step> {
        for event in decision.events {
            if matches!(event, Event::Failed { .. } | Event::Retrying { .. }) {
                assert!(!self.landed, "never reported failed if it executed");
            }
            if matches!(event, Event::Confirmed(_)) {
                assert!(self.landed, "confirmed means executed");
            }
            order.apply(event, now).unwrap();
        }
        match decision.commit {
            Commit::Nothing | Commit::Anytime | Commit::Append => {}
            Commit::WriteAhead(attempt) => {
                if let OrderKind::Limit(LimitOrder { limit_price })
                | OrderKind::StopLimit(StopLimitOrder { limit_price, .. }) = order.terms().kind
                {
                    let least = limit_price.units() / 10u128.pow(12);
                    assert!(
                        attempt.draft.min_out.units() >= least,
                        "never worse than the limit"
                    );
                }
                assert!(self.open.is_none(), "one open attempt at most");
                self.written += 1;
                assert_eq!(u32::from(attempt.number), u32::from(order.progress().attempt));
                self.open = Some(attempt);
            }
            Commit::Record { outcome, release } => {
                assert_eq!(release == Release::Done, order.status().is_terminal());
                if outcome.is_some() {
                    assert!(self.open.take().is_some(), "an outcome belongs to an attempt");
                }
            }
        }
        if let Some(Step::Send(attempt)) = &decision.step {
            assert_eq!(
                self.open.as_ref(),
                Some(attempt),
                "only what is written ahead is sent"
            );
            self.sends += 1;
        }
        decision.step
    }

    /// What the worker learns when it takes a step.
    fn answer(&mut self, step: Option<Step>, fate: &Fate, first_send: bool) -> Input {
        match (step, fate) {
            (None, _) | (_, Fate::WorkerDies) => Input::Claimed {
                open: self.open.clone(),
            },
            (_, Fate::LeaseEnds) => Input::OutOfTime,
            (Some(Step::Quote(request)), Fate::Quotes(outs)) => {
                Input::Quoted(answers(&request, *outs).into())
            }
            (Some(Step::Quote(request)), _) => Input::Quoted(answers(&request, [Ok(5), Ok(6)]).into()),
            (Some(Step::Build { .. }), Fate::BuildFails(error)) => Input::NotBuilt(*error),
            (Some(Step::Build { venue, draft }), _) => {
                let id = TxId([u8::try_from(self.written).unwrap(); 64]);
                let transaction = SignedTransaction {
                    id,
                    bytes: vec![1],
                    last_valid_height: LAST_VALID,
                };
                Input::Built {
                    venue,
                    draft,
                    transaction,
                }
            }
            (Some(Step::Send(attempt)), Fate::NotSent(error)) if first_send => Input::NotSent {
                attempt,
                error: *error,
            },
            (Some(Step::Send(attempt) | Step::LookUp(attempt)), fate) => self.venue_says(attempt, fate),
        }
    }

    fn venue_says(&mut self, attempt: Attempt, fate: &Fate) -> Input {
        let status = match fate {
            Fate::Rejected(error) => TxStatus::Rejected(*error),
            Fate::Pending => TxStatus::Pending,
            Fate::NotFound(block_height) => TxStatus::NotFound {
                block_height: *block_height,
            },
            Fate::Landed => {
                self.landed = true;
                TxStatus::Landed(Fill {
                    amount_in: Amount::new(10),
                    amount_out: Amount::new(9),
                    slot: 1,
                })
            }
            Fate::Quotes(_)
            | Fate::BuildFails(_)
            | Fate::NotSent(_)
            | Fate::Silent
            | Fate::WorkerDies
            | Fate::LeaseEnds => return Input::Silent { attempt },
        };
        Input::Seen { attempt, status }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_of_the_world_breaks_the_promise(
        fates in prop::collection::vec(fate(), 1..60), removes_duplicates: bool, kind in kind(),
        time_in_force in time_in_force(),
    ) {
        let mut order = order_of(kind, time_in_force);
        let mut world = World::default();
        let mut now = Timestamp::from_millis(1_000);
        let mut input = Input::Claimed { open: None };
        for fate in &fates {
            now = now.plus(Duration::from_secs(10));
            let decision = decide(&order, input, &context(now, removes_duplicates));
            let sends_before = world.sends;
            let step = world.commit(&mut order, decision, now);
            if order.status().is_terminal() {
                prop_assert_eq!(step, None);
                prop_assert!(world.open.is_none(), "no attempt is left open");
                prop_assert_eq!(order.status() == Status::Confirmed, world.landed);
                if order.status() == Status::Expired {
                    prop_assert!(matches!(time_in_force, TimeInForce::Gtd(until) if now >= until));
                }
                break;
            }
            prop_assert!(order.progress().attempt <= 3, "attempts within the limit");
            if !removes_duplicates {
                prop_assert!(world.sends <= world.written, "nothing is sent twice to a venue that keeps duplicates");
            }
            let first_send = world.sends == world.written && world.sends > sends_before;
            input = world.answer(step, fate, first_send);
        }
    }
}

#[test]
fn a_silent_venue_makes_the_order_unknown_once_and_never_failed() {
    let mut order = order();
    let mut world = World::default();
    let mut now = Timestamp::from_millis(1_000);
    let mut input = Input::Claimed { open: None };
    for _ in 0..100 {
        now = now.plus(Duration::from_secs(10));
        let decision = decide(&order, input, &context(now, true));
        let step = world.commit(&mut order, decision, now);
        input = world.answer(step, &Fate::Silent, false);
    }
    assert_eq!(order.status(), Status::Submitted);
    assert!(matches!(order.state(), State::Submitted { unknown: true, .. }));
    // pending, routing, best_dex, building, submitted, and once that the outcome is unknown.
    assert_eq!(order.version(), 6);
}

/// Otherwise so many silent transactions as a worker has hands would keep it from everything else.
#[test]
fn a_worker_lets_go_of_an_unknown_order_for_longer_and_longer() {
    let mut order = order();
    let mut world = World::default();
    let mut now = Timestamp::from_millis(1_000);
    let mut input = Input::Claimed { open: None };
    let mut rests = Vec::new();
    while rests.last() != Some(&Duration::from_secs(30)) {
        let decision = decide(&order, input, &context(now, true));
        if let Commit::Record {
            outcome,
            release: Release::RunAgain(rest),
        } = decision.commit
        {
            assert_eq!(outcome, None);
            now = now.plus(rest);
            rests.push(rest);
        }
        let step = world.commit(&mut order, decision, now);
        now = now.plus(Duration::from_secs(2));
        input = world.answer(step, &Fate::Silent, false);
    }
    assert_eq!(rests[0], Duration::from_secs(90) / 16);
    assert!(rests.is_sorted() && rests.len() > 10, "{rests:?}");
    assert_eq!(order.version(), 6, "no event is repeated");
}

#[test]
fn not_found_is_dead_only_past_the_last_valid_block() {
    let mut order = order();
    let mut world = World::default();
    let now = Timestamp::from_millis(2_000);
    let mut input = Input::Claimed { open: None };
    for _ in 0..3 {
        let decision = decide(&order, input, &context(now, true));
        let step = world.commit(&mut order, decision, now);
        input = world.answer(step, &Fate::NotFound(LAST_VALID), false);
    }
    let decision = decide(&order, input, &context(now, true));
    assert!(
        matches!(decision.step, Some(Step::Send(_))),
        "the same bytes again"
    );
    let Some(attempt) = world.open.clone() else {
        panic!("an attempt is open")
    };
    let gone = Input::Seen {
        attempt,
        status: TxStatus::NotFound {
            block_height: LAST_VALID + 1,
        },
    };
    let decision = decide(&order, gone, &context(now, true));
    assert!(matches!(
        decision.events[..],
        [Event::Retrying {
            attempt: 2,
            delay_ms: 2_000,
            ..
        }]
    ));
}

#[test]
fn a_final_error_burns_no_attempts_and_a_retryable_one_burns_three() {
    for (error, attempts) in [
        (VenueError::InsufficientLiquidity, 1),
        (VenueError::SlippageExceeded, 3),
    ] {
        let mut order = order();
        let mut world = World::default();
        let now = Timestamp::from_millis(2_000);
        let mut input = Input::Claimed { open: None };
        while !order.status().is_terminal() {
            let decision = decide(&order, input, &context(now, true));
            let step = world.commit(&mut order, decision, now);
            input = world.answer(step, &Fate::Rejected(error), false);
        }
        assert_eq!(
            (order.status(), world.written),
            (Status::Failed, attempts),
            "{error:?}"
        );
    }
}

/// A lone worker and a world without faults.
struct Calm {
    order: Order,
    world: World,
    now: Timestamp,
    rested: WakeBackoff,
}

impl Calm {
    fn of(kind: OrderKind, time_in_force: TimeInForce) -> Self {
        Self {
            order: order_of(kind, time_in_force),
            world: World::default(),
            now: Timestamp::from_millis(2_000),
            rested: WakeBackoff::default(),
        }
    }

    /// Claims the order and works on it until it is let go of, with these outputs quoted.
    fn work(&mut self, outs: [Result<u128, VenueError>; 2], sent: &Fate) -> Release {
        let mut input = Input::Claimed { open: None };
        loop {
            let context = Context {
                rested: self.rested,
                ..context(self.now, true)
            };
            let decision = decide(&self.order, input, &context);
            let release = match decision.commit {
                Commit::Record { release, .. } => Some(release),
                Commit::Nothing | Commit::Anytime | Commit::Append | Commit::WriteAhead(_) => None,
            };
            let step = self.world.commit(&mut self.order, decision, self.now);
            if let Some(release) = release {
                if let Release::Wait { rest, .. } = release {
                    self.rested.length = rest;
                }
                return release;
            }
            let fate = match step {
                Some(Step::Quote(_)) => Fate::Quotes(outs),
                Some(Step::Build { .. } | Step::Send(_) | Step::LookUp(_)) | None => sent.clone(),
            };
            input = self.world.answer(step, &fate, false);
        }
    }

    fn waits_for(&self) -> Option<WaitsFor> {
        match self.order.state() {
            State::Waiting { waits_for } => Some(*waits_for),
            _ => None,
        }
    }
}

const SHORT_OF_IT: [Result<u128, VenueError>; 2] = [Ok(LIMIT - 2), Ok(LIMIT - 1)];
const MET: [Result<u128, VenueError>; 2] = [Ok(LIMIT - 1), Ok(LIMIT)];

fn for_ever(rest_ms: u64) -> Release {
    for_so_long(Duration::MAX, rest_ms)
}

fn for_so_long(longest: Duration, rest_ms: u64) -> Release {
    let rest = Duration::from_millis(rest_ms);
    Release::Wait { longest, rest }
}

fn limit() -> OrderKind {
    OrderKind::Limit(LimitOrder {
        limit_price: price_of(LIMIT),
    })
}

#[test]
fn a_limit_waits_without_a_word_more_until_its_whole_size_is_quoted_at_it() {
    let mut calm = Calm::of(limit(), TimeInForce::Gtc);
    for rest in [0, 400, 800, 1_600] {
        assert_eq!(calm.work(SHORT_OF_IT, &Fate::Landed), for_ever(rest));
    }
    assert_eq!(
        (calm.waits_for(), calm.order.version()),
        (Some(WaitsFor::Limit), 2)
    );
    assert_eq!(calm.work(MET, &Fate::Landed), Release::Done);
    assert_eq!(calm.order.status(), Status::Confirmed);
}

#[test]
fn a_limit_whose_price_has_gone_by_waits_again_and_uses_no_attempt_up() {
    let mut calm = Calm::of(limit(), TimeInForce::Gtc);
    for (refusals, rest) in (1..).zip([400, 800, 1_600, 3_200, 6_400]) {
        let release = calm.work(MET, &Fate::Rejected(VenueError::SlippageExceeded));
        assert_eq!(release, for_ever(rest));
        assert_eq!(calm.order.progress().refusals, refusals);
    }
    assert_eq!(calm.waits_for(), Some(WaitsFor::Limit));
    assert_eq!((calm.order.progress().attempt, calm.world.written), (1, 5));
}

#[test]
fn fill_or_kill_does_not_wait() {
    let mut calm = Calm::of(limit(), TimeInForce::Fok);
    assert_eq!(calm.work(SHORT_OF_IT, &Fate::Landed), Release::Done);
    let failure = Failure::Venue(VenueError::LimitNotMet);
    assert_eq!(*calm.order.state(), State::Failed { failure });
}

#[test]
fn a_stop_limit_waits_for_its_stop_and_then_for_its_limit() {
    let kind = OrderKind::StopLimit(StopLimitOrder {
        stop_price: price_of(LIMIT + 50),
        limit_price: price_of(LIMIT),
    });
    let mut calm = Calm::of(kind, TimeInForce::Gtc);
    // Before anything is quoted: the market watcher knows better when to look.
    calm.work(MET, &Fate::Landed);
    assert_eq!(calm.waits_for(), Some(WaitsFor::Stop));
    calm.work([Ok(LIMIT + 60), Ok(LIMIT + 51)], &Fate::Landed);
    assert_eq!(
        (calm.waits_for(), calm.order.version()),
        (Some(WaitsFor::Stop), 2)
    );
    // It falls through both.
    calm.work(SHORT_OF_IT, &Fate::Landed);
    assert_eq!(calm.waits_for(), Some(WaitsFor::Limit));
    calm.work([Ok(LIMIT + 70), Ok(LIMIT + 70)], &Fate::Landed);
    assert_eq!(calm.order.status(), Status::Confirmed);
}

#[test]
fn a_sniper_waits_for_a_pool_and_then_is_a_market_order() {
    let no_pool = [Err(VenueError::UnknownToken), Err(VenueError::UnknownToken)];
    let mut calm = Calm::of(OrderKind::Sniper, TimeInForce::Gtc);
    calm.work(no_pool, &Fate::Landed);
    calm.work(no_pool, &Fate::Landed);
    assert_eq!(
        (calm.waits_for(), calm.order.version()),
        (Some(WaitsFor::Pool), 2)
    );
    assert_eq!(
        calm.work([Ok(7), Err(VenueError::UnknownToken)], &Fate::Landed),
        Release::Done
    );
    assert_eq!(calm.order.status(), Status::Confirmed);
}

#[test]
fn an_order_that_waits_expires_at_its_date_and_not_before() {
    let mut calm = Calm::of(limit(), TimeInForce::Gtd(Timestamp::from_millis(10_000)));
    assert_eq!(
        calm.work(SHORT_OF_IT, &Fate::Landed),
        for_so_long(Duration::from_secs(8), 0)
    );
    calm.now = Timestamp::from_millis(9_999);
    assert_eq!(
        calm.work(SHORT_OF_IT, &Fate::Landed),
        for_so_long(Duration::from_millis(1), 400)
    );
    calm.now = Timestamp::from_millis(10_000);
    assert_eq!(calm.work(MET, &Fate::Landed), Release::Done);
    assert_eq!(calm.order.status(), Status::Expired);
}

#[test]
fn replaced_terms_are_the_ones_that_count() {
    let mut calm = Calm::of(limit(), TimeInForce::Gtc);
    calm.work(SHORT_OF_IT, &Fate::Landed);
    let terms = Terms {
        kind: OrderKind::Limit(LimitOrder {
            limit_price: price_of(LIMIT - 1),
        }),
        time_in_force: TimeInForce::Gtc,
    };
    let replaced = Event::Waiting {
        waits_for: WaitsFor::Limit,
        terms: Some(terms),
        refused: None,
    };
    calm.order.apply(replaced, calm.now).unwrap();
    assert_eq!(calm.work(SHORT_OF_IT, &Fate::Landed), Release::Done);
    assert_eq!(calm.order.status(), Status::Confirmed);
}

#[test]
fn venues_that_do_not_answer_do_not_fail_a_limit() {
    let mut calm = Calm::of(limit(), TimeInForce::Gtc);
    let down = [Err(VenueError::Down), Err(VenueError::Timeout)];
    for _ in 0..5 {
        calm.work(down, &Fate::Landed);
    }
    assert_eq!(calm.waits_for(), Some(WaitsFor::Limit));
}

/// 1 SOL that is to be had at this price, in units of 10⁻¹⁸ USDC, or cancelled.
fn immediate(limit: u128) -> Order {
    let spec = OrderSpec {
        kind: OrderKind::Limit(LimitOrder {
            limit_price: Price::new(limit),
        }),
        time_in_force: TimeInForce::Ioc,
        ..order().spec().clone()
    };
    Order::accept(order().id(), spec, Timestamp::from_millis(1_000)).0
}

fn first_quoted(order: &Order, context: &Context) -> QuoteRequest {
    match decide(order, Input::Claimed { open: None }, context).step {
        Some(Step::Quote(request)) => request,
        step => panic!("an order is quoted first, not {step:?}"),
    }
}

#[test]
fn what_is_not_had_within_the_limit_at_once_is_cancelled() {
    let order = immediate(10u128.pow(30));
    let context = context(Timestamp::from_millis(2_000), true);
    let request = first_quoted(&order, &context);
    let quoted = |outs| decide(&order, Input::Quoted(answers(&request, outs).into()), &context);
    let decision = quoted([Ok(5), Ok(6)]);
    assert!(matches!(
        decision.events.as_slice(),
        [Event::Routing { .. }, Event::Cancelled]
    ));
    assert_eq!(decision.step, None);
    // While no venue answers, it is not known what could be had.
    let silent = quoted([Err(VenueError::Timeout), Err(VenueError::Timeout)]);
    assert!(matches!(
        silent.events.as_slice(),
        [Event::Routing { .. }, Event::Retrying { .. }]
    ));
}

#[test]
fn what_is_had_within_the_limit_goes_out_with_the_limit_as_its_minimum() {
    let order = immediate(5 * 10u128.pow(12));
    let context = context(Timestamp::from_millis(2_000), true);
    let request = first_quoted(&order, &context);
    let market = answers(&request, [Ok(5), Ok(6)]).into();
    let Some(Step::Build { draft, .. }) = decide(&order, Input::Quoted(market), &context).step else {
        panic!("6 is more than 5")
    };
    assert_eq!(draft.min_out, Amount::new(5));
}
