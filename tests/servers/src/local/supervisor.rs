//! The shell between a test and its server. Rust alone could not clean up after a SIGKILL of the
//! test, and asking the kernel to (`PR_SET_PDEATHSIG`) needs unsafe code.

use std::{
    ffi::OsString,
    io::{self, BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, ChildStdout, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::Folder;

const SCRIPT: &str = include_str!("supervise.sh");

/// Long enough for Postgres, which gives its own processes five seconds before it kills them.
const END_WITHIN: Duration = Duration::from_secs(15);

/// Starts and stops one server, and ends it when this value, or the test's process, goes.
pub(super) struct Supervisor {
    shell: Child,
    /// `None` once it is closed, which is the sign to finish.
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Supervisor {
    /// A supervisor in `folder` for a server with this command line, not started yet.
    pub(super) fn new(folder: &Folder, last_signal: &str, server: &[OsString]) -> io::Result<Self> {
        let mut shell = folder
            .account()
            .command("/bin/sh")
            .arg("-c")
            .arg(SCRIPT)
            .arg("supervise")
            .arg(folder.path())
            .arg(last_signal)
            .args(server)
            .current_dir(folder.path())
            // A group of its own: what kills the test's whole group must leave a process to clean up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // The test's own output would stay open as long as the shell, and runners wait for that.
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(words), Some(answers)) = (shell.stdin.take(), shell.stdout.take()) else {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe));
        };
        Ok(Self {
            shell,
            words: Some(words),
            answers: BufReader::new(answers),
        })
    }

    /// Starts the server, after ending the one before it; its process id.
    pub(super) fn start(&mut self) -> io::Result<u32> {
        let answer = self.ask("start")?;
        answer
            .parse()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, answer))
    }

    /// Sends a signal, and returns when the server has ended.
    pub(super) fn stop(&mut self, signal: &str) -> io::Result<()> {
        self.ask(&format!("stop {signal}")).map(drop)
    }

    fn ask(&mut self, words: &str) -> io::Result<String> {
        let pipe = self.words.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(pipe, "{words}")?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        Ok(answer.trim().to_owned())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.words = None;
        let deadline = Instant::now() + END_WITHIN;
        while matches!(self.shell.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(2));
        }
    }
}
