//! `PgBouncer` before a Postgres.

use std::{ffi::OsString, net::TcpStream, path::PathBuf};

use url::Url;

use crate::{
    error::ServerError,
    local::{Account, Folder, LocalServer, Program, find, on_a_free_port},
    runtime::blocking,
};

const FOLDERS: &[&str] = &["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];

/// A `PgBouncer`, from this machine's own binary wherever the Postgres behind it runs. It ends with this value, or with the
/// test's process.
pub struct Pooler {
    _server: LocalServer<LocalPooler>,
    url: String,
}

impl Pooler {
    /// One before the database at that address, with these lines in its section `[pgbouncer]`.
    ///
    /// # Errors
    /// It is not installed, or did not start.
    pub async fn before(database: &str, settings: &[(&str, &str)]) -> Result<Self, ServerError> {
        let binary = find("pgbouncer", FOLDERS).ok_or(ServerError::BinaryMissing {
            program: "pgbouncer",
            folders: "/usr/sbin",
        })?;
        let mut url = Url::parse(database).map_err(|source| ServerError::BadUrl {
            variable: "the address of the database",
            source,
        })?;
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| format!("{name} = {value}\n"))
            .collect();
        let (target, lines) = (url.clone(), settings.concat());
        let server = blocking(move || {
            on_a_free_port(|port| LocalPooler::prepare(binary.clone(), &target, &lines, port))
        })
        .await?;
        let port = server.program().port;
        if url.set_host(Some("127.0.0.1")).is_err() || url.set_port(Some(port)).is_err() {
            return Err(ServerError::Unsupported {
                operation: "have a pooler before it",
                by: crate::Source::Given,
            });
        }
        Ok(Self {
            _server: server,
            url: url.into(),
        })
    }

    /// The same database, by way of the pooler.
    pub fn url(&self) -> &str {
        &self.url
    }
}

struct LocalPooler {
    folder: Folder,
    binary: PathBuf,
    port: u16,
}

const CONFIGURATION: &str = "pgbouncer.ini";

impl LocalPooler {
    fn prepare(binary: PathBuf, database: &Url, settings: &str, port: u16) -> Result<Self, ServerError> {
        let account =
            Account::unprivileged().map_err(ServerError::machine("find an account for PgBouncer"))?;
        let folder = Folder::new(account).map_err(ServerError::machine("make a folder for PgBouncer"))?;
        let (name, host) = (
            database.path().trim_start_matches('/'),
            database.host_str().unwrap_or("127.0.0.1"),
        );
        let (server, user) = (database.port().unwrap_or(5432), database.username());
        let password = database.password().unwrap_or_default();
        let text = format!(
            "[databases]\n\
             {name} = host={host} port={server} user={user} password={password}\n\
             [pgbouncer]\n\
             listen_addr = 127.0.0.1\n\
             listen_port = {port}\n\
             unix_socket_dir =\n\
             auth_type = any\n\
             {settings}"
        );
        folder
            .write(CONFIGURATION, &text)
            .map_err(ServerError::machine("write pgbouncer.ini"))?;
        Ok(Self { folder, binary, port })
    }
}

impl Program for LocalPooler {
    const NAME: &'static str = "PgBouncer";
    const CRASH: &'static str = "KILL";

    fn folder(&self) -> &Folder {
        &self.folder
    }

    fn command(&self) -> Vec<OsString> {
        self.folder.command(&self.binary, CONFIGURATION)
    }

    fn is_ready(&self, _pid: u32) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }
}
