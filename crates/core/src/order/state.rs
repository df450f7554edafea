//! The states and the total table of legal moves between them.

use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind};
use crate::failure::Failure;
use crate::order::Execution;
use crate::trigger::WaitsFor;
use crate::venue::{TxId, VenueId};

/// Where an order stands, with what only that state has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum State {
    /// Accepted, not yet taken up, or between two attempts.
    Pending,
    /// Its trigger has not fired.
    Waiting {
        /// What kind of trigger.
        waits_for: WaitsFor,
    },
    /// Quotes are in.
    Routing,
    /// Its transaction is being built.
    Building {
        /// For this venue.
        venue: VenueId,
    },
    /// Its transaction may be at the venue.
    Submitted {
        /// Where.
        venue: VenueId,
        /// Which.
        tx_id: TxId,
        /// The venue has been silent past the deadline.
        unknown: bool,
    },
    /// It executed.
    Confirmed(Execution),
    /// It did not execute and never will.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// Taken back by its owner.
    Cancelled,
    /// Its time was up.
    Expired,
}

/// A state's name, without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the variants are those of State, which says what each means"
)]
pub enum Status {
    Pending,
    Waiting,
    Routing,
    Building,
    Submitted,
    Confirmed,
    Failed,
    Cancelled,
    Expired,
}

impl Status {
    /// All statuses.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Waiting,
        Self::Routing,
        Self::Building,
        Self::Submitted,
        Self::Confirmed,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Waiting => "waiting",
            Self::Routing => "routing",
            Self::Building => "building",
            Self::Submitted => "submitted",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Reads a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether nothing can follow it.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Confirmed | Self::Failed | Self::Cancelled | Self::Expired => true,
            Self::Pending | Self::Waiting | Self::Routing | Self::Building | Self::Submitted => false,
        }
    }

    /// The status after an event: the whole lifecycle, on one screen.
    ///
    /// `pending` covers the time between attempts too. `routing` may repeat, since a worker that died before
    /// its write-ahead leaves nothing behind but these steps, and the next one takes them afresh.
    ///
    /// # Errors
    /// [`IllegalTransition`] names the state and the event.
    pub fn after(self, event: EventKind) -> Result<Self, IllegalTransition> {
        use EventKind as E;
        let illegal = Err(IllegalTransition { status: self, event });
        match self {
            Self::Pending => match event {
                E::Waiting => Ok(Self::Waiting),
                E::Routing => Ok(Self::Routing),
                E::Retrying => Ok(Self::Pending),
                E::Failed => Ok(Self::Failed),
                E::Cancelled => Ok(Self::Cancelled),
                E::Expired => Ok(Self::Expired),
                E::Pending | E::BestDex | E::Building | E::Submitted | E::OutcomeUnknown | E::Confirmed => {
                    illegal
                }
            },
            Self::Waiting => match event {
                E::Waiting => Ok(Self::Waiting),
                E::Routing => Ok(Self::Routing),
                E::Failed => Ok(Self::Failed),
                E::Cancelled => Ok(Self::Cancelled),
                E::Expired => Ok(Self::Expired),
                E::Pending
                | E::BestDex
                | E::Building
                | E::Submitted
                | E::OutcomeUnknown
                | E::Confirmed
                | E::Retrying => illegal,
            },
            Self::Routing => match event {
                E::Waiting => Ok(Self::Waiting),
                E::Routing | E::BestDex => Ok(Self::Routing),
                E::Building => Ok(Self::Building),
                E::Retrying => Ok(Self::Pending),
                E::Failed => Ok(Self::Failed),
                E::Cancelled => Ok(Self::Cancelled),
                E::Expired => Ok(Self::Expired),
                E::Pending | E::Submitted | E::OutcomeUnknown | E::Confirmed => illegal,
            },
            Self::Building => match event {
                E::Waiting => Ok(Self::Waiting),
                E::Routing => Ok(Self::Routing),
                E::Submitted => Ok(Self::Submitted),
                E::Retrying => Ok(Self::Pending),
                E::Failed => Ok(Self::Failed),
                E::Cancelled => Ok(Self::Cancelled),
                E::Expired => Ok(Self::Expired),
                E::Pending | E::BestDex | E::Building | E::OutcomeUnknown | E::Confirmed => illegal,
            },
            Self::Submitted => match event {
                E::Waiting => Ok(Self::Waiting),
                E::OutcomeUnknown => Ok(Self::Submitted),
                E::Confirmed => Ok(Self::Confirmed),
                E::Retrying => Ok(Self::Pending),
                E::Failed => Ok(Self::Failed),
                E::Pending
                | E::Routing
                | E::BestDex
                | E::Building
                | E::Submitted
                | E::Cancelled
                | E::Expired => illegal,
            },
            Self::Confirmed | Self::Failed | Self::Cancelled | Self::Expired => illegal,
        }
    }
}

