//! One server process: launched, awaited, stopped, started again.

use std::{
    ffi::OsString,
    fs, thread,
    time::{Duration, Instant},
};

use super::{Folder, supervisor::Supervisor};
use crate::error::ServerError;

/// What differs between servers.
pub(crate) trait Program: Send + 'static {
    /// For a person.
    const NAME: &'static str;
    /// The signal that ends it at once, as a crash would.
    const CRASH: &'static str;

    /// The folder it lives in.
    fn folder(&self) -> &Folder;
    /// Its command line.
    fn command(&self) -> Vec<OsString>;
    /// Whether the process with this id takes connections now.
    fn is_ready(&self, pid: u32) -> bool;
}

/// A server that is ended with this value, or with the test's process.
pub(crate) struct LocalServer<P> {
    // Declared before the program, whose folder must outlive the server.
    supervisor: Supervisor,
    pid: Option<u32>,
    program: P,
}

const READY_WITHIN: Duration = Duration::from_secs(60);
const AGAIN_WITHIN: Duration = Duration::from_secs(20);

impl<P: Program> LocalServer<P> {
    /// Starts it, and returns when it is ready.
    pub(super) fn launch(program: P) -> Result<Self, ServerError> {
        let supervisor = Supervisor::new(program.folder(), P::CRASH, &program.command())
            .map_err(ServerError::machine("run /bin/sh"))?;
        let mut server = Self {
            supervisor,
            pid: None,
            program,
        };
        server.start()?;
        Ok(server)
    }

    /// Its process id, while it should be running.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.pid
    }

    pub(crate) fn program(&self) -> &P {
        &self.program
    }

    /// Ends it as a crash would, and returns when it is gone.
    pub(crate) fn stop_immediate(&mut self) -> Result<(), ServerError> {
        self.pid = None;
        self.supervisor
            .stop(P::CRASH)
            .map_err(ServerError::machine("stop a server"))
    }

    /// Starts it on its old port and data. What a crash leaves behind (a port, shared memory) goes
    /// away by itself, so this tries for a while.
    pub(crate) fn start_again(&mut self) -> Result<(), ServerError> {
        let deadline = Instant::now() + AGAIN_WITHIN;
        loop {
            match self.start() {
                Err(ServerError::DidNotStart { .. }) if Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(100));
                }
                other => return other,
            }
        }
    }

    fn start(&mut self) -> Result<(), ServerError> {
        let pid = self
            .supervisor
            .start()
            .map_err(ServerError::machine("start a server"))?;
        let deadline = Instant::now() + READY_WITHIN;
        while !self.program.is_ready(pid) {
            if has_ended(pid) || Instant::now() > deadline {
                self.pid = None;
                return Err(ServerError::DidNotStart {
                    server: P::NAME,
                    log: self.program.folder().log(),
                });
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.pid = Some(pid);
        Ok(())
    }
}

/// Whether a child of the supervisor is dead, which it is not told before it is waited for. Where
/// there is no `/proc` the deadline has to do.
fn has_ended(pid: u32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat
            .rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with(['Z', 'X'])),
        Err(_) => fs::exists("/proc/self").unwrap_or(false),
    }
}
