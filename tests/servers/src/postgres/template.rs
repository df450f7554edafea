//! A prepared cluster, made once a day and copied for each server.
//!
//! Every test has a process and a server of its own, and `initdb` takes most of the time until one is
//! up: half a second, against a tenth for a copy and the start together.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{SystemTime, UNIX_EPOCH},
};

use uuid::Uuid;

use super::local::Binaries;
use crate::{
    error::ServerError,
    local::{Account, Folder},
};

/// A folder that holds a cluster that never ran, and the password of its superuser.
pub(super) struct Template(PathBuf);

const DATA: &str = "data";
const PASSWORD: &str = "password";

impl Template {
    /// Today's, made now if this is its first use. Daily, because systems clean their temporary folders
    /// of old files one by one, and half a cluster would be a riddle.
    pub(super) fn ready(binaries: &Binaries, account: Account) -> Result<Self, ServerError> {
        let prefix = format!("order-test-postgres-{}-", account.uid());
        let today = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs() / 86_400);
        let path = std::env::temp_dir().join(format!("{prefix}{today}-{}", version(binaries)?));
        if !fs::exists(&path).map_err(ServerError::machine("look for a cluster"))? {
            remove_old(&prefix, today);
            make(binaries, account, &path)?;
        }
        // The name can be guessed, so another account could have put something there.
        let made = fs::symlink_metadata(&path).map_err(ServerError::machine("look for a cluster"))?;
        if made.is_dir() && made.uid() == account.uid() && made.mode() & 0o077 == 0 {
            return Ok(Self(path));
        }
        let foreign = io::Error::new(io::ErrorKind::PermissionDenied, path.display().to_string());
        Err(ServerError::Machine {
            doing: "trust a folder that another account has made",
            source: foreign,
        })
    }

    /// Makes a cluster of its own out of it.
    pub(super) fn copy_to(&self, data: &Path, account: Account) -> Result<(), ServerError> {
        succeed(
            "cp",
            account
                .command("cp")
                .args(["-R", "-p"])
                .arg(self.0.join(DATA))
                .arg(data),
        )
        .map(drop)
    }

    pub(super) fn password(&self) -> Result<String, ServerError> {
        fs::read_to_string(self.0.join(PASSWORD))
            .map_err(ServerError::machine("read the password of a cluster"))
    }
}

/// Several tests may do this at once: each makes a whole one, and the first to rename wins.
fn make(binaries: &Binaries, account: Account, path: &Path) -> Result<(), ServerError> {
    let folder = Folder::new(account).map_err(ServerError::machine("make a folder for Postgres"))?;
    folder
        .write(PASSWORD, &Uuid::new_v4().simple().to_string())
        .map_err(ServerError::machine("write a password"))?;
    let mut initdb = account.command(binaries.program("initdb"));
    initdb
        .current_dir(folder.path())
        .args(["--username=postgres", "--encoding=UTF8", "--locale=C"])
        // By password, because every account of the machine reaches the port. Not scram: clients built
        // without optimisation take long for it.
        .args(["--auth=password", "--pwfile", PASSWORD])
        .arg("-D")
        .arg(DATA);
    succeed("initdb", &mut initdb)?;
    match fs::rename(folder.path(), path) {
        Err(error) if !fs::exists(path).unwrap_or(false) => Err(ServerError::Machine {
            doing: "keep a cluster for other tests",
            source: error,
        }),
        _ => Ok(()),
    }
}

/// Yesterday's may still be being copied.
fn remove_old(prefix: &str, today: u64) {
    let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let day = name
            .to_str()
            .and_then(|name| name.strip_prefix(prefix)?.split('-').next()?.parse::<u64>().ok());
        if day.is_some_and(|day| day + 1 < today) {
            // Another program's, or already gone: either way not ours to remove.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The version's number, such as 15.18.
fn version(binaries: &Binaries) -> Result<String, ServerError> {
    let output = succeed(
        "postgres",
        Command::new(binaries.program("postgres")).arg("--version"),
    )?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text
        .split_whitespace()
        .nth(2)
        .unwrap_or("unknown")
        .replace('/', "_"))
}

fn succeed(program: &'static str, command: &mut Command) -> Result<Output, ServerError> {
    let output = command
        .output()
        .map_err(ServerError::machine("run a program of Postgres"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = [output.stdout, output.stderr].concat();
    Err(ServerError::DidNotStart {
        server: program,
        log: String::from_utf8_lossy(&said).into_owned(),
    })
}
