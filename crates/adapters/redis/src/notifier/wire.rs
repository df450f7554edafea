//! A message on the channel: a version, who sent it, then the notices as JSON, `[[owner, event], …]`.
//!
//! The sender stands in front so that a process need not read its own messages, which it knows already. A
//! message of another version is passed over: who misses a notice finds it in the store.

use std::sync::Arc;

use order_core::id::{Owner, WorkerId};
use order_core::lifecycle::RecordedEvent;
use order_ports::Notice;

const VERSION: u8 = 1;
const HEADER: usize = 1 + Origin::LEN;

/// Which notifier of which process sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin([u8; Self::LEN]);

impl Origin {
    const LEN: usize = 20;

    pub(crate) fn new(process: WorkerId, instance: u32) -> Self {
        let mut bytes = [0; Self::LEN];
        bytes[..16].copy_from_slice(process.0.as_bytes());
        bytes[16..].copy_from_slice(&instance.to_be_bytes());
        Self(bytes)
    }
}

pub(crate) fn encode(origin: Origin, notices: &[Notice]) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER + 256 * notices.len());
    message.push(VERSION);
    message.extend_from_slice(&origin.0);
    let body: Vec<(&Owner, &RecordedEvent)> = notices
        .iter()
        .map(|notice| (&notice.owner, &notice.event))
        .collect();
    if let Err(error) = serde_json::to_writer(&mut message, &body) {
        // Only a map with keys that are no text can fail, and there is none. Nobody could read the message.
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "notices cannot be written"
        );
    }
    message
}

/// A message, as far as this process has use for it.
#[derive(Debug)]
pub(crate) enum Message {
    /// News from elsewhere.
    Notices(Arc<[Notice]>),
    /// This process's own, or of a version that it does not know.
    Skip,
    /// What cannot be read.
    Unreadable(serde_json::Error),
}

pub(crate) fn decode(own: Origin, message: &[u8]) -> Message {
    let Some((header, body)) = message.split_at_checked(HEADER) else {
        return Message::Skip;
    };
    if header[0] != VERSION || header[1..] == own.0 {
        return Message::Skip;
    }
    match serde_json::from_slice::<Vec<(Owner, RecordedEvent)>>(body) {
        Ok(notices) => Message::Notices(
            notices
                .into_iter()
                .map(|(owner, event)| Notice { owner, event })
                .collect(),
        ),
        Err(error) => Message::Unreadable(error),
    }
}

#[cfg(test)]
mod tests {
    use order_core::id::OrderId;
    use order_core::lifecycle::Event;
    use order_core::time::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn notices() -> Arc<[Notice]> {
        let event = |seq, event| Notice {
            owner: "desk-1".parse().unwrap(),
            event: RecordedEvent {
                order_id: OrderId::from_uuid(Uuid::from_u128(42)),
                seq,
                at: Timestamp::from_millis(1_700_000_000_000),
                event,
            },
        };
        [event(1, Event::Pending), event(2, Event::Cancelled)].into()
    }

    #[test]
    fn what_one_process_says_another_hears() {
        let (here, there) = (
            Origin::new(WorkerId(Uuid::nil()), 0),
            Origin::new(WorkerId(Uuid::nil()), 1),
        );
        let message = encode(here, &notices());
        assert!(matches!(decode(there, &message), Message::Notices(heard) if heard == notices()));
        assert!(matches!(decode(here, &message), Message::Skip));
    }

    #[test]
    fn noise_is_passed_over() {
        let origin = Origin::new(WorkerId(Uuid::nil()), 0);
        let mut other_version = encode(Origin::new(WorkerId(Uuid::max()), 0), &notices());
        other_version[0] = 2;
        assert!(matches!(decode(origin, &other_version), Message::Skip));
        assert!(matches!(decode(origin, b"hello"), Message::Skip));
        assert!(matches!(
            decode(origin, &[VERSION; HEADER + 3]),
            Message::Unreadable(_)
        ));
    }
}
