//! What a reader of orders and of questions for quotes goes by.

use order_core::id::Owner;
use order_core::time::Timestamp;
use order_core::token::TokenRegistry;
use order_core::venue::{VenueId, VenueRegistry};

use crate::access::Principal;
use crate::context::ApiContext;
use crate::quote_id::QuoteSigner;

/// What a reader of orders goes by.
#[derive(Clone, Copy)]
pub struct OrderRules<'a> {
    /// Whose orders and quotes they are; none if the order says so.
    pub owner: Option<&'a Owner>,
    /// The tokens that may be traded.
    pub registry: &'a TokenRegistry,
    /// The venues that orders may be routed to.
    pub venues: &'a VenueRegistry,
    /// The slippage of an order that names none, in basis points.
    pub slippage_bps: u16,
    /// What verifies the ids of quotes that an order may name.
    pub signer: &'a QuoteSigner,
    /// The time, for quotes that have expired.
    pub now: Timestamp,
}

impl<'a> OrderRules<'a> {
    /// The rules for this caller.
    pub fn of(context: &'a ApiContext, who: &'a Principal) -> Self {
        Self {
            owner: who.owner(),
            registry: &context.settings.registry,
            venues: context.engine.venues(),
            slippage_bps: context.settings.slippage_bps,
            signer: &context.settings.quote_signer,
            now: context.engine.now(),
        }
    }
}

/// Reads by the rules of a service as the document's examples know it: the default tokens, two venues, no keys, at one second after
/// the beginning of time.
pub fn with_example_rules<T>(read: impl FnOnce(OrderRules<'_>) -> T) -> T {
    let (registry, signer) = (TokenRegistry::default(), example_signer());
    let venues: VenueRegistry = ["Meteora", "Raydium"].map(VenueId::literal).into_iter().collect();
    read(OrderRules {
        owner: None,
        registry: &registry,
        venues: &venues,
        slippage_bps: 50,
        signer: &signer,
        now: Timestamp::from_millis(1_000),
    })
}

/// What signs the quotes of that service.
pub fn example_signer() -> QuoteSigner {
    QuoteSigner::new(b"key")
}
