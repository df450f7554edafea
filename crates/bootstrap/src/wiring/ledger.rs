//! The ledger file of the venues that run in this process: they write into it each transaction that they execute. After a
//! kill the next process asks them for the transactions of the orders under way, and sends none again that they executed.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy, Xdg};
use order_postgres::PostgresStore;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::config::{LedgerPlace, Loaded, Role};
use crate::error::StartError;

/// Where the ledger is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Nowhere: it is forgotten at exit, or a venue server keeps it.
    Nowhere,
    /// In the file that is configured.
    Configured(PathBuf),
    /// In the file that belongs to the database.
    BesideDatabase(PathBuf),
}

/// The characters of a database's name that are escaped in the name of its ledger.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
/// The folder of this program in the state directory of the account that it runs under.
const FOLDER: &str = "order-engine";
/// The folder's mode: only that account reads and writes it.
const PRIVATE: u32 = 0o700;

/// Where this process keeps the ledger of its venues, if it has any. Processes with one role each share a queue but not their
/// venues, unless a venue server runs: a single file beside the database cannot serve them all.
pub(super) async fn place(
    loaded: &Loaded,
    role: Role,
    store: Option<&PostgresStore>,
) -> Result<Kept, StartError> {
    if loaded.config.market.url.is_some() {
        return Ok(Kept::Nowhere);
    }
    match (&loaded.config.market.ledger, store) {
        (LedgerPlace::File(path), _) => Ok(Kept::Configured(path.clone())),
        (LedgerPlace::BesideDatabase, Some(store)) if role == Role::All => {
            let path = beside(store).await?;
            make_folder(&path)?;
            Ok(Kept::BesideDatabase(path))
        }
        (LedgerPlace::BesideDatabase, Some(_) | None) | (LedgerPlace::Off, _) => Ok(Kept::Nowhere),
    }
}

/// The file that belongs to this database, whether it is there or not.
pub(super) async fn beside(store: &PostgresStore) -> Result<PathBuf, StartError> {
    let database = store.identity().await.map_err(StartError::Identity)?;
    let home = Xdg::new().map_err(StartError::NoHome)?;
    let folder = home.state_dir().unwrap_or_else(|| home.data_dir()).join(FOLDER);
    let name = utf8_percent_encode(&database.name, ESCAPED);
    Ok(folder.join(format!("{name}-{}.ledger", database.born)))
}

fn make_folder(ledger: &Path) -> Result<(), StartError> {
    let Some(folder) = ledger.parent() else {
        return Ok(());
    };
    let made = DirBuilder::new().recursive(true).mode(PRIVATE).create(folder);
    made.map_err(|source| StartError::LedgerFolder {
        folder: folder.into(),
        source,
    })
}
