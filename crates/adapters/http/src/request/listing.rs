//! Which orders a listing asks for, and where it goes on.

use order_core::id::{OrderId, Owner};
use order_core::order::Status;
use order_core::time::Timestamp;
use order_core::token::{Symbol, TokenRegistry};
use order_core::venue::VenueRegistry;
use order_ports::OrderFilter;
use poem::Request;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::Errors;
use super::param::{self, pairs};
use crate::access::Principal;
use crate::wire::problem::Problem;

/// The most orders of one page.
const MOST: usize = 200;
/// The orders of a page if nobody says.
const USUAL: usize = 50;

/// A page that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Listing {
    /// Which orders.
    pub filter: OrderFilter,
    /// Older than this one.
    pub before: Option<OrderId>,
    /// How many.
    pub limit: usize,
}

/// What the names in a query may name.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The tokens that may be traded.
    pub tokens: &'a TokenRegistry,
    /// The venues that orders may be routed to.
    pub venues: &'a VenueRegistry,
}

/// Where the next page of this owner's orders begins, or of everybody's: opaque to clients, and stable however many
/// new orders come.
pub fn cursor(last: OrderId, owner: Option<&Owner>) -> String {
    let place = last.uuid().simple().to_string();
    match owner {
        Some(owner) => format!("{place}{}", mark(&place, owner)),
        None => place,
    }
}

