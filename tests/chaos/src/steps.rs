//! Every step of the protocol failed, and every step repeated: for each fault point a handful of orders on an
//! engine of its own, all of which must end well.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use order_ports::{OrderAudit, OrderFilter, OrderReader};
use order_postgres::{PostgresSettings, PostgresStore};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::Failure;
use crate::checker::{Testimony, Verdict, audit_stores, still_open, surprises, under_way, venues};
use crate::clients::{Endpoints, Kinds, handful};
use crate::fault_points::{SITES, STRUCK, VARIABLE};
use crate::market::Mover;
use crate::process::{Launch, Process, free_port};
use crate::rng::SeededRng;
use crate::stage::{Terrain, Weather, await_answer, owned};
use crate::tally::Tally;
use crate::watchdog::Watchdog;

/// How many orders each engine gets.
const ORDERS: u64 = 5;
/// How often more orders are sent if what is to strike them has not.
const ROUNDS: u64 = 10;
/// How many engines run at the same time.
const AT_ONCE: usize = 8;
/// How long prices stay at one end of their bands; every order's trigger lies between the ends.
const PRICES_STAY: Duration = Duration::from_millis(1_500);
/// How long the orders of one engine may take: for all of them a lease or two; but an order whose time was up before its
/// transaction could be sent again is unknown until that transaction has expired, 150 blocks of 400 ms after its making.
const PATIENCE: Duration = Duration::from_secs(180);

/// Leases that run out while one waits, and a delay that is longer than they are.
const SETTINGS: [(&str, &str); 15] = [
    ("HOST", "127.0.0.1"),
    ("RUST_LOG", "info"),
    ("ORDER_ENGINE__QUEUE__LEASE", "1s"),
    ("ORDER_ENGINE__QUEUE__BACKOFF", "50ms"),
    ("ORDER_ENGINE__QUEUE__BACKOFF_CAP", "200ms"),
    ("ORDER_ENGINE__QUEUE__SWEEP_INTERVAL", "200ms"),
    ("ORDER_ENGINE__QUEUE__ANNOUNCEMENT_TIMEOUT", "600ms"),
    ("ORDER_ENGINE__ORDERS__UNKNOWN_AFTER", "2s"),
    ("ORDER_ENGINE__ORDERS__QUOTE_TIMEOUT", "600ms"),
    ("ORDER_ENGINE__ORDERS__SEND_TIMEOUT", "600ms"),
    ("ORDER_ENGINE__ORDERS__LOOK_UP_WAIT", "300ms"),
    ("ORDER_ENGINE__WATCH__RECONCILE_INTERVAL", "300ms"),
    ("ORDER_ENGINE__PROCESS__START_TIMEOUT", "60s"),
    ("ORDER_ENGINE__PROCESS__DRAIN_TIMEOUT", "1s"),
    ("ORDER_ENGINE__DATABASE__POOL_SIZE", "4"),
];
const DELAY: &str = "delay:1500ms";

/// One fault at one step.
#[derive(Clone, Debug)]
struct Case {
    number: u64,
    /// What strikes, as [`crate::fault_points`] reads it.
    points: String,
    kinds: Kinds,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.points)
    }
}

/// What came of all cases.
#[derive(Debug)]
pub struct Steps {
    /// How many there were.
    pub cases: usize,
    /// The cases whose orders did not all end, or whose fault never struck.
    pub failed: Vec<String>,
    /// What holds, over all of them.
    pub verdict: Verdict,
}

/// The call of a site that is struck: one in the middle of the orders.
fn nth(site: &str, when: &str) -> u32 {
    match (site, when) {
        // The first pull returns with the first orders, and an engine may need no more than a few.
        ("queue.pull", "after") | ("queue.push" | "queue.acknowledge" | "notifier.publish", _) => 1,
        // Not every order waits, and few are cancelled.
        ("waiting.wake" | "control.apply_owner_command", _) => 1,
        // By then there are orders to be found.
        ("leases.due", _) => 4,
        _ => 2,
    }
}

