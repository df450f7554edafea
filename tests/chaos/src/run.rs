//! One run: the faults, the recovery after them, and the check.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use order_ports::{OrderFilter, OrderReader};
use order_postgres::{PostgresSettings, PostgresStore};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::Failure;
use crate::check::Check;
use crate::checker::{
    Census, Testimony, Verdict, audit_stores, books, listings, still_open, surprises, under_way, venues,
};
use crate::clients::{Endpoints, Kinds, USERS, crowd, watch_owner};
use crate::fault_schedule::{FaultSchedule, NAMES};
use crate::market::Mover;
use crate::modes;
use crate::rng::SeededRng;
use crate::stage::{Programs, Stage};
use crate::tally::Tally;
use crate::watchdog::Watchdog;

/// What to run, and how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of everything random.
    pub seed: u64,
    /// How long the faults last.
    pub fault_schedule: Duration,
    /// Whether there are faults at all; without them the load is the same.
    pub faults: bool,
    /// New orders a minute.
    pub orders_per_minute: u64,
    /// How long everything may take to come to rest afterwards.
    pub rest_within: Duration,
    /// What is run.
    pub programs: Programs,
    /// Ends the faults early when cancelled.
    pub calm: CancellationToken,
}

/// What a run found.
#[derive(Debug)]
pub struct Outcome {
    /// Of what it was drawn.
    pub seed: u64,
    /// How long the faults lasted.
    pub fault_schedule: Duration,
    /// How long the orders took to come to rest afterwards; none if they did not.
    pub rest: Option<Duration>,
    /// What was counted.
    pub tally: Arc<Tally>,
    /// What is stored.
    pub census: Census,
    /// What holds.
    pub verdict: Verdict,
    /// Where the logs are, if anything is violated.
    pub logs: Option<PathBuf>,
}

/// How long watchers may take to see the end of what has come to rest.
const LAST_LOOK: Duration = Duration::from_secs(20);
/// A process that is told to stop in good order ends within this, or it hangs.
const STOPS_WITHIN: Duration = Duration::from_secs(20);
/// Past every transaction's last valid block.
const PAST_EXPIRY: u32 = 400;
/// How long prices stay where they are in the calm: longer than a transaction takes to land.
const PRICES_STAY: Duration = Duration::from_secs(6);
/// How many endpoints and workers there are.
const PROCESSES: (usize, usize) = (2, 3);

/// Runs a plan to its end, and leaves nothing behind.
///
/// # Errors
/// The machine cannot run it. What the run finds is no error, but in the [`Outcome`].
pub async fn run(plan: Plan) -> Result<Outcome, Failure> {
    let mut watchdog = Arc::new(Watchdog::start()?);
    let stage = Arc::new(Stage::start(&plan.programs, PROCESSES, plan.seed, plan.faults, &watchdog).await?);
    let tally = Arc::new(Tally::default());
    let began = Instant::now();
    let caretaker = tokio::spawn(take_care(Arc::clone(&stage), Arc::clone(&tally)));
    let progress = tokio::spawn(show_progress(Arc::clone(&tally), plan.fault_schedule));
    let weathered = weather(&plan, &stage, &tally, began).await;
    caretaker.abort();
    progress.abort();
    let (rest, fault_schedule) = weathered?;
    let judged = checker(&stage, &tally, rest.is_some(), &plan, &watchdog).await;
    // The processes, and with them all that holds the watchdog, end before their folder is decided on.
    drop(caretaker.await);
    drop(stage);
    let (verdict, census) = judged?;
    let logs = if verdict.violated() > 0 {
        let folder = watchdog.folder().to_owned();
        if let Some(watchdog) = Arc::get_mut(&mut watchdog) {
            watchdog.keep_folder()?;
        }
        Some(folder)
    } else {
        None
    };
    Ok(Outcome {
        seed: plan.seed,
        fault_schedule,
        rest,
        tally,
        census,
        verdict,
        logs,
    })
}

