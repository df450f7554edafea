//! Following an order's stream to its end, across breaks.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;

use super::Outcome;
use super::connection::{ClientError, Connection};
use super::tell::Printer;

/// The first pause before a broken stream is taken up again; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often in a row it may break without a single event.
const TRIES: u32 = 12;

/// Tells every event, each once and in order, until the terminal one.
pub(super) async fn follow(
    connection: &Connection,
    id: &str,
    after: u64,
    printer: &mut Printer,
) -> Result<Outcome, ClientError> {
    let (mut seen, mut pause, mut tries) = (after, FIRST_PAUSE, 0);
    loop {
        let before = seen;
        let broken = match connection.events(id, seen).await {
            Ok(stream) => match read(stream, &mut seen, printer).await? {
                Some(outcome) => return Ok(outcome),
                None => None,
            },
            Err(error @ ClientError::Silent { .. }) => Some(error),
            Err(error) => return Err(error),
        };
        if seen > before {
            (pause, tries) = (FIRST_PAUSE, 0);
        }
        tries += 1;
        if let (Some(error), true) = (broken, tries > TRIES) {
            return Err(error);
        }
        printer.broken();
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Reads one stream; none if it broke before the end.
async fn read(
    mut stream: Response,
    seen: &mut u64,
    printer: &mut Printer,
) -> Result<Option<Outcome>, ClientError> {
    let mut lines = Lines::default();
    while let Ok(Some(chunk)) = stream.chunk().await {
        lines.add(&chunk);
        while let Some(line) = lines.next() {
            let Some(data) = line.strip_prefix("data:") else {
                continue;
            };
            let event: Value = serde_json::from_str(data).map_err(|_| ClientError::Garbled)?;
            let seq = event["seq"].as_u64().ok_or(ClientError::Garbled)?;
            if seq <= *seen {
                continue;
            }
            *seen = seq;
            printer.event(data.trim_start(), &event);
            if let Some(outcome) = event["status"].as_str().and_then(Outcome::of) {
                return Ok(Some(outcome));
            }
        }
    }
    Ok(None)
}

/// Lines out of pieces that end anywhere.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    fn add(&mut self, piece: &[u8]) {
        self.rest.extend_from_slice(piece);
    }

    fn next(&mut self) -> Option<String> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.rest.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_come_in_pieces() {
        let mut lines = Lines::default();
        lines.add(b"id: 1\ndata: {\"a\"");
        assert_eq!(lines.next().as_deref(), Some("id: 1"));
        assert_eq!(lines.next(), None);
        lines.add(b":1}\r\n\n");
        assert_eq!(lines.next().as_deref(), Some("data: {\"a\":1}"));
        assert_eq!(lines.next().as_deref(), Some(""));
        assert_eq!(lines.next(), None);
    }
}