/// The orders that come by a site. Those that wait take as long as prices take to reach them, so they are had where
/// their lives differ from that of a market order.
fn kinds(site: &str) -> Kinds {
    match site {
        "waiting.waiting"
        | "waiting.wake"
        | "control.apply_owner_command"
        | "feed.moves"
        | "leases.claim"
        | "journal.write_ahead"
        | "journal.record" => Kinds::All,
        _ => Kinds::Market,
    }
}

/// What must happen besides, for a site to be come by at all.
fn besides(site: &str) -> &'static str {
    match site {
        // Events wait for a slow build no longer than a moment, then they are appended alone.
        "journal.append" => ";settlement.build.before=delay:40ms@*",
        "settlement.look_up" => ";settlement.send.after=error@*",
        // The first orders are not announced, so that the sweep has something to do.
        "leases.due" => ";queue.push.before=error@1",
        _ => "",
    }
}

/// Every fault at every step, on both sides of it.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for site in SITES {
        for (when, faults) in [
            ("before", &["abort", "error", DELAY, "repeat"][..]),
            ("after", &["abort", "error", DELAY]),
        ] {
            for fault in faults {
                let (nth, besides) = (nth(site, when), besides(site));
                cases.push(Case {
                    number: cases.len() as u64,
                    points: format!("{site}.{when}={fault}@{nth}{besides}"),
                    kinds: kinds(site),
                });
            }
        }
    }
    cases
}

struct Ground {
    terrain: Terrain,
    watchdog: Arc<Watchdog>,
    engine: PathBuf,
    tally: Arc<Tally>,
    stores: Mutex<Vec<PostgresStore>>,
}

/// Runs every case. `engine` must be one with fault points.
///
/// # Errors
/// The machine cannot run them.
pub async fn fail_and_repeat_every_step(engine: PathBuf, seed: u64) -> Result<Steps, Failure> {
    let watchdog = Arc::new(Watchdog::start()?);
    let ground = Arc::new(Ground {
        terrain: Terrain::start(engine.clone(), seed, Weather::Fair, &watchdog).await?,
        watchdog,
        engine,
        tally: Arc::new(Tally::default()),
        stores: Mutex::default(),
    });
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    let cases = cases();
    for case in cases.clone() {
        let (ground, room) = (Arc::clone(&ground), Arc::clone(&room));
        running.spawn(async move {
            let _place = room.acquire_owned().await;
            let rng = SeededRng::new(seed, case.number);
            ground
                .play(&case, rng)
                .await
                .err()
                .map(|error| format!("{case}: {error}"))
        });
    }
    let mut market = JoinSet::new();
    market.spawn(Mover::new(&ground.terrain.venue_url, Arc::clone(&ground.tally)).sweep(PRICES_STAY));
    let mut failed = Vec::new();
    while let Some(found) = running.join_next().await {
        failed.extend(found?);
    }
    market.shutdown().await;
    failed.sort();
    let verdict = ground.checker().await;
    Ok(Steps {
        cases: cases.len(),
        verdict: verdict.map_err(|error| format!("no verdict: {error}; failed before: {failed:?}"))?,
        failed,
    })
}

