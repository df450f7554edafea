//! Everything that a run runs: the servers, the engine's processes, and the proxies between them.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use order_test_servers::{Postgres, PostgresOptions, Redis, RedisOptions};
use tokio::sync::Mutex;
use url::Url;

use crate::Failure;
use crate::process::{Launch, Process, free_port};
use crate::proxy::{Mode, Proxy};
use crate::rng::SeededRng;
use crate::watchdog::Watchdog;

/// What is run.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The engine: its roles api and worker, and the venue.
    pub engine: PathBuf,
    /// Another program in place of the workers.
    pub worker: Option<PathBuf>,
}

impl Programs {
    /// Those that were built along with the program that is running, or this engine; with naive workers perhaps.
    ///
    /// # Errors
    /// They were not built.
    pub fn beside_this(engine: Option<PathBuf>, naive: bool) -> Result<Self, Failure> {
        Ok(Self {
            engine: engine.map_or_else(|| beside("order-engine"), Ok)?,
            worker: naive.then(|| beside("naive-worker")).transpose()?,
        })
    }
}

/// A program of the same build.
fn beside(name: &str) -> Result<PathBuf, Failure> {
    let this = std::env::current_exe()?;
    let mut folder = this.parent().ok_or("a program in no folder")?;
    if folder.ends_with("deps") {
        folder = folder.parent().unwrap_or(folder);
    }
    let program = folder.join(name);
    if program.exists() {
        return Ok(program);
    }
    Err(format!(
        "{} is missing: run `cargo build --workspace --bins` first",
        program.display()
    )
    .into())
}

/// Postgres and Redis, and the venue server: what the engine stands on.
pub struct Terrain {
    /// The store's server.
    pub postgres: Postgres,
    /// Forgets everything when it stops.
    pub redis: Redis,
    /// The venue server, with a ledger that survives it.
    pub venue: Mutex<Process>,
    /// Where the venue server listens.
    pub venue_url: String,
}

/// The ways of one process to the servers.
pub struct Ways {
    /// To the store.
    pub postgres: Proxy,
    /// To the queue.
    pub redis: Proxy,
    /// To the venues.
    pub venue: Proxy,
}

/// One process of the engine and its ways.
pub struct Member {
    /// The process. A task that does something to it holds the lock until it is healthy again.
    pub process: Mutex<Process>,
    /// Its ways.
    pub ways: Ways,
    /// Where its endpoints are, if it has any.
    pub url: String,
}

/// All of it.
pub struct Stage {
    /// The processes that take orders.
    pub apis: Vec<Member>,
    /// The processes that execute them.
    pub workers: Vec<Member>,
    /// What they stand on.
    pub terrain: Terrain,
    /// The database's address, without a proxy.
    pub database: String,
    announcement_timeout: &'static str,
}

/// How long a lease lasts on this stage, and so how long a frozen process must be frozen at least.
pub const LEASE: Duration = Duration::from_secs(5);

/// Attempts that an order has.
pub const MAX_ATTEMPTS: u8 = 3;

