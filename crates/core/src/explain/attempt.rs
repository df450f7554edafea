//! One attempt: what was known, what was chosen, and what was not, and why.

use crate::amount::Amount;
use crate::failure::Failure;
use crate::invariant::impossible;
use crate::order::{Event, Order, RecordedEvent};
use crate::price::Price;
use crate::routing::{Alternatives, ArrivalPrice, Combination, RouteReason};
use crate::spec::OrderSpec;
use crate::time::Timestamp;
use crate::venue::{Leg, Quote, QuoteAnswer, TxId, VenueId};

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedAttempt {
    /// Its number, from 1.
    pub number: u8,
    /// When the quotes were in.
    pub at: Timestamp,
    /// What the venues answered.
    pub quotes: Vec<QuoteAnswer>,
    /// Where the market stood.
    pub arrival: Option<ArrivalPrice>,
    /// The route that was taken, if one was.
    pub chosen: Option<Chosen>,
    /// The transaction, if it came to one.
    pub tx_id: Option<TxId>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

/// The route that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The venue; of several, that of the largest part of the input.
    pub venue: VenueId,
    /// Why.
    pub reason: RouteReason,
    /// The swaps, in order.
    pub legs: Vec<Leg>,
    /// What was to be paid, in raw units.
    pub amount_in: Amount,
    /// What was to come out, in raw units.
    pub amount_out: Amount,
    /// Quote per base, net of fees.
    pub price: Price,
    /// The least that was accepted, in raw units.
    pub min_out: Amount,
    /// What each swap beyond the first had to bring in, in raw units; zero where only one was allowed.
    pub leg_cost: Amount,
    /// What was not taken.
    pub rejected: Vec<Rejected>,
}

/// A route that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Which.
    pub candidate: Candidate,
    /// What it would have given, in raw units; for [`Candidate::AnyCombination`] at the most.
    pub amount_out: Amount,
    /// Why not.
    pub verdict: Verdict,
}

/// A route that was considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// The whole size at one venue.
    Venue(VenueId),
    /// The size divided over pools of the pair, into so many swaps.
    Split(u8),
    /// The same with a way by another token, so many swaps in all.
    Around(u8),
    /// Whatever combination there is: none was computed.
    AnyCombination,
}

/// Why a route was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It gives no more than the one taken.
    NotMore,
    /// It gives more, but by less than its further swaps cost, in raw units.
    DoesNotPay {
        /// What they cost.
        cost: Amount,
    },
}

/// All attempts of a history.
pub(super) fn attempts(order: &Order, history: &[RecordedEvent]) -> Vec<ExplainedAttempt> {
    let mut attempts: Vec<ExplainedAttempt> = Vec::new();
    for recorded in history {
        if let Event::Routing {
            attempt,
            quotes,
            arrival,
        } = &recorded.event
        {
            attempts.push(ExplainedAttempt {
                number: *attempt,
                at: recorded.at,
                quotes: quotes.clone(),
                arrival: *arrival,
                chosen: None,
                tx_id: None,
                failure: None,
            });
        } else if let Some(attempt) = attempts.last_mut() {
            attempt.note(order.spec(), &recorded.event);
        }
    }
    attempts
}

impl ExplainedAttempt {
    fn note(&mut self, spec: &OrderSpec, event: &Event) {
        match event {
            Event::BestDex {
                venue,
                price,
                reason,
                min_out,
                legs,
                weighed,
            } => {
                let quote = self.quote(*venue).cloned();
                let legs = if legs.is_empty() {
                    quote.iter().map(|quote| whole(spec, quote)).collect()
                } else {
                    legs.clone()
                };
                let (token_in, token_out) = (spec.token_in, spec.token_out);
                let amount_in = sum_if(&legs, |leg| (leg.token_in == token_in).then_some(leg.amount_in));
                let amount_out = sum_if(&legs, |leg| {
                    (leg.token_out == token_out).then_some(leg.amount_out)
                });
                let mut chosen = Chosen {
                    venue: *venue,
                    reason: *reason,
                    legs,
                    amount_in,
                    amount_out,
                    price: *price,
                    min_out: *min_out,
                    leg_cost: weighed.leg_cost,
                    rejected: Vec::new(),
                };
                chosen.rejected = self.rejected(&chosen, weighed);
                self.chosen = Some(chosen);
            }
            Event::Submitted { tx_id, .. } => self.tx_id = Some(*tx_id),
            Event::Retrying { failure, .. } | Event::Failed { failure } => self.failure = Some(*failure),
            Event::Pending
            | Event::Waiting { .. }
            | Event::Routing { .. }
            | Event::Building { .. }
            | Event::OutcomeUnknown { .. }
            | Event::Confirmed(_)
            | Event::Cancelled
            | Event::Expired => {}
        }
    }

