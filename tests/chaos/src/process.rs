//! One process of the engine: started, killed, frozen, asked to stop, started again.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::Failure;
use crate::rng::SeededRng;
use crate::watchdog::Watchdog;

/// How to start a process.
#[derive(Clone, Debug)]
pub struct Launch {
    /// For people, and for the log's file name.
    pub name: String,
    /// What to run.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: Vec<(String, String)>,
}

/// A process that is, or was, or will be again.
pub struct Process {
    launch: Launch,
    log: PathBuf,
    watchdog: Arc<Watchdog>,
    child: Option<Child>,
}

impl Process {
    /// A process that is not started yet.
    pub fn new(launch: Launch, watchdog: Arc<Watchdog>) -> Self {
        let log = watchdog.folder().join(format!("{}.log", launch.name));
        Self {
            launch,
            log,
            watchdog,
            child: None,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.launch.name
    }

    /// The file with everything that it has said in all its lives.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Sets a variable for its next lives, or removes it.
    pub fn set_variable(&mut self, name: &str, value: Option<String>) {
        self.launch.environment.retain(|(other, _)| other != name);
        if let Some(value) = value {
            self.launch.environment.push((name.to_owned(), value));
        }
    }

    /// Starts it.
    ///
    /// # Errors
    /// The machine does not.
    pub fn start(&mut self) -> Result<(), Failure> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let child = Command::new(&self.launch.program)
            .args(&self.launch.arguments)
            .env_clear()
            .envs(self.launch.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(File::try_clone(&log)?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} cannot be run: {error}", self.launch.program.display()))?;
        if let Some(pid) = child.id() {
            self.watchdog.guard(pid)?;
        }
        self.child = Some(child);
        Ok(())
    }

    /// Sends a signal, if it lives.
    pub fn signal(&self, signal: Signal) {
        let pid = self.child.as_ref().and_then(Child::id);
        if let Some(pid) = pid.and_then(|pid| i32::try_from(pid).ok()) {
            // It may have ended a moment ago, which the next look finds out.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    /// Kills it as a crash would, and returns when it is gone.
    pub async fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.ended().await;
    }

    /// Asks it to stop, and returns its exit status; kills it when it takes longer than `patience`.
    pub async fn terminate(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.signal(Signal::SIGTERM);
        let status = tokio::time::timeout(patience, self.ended()).await;
        if status.is_err() {
            self.kill().await;
        }
        status.ok().flatten()
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> Option<ExitStatus> {
        let child = self.child.as_mut()?;
        let pid = child.id();
        let status = child.wait().await.ok();
        self.buried(pid);
        status
    }

    /// How it has ended by itself, if it has.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        let child = self.child.as_mut()?;
        let pid = child.id();
        let status = child.try_wait().ok().flatten()?;
        self.buried(pid);
        Some(status)
    }

    /// Whether it should be living.
    pub const fn is_started(&self) -> bool {
        self.child.is_some()
    }

    fn buried(&mut self, pid: Option<u32>) {
        self.child = None;
        if let Some(pid) = pid {
            // Without a watchdog there is nothing left that could mistake the number for a process of ours.
            let _ = self.watchdog.forget(pid);
        }
    }
}

/// Below the range from which systems take the ports of outgoing connections, so that a killed process finds
/// its port free when it starts again.
const PORTS: std::ops::Range<u64> = 10_000..20_000;

/// A port of 127.0.0.1 that is free now.
pub(crate) fn free_port(rng: &SeededRng) -> io::Result<u16> {
    let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..100 {
        let port = PORTS.start + rng.below(PORTS.end - PORTS.start);
        let port = u16::try_from(port).unwrap_or(u16::MAX);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}
