//! A message on the channel: a version, the process that sent it, then the notifications. Each is its owner, its order,
//! the owner's own id of that order and its event; the names and the event behind their lengths, of which that of an id
//! that there is not is zero; the event as JSON.
//!
//! The sender stands in front so that a process need not read its own messages, which it knows already; owner and
//! order, so that it need not read events that no subscriber there wants, which are most. A message of another version
//! is passed over: a process that misses a notification finds its event in the store.

use std::sync::Arc;

use order_core::id::{MAX_NAME, Name, OrderId, WorkerId};
use order_core::invariant::{breached, impossible};
use order_core::order::RecordedEvent;
use order_ports::OrderNotification;
use uuid::Uuid;

const VERSION: u8 = 3;
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

pub(crate) fn encode(origin: Origin, notifications: &[OrderNotification]) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER + 512 * notifications.len());
    message.push(VERSION);
    message.extend_from_slice(&origin.0);
    for OrderNotification {
        owner,
        client_order_id,
        event,
    } in notifications
    {
        put_name(&mut message, owner.as_str());
        message.extend_from_slice(event.order_id.uuid().as_bytes());
        put_name(&mut message, client_order_id.as_ref().map_or("", Name::as_str));
        let length = message.len();
        message.extend_from_slice(&[0; 4]);
        if let Err(error) = serde_json::to_writer(&mut message, event) {
            // Only a map with keys that are no text can fail, and an event has none.
            breached(format_args!("an event cannot be written: {error}"));
        }
        let written = u32::try_from(message.len() - length - 4)
            .unwrap_or_else(|_| impossible("an event is longer than four gigabytes", 0));
        message[length..length + 4].copy_from_slice(&written.to_be_bytes());
    }
    message
}

fn put_name(message: &mut Vec<u8>, name: &str) {
    const { assert!(MAX_NAME < 256, "a name's length is one byte") };
    assert!(name.len() <= MAX_NAME, "a name is no longer than a name");
    let [length, ..] = name.len().to_le_bytes();
    message.push(length);
    message.extend_from_slice(name.as_bytes());
}

/// A message, as far as this process has use for it.
#[derive(Debug)]
pub(crate) enum Message {
    /// News from elsewhere.
    Notifications(Arc<[OrderNotification]>),
    /// This process's own, or of a version that it does not know.
    Skip,
    /// What cannot be read.
    Unreadable(Unreadable),
}

/// Why a message cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It ends in the middle.
    #[error("the message is cut short")]
    Short,
    /// The owner's name is none, or that of the order.
    #[error("a name")]
    Name,
    /// The event is none.
    #[error("the event")]
    Event(#[from] serde_json::Error),
}

/// Reads those notifications that are wanted.
pub(crate) fn decode(own: Origin, message: &[u8], wanted: impl Fn(OrderId, &str) -> bool) -> Message {
    let Some((header, body)) = message.split_at_checked(HEADER) else {
        return Message::Skip;
    };
    if header[0] != VERSION || header[1..] == own.0 {
        return Message::Skip;
    }
    match notifications(body, wanted) {
        Ok(notifications) if notifications.is_empty() => Message::Skip,
        Ok(notifications) => Message::Notifications(notifications.into()),
        Err(error) => Message::Unreadable(error),
    }
}

fn notifications(
    mut body: &[u8],
    wanted: impl Fn(OrderId, &str) -> bool,
) -> Result<Vec<OrderNotification>, Unreadable> {
    let mut notifications = Vec::new();
    while !body.is_empty() {
        let owner = name(&mut body)?;
        let order = OrderId::from_uuid(Uuid::from_bytes(*array(&mut body)?));
        let client_order_id = name(&mut body)?;
        let length = u32::from_be_bytes(*array(&mut body)?);
        let event = take(&mut body, usize::try_from(length).map_err(|_| Unreadable::Short)?)?;
        if wanted(order, owner) {
            notifications.push(OrderNotification {
                owner: owner.parse().map_err(|_| Unreadable::Name)?,
                client_order_id: match client_order_id {
                    "" => None,
                    id => Some(id.parse().map_err(|_| Unreadable::Name)?),
                },
                event: serde_json::from_slice::<RecordedEvent>(event)?,
            });
        }
    }
    Ok(notifications)
}

/// A name, which may be missing.
fn name<'a>(body: &mut &'a [u8]) -> Result<&'a str, Unreadable> {
    let [length] = *array(body)?;
    std::str::from_utf8(take(body, length.into())?).map_err(|_| Unreadable::Name)
}

fn take<'a>(body: &mut &'a [u8], length: usize) -> Result<&'a [u8], Unreadable> {
    let (taken, rest) = body.split_at_checked(length).ok_or(Unreadable::Short)?;
    *body = rest;
    Ok(taken)
}

fn array<'a, const N: usize>(body: &mut &'a [u8]) -> Result<&'a [u8; N], Unreadable> {
    let (taken, rest) = body.split_first_chunk().ok_or(Unreadable::Short)?;
    *body = rest;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use order_core::order::Event;
    use order_core::time::Timestamp;

    const fn all(_: OrderId, _: &str) -> bool {
        true
    }

    fn notifications() -> Arc<[OrderNotification]> {
        let event = |seq, event| OrderNotification {
            owner: "desk-1".parse().unwrap(),
            client_order_id: (seq == 2).then(|| "mine".parse().unwrap()),
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
        let message = encode(here, &notifications());
        assert!(
            matches!(decode(there, &message, all), Message::Notifications(heard) if heard == notifications())
        );
        assert!(matches!(decode(here, &message, all), Message::Skip));
    }

    #[test]
    fn what_nobody_wants_is_left_out() {
        let message = encode(Origin::new(WorkerId(Uuid::max()), 0), &notifications());
        let here = Origin::new(WorkerId(Uuid::nil()), 0);
        let (order, owner) = (notifications()[0].event.order_id, "desk-1");
        let one = |wanted, theirs: &str| wanted == order && theirs == owner;
        assert!(
            matches!(decode(here, &message, one), Message::Notifications(heard) if heard == notifications())
        );
        assert!(matches!(decode(here, &message, |_, _| false), Message::Skip));
    }

    #[test]
    fn noise_is_passed_over() {
        let origin = Origin::new(WorkerId(Uuid::nil()), 0);
        let mut other_version = encode(Origin::new(WorkerId(Uuid::max()), 0), &notifications());
        other_version[0] = 1;
        assert!(matches!(decode(origin, &other_version, all), Message::Skip));
        assert!(matches!(decode(origin, b"hello", all), Message::Skip));
        assert!(matches!(
            decode(origin, &[VERSION; HEADER + 3], all),
            Message::Unreadable(_)
        ));
        // Cut anywhere, it is a shorter message or none.
        let whole = encode(Origin::new(WorkerId(Uuid::max()), 0), &notifications());
        for length in 0..whole.len() {
            let cut = decode(origin, &whole[..length], all);
            assert!(
                !matches!(cut, Message::Notifications(heard) if heard.len() > 1),
                "{length}"
            );
        }
    }
}
