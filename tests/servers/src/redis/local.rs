//! Redis from the machine's own binary.

use std::{
    ffi::OsString,
    fmt::Write,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::{RedisOptions, address, talk::Address};
use crate::{
    error::ServerError,
    local::{Account, Folder, Program, find},
};

const FOLDERS: &[&str] = &["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];

/// Where the server's binary is.
pub(super) fn binary() -> Result<PathBuf, ServerError> {
    find("redis-server", FOLDERS).ok_or(ServerError::BinaryMissing {
        program: "redis-server",
        folders: "/usr/bin",
    })
}

/// A server in a temporary folder.
pub(crate) struct LocalRedis {
    folder: Folder,
    binary: PathBuf,
    password: String,
    port: u16,
}

const CONFIGURATION: &str = "redis.conf";

impl LocalRedis {
    /// A new server for this port, not started yet.
    pub(super) fn prepare(binary: &Path, options: &RedisOptions, port: u16) -> Result<Self, ServerError> {
        let account = Account::unprivileged().map_err(ServerError::machine("find an account for Redis"))?;
        let folder = Folder::new(account).map_err(ServerError::machine("make a folder for Redis"))?;
        // A password, because every account of the machine reaches the port; in a file, because every
        // account also sees command lines.
        let password = Uuid::new_v4().simple().to_string();
        let mut text = format!(
            "bind 127.0.0.1\nport {port}\ndir {}\nrequirepass {password}\n",
            folder.path().display()
        );
        for (name, value) in options.settings() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name} \"{value}\"");
        }
        folder
            .write(CONFIGURATION, &text)
            .map_err(ServerError::machine("write redis.conf"))?;
        Ok(Self {
            folder,
            binary: binary.to_owned(),
            password,
            port,
        })
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Program for LocalRedis {
    const NAME: &'static str = "Redis";
    const CRASH: &'static str = "KILL";

    fn folder(&self) -> &Folder {
        &self.folder
    }

    fn command(&self) -> Vec<OsString> {
        self.folder.command(&self.binary, CONFIGURATION)
    }

    fn is_ready(&self, _pid: u32) -> bool {
        let url = address(&self.password, "127.0.0.1", self.port).ok();
        url.as_ref()
            .and_then(Address::of)
            .is_some_and(|address| address.ping().is_ok())
    }
}