/// Faults and clients, then the recovery; returns how long that took, and for how long faults were injected.
async fn weather(
    plan: &Plan,
    stage: &Arc<Stage>,
    tally: &Arc<Tally>,
    began: Instant,
) -> Result<(Option<Duration>, Duration), Failure> {
    let until = began + plan.fault_schedule;
    let give_up = CancellationToken::new();
    let urls = stage.apis.iter().map(|api| api.url.clone()).collect();
    // Naive workers know of no orders that wait.
    let kinds = if plan.programs.worker.is_none() {
        Kinds::All
    } else {
        Kinds::Market
    };
    let endpoints = Endpoints::new(urls, Arc::clone(tally), kinds, give_up.clone())?;
    let stream = |number| SeededRng::new(plan.seed, number);
    let mut market = JoinSet::new();
    if kinds == Kinds::All {
        let mover = Mover::new(&stage.terrain.venue_url, Arc::clone(tally));
        market.spawn(mover.wander(stream(3), until, PRICES_STAY));
    }
    let rate = plan.orders_per_minute;
    let crowd = tokio::spawn(crowd(
        endpoints.clone(),
        stream(1),
        rate,
        until,
        plan.calm.clone(),
    ));
    let mut owners = JoinSet::new();
    for (number, user) in (10..).zip(USERS) {
        owners.spawn(watch_owner(endpoints.clone(), stream(number), user));
    }
    if plan.faults {
        let longest_outage = (plan.fault_schedule / 5).clamp(Duration::from_secs(2), Duration::from_secs(30));
        let fault_schedule =
            FaultSchedule::new(Arc::clone(stage), Arc::clone(tally), stream(2), longest_outage);
        fault_schedule.rage(until, plan.calm.clone()).await;
    } else {
        tokio::time::sleep_until(until).await;
    }
    let calm = Instant::now();
    let rest = come_to_rest(stage, crowd, plan.rest_within).await?;
    give_up.cancel();
    market.shutdown().await;
    while owners.join_next().await.is_some() {}
    Ok((rest, calm - began))
}