    fn quote(&self, venue: VenueId) -> Option<&Quote> {
        let mut quotes = self
            .quotes
            .iter()
            .filter_map(|answer| answer.result.as_ref().ok());
        quotes.find(|quote| quote.venue == venue)
    }

    /// The best venue alone, among those that quoted.
    pub fn best_venue(&self) -> Option<&Quote> {
        let quotes = self
            .quotes
            .iter()
            .filter_map(|answer| answer.result.as_ref().ok());
        // Of equal ones the first by name, as routing takes it.
        quotes.max_by_key(|quote| (quote.amount_out.amount, std::cmp::Reverse(quote.venue)))
    }

    fn rejected(&self, chosen: &Chosen, weighed: &Alternatives) -> Vec<Rejected> {
        let taken = chosen.legs.len();
        let mut rejected = Vec::new();
        for quote in self
            .quotes
            .iter()
            .filter_map(|answer| answer.result.as_ref().ok())
        {
            if taken > 1 || quote.venue != chosen.venue {
                rejected.push(Rejected {
                    candidate: Candidate::Venue(quote.venue),
                    amount_out: quote.amount_out.amount,
                    verdict: Verdict::NotMore,
                });
            }
        }
        let mut combination = |candidate: Candidate, combination: Combination| {
            let is_taken =
                usize::from(combination.legs) == taken && combination.out == chosen.amount_out && taken > 1;
            if !is_taken {
                rejected.push(self.judged(chosen, candidate, combination));
            }
        };
        if let Some(split) = weighed.split {
            combination(Candidate::Split(split.legs), split);
        }
        if let Some(around) = weighed.around {
            combination(Candidate::Around(around.legs), around);
        }
        if let Some(at_most) = weighed.at_most {
            let none = Combination {
                legs: 2,
                out: at_most,
            };
            rejected.push(self.judged(chosen, Candidate::AnyCombination, none));
        }
        rejected
    }

    fn judged(&self, chosen: &Chosen, candidate: Candidate, combination: Combination) -> Rejected {
        let taken = u8::try_from(chosen.legs.len())
            .unwrap_or_else(|_| impossible("a route has more legs than any order may", u8::MAX));
        let further = u128::from(combination.legs.saturating_sub(taken));
        let verdict = if combination.out > chosen.amount_out && further > 0 {
            Verdict::DoesNotPay {
                cost: Amount::new(chosen.leg_cost.units().saturating_mul(further)),
            }
        } else {
            Verdict::NotMore
        };
        Rejected {
            candidate,
            amount_out: combination.out,
            verdict,
        }
    }
}

fn sum_if(legs: &[Leg], pick: impl Fn(&Leg) -> Option<Amount>) -> Amount {
    let units = legs.iter().filter_map(pick).map(Amount::units);
    Amount::new(units.fold(0, u128::saturating_add))
}

/// The whole size at one venue, as it quoted.
fn whole(spec: &OrderSpec, quote: &Quote) -> Leg {
    Leg {
        venue: quote.venue,
        pool: quote.pool.clone(),
        token_in: spec.token_in,
        token_out: spec.token_out,
        amount_in: quote.amount_in.amount,
        amount_out: quote.amount_out.amount,
    }
}