/// Short enough that everything runs out and is repeated within a minute.
const SETTINGS: [(&str, &str); 21] = [
    ("HOST", "127.0.0.1"),
    ("RUST_LOG", "info"),
    ("ORDER_ENGINE__QUEUE__LEASE", "5s"),
    ("ORDER_ENGINE__QUEUE__CONCURRENCY", "20"),
    ("ORDER_ENGINE__QUEUE__MAX_ATTEMPTS", "3"),
    ("ORDER_ENGINE__QUEUE__BACKOFF", "300ms"),
    ("ORDER_ENGINE__QUEUE__BACKOFF_CAP", "2s"),
    ("ORDER_ENGINE__QUEUE__SWEEP_INTERVAL", "500ms"),
    ("ORDER_ENGINE__ORDERS__UNKNOWN_AFTER", "4s"),
    ("ORDER_ENGINE__ORDERS__QUOTE_TIMEOUT", "2s"),
    ("ORDER_ENGINE__ORDERS__SEND_TIMEOUT", "3s"),
    ("ORDER_ENGINE__ORDERS__LOOK_UP_WAIT", "1s"),
    ("ORDER_ENGINE__WATCH__BUFFER", "16"),
    ("ORDER_ENGINE__WATCH__RECONCILE_INTERVAL", "1s"),
    ("ORDER_ENGINE__PROCESS__START_TIMEOUT", "60s"),
    ("ORDER_ENGINE__PROCESS__DRAIN_TIMEOUT", "3s"),
    ("ORDER_ENGINE__DATABASE__POOL_SIZE", "6"),
    ("ORDER_ENGINE__DATABASE__ACQUIRE_TIMEOUT", "2s"),
    ("ORDER_ENGINE__DATABASE__STATEMENT_TIMEOUT", "2s"),
    ("ORDER_ENGINE__VENUES__PROFILE", "realistic"),
    ("ORDER_ENGINE__VENUES__PRICE", "drifting"),
];

/// What the servers must be ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Crashes: what is committed must be on the disk. The venues take their time, so that there is something to
    /// interrupt.
    Stormy,
    /// Nothing: only speed matters.
    Fair,
}

impl Terrain {
    /// Starts the servers. The venue's market is that of the seed.
    ///
    /// # Errors
    /// One of them does not start.
    pub(crate) async fn start(
        engine: PathBuf,
        seed: u64,
        weather: Weather,
        watchdog: &Arc<Watchdog>,
    ) -> Result<Self, Failure> {
        let postgres = PostgresOptions::default().setting("max_connections", "300");
        let (postgres, profile) = match weather {
            Weather::Stormy => (postgres.fsync().setting("synchronous_commit", "on"), "realistic"),
            Weather::Fair => (postgres, "instant"),
        };
        let (postgres, redis) = tokio::join!(
            Postgres::start_with(postgres),
            Redis::start_with(RedisOptions::default().private())
        );
        let port = free_port(&SeededRng::new(seed, u64::from(std::process::id())))?;
        let ledger = watchdog.folder().join("venue.ledger");
        let mut environment = owned(&SETTINGS);
        // A setting's number has a sign.
        let market_seed = seed & u64::from(u32::MAX);
        environment.push(("ORDER_ENGINE__VENUES__SEED".into(), market_seed.to_string()));
        let launch = Launch {
            name: "venue".into(),
            program: engine,
            arguments: ["venue", "--admin", "--port", &port.to_string(), "--ledger"]
                .into_iter()
                .map(str::to_owned)
                .chain([ledger.display().to_string()])
                .collect(),
            environment,
        };
        let mut venue = Process::new(launch, Arc::clone(watchdog));
        venue.set_variable("ORDER_ENGINE__VENUES__PROFILE", Some(profile.into()));
        venue.start()?;
        Ok(Self {
            postgres: postgres?,
            redis: redis?,
            venue: Mutex::new(venue),
            venue_url: format!("http://127.0.0.1:{port}"),
        })
    }
}

impl Stage {
    /// Starts everything, and returns when every endpoint answers.
    ///
    /// # Errors
    /// Something does not start.
    pub async fn start(
        programs: &Programs,
        (apis, workers): (usize, usize),
        seed: u64,
        faults: bool,
        watchdog: &Arc<Watchdog>,
    ) -> Result<Self, Failure> {
        let terrain = Terrain::start(programs.engine.clone(), seed, Weather::Stormy, watchdog).await?;
        let database = terrain.postgres.fresh_database().await?;
        let mut stage = Self {
            apis: Vec::new(),
            workers: Vec::new(),
            terrain,
            database,
            // Without faults nothing gets lost, however long it takes.
            announcement_timeout: if faults { "3s" } else { "60s" },
        };
        for number in 1..=apis {
            let name = format!("api-{number}");
            let member = stage.member(name, &programs.engine, "api", watchdog).await?;
            stage.apis.push(member);
        }
        for number in 1..=workers {
            let program = programs.worker.as_ref().unwrap_or(&programs.engine);
            let member = stage
                .member(format!("worker-{number}"), program, "worker", watchdog)
                .await?;
            stage.workers.push(member);
        }
        for member in stage.members() {
            member.process.lock().await.start()?;
        }
        for api in &stage.apis {
            let up = await_answer(&format!("{}/health/live", api.url), Duration::from_secs(60)).await;
            up.map_err(|error| format!("{error}\n{}", watchdog.last_words()))?;
        }
        Ok(stage)
    }

