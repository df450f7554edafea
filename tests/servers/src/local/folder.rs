//! A server's temporary folder.

use std::ffi::OsString;
use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

use tempfile::TempDir;

use super::Account;

/// A folder that only the server's account may read. It goes when this value does; when the test is
/// killed, the supervisor removes it.
pub(crate) struct Folder {
    folder: TempDir,
    account: Account,
}

impl Folder {
    pub(crate) fn new(account: Account) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("order-test-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir()?;
        account.own(folder.path())?;
        Ok(Self { folder, account })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The command line of a server whose configuration is a file in it.
    pub(crate) fn command(&self, binary: &Path, configuration: &str) -> Vec<OsString> {
        vec![binary.into(), self.path().join(configuration).into()]
    }

    pub(crate) fn account(&self) -> Account {
        self.account
    }

    /// A file in it, readable by the account alone.
    pub(crate) fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.path().join(name);
        fs::write(&path, text)?;
        self.account.own(&path)
    }

    /// What the server has said so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path().join(LOG)).unwrap_or_else(|error| format!("(no log: {error})"))
    }
}

/// The name of the log in the folder; the supervisor writes to it.
pub(super) const LOG: &str = "log";