impl Ground {
    /// An engine, a fault, and orders until they have ended.
    async fn play(&self, case: &Case, rng: SeededRng) -> Result<(), Failure> {
        let database = self.terrain.postgres.fresh_database().await?;
        let port = free_port(&rng.fork())?;
        let mut engine = Process::new(self.launch(case, &database, port), Arc::clone(&self.watchdog));
        engine.start()?;
        let store = connect(&database).await?;
        self.stores.lock().await.push(store.clone());
        let (log, engine) = (engine.log().to_owned(), Mutex::new(engine));
        let orders = async {
            let url = format!("http://127.0.0.1:{port}");
            await_answer(&format!("{url}/health/live"), PATIENCE).await?;
            let give_up = CancellationToken::new();
            let endpoints = Endpoints::new(vec![url], Arc::clone(&self.tally), case.kinds, give_up.clone())?;
            for round in 0..ROUNDS {
                let first = case.number * 1_000 + round * ORDERS;
                let content = handful(endpoints.clone(), rng.fork(), first..first + ORDERS);
                tokio::pin!(content);
                if timeout(PATIENCE, &mut content).await.is_err() {
                    let (busy, open) = (endpoints.busy(), still_open(&store).await?);
                    return Err(format!("clients wait in vain: {busy:?}; open: [{open}]").into());
                }
                if has_struck(&log, case)? {
                    return all_ended(&store).await;
                }
            }
            Err("the fault never strikes".into())
        };
        let done = tokio::select! {
            done = orders => done,
            gone = keep_alive(&engine, &log, case) => gone,
        };
        engine.lock().await.terminate(Duration::from_secs(10)).await;
        done
    }

    fn launch(&self, case: &Case, database: &str, port: u16) -> Launch {
        let name = format!("{}{}", self.terrain.redis.prefix(), case.number);
        let mut environment = owned(&SETTINGS);
        environment.extend([
            ("PORT".into(), port.to_string()),
            ("DATABASE_URL".into(), database.into()),
            ("REDIS_URL".into(), self.terrain.redis.url().into()),
            ("VENUE_URL".into(), self.terrain.venue_url.clone()),
            ("ORDER_ENGINE__QUEUE__NAME".into(), name),
            (VARIABLE.into(), case.points.clone()),
        ]);
        Launch {
            name: format!("engine-{}", case.number),
            program: self.engine.clone(),
            arguments: vec!["serve".into()],
            environment,
        }
    }

    async fn checker(&self) -> Result<Verdict, Failure> {
        let landed = venues(&self.terrain.venue_url)?.venue_ledger().landed().await?;
        let stores = self.stores.lock().await;
        let stores: Vec<_> = stores.iter().map(|store| store as &dyn OrderAudit).collect();
        let (report, owners, _) = audit_stores(&stores, landed, &Testimony::of(&self.tally)).await?;
        let mut checks = surprises(&self.tally);
        checks.push(owners);
        Ok(Verdict { report, checks })
    }
}

async fn connect(database: &str) -> Result<PostgresStore, Failure> {
    let settings = PostgresSettings {
        max_connections: 1,
        ..PostgresSettings::new(database)
    };
    Ok(PostgresStore::connect(&settings, PATIENCE).await?)
}

async fn all_ended(store: &PostgresStore) -> Result<(), Failure> {
    let filter = OrderFilter {
        statuses: under_way(),
        ..OrderFilter::default()
    };
    let ended = async {
        while !store.list(&filter, None, 1).await?.items.is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    };
    match timeout(PATIENCE, ended).await {
        Ok(ended) => ended,
        Err(_) => Err(format!("they do not end: {}", still_open(store).await?).into()),
    }
}

/// Whether the case's own fault is in the engine's log, whatever else was.
fn has_struck(log: &Path, case: &Case) -> Result<bool, Failure> {
    let site = case.points.split(['=', ';']).next().unwrap_or_default();
    let struck = format!("{STRUCK} {site}=");
    Ok(std::fs::read_to_string(log)?.contains(&struck))
}

/// Starts the engine again without faults when one has ended it. Returns when it has ended by itself, or does not start.
async fn keep_alive(engine: &Mutex<Process>, log: &Path, case: &Case) -> Result<(), Failure> {
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut engine = engine.lock().await;
        if let Some(status) = engine.has_ended() {
            if !has_struck(log, case)? {
                return Err(format!("the engine ended by itself: {status}").into());
            }
            engine.set_variable(VARIABLE, None);
            engine.start()?;
        }
    }
}
