//! The account that a local server runs as.

use std::{io, os::unix::process::CommandExt, path::Path, process::Command};

use nix::unistd::{User, geteuid};

/// The account of a server's processes: Postgres refuses to run as root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
    /// Whether it is another one than the test's own.
    dropped: bool,
}

impl Account {
    /// The test's own account, or, for root, the first of these that exists.
    pub(crate) fn unprivileged() -> io::Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self {
                uid: geteuid().as_raw(),
                gid: nix::unistd::getegid().as_raw(),
                dropped: false,
            });
        }
        for name in ["postgres", "nobody"] {
            if let Some(user) = User::from_name(name)? {
                return Ok(Self {
                    uid: user.uid.as_raw(),
                    gid: user.gid.as_raw(),
                    dropped: true,
                });
            }
        }
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            "root needs an account postgres or nobody to run servers as",
        ))
    }

    pub(crate) fn uid(self) -> u32 {
        self.uid
    }

    /// A command that will run as this account.
    pub(crate) fn command(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        if self.dropped {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Gives a file or folder to this account.
    pub(crate) fn own(self, path: &Path) -> io::Result<()> {
        if self.dropped {
            std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
        } else {
            Ok(())
        }
    }
}
