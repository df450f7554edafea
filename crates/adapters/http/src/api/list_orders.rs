//! `GET /api/orders` and `DELETE /api/orders`: the orders that a filter names, listed page by page, or cancelled.

use std::sync::Arc;

use order_application::CancelledMany;
use order_core::id::{ClientOrderId, Name, OrderId, Owner};
use order_core::order::{Order, Status};
use order_core::order_types::OrderType;
use order_core::time::Timestamp;
use order_core::token::TokenRegistry;
use order_core::venue::VenueRegistry;
use order_ports::OrderFilter;
use poem::Request;
use poem::http::StatusCode;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Chapter;
use super::errors::store_failed;
use super::get_order::STORE;
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, problem, sent};
use crate::access::{Authenticated, Principal, Read, Trade};
use crate::context::ApiContext;
use crate::request::error::{Errors, Refused};
use crate::request::fields::{Field, Unknown, Value, fields, text};
use crate::request::json::Sent;
use crate::request::param::{Parameters, Query};
use crate::request::values::timestamp;
use crate::wire::order::{OrderPageView, OrderView};
use crate::wire::problem::Problem;
use crate::wire::text::{self as format, Text};

/// The endpoints at `/api/orders`.
pub struct ListOrdersApi(pub Arc<ApiContext>);

/// The most orders of one page.
const MOST: usize = 200;
/// How many orders a page has without a limit.
const USUAL: usize = 50;

fields! {
    /// Which orders are meant.
    struct FilterQuery<'a> as "OrderFilter", such as "{}" {
        /// In one of these states; several with commas between them.
        status "status": Field<'a, Statuses>,
        /// Of this type.
        kind "type": Field<'a, OrderType>,
        /// With this token on either side.
        token "token": Field<'a, Text<format::Symbol>>,
        /// Built for, sent to or executed on this venue.
        dex "dex": Field<'a, Text<format::Dex>>,
        /// Of this owner. Where keys are off and it is absent: a list is of all orders, a cancel of those of anonymous.
        user_id "userId": Field<'a, Name>,
        /// The one that its owner calls so; without userId, where keys are off, of anonymous.
        client_order_id "clientOrderId": Field<'a, ClientOrderId>,
        /// Accepted at or after: RFC 3339 or milliseconds since 1970.
        from "from": Field<'a, QueryTime>,
        /// Accepted before: RFC 3339 or milliseconds since 1970.
        to "to": Field<'a, QueryTime>,
    }
}

/// One or more statuses.
struct Statuses(Vec<Status>);

impl Value for Statuses {
    type Format = format::StatusList;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        let named = |name: &str| Status::from_name(&name.trim().to_ascii_lowercase());
        let all: Option<_> = text(sent)?.split(',').map(named).collect();
        let message = "must be one or more statuses with commas between them";
        all.map(Self).ok_or_else(|| Refused::invalid(message))
    }
}

/// A time, where the plus sign of an offset has become a space.
struct QueryTime(Timestamp);

impl Value for QueryTime {
    type Format = format::TimeInput;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        timestamp(&text(sent)?.replace(' ', "+")).map(Self)
    }
}

/// How many orders a page has.
struct Limit(usize);

impl Value for Limit {
    type Format = format::Limit;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        let limit = text(sent)?
            .parse()
            .ok()
            .filter(|limit| (1..=MOST).contains(limit));
        let message = || format!("must be between 1 and {MOST}");
        limit.map(Self).ok_or_else(|| Refused::invalid(message()))
    }
}

/// What a list may be answered with.
struct ListResponses;

impl Sends for ListResponses {
    type Body = OrderPageView;
}

impl Responses for ListResponses {
    const LIST: &[ResponseDoc] = &[
        sent::<Self>(200, "A page of orders, the newest first."),
        problem(400, "Parameters are wrong; each is named: `invalid_request`."),
        problem(503, STORE),
    ];
}

/// What a cancel of many orders may be answered with.
struct CancelManyResponses;

impl Sends for CancelManyResponses {
    type Body = CancelledView;
}

impl Responses for CancelManyResponses {
    const LIST: &[ResponseDoc] = &[
        sent::<Self>(200, "How many were cancelled."),
        problem(400, "Parameters are wrong; each is named: `invalid_request`."),
        problem(
            503,
            "The store does not answer: `store_unavailable`. Some may be cancelled; repeat it.",
        ),
    ];
}

/// What became of many orders that were to be cancelled.
#[derive(Object, Serialize)]
#[oai(rename = "Cancelled", rename_all = "camelCase", example)]
#[serde(rename_all = "camelCase")]
struct CancelledView {
    /// So many are cancelled.
    cancelled: u64,
    /// So many were submitted or over by then.
    too_late: u64,
}

impl From<CancelledMany> for CancelledView {
    fn from(many: CancelledMany) -> Self {
        Self {
            cancelled: many.cancelled,
            too_late: many.too_late,
        }
    }
}

impl Example for CancelledView {
    fn example() -> Self {
        Self {
            cancelled: 12,
            too_late: 1,
        }
    }
}

