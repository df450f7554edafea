//! Standard output, as far as a command prints something that was known before.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Prints that. A reader that has seen enough and closes its end, as `head` does, is no failure.
///
/// # Errors
/// Anything else that keeps the text from being written, such as a full disk.
pub fn print(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}