    /// All processes of the engine.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.apis.iter().chain(&self.workers)
    }

    async fn member(
        &self,
        name: String,
        program: &std::path::Path,
        role: &str,
        watchdog: &Arc<Watchdog>,
    ) -> Result<Member, Failure> {
        let ways = Ways {
            postgres: way(&self.database).await?,
            redis: way(self.terrain.redis.url()).await?,
            venue: way(&self.terrain.venue_url).await?,
        };
        let port = free_port(&SeededRng::new(u64::from(ways.venue.address().port()), 0))?;
        let mut environment = owned(&SETTINGS);
        environment.extend([
            ("PORT".into(), port.to_string()),
            (
                "ORDER_ENGINE__QUEUE__ANNOUNCEMENT_TIMEOUT".into(),
                self.announcement_timeout.into(),
            ),
            ("DATABASE_URL".into(), through(&self.database, &ways.postgres)?),
            (
                "REDIS_URL".into(),
                through(self.terrain.redis.url(), &ways.redis)?,
            ),
            ("VENUE_URL".into(), through(&self.terrain.venue_url, &ways.venue)?),
        ]);
        let launch = Launch {
            name,
            program: program.to_owned(),
            arguments: ["serve", "--role", role].map(str::to_owned).to_vec(),
            environment,
        };
        Ok(Member {
            process: Mutex::new(Process::new(launch, Arc::clone(watchdog))),
            ways,
            url: format!("http://127.0.0.1:{port}"),
        })
    }
}

impl Ways {
    /// All of them.
    pub fn all(&self) -> [&Proxy; 3] {
        [&self.postgres, &self.redis, &self.venue]
    }

    /// Passes everything on again.
    pub fn heal(&self) {
        for way in self.all() {
            way.set(Mode::Pass);
        }
    }
}

pub(crate) fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// A proxy to the server of this address.
async fn way(url: &str) -> Result<Proxy, Failure> {
    Proxy::start(server_of(url)?).await
}

fn server_of(url: &str) -> Result<SocketAddr, Failure> {
    let parsed = Url::parse(url)?;
    let (host, port) = parsed
        .host_str()
        .zip(parsed.port())
        .ok_or("a server without a port")?;
    Ok((host, port)
        .to_socket_addrs()?
        .next()
        .ok_or("a host without an address")?)
}

/// The same address, by way of the proxy.
fn through(url: &str, proxy: &Proxy) -> Result<String, Failure> {
    let mut url = Url::parse(url)?;
    url.set_ip_host(proxy.address().ip())
        .map_err(|()| "an address that takes no host")?;
    url.set_port(Some(proxy.address().port()))
        .map_err(|()| "an address that takes no port")?;
    Ok(url.into())
}

/// Waits until a server answers there at all.
pub(crate) async fn await_answer(url: &str, patience: Duration) -> Result<(), Failure> {
    let http = http_client(Duration::from_secs(2))?;
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        match http.get(url).send().await {
            Ok(_) => return Ok(()),
            Err(error) if tokio::time::Instant::now() > deadline => {
                return Err(format!("{url} does not answer: {error}").into());
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// An HTTP client that gives up after `patience`.
pub(crate) fn http_client(patience: Duration) -> Result<reqwest::Client, Failure> {
    Ok(reqwest::Client::builder().no_proxy().timeout(patience).build()?)
}
