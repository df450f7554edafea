//! Removes a container when the test that has it was killed.

use std::{
    io::{self, Write},
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, Command, Stdio},
};

/// Twice, because the engine may still be creating the container when the test dies.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
read -r word
[ "$word" = done ] && exit
docker rm -f -v "$1"; sleep 3; docker rm -f -v "$1"
"#;

/// A shell that waits at a pipe. It needs the `docker` command; without one, only containers of
/// killed tests stay behind.
pub(super) struct Janitor {
    shell: Child,
    word: Option<ChildStdin>,
}

impl Janitor {
    /// From now on the container of this name goes with the test's process.
    pub(super) fn of(container: &str) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "janitor", container])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let word = shell.stdin.take();
        Ok(Self { shell, word })
    }

    /// The container is gone: nothing is left to do.
    pub(super) fn dismiss(mut self) {
        if let Some(mut word) = self.word.take() {
            // A shell that is gone already has nothing to be told.
            let _ = writeln!(word, "done");
        }
        let _ = self.shell.wait();
    }
}