/// An event that cannot happen in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {} cannot become {}", status.as_str(), event.as_str())]
pub struct IllegalTransition {
    /// The state.
    pub status: Status,
    /// The event.
    pub event: EventKind,
}

impl State {
    /// Its name.
    pub const fn status(&self) -> Status {
        match self {
            Self::Pending => Status::Pending,
            Self::Waiting { .. } => Status::Waiting,
            Self::Routing => Status::Routing,
            Self::Building { .. } => Status::Building,
            Self::Submitted { .. } => Status::Submitted,
            Self::Confirmed(_) => Status::Confirmed,
            Self::Failed { .. } => Status::Failed,
            Self::Cancelled => Status::Cancelled,
            Self::Expired => Status::Expired,
        }
    }

    /// The state after an event.
    ///
    /// # Errors
    /// [`IllegalTransition`] as the table says.
    pub fn after(&self, event: &Event) -> Result<Self, IllegalTransition> {
        self.status().after(event.kind())?;
        Ok(match event {
            Event::Pending | Event::Retrying { .. } => Self::Pending,
            Event::Waiting { waits_for, .. } => Self::Waiting {
                waits_for: *waits_for,
            },
            Event::Routing { .. } | Event::BestDex { .. } => Self::Routing,
            Event::Building { venue } => Self::Building { venue: *venue },
            Event::Submitted { venue, tx_id } => Self::Submitted {
                venue: *venue,
                tx_id: *tx_id,
                unknown: false,
            },
            Event::OutcomeUnknown { venue, tx_id } => Self::Submitted {
                venue: *venue,
                tx_id: *tx_id,
                unknown: true,
            },
            Event::Confirmed(execution) => Self::Confirmed(*execution),
            Event::Failed { failure } => Self::Failed { failure: *failure },
            Event::Cancelled => Self::Cancelled,
            Event::Expired => Self::Expired,
        })
    }

    /// The venue it was sent to or is being built for.
    pub const fn venue(&self) -> Option<VenueId> {
        match self {
            Self::Building { venue } | Self::Submitted { venue, .. } => Some(*venue),
            Self::Confirmed(execution) => Some(execution.venue),
            Self::Pending
            | Self::Waiting { .. }
            | Self::Routing
            | Self::Failed { .. }
            | Self::Cancelled
            | Self::Expired => None,
        }
    }

    /// The transaction it stands on.
    pub const fn tx_id(&self) -> Option<TxId> {
        match self {
            Self::Submitted { tx_id, .. } => Some(*tx_id),
            Self::Confirmed(execution) => Some(execution.tx_id),
            Self::Pending
            | Self::Waiting { .. }
            | Self::Routing
            | Self::Building { .. }
            | Self::Failed { .. }
            | Self::Cancelled
            | Self::Expired => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_state_is_final() {
        for status in Status::ALL.into_iter().filter(|status| status.is_terminal()) {
            for event in EventKind::ALL {
                assert_eq!(status.after(event), Err(IllegalTransition { status, event }));
            }
        }
    }

    #[test]
    fn an_event_is_terminal_exactly_when_the_status_it_leads_to_is() {
        for status in Status::ALL {
            for event in EventKind::ALL {
                if let Ok(next) = status.after(event) {
                    assert_eq!(next.is_terminal(), event.is_terminal(), "{status:?} {event:?}");
                }
            }
        }
    }

    #[test]
    fn every_live_state_can_be_left_and_reached() {
        let moves = || {
            Status::ALL
                .into_iter()
                .flat_map(|from| EventKind::ALL.map(|event| (from, event)))
        };
        for status in Status::ALL {
            let leaves = EventKind::ALL
                .iter()
                .any(|event| status.after(*event).is_ok_and(|next| next != status));
            assert_eq!(leaves, !status.is_terminal(), "{status:?}");
            let reached = moves().any(|(from, event)| from != status && from.after(event) == Ok(status));
            assert!(reached, "{status:?}");
        }
    }

    #[test]
    fn once_submitted_only_the_venue_decides() {
        for event in [
            EventKind::Cancelled,
            EventKind::Expired,
            EventKind::Routing,
            EventKind::Building,
        ] {
            assert!(Status::Submitted.after(event).is_err(), "{event:?}");
        }
    }
}
