//! Which trace an order's spans belong to, and under which span of it. Every process comes to the same answer by
//! itself, from what is stored with the order.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use order_core::id::OrderId;
use order_core::trace::TraceParent;

/// The part of an order's id that is random in every version of UUIDs that orders have.
const RANDOM: u64 = (1 << 56) - 1;

/// Where an order stands among all traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its trace.
    pub(crate) trace: TraceId,
    /// The span that stands for the order as a whole; the parent of all that was done for it.
    pub(crate) root: SpanId,
    /// Whether the trace is collected.
    pub(crate) sampled: bool,
    /// The caller's span, the parent of the order's.
    pub(crate) caller: Option<SpanId>,
}

impl Place {
    /// A caller says itself whether its traces are collected; of the others, so many of a hundred are.
    pub(crate) fn of(id: OrderId, caller: Option<TraceParent>, percent: u8) -> Self {
        let uuid = id.uuid();
        let (_, low) = uuid.as_u64_pair();
        let root = SpanId::from(low);
        match caller {
            Some(caller) => Self {
                trace: TraceId::from(caller.trace_id),
                root,
                sampled: caller.sampled,
                caller: Some(SpanId::from(caller.span_id)),
            },
            None => Self {
                trace: TraceId::from(uuid.as_u128()),
                root,
                sampled: (low & RANDOM) % 100 < u64::from(percent),
                caller: None,
            },
        }
    }

    /// The context in which something is done for the order.
    pub(crate) fn within(self) -> Context {
        self.below(self.root)
    }

    /// The context in which the order itself stands: its caller's, or none.
    pub(crate) fn around(self) -> Context {
        self.caller.map_or_else(Context::new, |caller| self.below(caller))
    }

    fn below(self, parent: SpanId) -> Context {
        let flags = TraceFlags::default().with_sampled(self.sampled);
        let parent = SpanContext::new(self.trace, parent, flags, true, TraceState::default());
        Context::new().with_remote_span_context(parent)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(random: u64) -> OrderId {
        OrderId::from_uuid(Uuid::from_u64_pair(0x0189_0a5d_ac96_774b, (2 << 62) | random))
    }

    #[test]
    fn a_trace_is_named_after_its_order() {
        let place = Place::of(id(7), None, 100);
        assert_eq!(place.trace.to_string(), id(7).uuid().simple().to_string());
        assert_eq!((place.sampled, place.caller), (true, None));
    }

    #[test]
    fn a_caller_s_trace_goes_on() {
        let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
        let place = Place::of(id(7), Some(caller.parse().unwrap()), 100);
        assert_eq!(place.trace.to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(place.caller.unwrap().to_string(), "b7ad6b7169203331");
        assert!(!place.sampled, "the caller said so");
        assert_eq!(place.root, Place::of(id(7), None, 100).root);
    }

    /// As good as random, and the same every time.
    fn mixed(n: u64) -> u64 {
        let n = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 7
    }

    #[test]
    fn so_many_of_a_hundred_are_collected() {
        let collected = |percent| {
            let ids = (0..1_000_u64).map(|n| id(mixed(n) & RANDOM));
            ids.filter(|id| Place::of(*id, None, percent).sampled).count()
        };
        assert_eq!((collected(0), collected(100)), (0, 1_000));
        assert!((150..350).contains(&collected(25)), "{}", collected(25));
    }
}
