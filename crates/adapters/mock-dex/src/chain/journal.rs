//! The ledger file: lines are appended in the order in which things happened, and made durable together.
//!
//! One thread writes. While it waits for the disk, further lines gather, and the next turn takes them all.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::record::{Genesis, Record};

/// Why the ledger file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be opened, read or written.
    #[error("the ledger {path} cannot be read or written")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another market writes it.
    #[error("the ledger {path} is in use by another process; one market at a time may write it")]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// Something else than a ledger is in the file.
    #[error("the file {path} is no ledger, and is left as it is")]
    NoLedger {
        /// Which file.
        path: PathBuf,
    },
    /// A line before the last one is damaged.
    #[error("line {line} of the ledger {path} is damaged")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The lines contradict each other, or this program computes something else than what they say.
    #[error("line {line} of the ledger {path} does not follow from those before: {problem}")]
    Contradiction {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// How so.
        problem: String,
    },
    /// Writing has failed before; nothing can be promised any more.
    #[error("the ledger could not be written: {0}")]
    Broken(Arc<str>),
}

/// How far the file is on the disk.
#[derive(Clone, Debug)]
enum Progress {
    Durable(u64),
    Broken(Arc<str>),
}

#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    appended: u64,
    closed: bool,
}

struct Shared {
    buffer: Mutex<Buffer>,
    filled: Condvar,
    progress: watch::Sender<Progress>,
}

/// The open file.
pub(crate) struct Journal {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

impl Journal {
    /// Opens the file, or makes it, for this market alone, and hands every record in it to `replay`, which answers what is wrong
    /// with it if something is. What a crash left of a last line is cut off.
    ///
    /// # Errors
    /// [`JournalError`].
    pub(crate) fn open(
        path: &Path,
        mut replay: impl FnMut(Record) -> Result<(), String>,
    ) -> Result<Self, JournalError> {
        let io = |source| JournalError::Io {
            path: path.into(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(io)?;
        // Held until the file is closed, however this process ends.
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => JournalError::InUse { path: path.into() },
            TryLockError::Error(source) => io(source),
        })?;
        let end = read(&mut file, path, &mut replay)?;
        file.set_len(end).map_err(io)?;
        file.sync_all().map_err(io)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(io)?;
        }
        let (progress, _) = watch::channel(Progress::Durable(0));
        let shared = Arc::new(Shared {
            buffer: Mutex::default(),
            filled: Condvar::new(),
            progress,
        });
        let writer = std::thread::Builder::new().name("venue-ledger".into()).spawn({
            let shared = shared.clone();
            move || write(&shared, file)
        });
        Ok(Self {
            shared,
            writer: Some(writer.map_err(io)?),
        })
    }

    /// Hands every whole record in a file to `replay`, and leaves the file alone.
    ///
    /// # Errors
    /// [`JournalError`].
    pub(crate) fn read_only(
        path: &Path,
        mut replay: impl FnMut(Record) -> Result<(), String>,
    ) -> Result<(), JournalError> {
        let mut file = File::open(path).map_err(|source| JournalError::Io {
            path: path.into(),
            source,
        })?;
        read(&mut file, path, &mut replay)?;
        Ok(())
    }

    /// Appends a record and returns its position. It is durable when [`Journal::durable`] says so.
    pub(crate) fn append(&self, record: &Record) -> u64 {
        let mut buffer = self.shared.buffer.lock();
        // Writing into memory what has no failing serialiser cannot fail.
        if serde_json::to_writer(&mut buffer.bytes, record).is_ok() {
            buffer.bytes.push(b'\n');
        }
        buffer.appended += 1;
        self.shared.filled.notify_one();
        buffer.appended
    }

    /// The position of the newest record.
    pub(crate) fn position(&self) -> u64 {
        self.shared.buffer.lock().appended
    }

    /// Returns when the record at this position, and all before it, are on the disk.
    ///
    /// # Errors
    /// [`JournalError::Broken`].
    pub(crate) async fn durable(&self, position: u64) -> Result<(), JournalError> {
        let mut progress = self.shared.progress.subscribe();
        let reached = progress
            .wait_for(|progress| match progress {
                Progress::Durable(durable) => *durable >= position,
                Progress::Broken(_) => true,
            })
            .await;
        match reached.as_deref() {
            Ok(Progress::Durable(_)) => Ok(()),
            Ok(Progress::Broken(why)) => Err(JournalError::Broken(why.clone())),
            Err(_) => Err(JournalError::Broken("the writer is gone".into())),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.buffer.lock().closed = true;
        self.shared.filled.notify_one();
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has nothing left to tell.
            let _ = writer.join();
        }
    }
}

/// Reads all whole records; returns where they end.
fn read(
    file: &mut File,
    path: &Path,
    replay: &mut impl FnMut(Record) -> Result<(), String>,
) -> Result<u64, JournalError> {
    let io = |source| JournalError::Io {
        path: path.into(),
        source,
    };
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let mut reader = BufReader::new(file);
    let (mut end, mut number, mut line) = (0u64, 0usize, Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(io)?;
        if end == 0 && !Genesis::may_begin(&line) {
            return Err(JournalError::NoLedger { path: path.into() });
        }
        if line.last() != Some(&b'\n') {
            // Nothing more, or a line that was being written when the machine stopped: nobody was told of it.
            return Ok(end);
        }
        number += 1;
        let record = match serde_json::from_slice(&line) {
            Ok(record) => record,
            // A crash can also leave the length of a last line without its content.
            Err(_) if reader.fill_buf().map_err(io)?.is_empty() => return Ok(end),
            Err(source) => {
                return Err(JournalError::Damaged {
                    path: path.into(),
                    line: number,
                    source,
                });
            }
        };
        replay(record).map_err(|problem| JournalError::Contradiction {
            path: path.into(),
            line: number,
            problem,
        })?;
        end = end.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
    }
}

fn write(shared: &Shared, mut file: File) {
    loop {
        let (bytes, position, closed) = {
            let mut buffer = shared.buffer.lock();
            while buffer.bytes.is_empty() && !buffer.closed {
                shared.filled.wait(&mut buffer);
            }
            (std::mem::take(&mut buffer.bytes), buffer.appended, buffer.closed)
        };
        if bytes.is_empty() && closed {
            return;
        }
        if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_data()) {
            // After a failed write nobody can say what is on the disk: stop here, and promise nothing more.
            tracing::error!(%error, "the ledger could not be written");
            shared
                .progress
                .send_replace(Progress::Broken(error.to_string().into()));
            return;
        }
        shared.progress.send_replace(Progress::Durable(position));
    }
}
