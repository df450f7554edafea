//! The fields that say which routes a caller allows: the venues, and how many swaps.

use order_core::routing::MOST_LEGS;
use order_core::spec::RouteLimits;
use order_core::venue::{VenueId, VenueRegistry};

use super::fields::{Fields, Read};

/// Reads which routes are allowed; what is wrong is in the fields' errors.
pub fn read_limits(fields: &mut Fields<'_>, registry: &VenueRegistry) -> Option<RouteLimits> {
    let only = venues(fields, "venues", registry);
    let without = venues(fields, "excludeVenues", registry);
    let max_legs = max_legs(fields);
    if only.is_given() && without.is_given() {
        let message = "must not be given together with venues";
        fields
            .errors
            .invalid("excludeVenues", "conflicting_fields", message);
        return None;
    }
    let venues = match (only, without) {
        (Read::Bad, _) | (_, Read::Bad) => return None,
        (Read::Given(only), _) => only,
        (Read::Absent, Read::Given(without)) => rest(fields, &without, registry)?,
        (Read::Absent, Read::Absent) => Vec::new(),
    };
    match max_legs {
        Read::Bad => None,
        Read::Absent => Some(RouteLimits {
            venues,
            max_legs: None,
        }),
        Read::Given(most) => Some(RouteLimits {
            venues,
            max_legs: Some(most),
        }),
    }
}

/// What is left without these venues.
fn rest(fields: &mut Fields<'_>, without: &[VenueId], registry: &VenueRegistry) -> Option<Vec<VenueId>> {
    let all = registry.venues().iter().copied();
    let left: Vec<_> = all.filter(|venue| !without.contains(venue)).collect();
    if left.is_empty() {
        fields
            .errors
            .contradiction("excludeVenues", "no_venue_left", "leaves no venue");
        return None;
    }
    Some(left)
}

/// A list of venues, each once and by name, so that equal wishes are equal requests.
fn venues(fields: &mut Fields<'_>, name: &'static str, registry: &VenueRegistry) -> Read<Vec<VenueId>> {
    let names = fields.texts(name);
    names.and_then(|names| {
        let known: Option<Vec<VenueId>> = names.iter().map(|venue| registry.find(venue)).collect();
        match known {
            Some(mut venues) if !venues.is_empty() => {
                venues.sort_unstable();
                venues.dedup();
                // All of them is no wish at all.
                if name == "venues" && venues.len() == registry.venues().len() {
                    venues.clear();
                }
                Some(venues)
            }
            Some(_) | None => {
                let message = format!("must be a list of one or more of {}", registry.names());
                fields.errors.invalid(name, "invalid_value", message);
                None
            }
        }
    })
}

fn max_legs(fields: &mut Fields<'_>) -> Read<u8> {
    let text = fields.scalar("maxLegs", "a whole number");
    text.and_then(|text| {
        let most = text.parse().ok().filter(|most| (1..=MOST_LEGS).contains(most));
        if most.is_none() {
            let message = format!("must be a whole number from 1 to {MOST_LEGS}");
            fields.errors.invalid("maxLegs", "out_of_range", message);
        }
        most
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use order_ports::contract::fixtures::{METEORA, RAYDIUM, two_venues};

    fn read(body: &str) -> Result<RouteLimits, serde_json::Value> {
        let mut fields = Fields::read(body.as_bytes()).unwrap();
        let limits = read_limits(&mut fields, &two_venues());
        fields.finish();
        limits.ok_or_else(|| serde_json::from_str(&fields.errors.into_problem().into_message()).unwrap())
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
