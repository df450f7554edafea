//! Ends what a run has started, should the run itself be killed. Only another process can do that.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use parking_lot::Mutex;
use tempfile::TempDir;

use crate::Failure;

/// A shell that holds the other end of a pipe. When the pipe closes, whatever closed it, it kills the processes
/// that it was told of and removes the folder.
pub struct Watchdog {
    folder: Option<TempDir>,
    pipe: Mutex<Option<ChildStdin>>,
    shell: Mutex<Child>,
}

impl Watchdog {
    /// A watchdog, and the folder that it guards.
    ///
    /// # Errors
    /// The machine refuses a folder or a shell.
    pub fn start() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("order-chaos-").tempdir()?;
        let mut shell = Command::new("/bin/sh")
            .arg("-c")
            .arg(include_str!("watchdog.sh"))
            .arg("watchdog")
            .arg(folder.path())
            // A group of its own: what ends the run's whole group must leave a process to clean up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            folder: Some(folder),
            pipe: Mutex::new(shell.stdin.take()),
            shell: Mutex::new(shell),
        })
    }

    /// The folder for everything that the run leaves on disk.
    pub fn folder(&self) -> &Path {
        self.folder.as_ref().map_or(Path::new("/tmp"), TempDir::path)
    }

    /// The end of every log in the folder.
    pub(crate) fn last_words(&self) -> String {
        let files = std::fs::read_dir(self.folder()).into_iter().flatten().flatten();
        let logs = files
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "log"));
        let words = logs.map(|path| {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let start = text.lines().count().saturating_sub(3);
            let last: Vec<_> = text.lines().skip(start).collect();
            format!("{}:\n{}", path.display(), last.join("\n"))
        });
        words.collect::<Vec<_>>().join("\n")
    }

    /// This process is to end with the run.
    pub(crate) fn guard(&self, pid: u32) -> io::Result<()> {
        self.say(&format!("guard {pid}"))
    }

    /// This process has ended; its number may be another process' soon.
    pub(crate) fn forget(&self, pid: u32) -> io::Result<()> {
        self.say(&format!("forget {pid}"))
    }

    /// The folder is to stay, to be looked at.
    ///
    /// # Errors
    /// The watchdog is gone.
    pub fn keep_folder(&mut self) -> io::Result<()> {
        self.say("keep")?;
        if let Some(folder) = self.folder.as_mut() {
            folder.disable_cleanup(true);
        }
        Ok(())
    }

    fn say(&self, words: &str) -> io::Result<()> {
        let mut pipe = self.pipe.lock();
        writeln!(pipe.as_mut().ok_or(io::ErrorKind::BrokenPipe)?, "{words}")
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *self.pipe.lock() = None;
        // It has nothing left to wait for; an error means that it is gone already.
        let _ = self.shell.lock().wait();
    }
}
