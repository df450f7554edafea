//! The fields that say which routes a caller allows: the venues, and how many swaps.

use order_core::spec::RouteLimits;
use order_core::venue::{VenueId, VenueRegistry};

use super::error::Errors;
use super::fields::{Field, Parsed};
use super::values::{MaxLegs, VenueNames};

/// Reads which routes are allowed; what is wrong goes to the errors.
pub fn read_limits(
    errors: &mut Errors,
    registry: &VenueRegistry,
    only: Field<'_, VenueNames>,
    without: Field<'_, VenueNames>,
    max_legs: Field<'_, MaxLegs>,
) -> Option<RouteLimits> {
    let only = venues(errors, registry, only);
    let without = venues(errors, registry, without);
    let max_legs = max_legs.read(errors);
    if only.is_given() && without.is_given() {
        let message = "must not be given together with venues";
        errors.invalid("excludeVenues", "conflicting_fields", message);
        return None;
    }
    let venues = match (only, without) {
        (Parsed::Bad, _) | (_, Parsed::Bad) => return None,
        // All of them is no wish at all.
        (Parsed::Given(only), _) if only.len() == registry.venues().len() => Vec::new(),
        (Parsed::Given(only), _) => only,
        (Parsed::Absent, Parsed::Given(without)) => rest(errors, registry, &without)?,
        (Parsed::Absent, Parsed::Absent) => Vec::new(),
    };
    let max_legs = match max_legs {
        Parsed::Bad => return None,
        Parsed::Absent => None,
        Parsed::Given(MaxLegs(most)) => Some(most),
    };
    Some(RouteLimits { venues, max_legs })
}

/// What is left without these venues.
fn rest(errors: &mut Errors, registry: &VenueRegistry, without: &[VenueId]) -> Option<Vec<VenueId>> {
    let mut left = registry.venues().to_vec();
    left.retain(|venue| !without.contains(venue));
    if left.is_empty() {
        errors.contradiction("excludeVenues", "no_venue_left", "leaves no venue");
        return None;
    }
    Some(left)
}

/// A list of venues, each once and by name, so that equal wishes are equal requests.
fn venues(
    errors: &mut Errors,
    registry: &VenueRegistry,
    field: Field<'_, VenueNames>,
) -> Parsed<Vec<VenueId>> {
    let name = field.name;
    field.read(errors).and_then(|VenueNames(names)| {
        let known: Option<Vec<VenueId>> = names.iter().map(|venue| registry.find(venue)).collect();
        match known {
            Some(mut venues) if !venues.is_empty() => {
                venues.sort_unstable();
                venues.dedup();
                Some(venues)
            }
            Some(_) | None => {
                let message = format!("must be a list of one or more of {}", registry.names());
                errors.invalid(name, "invalid_value", message);
                None
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use order_ports::contract::fixtures::{METEORA, RAYDIUM, two_venues};

    use super::*;
    use crate::request::json::read_object;

    fn read(body: &str) -> Result<RouteLimits, serde_json::Value> {
        let mut members = read_object(body.as_bytes()).unwrap();
        let mut errors = Errors::default();
        let limits = read_limits(
            &mut errors,
            &two_venues(),
            Field::take(&mut members, "venues"),
            Field::take(&mut members, "excludeVenues"),
            Field::take(&mut members, "maxLegs"),
        );
        limits.ok_or_else(|| serde_json::from_str(&errors.into_problem().into_message()).unwrap())
    }

    #[test]
    fn venues_are_read_in_any_case_and_order() {
        let only = |venues: &[VenueId]| {
            Ok(RouteLimits {
                venues: venues.to_vec(),
                max_legs: None,
            })
        };
        assert_eq!(read("{}"), only(&[]));
        assert_eq!(read(r#"{"venues":["raydium","RAYDIUM"]}"#), only(&[RAYDIUM]));
        assert_eq!(read(r#"{"venues":["Raydium","Meteora"]}"#), only(&[]));
        assert_eq!(read(r#"{"excludeVenues":["Raydium"]}"#), only(&[METEORA]));
        assert_eq!(read(r#"{"maxLegs":"3"}"#).unwrap().max_legs, Some(3));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, field, code) in [
            (r#"{"venues":"Raydium"}"#, "venues", "wrong_type"),
            (r#"{"venues":[1]}"#, "venues", "wrong_type"),
            (r#"{"venues":[]}"#, "venues", "invalid_value"),
            (r#"{"venues":["Orca"]}"#, "venues", "invalid_value"),
            (
                r#"{"venues":["Raydium"],"excludeVenues":["Meteora"]}"#,
                "excludeVenues",
                "conflicting_fields",
            ),
            (
                r#"{"excludeVenues":["Meteora","Raydium"]}"#,
                "excludeVenues",
                "no_venue_left",
            ),
            (r#"{"maxLegs":0}"#, "maxLegs", "out_of_range"),
            (r#"{"maxLegs":9}"#, "maxLegs", "out_of_range"),
            (r#"{"maxLegs":1.5}"#, "maxLegs", "out_of_range"),
            (r#"{"maxLegs":[1]}"#, "maxLegs", "wrong_type"),
        ] {
            let problem = read(body).unwrap_err();
            assert_eq!(problem["errors"][0]["field"], field, "{body}");
            assert_eq!(problem["errors"][0]["code"], code, "{body}");
        }
    }
}