/// What ties a cursor to its owner. It needs no secret: whoever makes up a cursor of their own only chooses where in
/// their own orders to read on.
fn mark(place: &str, owner: &Owner) -> String {
    let hash = Sha256::new_with_prefix(place)
        .chain_update(owner.as_str())
        .finalize();
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a listing's query. Parameters that it does not know are refused: a filter with a typing error must
/// not list everything.
///
/// # Errors
/// A problem that names everything that is wrong.
pub fn read_listing(request: &Request, known: Known<'_>, who: &Principal) -> Result<Listing, Problem> {
    let mut errors = Errors::default();
    let mut listing = Listing {
        filter: OrderFilter::default(),
        before: None,
        limit: USUAL,
    };
    for (name, value) in pairs(request).filter(|(_, value)| !value.is_empty()) {
        read_parameter(&mut listing, &mut errors, (known, who), &name, &value);
    }
    if !errors.is_empty() {
        return Err(errors.into_problem());
    }
    listing.filter.owner = who.owner_or(listing.filter.owner)?;
    if listing.filter.client_order_id.is_some() {
        // Such an id is its owner's; whoever names no owner has placed the order without one.
        listing.filter.owner.get_or_insert_with(Owner::anonymous);
    }
    Ok(listing)
}

/// The parameters that say which page of a list is wanted, and so mean nothing to what is not read page by page.
const PAGING: [&str; 2] = ["cursor", "limit"];

/// Reads the query of what concerns all orders of a listing: its filters alone.
///
/// # Errors
/// A problem that names everything that is wrong.
pub fn read_filter(request: &Request, known: Known<'_>, who: &Principal) -> Result<OrderFilter, Problem> {
    let mut errors = Errors::default();
    for name in PAGING {
        if pairs(request).any(|(given, value)| given == name && !value.is_empty()) {
            let message = "does not apply: all orders of the filter are meant, however many they are";
            errors.invalid(name, "not_applicable", message);
        }
    }
    if !errors.is_empty() {
        return Err(errors.into_problem());
    }
    Ok(read_listing(request, known, who)?.filter)
}

const KINDS: [&str; 4] = ["market", "limit", "stop_limit", "sniper"];

fn read_parameter(
    listing: &mut Listing,
    errors: &mut Errors,
    (known, who): (Known<'_>, &Principal),
    name: &str,
    value: &str,
) {
    let filter = &mut listing.filter;
    let mut bad = |name: &'static str, message: &'static str| errors.invalid(name, "invalid_value", message);
    match name {
        "status" => match value
            .split(',')
            .map(|name| Status::from_name(&name.trim().to_ascii_lowercase()))
            .collect::<Option<Vec<_>>>()
        {
            Some(statuses) => filter.statuses.extend(statuses),
            None => bad("status", "must be one or more statuses with commas between them"),
        },
        "type" => match KINDS.into_iter().find(|kind| kind.eq_ignore_ascii_case(value)) {
            Some(kind) => filter.kind = Some(kind.into()),
            None => bad("type", "must be market, limit, stop_limit or sniper"),
        },
        "token" => match symbol(known.tokens, value) {
            Some(symbol) => filter.token = Some(symbol),
            None => bad("token", "is not a known token"),
        },
        "dex" => match known.venues.find(value) {
            Some(venue) => filter.venue = Some(venue),
            None => errors.invalid(
                "dex",
                "invalid_value",
                format!("must be one of {}", known.venues.names()),
            ),
        },
        "userId" => match value.parse() {
            Ok(owner) => filter.owner = Some(owner),
            Err(_) => bad("userId", "must be 1 to 128 printable ASCII characters"),
        },
        "clientOrderId" => match value.parse() {
            Ok(id) => filter.client_order_id = Some(id),
            Err(_) => bad("clientOrderId", "must be 1 to 128 printable ASCII characters"),
        },
        "from" => match timestamp(value) {
            Some(from) => filter.from = Some(from),
            None => bad("from", param::TIMESTAMP),
        },
        "to" => match timestamp(value) {
            Some(to) => filter.to = Some(to),
            None => bad("to", param::TIMESTAMP),
        },
        "cursor" => match before(value, who.owner()) {
            Some(before) => listing.before = Some(before),
            None => bad("cursor", "must be the nextCursor of an earlier page"),
        },
        "limit" => match value.parse() {
            Ok(limit @ 1..=MOST) => listing.limit = limit,
            Ok(_) | Err(_) => bad("limit", "must be between 1 and 200"),
        },
        unknown => {
            let unknown: String = unknown.chars().take(64).collect();
            errors.invalid(unknown, "unknown_parameter", "is not a known parameter");
        }
    }
}

fn symbol(registry: &TokenRegistry, value: &str) -> Option<Symbol> {
    registry.find(value).map(|token| token.symbol)
}

/// A time in a query, where the plus sign of an offset has become a space.
fn timestamp(value: &str) -> Option<Timestamp> {
    param::timestamp(&value.replace(' ', "+"))
}

fn before(cursor: &str, owner: Option<&Owner>) -> Option<OrderId> {
    let id = Uuid::try_parse(cursor.get(..32)?).ok().map(OrderId::from_uuid)?;
    (self::cursor(id, owner) == cursor).then_some(id)
}

#[cfg(test)]
mod tests {
    use order_ports::contract::fixtures::{RAYDIUM, two_venues};

    use super::*;

    fn read(query: &str) -> Result<Listing, serde_json::Value> {
        let request = Request::builder()
            .uri_str(format!("/api/orders?{query}"))
            .finish();
        let known = Known {
            tokens: &TokenRegistry::default(),
            venues: &two_venues(),
        };
        read_listing(&request, known, &Principal::Anonymous)
            .map_err(|problem| serde_json::from_str(&problem.into_message()).unwrap())
    }

    #[test]
    fn every_filter_is_read() {
        let id = OrderId::from_uuid(uuid::uuid!("01939c3e-7a40-7c5e-9d8e-0f3b8a1c2d4e"));
        let query = format!(
            "status=Confirmed,FAILED&status=waiting&type=Market&token=sol&dex=raydium&userId=desk&clientOrderId=a+b%2B&limit=200\
             &from=2025-11-20T13:00:00+01:00&to=1763640000120&cursor={}",
            cursor(id, None)
        );
        let listing = read(&query).unwrap();
        assert_eq!(listing.before, Some(id));
        assert_eq!(listing.limit, 200);
        let filter = OrderFilter {
            owner: Some("desk".parse().unwrap()),
            client_order_id: Some("a b+".parse().unwrap()),
            statuses: vec![Status::Confirmed, Status::Failed, Status::Waiting],
            kind: Some("market".into()),
            token: Some("SOL".parse().unwrap()),
            venue: Some(RAYDIUM),
            from: Some(Timestamp::from_millis(1_763_640_000_000)),
            to: Some(Timestamp::from_millis(1_763_640_000_120)),
        };
        assert_eq!(listing.filter, filter);
        assert_eq!(
            read("").unwrap(),
            Listing {
                filter: OrderFilter::default(),
                before: None,
                limit: 50
            }
        );
    }

    #[test]
    fn a_client_order_id_without_an_owner_is_anonymous() {
        let filter = read("clientOrderId=mine").unwrap().filter;
        assert_eq!(filter.owner, Some(Owner::anonymous()));
    }

    #[test]
    fn what_concerns_all_orders_takes_no_page() {
        let filter = |query: &str| {
            let request = Request::builder()
                .uri_str(format!("/api/orders?{query}"))
                .finish();
            let known = Known {
                tokens: &TokenRegistry::default(),
                venues: &two_venues(),
            };
            read_filter(&request, known, &Principal::Anonymous).map_err(|problem| {
                serde_json::from_str::<serde_json::Value>(&problem.into_message()).unwrap()
            })
        };
        for (query, named) in [
            ("status=waiting&limit=1", vec!["limit"]),
            ("cursor=x&limit=0", vec!["cursor", "limit"]),
        ] {
            let problem = filter(query).unwrap_err();
            let errors = problem["errors"].as_array().unwrap();
            let fields: Vec<_> = errors
                .iter()
                .map(|error| error["field"].as_str().unwrap())
                .collect();
            assert_eq!(fields, named, "{problem}");
        }
        assert!(filter("status=waiting&limit=").is_ok());
    }

    #[test]
    fn a_cursor_is_good_for_its_owner_alone() {
        let id = OrderId::from_uuid(uuid::uuid!("01939c3e-7a40-7c5e-9d8e-0f3b8a1c2d4e"));
        let [ann, bob] = ["ann", "bob"].map(|name| name.parse::<Owner>().unwrap());
        let hers = cursor(id, Some(&ann));
        assert_eq!(before(&hers, Some(&ann)), Some(id));
        assert_eq!(before(&hers, Some(&bob)), None);
        assert_eq!(before(&hers, None), None);
        assert_eq!(before(&cursor(id, None), Some(&ann)), None);
        assert_eq!(before(&cursor(id, None), None), Some(id));
        for none in ["", "x", "ü", &"0".repeat(31), &"A".repeat(32)] {
            assert_eq!(before(none, None), None, "{none}");
        }
    }

    #[test]
    fn every_bad_parameter_is_named() {
        let query = "status=open&type=twap&token=DOGE&dex=orca&userId=%0a&clientOrderId=%0a&from=now&to=then&cursor=x&limit=201&page=2";
        let problem = read(query).unwrap_err();
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&400.into(), &"invalid_request".into())
        );
        let named: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["field"].as_str().unwrap())
            .collect();
        assert_eq!(
            named,
            [
                "status",
                "type",
                "token",
                "dex",
                "userId",
                "clientOrderId",
                "from",
                "to",
                "cursor",
                "limit",
                "page"
            ]
        );
    }

    #[test]
    fn a_cursor_is_one_of_ours_or_none() {
        let texts = bolero::check!()
            .with_iterations(3_000)
            .with_type::<(String, u128)>();
        texts.for_each(|(noise, bits)| {
            let id = OrderId::from_uuid(Uuid::from_u128(*bits));
            assert_eq!(before(&cursor(id, None), None), Some(id));
            if let Some(read) = before(noise, None) {
                assert_eq!(cursor(read, None), *noise);
            }
        });
    }
}