#[OpenApi]
impl ListOrdersApi {
    /// List orders
    ///
    /// The newest first, page by page. Pages do not shift when new orders come in.
    #[oai(
        path = "/api/orders",
        method = "get",
        operation_id = "listOrders",
        tag = "Chapter::Orders"
    )]
    async fn list(
        &self,
        caller: Authenticated<Read>,
        filter: Parameters<FilterQuery<'static>>,
        /// The nextCursor of the page before.
        cursor: Query<Text<format::Cursor>>,
        /// How many orders a page has.
        limit: Query<Limit>,
    ) -> Result<ApiResponse<ListResponses>, Problem> {
        let (Self(context), who) = (self, &caller.who);
        let page = read_page(filter.take(), cursor, limit, Known::to(context), who)?;
        let found = context.engine.orders(&page.filter, page.before, page.limit).await;
        let found = found.map_err(|error| store_failed(&error))?;
        let last = found.items.last().filter(|_| found.more).map(Order::id);
        let view = OrderPageView {
            items: found.items.iter().map(OrderView::from).collect(),
            next_cursor: last.map(|last| Text::of(cursor_of(last, who.owner()))),
        };
        Ok(ApiResponse::json(StatusCode::OK, &view))
    }

    /// Cancel many orders
    ///
    /// All orders of the caller that these filters name and that can still be cancelled, however many they are: `limit`
    /// and `cursor` are refused.
    #[oai(
        path = "/api/orders",
        method = "delete",
        operation_id = "cancelOrders",
        tag = "Chapter::Orders"
    )]
    async fn cancel_all(
        &self,
        caller: Authenticated<Trade>,
        request: &Request,
        filter: Parameters<FilterQuery<'static>>,
    ) -> Result<ApiResponse<CancelManyResponses>, Problem> {
        let Self(context) = self;
        let mut filter = read_filter(filter.take(), Known::to(context), &caller.who)?;
        let owner = filter.owner.get_or_insert_with(Owner::anonymous);
        context
            .admission
            .admit(context.admission.caller(request), Some(owner))?;
        let many = context.engine.cancel_all(&filter).await;
        let many = many.map_err(|error| store_failed(&error))?;
        Ok(ApiResponse::json(StatusCode::OK, &CancelledView::from(many)))
    }
}

/// What the names in a query may name.
#[derive(Clone, Copy)]
struct Known<'a> {
    tokens: &'a TokenRegistry,
    venues: &'a VenueRegistry,
}

impl<'a> Known<'a> {
    fn to(context: &'a ApiContext) -> Self {
        Self {
            tokens: &context.settings.registry,
            venues: context.engine.venues(),
        }
    }
}

/// A page that was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    filter: OrderFilter,
    /// Older than this one.
    before: Option<OrderId>,
    limit: usize,
}

/// The parameters that say which page of a list is wanted, and so mean nothing to what is not read page by page.
const PAGING: [&str; 2] = ["cursor", "limit"];

/// Reads which page of a list is wanted.
fn read_page(
    query: FilterQuery<'_>,
    cursor: Query<Text<format::Cursor>>,
    limit: Query<Limit>,
    known: Known<'_>,
    who: &Principal,
) -> Result<Page, Problem> {
    let mut errors = Errors::default();
    let (filter, unknown) = query.read(&mut errors, known);
    let before = cursor.0.read(&mut errors).and_then(|cursor| {
        let before = before(cursor.as_str(), who.owner());
        if before.is_none() {
            errors.invalid(
                "cursor",
                "invalid_value",
                "must be the nextCursor of an earlier page",
            );
        }
        before
    });
    let limit = limit.0.read(&mut errors).map_or(USUAL, |Limit(limit)| limit);
    unknown.except(&PAGING).refuse_parameters(&mut errors);
    errors.check()?;
    Ok(Page {
        filter: of_owner(filter, who)?,
        before,
        limit,
    })
}

/// Reads which orders are meant, all of them.
fn read_filter(query: FilterQuery<'_>, known: Known<'_>, who: &Principal) -> Result<OrderFilter, Problem> {
    let mut errors = Errors::default();
    for name in query.unknown.among(&PAGING) {
        let message = "does not apply: all orders of the filter are meant, however many they are";
        errors.invalid(name, "not_applicable", message);
    }
    errors.check()?;
    let mut errors = Errors::default();
    let (filter, unknown) = query.read(&mut errors, known);
    unknown.refuse_parameters(&mut errors);
    errors.check()?;
    of_owner(filter, who)
}

/// The filter, of orders that the caller may know of.
fn of_owner(mut filter: OrderFilter, who: &Principal) -> Result<OrderFilter, Problem> {
    filter.owner = who.owner_or(filter.owner)?;
    if filter.client_order_id.is_some() {
        // Such an id is its owner's. A caller that names no owner has placed the order without one.
        filter.owner.get_or_insert_with(Owner::anonymous);
    }
    Ok(filter)
}

