//! Postgres from the machine's own binaries.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use super::{PostgresOptions, template::Template};
use crate::{
    error::ServerError,
    local::{Account, Folder, Program, find_together},
};

const FOLDERS: &[&str] = &[
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
];

/// The programs of one version.
pub(super) struct Binaries(PathBuf);

impl Binaries {
    /// Debian keeps them out of `PATH`, so the usual folders are searched too.
    pub(super) fn find() -> Result<Self, ServerError> {
        find_together(&["initdb", "postgres"], FOLDERS)
            .map(Self)
            .ok_or(ServerError::BinaryMissing {
                program: "postgres",
                folders: "/usr/lib/postgresql/*/bin",
            })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// A cluster in a temporary folder.
pub(crate) struct LocalPostgres {
    folder: Folder,
    command: Vec<OsString>,
    password: String,
    port: u16,
}

impl LocalPostgres {
    /// A new cluster for this port, not started yet.
    pub(super) fn prepare(
        binaries: &Binaries,
        options: &PostgresOptions,
        port: u16,
    ) -> Result<Self, ServerError> {
        let account =
            Account::unprivileged().map_err(ServerError::machine("find an account for Postgres"))?;
        let template = Template::ready(binaries, account)?;
        let folder = Folder::new(account).map_err(ServerError::machine("make a folder for Postgres"))?;
        let data = folder.path().join("data");
        template.copy_to(&data, account)?;
        let command = command(&binaries.program("postgres"), &data, port, options);
        Ok(Self {
            folder,
            command,
            password: template.password()?,
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

fn command(postgres: &Path, data: &Path, port: u16, options: &PostgresOptions) -> Vec<OsString> {
    let mut words = vec![
        postgres.into(),
        "-D".into(),
        data.into(),
        "-p".into(),
        port.to_string().into(),
    ];
    // No socket in the file system: its path would be too long, and it is not needed.
    for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories="] {
        words.extend(["-c".into(), setting.into()]);
    }
    words.extend(options.arguments().into_iter().map(OsString::from));
    words
}

impl Program for LocalPostgres {
    const NAME: &'static str = "Postgres";
    const CRASH: &'static str = "QUIT";

    fn folder(&self) -> &Folder {
        &self.folder
    }

    fn command(&self) -> Vec<OsString> {
        self.command.clone()
    }

    /// By the file that `pg_ctl` reads: the first line is the process id, the eighth the state. A file
    /// of a crashed server says ready too, hence the id.
    fn is_ready(&self, pid: u32) -> bool {
        let text = fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap_or_default();
        let mut lines = text.lines().map(str::trim);
        lines.next() == Some(pid.to_string().as_str()) && lines.nth(6) == Some("ready")
    }
}