/// Waits until every client has its acknowledgement, every order its end, and every watcher has seen it.
async fn come_to_rest(
    stage: &Stage,
    mut crowd: JoinHandle<()>,
    within: Duration,
) -> Result<Option<Duration>, Failure> {
    let began = Instant::now();
    let store = connect(stage).await?;
    let filter = OrderFilter {
        statuses: under_way(),
        ..OrderFilter::default()
    };
    let mut quiet = 0;
    let mut hurried = false;
    let rest = loop {
        if began.elapsed() > within {
            break None;
        }
        // A late client may still come in between; so it must be quiet more than once.
        let open = store.list(&filter, None, 1).await?.items;
        quiet = if open.is_empty() { quiet + 1 } else { 0 };
        if quiet >= 3 && timeout(Duration::ZERO, &mut crowd).await.is_ok() {
            break Some(began.elapsed());
        }
        if quiet >= 3 && began.elapsed() > within / 2 {
            // Only watchers are left, and they have had their time.
            let _ = timeout(LAST_LOOK, &mut crowd).await;
            break Some(began.elapsed());
        }
        if !hurried && began.elapsed() > within / 2 {
            // What has not landed by now may be waiting for its blockhash to expire.
            hurried = true;
            advance_blocks(stage).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    // What could still land would land now.
    advance_blocks(stage).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    store.close().await;
    Ok(rest)
}

async fn connect(stage: &Stage) -> Result<PostgresStore, Failure> {
    let settings = PostgresSettings::new(stage.database.as_str());
    Ok(PostgresStore::connect(&settings, Duration::from_secs(30)).await?)
}

async fn advance_blocks(stage: &Stage) {
    let url = format!("{}/admin/blocks", stage.terrain.venue_url);
    let body = serde_json::json!({ "advance": PAST_EXPIRY });
    // Without it everything only takes longer.
    let _ = reqwest::Client::new().post(url).json(&body).send().await;
}

/// Lets the processes stop in good order, then audits what they leave.
async fn checker(
    stage: &Stage,
    tally: &Tally,
    rested: bool,
    plan: &Plan,
    watchdog: &Arc<Watchdog>,
) -> Result<(Verdict, Census), Failure> {
    let mut checks = vec![listings(&stage.apis[0].url, &USERS, tally).await?];
    for member in stage.members() {
        let mut process = member.process.lock().await;
        let status = process.terminate(STOPS_WITHIN).await;
        if !status.is_some_and(|status| status.success()) {
            let what = format!("{} was asked to stop and ended with {status:?}", process.name());
            tally.ended_by_themselves.lock().push(what);
        }
    }
    let venues = venues(&stage.terrain.venue_url)?;
    checks.push(books(&venues).await?);
    let landed = venues.venue_ledger().landed().await?;
    let store = connect(stage).await?;
    let open = still_open(&store).await?;
    let (report, owners, census) = audit_stores(&[&store], landed, &Testimony::of(tally)).await?;
    checks.push(owners);
    store.close().await;
    let database = stage.terrain.postgres.fresh_database().await?;
    let redis = &stage.terrain.redis;
    checks.push(modes::compare(&plan.programs.engine, database, redis, plan.seed, watchdog).await?);
    checks.splice(0..0, surprises(tally));
    checks.push(Check {
        code: "END",
        title: "everybody is content in time",
        checked: 1,
        violations: (!rested)
            .then(|| format!("orders, clients or watchers still wait: {open}"))
            .into_iter()
            .collect(),
    });
    Ok((Verdict { report, checks }, census))
}

/// Starts again what ends without having been told to, as whoever runs the engine would.
async fn take_care(stage: Arc<Stage>, tally: Arc<Tally>) {
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        for member in stage.members() {
            let Ok(mut process) = member.process.try_lock() else {
                continue;
            };
            let Some(status) = process.has_ended() else {
                continue;
            };
            let log = std::fs::read_to_string(process.log()).unwrap_or_default();
            let last = log.lines().last().unwrap_or_default();
            let what = format!("{} ended by itself with {status}: {last}", process.name());
            tally.ended_by_themselves.lock().push(what);
            if let Err(error) = process.start() {
                tally.ended_by_themselves.lock().push(error.to_string());
            }
        }
    }
}

/// A line on a terminal that says how far it is.
async fn show_progress(tally: Arc<Tally>, fault_schedule: Duration) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let began = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let passed = began.elapsed();
        let phase = if passed < fault_schedule {
            "faults"
        } else {
            "coming to rest"
        };
        eprint!(
            "\r\x1b[K{phase}: {} s of {} s, {} orders, {} acknowledged, {} faults",
            passed.as_secs(),
            fault_schedule.as_secs(),
            tally.submitted.get(),
            tally.acknowledged.lock().len(),
            tally.all_faults()
        );
        let _ = std::io::stderr().flush();
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tally, census) = (&self.tally, &self.census);
        let rest = self
            .rest
            .map_or("never".into(), |rest| format!("after {:.0?}", rest));
        writeln!(
            f,
            "seed {}, faults for {:.0?}, at rest {rest}",
            self.seed, self.fault_schedule
        )?;
        writeln!(
            f,
            "orders: {} submitted, {} acknowledged; {} requests, {} without an answer, {} told to come later",
            tally.submitted.get(),
            tally.acknowledged.lock().len(),
            tally.requests.get(),
            tally.unanswered.get(),
            tally.unavailable.get()
        )?;
        writeln!(
            f,
            "        {} repeated on purpose, {} keys misused, {} accepted while Redis was away",
            tally.duplicates.get(),
            tally.misused_keys.get(),
            tally.accepted_without_redis.get()
        )?;
        let statuses: Vec<_> = census
            .statuses
            .iter()
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        writeln!(
            f,
            "stored: {}; {} tried again, {} unknown for a while; {} transactions, {} landed",
            statuses.join(", "),
            census.retried,
            census.unknown_for_a_while,
            census.transactions,
            census.landed
        )?;
        writeln!(
            f,
            "        {} waited, {} of them went on, while {} prices moved and {} pools opened",
            census.waited,
            census.fired,
            tally.price_moves.get(),
            tally.pools_opened.get()
        )?;
        writeln!(
            f,
            "        {} cancelled after {} requests, {} replaced after {}",
            tally.cancelled.lock().len(),
            tally.cancels.get(),
            tally.replaced.lock().len(),
            tally.replacements.get()
        )?;
        writeln!(
            f,
            "watched: {} histories over {} connections, {} closed for being slow",
            tally.streams.lock().len(),
            tally.connections.get(),
            tally.too_slow.get()
        )?;
        writeln!(f, "faults: {}", tally.all_faults())?;
        let faults = tally.faults.lock();
        for name in NAMES {
            writeln!(
                f,
                "  {:>4}  {name}",
                faults.get(name).copied().unwrap_or_default()
            )?;
        }
        write!(f, "{}", self.verdict)?;
        if let Some(logs) = &self.logs {
            writeln!(f, "logs: {}", logs.display())?;
        }
        Ok(())
    }
}
