//! Executions against what was asked for: the request and its owner's later terms, by the rule that decides about them
//! ([`Floor`]), and never against what the checked program has computed on the way.

use super::AuditAssumptions;
use super::execution::claimed;
use super::invariant::Invariant;
use super::record::{AuditedOrder, LandedTransaction};
use super::report::Report;
use crate::amm;
use crate::amount::Amount;
use crate::floor::Floor;
use crate::order::Event;
use crate::routing::MOST_LEGS;
use crate::spec::{OrderSpec, Protection, Terms};
use crate::time::Timestamp;
use crate::venue::{Leg, QuoteAnswer, TxId, VenueId};

/// Checks an order against what of it had landed before it was read.
pub(super) fn check(
    granted: &AuditAssumptions,
    audited: &AuditedOrder,
    landed: &[LandedTransaction],
    report: &mut Report,
) {
    for transaction in landed {
        let amounts = (transaction.amount_in, transaction.amount_out);
        execution(granted, audited, transaction.tx_id, amounts, report);
    }
    if let Some(execution) = claimed(audited) {
        let amounts = (execution.fill.amount_in, execution.fill.amount_out);
        self::execution(granted, audited, execution.tx_id, amounts, report);
    }
}

fn execution(
    granted: &AuditAssumptions,
    audited: &AuditedOrder,
    tx_id: TxId,
    (paid, received): (Amount, Amount),
    report: &mut Report,
) {
    let (id, spec) = (audited.order.id(), audited.order.spec());
    let submission = Submission::of(audited, tx_id);
    let floor = Floor::with(spec, submission.terms.kind);
    for invariant in [Invariant::AmountsHold, Invariant::LimitHolds] {
        report.check(invariant, id, floor.admits(paid, received), || {
            let least = floor.least(paid);
            format!("received {received} raw units for {paid}, and its terms ask for {least:?}")
        });
    }
    let size = submission.is_size(spec, paid);
    report.check(Invariant::AmountsHold, id, size, || {
        format!("paid {paid} raw units of {}", spec.amount_in)
    });
    if let Some(least) = submission.least_by_slippage(spec) {
        report.check(Invariant::AmountsHold, id, received >= least, || {
            format!("received {received} raw units, and its slippage allows no less than {least}")
        });
    }
    report.check(Invariant::LimitHolds, id, submission.is_allowed(spec), || {
        format!("executed by {:?} at {:?}", submission.legs, submission.venue)
    });
    let in_time = submission.in_time(granted);
    report.check(Invariant::LimitHolds, id, in_time, || {
        format!("submitted at {:?}, past its time", submission.at)
    });
}

/// What the order's history says of a submission: the terms of that moment, and the route that was taken.
struct Submission<'a> {
    terms: Terms,
    quotes: &'a [QuoteAnswer],
    venue: Option<VenueId>,
    legs: &'a [Leg],
    /// When; `None` if the history has no such submission.
    at: Option<Timestamp>,
}

impl<'a> Submission<'a> {
    fn of(audited: &'a AuditedOrder, tx_id: TxId) -> Self {
        let spec = audited.order.spec();
        let mut submission = Self {
            terms: Terms {
                kind: spec.kind,
                time_in_force: spec.time_in_force,
            },
            quotes: &[],
            venue: None,
            legs: &[],
            at: None,
        };
        for audited in &audited.events {
            match &audited.event.event {
                Event::Waiting {
                    terms: Some(terms), ..
                } => submission.terms = *terms,
                Event::Routing { quotes, .. } => submission.quotes = quotes,
                Event::BestDex { venue, legs, .. } => {
                    (submission.venue, submission.legs) = (Some(*venue), legs)
                }
                Event::Submitted { tx_id: submitted, .. } if *submitted == tx_id => {
                    submission.at = Some(audited.event.at);
                    break;
                }
                Event::Pending
                | Event::Waiting { terms: None, .. }
                | Event::Building { .. }
                | Event::Submitted { .. }
                | Event::OutcomeUnknown { .. }
                | Event::Confirmed(_)
                | Event::Retrying { .. }
                | Event::Failed { .. }
                | Event::Cancelled
                | Event::Expired => {}
            }
        }
        submission
    }

    /// All of it was paid; or less, where the order takes what its limit lets through at once.
    fn is_size(&self, spec: &OrderSpec, paid: Amount) -> bool {
        let in_part = self.terms.kind.fills_in_part(self.terms.time_in_force);
        paid == spec.amount_in || (in_part && paid < spec.amount_in)
    }

    /// The least output that the order's slippage leaves of what it was quoted; `None` if a price of its own protects it,
    /// or the history does not show the quote.
    fn least_by_slippage(&self, spec: &OrderSpec) -> Option<Amount> {
        let Protection::Slippage(bps) = spec.protection else {
            return None;
        };
        if self.terms.kind.limit_price().is_some() {
            return None;
        }
        let quoted = match self.legs {
            [] => self.quoted_by(self.venue?)?,
            legs => {
                let last = legs.iter().filter(|leg| leg.token_out == spec.token_out);
                last.fold(0, |sum: u128, leg| sum.saturating_add(leg.amount_out.units()))
            }
        };
        Some(Amount::new(amm::min_out(quoted, u32::from(bps))))
    }

    fn quoted_by(&self, venue: VenueId) -> Option<u128> {
        let answer = self.quotes.iter().find(|answer| answer.venue == venue)?;
        Some(answer.result.as_ref().ok()?.amount_out.amount.units())
    }

    /// Whether the route keeps to the venues and the number of swaps that the request allows.
    fn is_allowed(&self, spec: &OrderSpec) -> bool {
        let venues = self.legs.iter().map(|leg| leg.venue).chain(self.venue);
        let most = usize::from(spec.route.max_legs.unwrap_or(MOST_LEGS));
        venues.into_iter().all(|venue| spec.route.allows(venue)) && self.legs.len() <= most
    }

    /// Whether it was submitted before the order's end, to within what clocks may differ.
    fn in_time(&self, granted: &AuditAssumptions) -> bool {
        match (self.terms.time_in_force.until(), self.at) {
            (Some(until), Some(at)) => at < until.plus(granted.clock_skew),
            (None, _) | (_, None) => true,
        }
    }
}