impl<'a> FilterQuery<'a> {
    /// The filter, and what is none of its parameters.
    fn read(self, errors: &mut Errors, known: Known<'_>) -> (OrderFilter, Unknown<'a>) {
        let statuses = self.status.read(errors).value();
        let kind = self.kind.read(errors).value();
        let token = self.token.read(errors).and_then(|name| {
            let token = known.tokens.find(name.as_str()).map(|token| token.symbol);
            if token.is_none() {
                errors.invalid("token", "invalid_value", "is not a known token");
            }
            token
        });
        let venue = self.dex.read(errors).and_then(|name| {
            let venue = known.venues.find(name.as_str());
            if venue.is_none() {
                let message = format!("must be one of {}", known.venues.names());
                errors.invalid("dex", "invalid_value", message);
            }
            venue
        });
        let filter = OrderFilter {
            statuses: statuses.map_or_else(Vec::new, |Statuses(statuses)| statuses),
            kind: kind.map(|kind| kind.as_str().into()),
            token: token.value(),
            venue: venue.value(),
            owner: self.user_id.read(errors).value(),
            client_order_id: self.client_order_id.read(errors).value(),
            from: self.from.read(errors).value().map(|QueryTime(from)| from),
            to: self.to.read(errors).value().map(|QueryTime(to)| to),
        };
        (filter, self.unknown)
    }
}

/// Where the next page of this owner's orders begins, or of everybody's: opaque to clients, and stable however many
/// new orders come.
fn cursor_of(last: OrderId, owner: Option<&Owner>) -> String {
    let place = last.uuid().simple().to_string();
    match owner {
        Some(owner) => format!("{place}{}", mark(&place, owner)),
        None => place,
    }
}

/// What ties a cursor to its owner. It needs no secret: a caller that makes up a cursor only chooses where in its own
/// orders to read on.
fn mark(place: &str, owner: &Owner) -> String {
    let hash = Sha256::new_with_prefix(place)
        .chain_update(owner.as_str())
        .finalize();
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn before(cursor: &str, owner: Option<&Owner>) -> Option<OrderId> {
    let id = Uuid::try_parse(cursor.get(..32)?).ok().map(OrderId::from_uuid)?;
    (cursor_of(id, owner) == cursor).then_some(id)
}

#[cfg(test)]
mod tests {
    use order_ports::contract::fixtures::{RAYDIUM, two_venues};

    use super::*;

    /// What is read of a query, as a page and as a filter.
    fn read_both(query: &str) -> (Result<Page, Problem>, Result<OrderFilter, Problem>) {
        let request = Request::builder()
            .uri_str(format!("/api/orders?{query}"))
            .finish();
        let (tokens, venues, who) = (TokenRegistry::default(), two_venues(), Principal::Anonymous);
        let known = Known {
            tokens: &tokens,
            venues: &venues,
        };
        let filter = || Parameters::<FilterQuery<'_>>::of(&request).take();
        let (cursor, limit) = (Query::of(&request, "cursor"), Query::of(&request, "limit"));
        (
            read_page(filter(), cursor, limit, known, &who),
            read_filter(filter(), known, &who),
        )
    }

    fn json(problem: Problem) -> serde_json::Value {
        serde_json::from_str(&problem.into_message()).unwrap()
    }

    fn read(query: &str) -> Result<Page, serde_json::Value> {
        read_both(query).0.map_err(json)
    }

    #[test]
    fn every_filter_is_read() {
        let id = OrderId::from_uuid(uuid::uuid!("01939c3e-7a40-7c5e-9d8e-0f3b8a1c2d4e"));
        let query = format!(
            "status=Confirmed,FAILED&status=waiting&type=Market&token=sol&dex=raydium&userId=desk&clientOrderId=a+b%2B&limit=200\
             &from=2025-11-20T13:00:00+01:00&to=1763640000120&cursor={}",
            cursor_of(id, None)
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
            Page {
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
        let filter = |query: &str| read_both(query).1.map_err(json);
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
        let hers = cursor_of(id, Some(&ann));
        assert_eq!(before(&hers, Some(&ann)), Some(id));
        assert_eq!(before(&hers, Some(&bob)), None);
        assert_eq!(before(&hers, None), None);
        assert_eq!(before(&cursor_of(id, None), Some(&ann)), None);
        assert_eq!(before(&cursor_of(id, None), None), Some(id));
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
            assert_eq!(before(&cursor_of(id, None), None), Some(id));
            if let Some(read) = before(noise, None) {
                assert_eq!(cursor_of(read, None), *noise);
            }
        });
    }

    #[test]
    fn a_name_that_is_none_is_refused_with_those_that_there_are() {
        for (query, message) in [
            ("type=twap", "must be one of market, limit, stop_limit, sniper"),
            ("dex=orca", "must be one of Meteora, Raydium"),
            ("limit=201", "must be between 1 and 200"),
        ] {
            let problem = read(query).unwrap_err();
            assert_eq!(problem["errors"][0]["message"], message, "{query}");
        }
    }
}
