//! The file in which the venues of this process keep what they executed, so that an order whose process was killed is looked
//! up, and not sent again.

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

/// What a file may be named by as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
/// Whose own folder it is.
const FOLDER: &str = "order-engine";
/// Nobody else has a use for it.
const PRIVATE: u32 = 0o700;

/// Where this process keeps the ledger of its venues, if it has any. Processes that share a queue each have venues of their own, unless they
/// have a venue server: one file cannot be theirs.
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
