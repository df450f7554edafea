//! One simulated world: some processes, some clients, a time of faults, a time of calm, and an audit.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use order_core::decimal::Decimal;
use order_core::failure::VenueError;
use order_core::order_types::OrderKind;
use order_core::token::TokenRegistry;
use order_core::venue::PoolId;
use order_core::venue::VenueId;
use order_memory::{MemoryDispatchWindow, MemoryNotifier, MemoryQueue, MemoryStore};
use order_mock_dex::settings::{ConstantProductPool, Exact, PoolSettings, Ppm, PriceMode, Profile};
use order_mock_dex::{FaultSettings, Market, MarketSettings};
use order_ports::{Clock, Entropy};
use tokio::task::JoinSet;

use crate::checker::{Outcome, check};
use crate::clients::{Endpoints, LATE_PAIR, random_spec};
use crate::clock::SimClock;
use crate::faults::Injector;
use crate::panics;
use crate::plan::Plan;
use crate::process::{Ground, Process, settings};
use crate::recorder::Testimony;
use crate::rng::{CountedIds, SeededRng};

/// How many owners the orders are spread over.
const OWNERS: u64 = 3;

/// How many orders are dispatched a minute, where that is limited.
const DISPATCHES: NonZeroU32 = NonZeroU32::new(60).expect("sixty is not zero");

/// How long the world goes on after the last order's end, so that every watcher hears of it.
const AFTERMATH: Duration = Duration::from_secs(30);

/// How long it takes at most until a client thinks better of an order.
const CHANGE_OF_MIND: Duration = Duration::from_secs(90);

/// Runs the world of a seed to its end.
///
/// # Panics
/// When the runtime cannot be made, or the world's own settings are wrong: defects of the simulation.
#[expect(
    clippy::expect_used,
    reason = "a simulation that cannot start has nothing to report"
)]
pub fn simulate(seed: u64, plan: Plan) -> Outcome {
    let panicked = panics::so_far();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing that could be missing");
    let outcome = runtime.block_on(run(seed, plan));
    drop(runtime);
    let mut outcome = outcome.expect("the world's settings are constants");
    outcome.note_panics(panics::so_far() - panicked);
    outcome
}

async fn run(seed: u64, plan: Plan) -> Result<Outcome, Box<dyn std::error::Error>> {
    let ground = ground(seed, plan)?;
    let processes: Arc<[_]> = (0..plan.processes)
        .map(|number| Process::new(ground.clone(), number))
        .collect();
    let testimony = Arc::new(Testimony::default());
    let endpoints = Endpoints {
        processes,
        rng: Arc::clone(&ground.rng),
        ids: Arc::clone(&ground.ids),
        clock: Arc::clone(&ground.clock),
        injector: Arc::clone(&ground.injector),
        testimony: Arc::clone(&testimony),
    };
    let mut world = JoinSet::new();
    for process in endpoints.processes.iter() {
        world.spawn(Arc::clone(process).run());
    }
    world.spawn(weather(ground.clone(), plan));
    for number in 0..OWNERS {
        let (endpoints, owner) = (endpoints.clone(), format!("client-{number}").parse()?);
        world.spawn(async move { endpoints.watch_owner(owner).await });
    }
    let mut clients = JoinSet::new();
    for number in 0..plan.orders {
        clients.spawn(client(endpoints.clone(), number, plan.faults_for));
    }
    let all_clients = async { while clients.join_next().await.is_some() {} };
    // An order that has not come to rest by then shows up in the audit.
    let rested = tokio::time::timeout(plan.faults_for + plan.rest_within, all_clients).await;
    let settled_in = ground.injector.calm_for();
    ground.injector.note(match rested {
        Ok(()) => format!("at rest after {settled_in:?}"),
        Err(_) => "no rest".to_owned(),
    });
    tokio::time::sleep(AFTERMATH).await;
    clients.shutdown().await;
    world.shutdown().await;
    check(&ground, &testimony, plan, settled_in).await
}

fn ground(seed: u64, plan: Plan) -> Result<Ground, Box<dyn std::error::Error>> {
    let rng = Arc::new(SeededRng::new(seed, 0));
    let clock = Arc::new(SimClock::new());
    let market = MarketSettings {
        profile: rng.pick(&[Profile::Instant, Profile::Realistic]),
        price: PriceMode::Drifting,
        seed: Some(seed),
        removes_duplicates: plan.variant.chain_removes_duplicates(),
        ..MarketSettings::default()
    };
    let entropy: Arc<dyn Entropy> = Arc::new(SeededRng::new(seed, 1));
    let market = Market::new(
        &market,
        &TokenRegistry::default(),
        Arc::clone(&clock) as Arc<dyn Clock>,
        entropy,
    )?;
    let rates = plan.rates.of_a_world(&rng);
    let store = Arc::new(MemoryStore::new());
    Ok(Ground {
        variant: plan.variant,
        store_ports: plan.variant.store_of_the_world(Arc::clone(&store)),
        store,
        queue: Arc::new(MemoryQueue::new(settings().lease)),
        notifier: MemoryNotifier::new(64),
        market,
        clock,
        ids: Arc::new(CountedIds::new()),
        dispatch: rng
            .strikes(200)
            .then(|| Arc::new(MemoryDispatchWindow::per_minute(DISPATCHES)) as _),
        injector: Injector::new(SeededRng::new(seed, 2), rates),
        rng,
    })
}

