//! The best venue alone: the one that pays out most for the whole size, fees and impact included.

use super::reason::{RouteReason, gain_ppm};
use super::route::Route;
use crate::amm;
use crate::amount::Amount;
use crate::failure::{Failure, FailureClass, VenueError};
use crate::spec::Protection;
use crate::venue::{Quote, QuoteAnswer, QuoteRequest};

/// Chooses among the answers. Deterministic: the same answers in any order give the same route.
///
/// # Errors
/// When no venue quotes: [`Failure::Venue`] if every venue refused for a final reason (then the most telling
/// of them), else [`Failure::NoQuotes`], which may be repeated. When the best quote is below the caller's own
/// minimum: [`VenueError::SlippageExceeded`].
pub fn choose(
    request: &QuoteRequest,
    protection: Protection,
    answers: &[QuoteAnswer],
) -> Result<Route, Failure> {
    let (best, reason) = best(answers).ok_or_else(|| no_quotes(answers))?;
    let min_out = minimum_out(best.amount_out.amount, protection)?;
    Ok(Route::single(request, best, reason, min_out))
}

/// The best quote, and why it is.
pub(super) fn best(answers: &[QuoteAnswer]) -> Option<(&Quote, RouteReason)> {
    let mut quotes: Vec<&Quote> = answers
        .iter()
        .filter_map(|answer| answer.result.as_ref().ok())
        .collect();
    quotes.sort_by(|a, b| {
        let by_output = b.amount_out.amount.cmp(&a.amount_out.amount);
        by_output.then_with(|| a.venue.cmp(&b.venue))
    });
    let (best, others) = quotes.split_first()?;
    let reason = others
        .first()
        .map_or(RouteReason::OnlyQuote, |next| reason(best, next));
    Some((best, reason))
}

fn reason(best: &Quote, next: &Quote) -> RouteReason {
    if best.amount_out == next.amount_out {
        return RouteReason::TieByName { with: next.venue };
    }
    RouteReason::MostOut {
        over: next.venue,
        by_ppm: gain_ppm(best.amount_out.amount, next.amount_out.amount),
    }
}

/// The best quote for the whole size, if any venue gave one.
pub fn best_quote(answers: &[QuoteAnswer]) -> Option<&Quote> {
    best(answers).map(|(quote, _)| quote)
}

pub(super) fn no_quotes(answers: &[QuoteAnswer]) -> Failure {
    let mut errors: Vec<_> = answers
        .iter()
        .filter_map(|answer| Some((answer.venue, answer.result.as_ref().err()?)))
        .collect();
    errors.sort_unstable_by_key(|(venue, _)| *venue);
    // A pair that one venue does not list says nothing about the size; the other venue's reason does.
    let telling = errors
        .iter()
        .find(|(_, error)| **error != VenueError::UnknownToken);
    match telling.or(errors.first()) {
        Some((_, error)) if errors.iter().all(|(_, e)| e.class() == FailureClass::Final) => {
            Failure::Venue(**error)
        }
        Some(_) | None => Failure::NoQuotes,
    }
}

/// The least output that the trader accepts for a quoted output.
///
/// # Errors
/// [`VenueError::SlippageExceeded`] when the quote itself is already below the caller's own minimum.
pub fn minimum_out(quoted: Amount, protection: Protection) -> Result<Amount, Failure> {
    match protection {
        Protection::Slippage(bps) => Ok(Amount::new(amm::min_out(quoted.units(), u32::from(bps)))),
        Protection::MinOut(least) if quoted < least => Err(Failure::Venue(VenueError::SlippageExceeded)),
        Protection::MinOut(least) => Ok(least),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Price;
    use crate::token::TokenRegistry;
    use crate::venue::{PoolId, VenueId};

    fn request() -> QuoteRequest {
        let tokens = TokenRegistry::default();
        QuoteRequest {
            token_in: tokens.find("SOL").unwrap(),
            token_out: tokens.find("USDC").unwrap(),
            amount_in: Amount::new(1_000_000_000),
        }
    }

    const RAYDIUM: VenueId = VenueId::literal("Raydium");
    const METEORA: VenueId = VenueId::literal("Meteora");

    fn answer(venue: VenueId, out: u128) -> QuoteAnswer {
        let quote = Quote {
            venue,
            pool: PoolId("pool".into()),
            amount_in: Amount::new(1_000_000_000).with_decimals(9),
            amount_out: Amount::new(out).with_decimals(6),
            fee: Amount::ZERO.with_decimals(9),
            price: Price::new(1),
            price_impact_bps: 0,
        };
        QuoteAnswer {
            venue,
            result: Ok(quote),
        }
    }

    fn refusal(venue: VenueId, error: VenueError) -> QuoteAnswer {
        QuoteAnswer {
            venue,
            result: Err(error),
        }
    }

    #[test]
    fn most_output_wins_in_any_order_of_answers() {
        let answers = [answer(RAYDIUM, 150), answer(METEORA, 149)];
        let mut turned = answers.clone();
        turned.reverse();
        let route = choose(&request(), Protection::Slippage(50), &answers).unwrap();
        assert_eq!(route.venue, RAYDIUM);
        assert_eq!(route.min_out, Amount::new(150));
        assert_eq!(
            route.reason,
            RouteReason::MostOut {
                over: METEORA,
                by_ppm: 6711
            }
        );
        assert_eq!(choose(&request(), Protection::Slippage(50), &turned), Ok(route));
    }

    #[test]
    fn a_tie_goes_to_the_first_name() {
        let answers = [answer(RAYDIUM, 150), answer(METEORA, 150)];
        let route = choose(&request(), Protection::Slippage(0), &answers).unwrap();
        assert_eq!(route.venue, METEORA);
        assert_eq!(route.reason, RouteReason::TieByName { with: RAYDIUM });
    }

    #[test]
    fn a_silent_venue_is_left_out() {
        let answers = [refusal(METEORA, VenueError::Timeout), answer(RAYDIUM, 1)];
        let route = choose(&request(), Protection::Slippage(0), &answers).unwrap();
        assert_eq!((route.venue, route.reason), (RAYDIUM, RouteReason::OnlyQuote));
    }

    #[test]
    fn without_quotes_it_is_final_only_if_every_venue_says_so() {
        let failure = |a, b| {
            let answers = [refusal(METEORA, a), refusal(RAYDIUM, b)];
            choose(&request(), Protection::Slippage(0), &answers).unwrap_err()
        };
        let dry = VenueError::InsufficientLiquidity;
        assert_eq!(failure(dry, VenueError::Timeout), Failure::NoQuotes);
        assert_eq!(failure(dry, VenueError::ZeroOutput), Failure::Venue(dry));
        assert_eq!(failure(VenueError::UnknownToken, dry), Failure::Venue(dry));
    }

    #[test]
    fn the_callers_own_minimum_is_kept_to_the_unit() {
        let least = Protection::MinOut(Amount::new(100));
        assert_eq!(minimum_out(Amount::new(100), least), Ok(Amount::new(100)));
        assert!(minimum_out(Amount::new(99), least).is_err());
    }
}
