//! Making API keys, listing them, taking them away.

use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

use clap::Subcommand;
use humantime_serde::re::humantime::format_rfc3339_seconds;
use order_application::{KeyRing, NewKey};
use order_core::access::{ApiKey, KeyId, Scope, Scopes};
use order_core::id::Owner;
use order_core::time::Timestamp;
use order_ports::KeyError;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::output::print;
use crate::config::Config;
use crate::error::StartError;
use crate::wiring;

/// Printed after the arguments by --help.
pub(crate) const KEYS_HELP: &str = "\
Keys are kept in the database (DATABASE_URL), as hashes, and are asked for where auth.mode is \"keys\". Without a
database they stand in the configuration: `create` then prints the entry for it to standard error.

The scopes: trade places, cancels and replaces; read reads, watches and asks for quotes; admin reads /metrics.

Exit status: 0 when it is done, 1 when there is no such key or the database fails, 2 for a mistake in the
configuration.";

/// What to do with API keys.
#[derive(Clone, Debug, Subcommand)]
pub enum KeysAction {
    /// Make a key. It is printed once, and cannot be read back from anywhere.
    Create {
        /// The owner of the orders that the key is good for.
        #[arg(long, value_name = "NAME")]
        owner: Owner,
        /// What it is good for: trade, read or admin; may be given several times [default: trade and read].
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<Scope>,
        /// Print one JSON object in one line, `{"key":"id.secret"}`.
        #[arg(long)]
        json: bool,
    },
    /// List all keys, the oldest first; never their secrets.
    List {
        /// Print a JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Make a key good for nothing, for good. What was opened by it closes within two seconds.
    Revoke {
        /// The part of the key before the dot.
        id: KeyId,
    },
    /// Give a key another secret, which is printed once. The one before is good for nothing within two seconds.
    Rotate {
        /// The part of the key before the dot.
        id: KeyId,
        /// Print one JSON object in one line, `{"key":"id.secret"}`.
        #[arg(long)]
        json: bool,
    },
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The keys cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The keys cannot be read or written.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// There are no keys but those of the configuration.
    #[error(
        "no database is configured, so the keys are those of auth.keys in the configuration; set DATABASE_URL"
    )]
    NoDatabase,
    /// There is no such key.
    #[error("there is no key {0}, or it is revoked")]
    NoSuchKey(KeyId),
    /// The output cannot be written.
    #[error("the answer cannot be written")]
    Output(#[from] std::io::Error),
}

/// Does this with the configured keys.
///
/// # Errors
/// [`KeysError`].
pub async fn keys(config: &Config, action: KeysAction) -> Result<(), KeysError> {
    if config.database.url.is_none() {
        return match action {
            KeysAction::Create { owner, scopes, json } => print_entry(owner, &scopes, json).await,
            KeysAction::List { .. } | KeysAction::Revoke { .. } | KeysAction::Rotate { .. } => {
                Err(KeysError::NoDatabase)
            }
        };
    }
    let ring = wiring::key_ring(config).await?;
    match action {
        KeysAction::Create { owner, scopes, json } => {
            let new = ring.create(owner, asked(&scopes)).await?;
            show(&new.shown, json)
        }
        KeysAction::List { json } => list(&ring, json).await,
        KeysAction::Revoke { id } => match ring.revoke(&id).await? {
            true => Ok(()),
            false => Err(KeysError::NoSuchKey(id)),
        },
        KeysAction::Rotate { id, json } => match ring.rotate(&id).await? {
            Some(shown) => show(&shown, json),
            None => Err(KeysError::NoSuchKey(id)),
        },
    }
}

fn asked(scopes: &[Scope]) -> Scopes {
    if scopes.is_empty() {
        Scopes::USUAL
    } else {
        scopes.iter().copied().collect()
    }
}

/// Prints a key, which is not kept anywhere, and the entry by which the configuration makes it one.
async fn print_entry(owner: Owner, scopes: &[Scope], json: bool) -> Result<(), KeysError> {
    let NewKey { key, shown } = wiring::unmanaged_keys().create(owner, asked(scopes)).await?;
    show(&shown, json)?;
    let scopes: Vec<_> = key.scopes.iter().map(Scope::as_str).collect();
    // Strings are quoted in TOML as in JSON.
    let (owner, scopes) = (json!(key.owner.as_str()), json!(scopes));
    let mut out = std::io::stderr().lock();
    writeln!(
        out,
        "No database is configured, so the key is not kept anywhere. To make it good, add to the configuration:\n\n\
         [[auth.keys]]\nid = \"{}\"\nowner = {owner}\nscopes = {scopes}\nhash = \"{}\"\n",
        key.id, key.hash
    )?;
    Ok(())
}

/// Prints a key, the only time that it is to be seen: one that no reader has taken is lost, which is a failure.
fn show(shown: &SecretString, json: bool) -> Result<(), KeysError> {
    let mut out = std::io::stdout().lock();
    let text = shown.expose_secret();
    if json {
        writeln!(out, "{}", json!({"key": text}))?;
    } else {
        writeln!(out, "{text}")?;
    }
    Ok(())
}

async fn list(ring: &KeyRing, json: bool) -> Result<(), KeysError> {
    let line = |key: &ApiKey| if json { as_json(key) } else { as_line(key) };
    let lines = ring
        .list()
        .await?
        .iter()
        .map(|key| line(key) + "\n")
        .collect::<String>();
    Ok(print(lines)?)
}

fn as_json(key: &ApiKey) -> String {
    let scopes: Vec<_> = key.scopes.iter().map(Scope::as_str).collect();
    json!({
        "id": key.id.as_str(), "owner": key.owner.as_str(), "scopes": scopes,
        "createdAt": date(key.created_at), "revokedAt": key.revoked_at.map(date),
    })
    .to_string()
}

fn as_line(key: &ApiKey) -> String {
    let scopes: Vec<_> = key.scopes.iter().map(Scope::as_str).collect();
    let state = match key.revoked_at {
        Some(at) => format!("revoked {}", date(at)),
        None => "good".to_owned(),
    };
    let (id, owner, made) = (&key.id, &key.owner, date(key.created_at));
    format!("{id:<18} {owner:<16} {:<16} {made} {state}", scopes.join(","))
}

fn date(at: Timestamp) -> String {
    let since = Duration::from_millis(u64::try_from(at.millis()).unwrap_or_default());
    format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
}
