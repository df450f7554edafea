//! `GET /api/venues`: the venues, and what is traded there.

use std::sync::Arc;

use order_core::venue::{PoolListing, VenueListing};
use poem::http::StatusCode;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::Chapter;
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, problem, sent};
use crate::access::{Authenticated, Read};
use crate::context::ApiContext;
use crate::wire::problem::Problem;
use crate::wire::text::{Dex, Symbol, Text};

/// The endpoint at `/api/venues`.
pub struct VenuesApi(pub Arc<ApiContext>);

/// A pool of a venue.
#[derive(Object, Serialize)]
#[oai(rename = "Pool")]
struct PoolView {
    /// Its name, unique among all pools of all venues.
    id: String,
    /// The token that the pool prices.
    base: Text<Symbol>,
    /// The token that it is priced in.
    quote: Text<Symbol>,
}

/// A venue.
#[derive(Object, Serialize)]
#[oai(rename = "Venue")]
struct VenueView {
    /// Its name, as `dex` and `venues` have it.
    name: Text<Dex>,
    /// How its pools price: `constant_product` or `bins`.
    curve: String,
    /// Its pools that are open, pair by pair.
    pools: Vec<PoolView>,
}

/// The venues that orders may be routed to.
#[derive(Object, Serialize)]
#[oai(rename = "Venues", example)]
struct VenuesView {
    /// The venues, by name.
    items: Vec<VenueView>,
}

impl From<PoolListing> for PoolView {
    fn from(pool: PoolListing) -> Self {
        Self {
            id: pool.id.0.into(),
            base: Text::of(pool.base),
            quote: Text::of(pool.quote),
        }
    }
}

impl From<VenueListing> for VenueView {
    fn from(venue: VenueListing) -> Self {
        Self {
            name: Text::of(venue.name),
            curve: venue.curve.as_str().to_owned(),
            pools: venue.pools.into_iter().map(PoolView::from).collect(),
        }
    }
}

impl Example for VenuesView {
    fn example() -> Self {
        let pool = PoolView {
            id: "raydium-sol-usdc-2500".into(),
            base: Text::name("SOL"),
            quote: Text::name("USDC"),
        };
        let venue = VenueView {
            name: Text::name("Raydium"),
            curve: "constant_product".into(),
            pools: vec![pool],
        };
        Self { items: vec![venue] }
    }
}

/// What a question for the venues is answered with.
struct VenuesResponses;

impl Sends for VenuesResponses {
    type Body = VenuesView;
}

impl Responses for VenuesResponses {
    const LIST: &[ResponseDoc] = &[
        sent::<Self>(200, "The venues and their pools."),
        problem(
            503,
            "The venues never were within reach: `venues_unavailable`. Retry-After says when to try again.",
        ),
    ];
}

#[OpenApi]
impl VenuesApi {
    /// List the venues
    ///
    /// With their pools, as they are now. While a venue server is away, they are listed as they were known last.
    #[oai(
        path = "/api/venues",
        method = "get",
        operation_id = "listVenues",
        tag = "Chapter::Quotes"
    )]
    async fn venues(&self, _by: Authenticated<Read>) -> Result<ApiResponse<VenuesResponses>, Problem> {
        let listed = self.0.engine.venue_listings().await;
        let venues = listed.map_err(Problem::venues_unavailable)?;
        let items = venues.into_iter().map(VenueView::from).collect();
        Ok(ApiResponse::json(StatusCode::OK, &VenuesView { items }))
    }
}