/// The market misbehaves and clocks jump, now and then, until the calm.
async fn weather(ground: Ground, plan: Plan) {
    let Ground { rng, injector, .. } = &ground;
    let began = tokio::time::Instant::now();
    let ends = began + plan.faults_for;
    let mut opens = Some(began + plan.faults_for / 2);
    while tokio::time::Instant::now() < ends {
        if opens.is_some_and(|opens| opens <= tokio::time::Instant::now()) {
            opens = None;
            injector.note(format_args!("{:?} opens", open_late_pair(&ground)));
        }
        tokio::time::sleep(rng.duration(Duration::from_secs(10))).await;
        let faults = market_faults(rng);
        injector.note_fault(format_args!("market {faults:?}"));
        ground.market.set_faults(faults);
        if rng.strikes(200) {
            let ahead = rng.duration(Duration::from_secs(300));
            injector.note_fault(format_args!("clock jumps by {ahead:?}"));
            ground.clock.jump(ahead);
        }
    }
    ground.market.set_faults(FaultSettings {
        down: plan.silent_at_last,
        ..FaultSettings::default()
    });
    injector.calm();
    std::future::pending::<()>().await;
}

fn open_late_pair(ground: &Ground) -> Option<PoolId> {
    let whole = |amount: u64| Some(Exact(Decimal::new(amount.into(), 0)));
    let pool = PoolSettings::ConstantProduct(ConstantProductPool {
        base: LATE_PAIR.0.into(),
        quote: LATE_PAIR.1.into(),
        base_reserve: whole(1_000_000),
        base_reserve_raw: None,
        quote_reserve: whole(30_000_000_000),
        quote_reserve_raw: None,
        fee_rate: 2_500,
        opens_after_blocks: 0,
    });
    ground.market.open_pool(VenueId::literal("Raydium"), &pool).ok()
}

fn market_faults(rng: &SeededRng) -> FaultSettings {
    let chance = |choices: &[u32]| Ppm::new(rng.pick(choices) * 1_000);
    FaultSettings {
        error_rate: [
            VenueError::Timeout,
            VenueError::RateLimited,
            VenueError::NodeBehind,
            VenueError::SlippageExceeded,
            VenueError::BlockhashNotFound,
        ]
        .into_iter()
        .map(|error| (error, chance(&[0, 0, 50, 200])))
        .collect(),
        accept_then_timeout: chance(&[0, 100, 500]),
        late_landing_blocks: rng.pick(&[0, 0, 5, 50, 140, 200]),
        down: rng.strikes(150),
    }
}

/// One client: an order some time, watched by some.
async fn client(endpoints: Endpoints, number: u64, within: Duration) {
    let rng = Arc::clone(&endpoints.rng);
    tokio::time::sleep(rng.duration(within)).await;
    let owner = format!("client-{}", number % OWNERS).parse().ok();
    let now = endpoints.clock.now();
    let spec = owner.and_then(|owner| random_spec(&rng, &TokenRegistry::default(), owner, now));
    let key = format!("key-{number}").parse().ok();
    let Some((spec, key)) = spec.zip(key) else { return };
    let waits = spec.kind != OrderKind::Market;
    let has_limit = spec.kind.limit_price().is_some();
    let Some(id) = endpoints.submit(spec, key).await else {
        return;
    };
    let mut watchers = JoinSet::new();
    if waits || rng.strikes(100) {
        let (endpoints, patience) = (endpoints.clone(), rng.duration(CHANGE_OF_MIND));
        watchers.spawn(async move {
            tokio::time::sleep(patience).await;
            endpoints.cancel(id).await;
        });
    }
    if has_limit && rng.strikes(300) {
        let (endpoints, patience) = (endpoints.clone(), rng.duration(CHANGE_OF_MIND));
        watchers.spawn(async move {
            tokio::time::sleep(patience).await;
            endpoints.replace(id).await;
        });
    }
    for _ in 0..=rng.below(3) {
        let (endpoints, late, after) = (
            endpoints.clone(),
            rng.duration(Duration::from_secs(20)),
            rng.pick(&[0, 0, 1, 4]),
        );
        watchers.spawn(async move {
            tokio::time::sleep(late).await;
            endpoints.watch(id, after).await;
        });
    }
    while watchers.join_next().await.is_some() {}
}
