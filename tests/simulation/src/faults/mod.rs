//! Ports that fail. Each decorator wraps a port, implements the same one, and asks the [`Injector`] before and
//! after every call what goes wrong this time.

mod queue;
mod store;
mod venue;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

pub use queue::{FaultyNotifier, FaultyQueue};
pub use store::{FaultyStore, StorePorts};
pub use venue::{FaultyFeed, FaultyPools, FaultyQuotes, FaultySettlement};

use crate::rng::SeededRng;

/// How often things go wrong, in ten-thousandths of the calls.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// The process dies, before or after the call has had its effect.
    pub crash: u32,
    /// The call fails and has no effect.
    pub error: u32,
    /// The call has its effect, and an error is all that comes back.
    pub ambiguous: u32,
    /// The call takes up to [`Rates::longest`] more, before or after its effect.
    pub delay: u32,
    /// The longest delay.
    pub longest: Duration,
    /// A work item or notification is lost.
    pub lost: u32,
    /// A work item or notification comes twice.
    pub twice: u32,
    /// The queue loses everything.
    pub flush: u32,
    /// The whole process stands still for up to twice [`Rates::longest`], and goes on as if nothing had been.
    pub freeze: u32,
}

impl Rates {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        crash: 0,
        error: 0,
        ambiguous: 0,
        delay: 0,
        longest: Duration::ZERO,
        lost: 0,
        twice: 0,
        flush: 0,
        freeze: 0,
    };

    /// The rates of one world: some kinds of fault are left out there, and some are frequent.
    pub(crate) fn of_a_world(self, rng: &SeededRng) -> Self {
        let vary = |rate: u32| rate * rng.pick(&[0, 1, 1, 3]);
        Self {
            crash: vary(self.crash),
            error: vary(self.error),
            ambiguous: vary(self.ambiguous),
            delay: vary(self.delay),
            longest: self.longest,
            lost: vary(self.lost),
            twice: vary(self.twice),
            flush: vary(self.flush),
            freeze: vary(self.freeze),
        }
    }
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Crash,
    Error,
    Ambiguous,
    Delay,
    Lost,
    Twice,
    Flush,
    Freeze,
}

/// Decides what goes wrong, for the whole world, and keeps the log of it.
pub struct Injector {
    rng: SeededRng,
    rates: Rates,
    calm_since: Mutex<Option<tokio::time::Instant>>,
    log: Mutex<Vec<String>>,
    struck: AtomicU64,
    started: tokio::time::Instant,
}

/// The error of a call that fails on purpose.
#[derive(Debug)]
pub struct Injected(pub &'static str);

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "injected: {}", self.0)
    }
}

impl std::error::Error for Injected {}

impl Injector {
    /// Faults at these rates until calmed.
    pub fn new(rng: SeededRng, rates: Rates) -> Arc<Self> {
        Arc::new(Self {
            rng,
            rates,
            calm_since: Mutex::default(),
            log: Mutex::default(),
            struck: AtomicU64::new(0),
            started: tokio::time::Instant::now(),
        })
    }

    /// From now on nothing goes wrong.
    pub fn calm(&self) {
        *self.calm_since.lock() = Some(tokio::time::Instant::now());
        self.note("calm");
    }

    /// Whether the time of faults is over.
    pub fn is_calm(&self) -> bool {
        self.calm_since.lock().is_some()
    }

    /// How long it has been over.
    pub fn calm_for(&self) -> Duration {
        self.calm_since
            .lock()
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Writes a line into the world's log.
    pub fn note(&self, what: impl fmt::Display) {
        let at = self.started.elapsed().as_millis();
        self.log.lock().push(format!("{at} {what}"));
    }

    /// Counts a fault that another part has caused.
    pub fn note_fault(&self, what: impl fmt::Display) {
        self.struck.fetch_add(1, Ordering::Relaxed);
        self.note(format_args!("fault {what}"));
    }

    /// The log so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().clone()
    }

    /// How many faults have struck.
    pub fn struck(&self) -> u64 {
        self.struck.load(Ordering::Relaxed)
    }

    const fn rate(&self, fault: Fault) -> u32 {
        match fault {
            Fault::Crash => self.rates.crash,
            Fault::Error => self.rates.error,
            Fault::Ambiguous => self.rates.ambiguous,
            Fault::Delay => self.rates.delay,
            Fault::Lost => self.rates.lost,
            Fault::Twice => self.rates.twice,
            Fault::Flush => self.rates.flush,
            Fault::Freeze => self.rates.freeze,
        }
    }

    fn strikes(&self, fault: Fault, who: usize, call: &str) -> bool {
        let strikes = !self.is_calm() && self.rng.strikes_rarely(self.rate(fault));
        if strikes {
            self.note_fault(format_args!("{fault:?} in process {who} at {call}"));
        }
        strikes
    }
}

/// One life of a process: what its calls go through, and the switch that kills it.
#[derive(Clone)]
pub struct Life {
    injector: Arc<Injector>,
    process: usize,
    death: CancellationToken,
    /// Until when it stands still.
    thaw: Arc<Mutex<tokio::time::Instant>>,
}

impl Life {
    /// A new life of that process.
    pub fn new(injector: Arc<Injector>, process: usize) -> Self {
        Self {
            injector,
            process,
            death: CancellationToken::new(),
            thaw: Arc::new(Mutex::new(tokio::time::Instant::now())),
        }
    }

    /// Cancelled when the process dies.
    pub const fn death(&self) -> &CancellationToken {
        &self.death
    }

    fn strikes(&self, fault: Fault, call: &str) -> bool {
        self.injector.strikes(fault, self.process, call)
    }

    fn note(&self, what: impl fmt::Display) {
        self.injector
            .note(format_args!("process {} {what}", self.process));
    }

    /// Makes a call that may be delayed, fail before or after its effect, or be the last of its process.
    async fn call<T, E>(
        &self,
        name: &'static str,
        error: impl Fn(Injected) -> E,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.step(name).await;
        if self.strikes(Fault::Error, name) {
            return Err(error(Injected(name)));
        }
        let result = call.await;
        self.step(name).await;
        if result.is_ok() && self.strikes(Fault::Ambiguous, name) {
            return Err(error(Injected(name)));
        }
        result
    }

    /// A moment in which the process may be slow, or die.
    async fn step(&self, name: &'static str) {
        if self.strikes(Fault::Crash, name) {
            self.death.cancel();
            // The process is taken down by the task that watches for its death; nothing of it goes on past here.
            std::future::pending::<()>().await;
        }
        if self.strikes(Fault::Delay, name) {
            tokio::time::sleep(self.injector.rng.duration(self.injector.rates.longest)).await;
        }
        if self.strikes(Fault::Freeze, name) {
            let lasts = self.injector.rng.duration(self.injector.rates.longest * 2);
            *self.thaw.lock() = tokio::time::Instant::now() + lasts;
        }
        self.thawed().await;
    }

    /// Returns when the process does not stand still.
    pub async fn thawed(&self) {
        loop {
            let thaw = *self.thaw.lock();
            if thaw <= tokio::time::Instant::now() {
                return;
            }
            tokio::time::sleep_until(thaw).await;
        }
    }
}
