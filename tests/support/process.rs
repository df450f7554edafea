//! The binary itself, as a process of its own: for signals, exit codes and several roles.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::client::{Client, PATIENCE};

/// A process of `order-engine`. It is killed when dropped.
pub struct EngineProcess {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    listening: watch::Receiver<Option<String>>,
    /// Where it keeps what it is not told to keep elsewhere.
    _state: TempDir,
}

/// The binary that was built along with this test.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap();
    let binary = folder.join("order-engine");
    assert!(
        binary.exists(),
        "{} is missing: run `cargo build -p order-bootstrap` first",
        binary.display()
    );
    binary
}

impl EngineProcess {
    /// Starts `order-engine` with these arguments and variables, and none of the test's own.
    pub fn spawn(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut child = Command::new(binary())
            .args(arguments)
            .env_clear()
            .env("XDG_STATE_HOME", state.path())
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (announce, listening) = watch::channel(None);
        let announce = Arc::new(announce);
        read(
            child.stdout.take().unwrap(),
            Arc::clone(&lines),
            Arc::clone(&announce),
        );
        read(child.stderr.take().unwrap(), Arc::clone(&lines), announce);
        Self {
            child,
            lines,
            listening,
            _state: state,
        }
    }

    /// Waits until it says where it listens; a client of it.
    pub async fn client(&self) -> Client {
        let mut listening = self.listening.clone();
        let url = match timeout(PATIENCE, listening.wait_for(Option::is_some)).await {
            Ok(Ok(url)) => url.clone(),
            Ok(Err(_)) | Err(_) => None,
        };
        let url = url.unwrap_or_else(|| panic!("it does not listen: {:#?}", self.lines()));
        Client::new(&url)
    }

    /// What it has written so far, log and errors.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().clone()
    }

    /// Waits until it has written a line with this in it.
    pub async fn says(&self, part: &str) -> String {
        let found = async {
            loop {
                if let Some(line) = self.lines().into_iter().find(|line| line.contains(part)) {
                    return line;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let found = timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("it never says {part:?}: {:#?}", self.lines()))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = self.child.id().expect("it has ended");
        kill(Pid::from_raw(pid.try_into().unwrap()), signal).unwrap();
    }

    /// What it has taken of the processors so far. The kernel counts it in hundredths of a second.
    pub fn processor_time(&self) -> Duration {
        let pid = self.child.id().expect("it has ended");
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        // The name, in brackets, may hold anything.
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let fields = fields.split(' ').skip(11).take(2);
        let hundredths: u64 = fields.map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(hundredths * 10)
    }

    /// Waits for its end.
    pub async fn exit(&mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended
            .unwrap_or_else(|_| panic!("it does not end: {:#?}", self.lines()))
            .unwrap()
    }

    /// Ends it in good order; its exit code.
    pub async fn terminate(&mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.exit().await.code()
    }
}

/// Collects lines, and finds the address among them.
fn read(
    pipe: impl AsyncRead + Unpin + Send + 'static,
    lines: Arc<Mutex<Vec<String>>>,
    listening: Arc<watch::Sender<Option<String>>>,
) {
    tokio::spawn(async move {
        let mut pipe = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = pipe.next_line().await {
            if let Some((_, rest)) = line.split_once("listening on ") {
                let url = rest.split([',', '"', ' ']).next().unwrap_or_default();
                listening.send_replace(Some(url.replace("localhost", "127.0.0.1")));
            }
            lines.lock().push(line);
        }
    });
}
