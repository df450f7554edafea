//! What can go wrong with a run as a whole, and with one request.

use std::io;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The server does not answer.
    #[error("no server answers at {address}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The socket that tells of all orders cannot be opened.
    #[error("the server has no feed of all orders; follow each, or none")]
    NoFeed(#[source] Box<tokio_tungstenite::tungstenite::Error>),
    /// No histogram could be made.
    #[error("no histogram")]
    Histogram(#[from] hdrhistogram::CreationError),
    /// The thread that says when orders are due could not be started.
    #[error("no thread to keep the pace")]
    Pacer(#[source] io::Error),
}

/// What went wrong with one request or one socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    #[error("the connection broke")]
    Broken(#[from] hyper::Error),
    #[error("no answer in time")]
    Late,
    #[error("the server says {status} {code}")]
    Refused { status: u16, code: String },
    #[error("the answer cannot be read")]
    Unreadable(#[from] serde_json::Error),
    #[error("the socket broke")]
    Socket(#[from] Box<tokio_tungstenite::tungstenite::Error>),
    #[error("the socket ended before the order did")]
    Unfinished,
}

impl Fault {
    /// A short name, under which faults of one kind are counted.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Connect(_) => "connect".into(),
            Self::Broken(_) => "connection broken".into(),
            Self::Late => "timeout".into(),
            Self::Refused { status, code } if code.is_empty() => format!("http {status}"),
            Self::Refused { status, code } => format!("http {status} {code}"),
            Self::Unreadable(_) => "unreadable answer".into(),
            Self::Socket(_) => "socket broken".into(),
            Self::Unfinished => "socket ended early".into(),
        }
    }
}
