//! The server's own times of an order.

use std::time::{Duration, Instant};

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::orders::{End, Ending};

/// What is read of an order, whatever else it says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stamped {
    status: String,
    created_at: String,
    updated_at: String,
}

/// Where a server's stamps lie on this process's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch {
    instant: Instant,
    date: OffsetDateTime,
}

impl Epoch {
    pub(crate) fn now() -> Self {
        Self {
            instant: Instant::now(),
            date: OffsetDateTime::now_utc(),
        }
    }

    fn instant(self, date: OffsetDateTime) -> Instant {
        let since = date - self.date;
        if since.is_negative() {
            self.instant.checked_sub(since.unsigned_abs())
        } else {
            self.instant.checked_add(since.unsigned_abs())
        }
        .unwrap_or(self.instant)
    }
}

impl Stamped {
    /// The order's end, if it has come to one.
    pub(crate) fn end(&self, epoch: Epoch) -> Option<End> {
        let ending = Ending::of(&self.status)?;
        let date = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
        let (created, updated) = (date(&self.created_at), date(&self.updated_at));
        let lived = created.zip(updated).map(|(created, updated)| updated - created);
        Some(End {
            ending,
            at: updated.map_or_else(Instant::now, |date| epoch.instant(date)),
            lived: Some(lived.map_or(Duration::ZERO, |lived| lived.try_into().unwrap_or_default())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(status: &str) -> Stamped {
        let order = format!(
            r#"{{"status":"{status}","createdAt":"2026-11-21T11:47:43.120Z","updatedAt":"2026-11-21T11:47:45.475Z"}}"#
        );
        serde_json::from_str(&order).unwrap()
    }

    #[test]
    fn an_orders_life_is_between_its_stamps() {
        let epoch = Epoch {
            instant: Instant::now(),
            date: OffsetDateTime::from_unix_timestamp(1_795_261_665).unwrap(),
        };
        let end = order("confirmed").end(epoch).unwrap();
        assert_eq!(end.ending, Ending::Confirmed);
        assert_eq!(end.lived, Some(Duration::from_millis(2_355)));
        assert_eq!(end.at, epoch.instant + Duration::from_millis(475));
        assert!(order("submitted").end(epoch).is_none());
    }
}
