//! What owners were told of their decisions, against what is stored.

use std::collections::{HashMap, HashSet};

use order_core::audit::AuditedOrder;
use order_core::id::OrderId;
use order_core::order::{Event, Status};
use order_core::price::Price;

use crate::check::Check;
use crate::tally::Replaced;

/// What was said, and whether it is so.
pub(crate) struct Owners {
    cancelled: HashSet<OrderId>,
    replaced: HashMap<OrderId, Vec<Replaced>>,
    check: Check,
}

impl Owners {
    pub(crate) fn new(cancelled: &[OrderId], replaced: &[Replaced]) -> Self {
        let mut by_order: HashMap<_, Vec<_>> = HashMap::new();
        for said in replaced {
            by_order.entry(said.id).or_default().push(said.clone());
        }
        Self {
            cancelled: cancelled.iter().copied().collect(),
            replaced: by_order,
            check: Check {
                code: "OWN",
                title: "what owners were told is cancelled or replaced is so",
                checked: 0,
                violations: Vec::new(),
            },
        }
    }

    /// Looks at a stored order.
    pub(crate) fn order(&mut self, audited: &AuditedOrder) {
        let (id, status) = (audited.order.id(), audited.order.status());
        if self.cancelled.contains(&id) {
            let what = || format!("{id} was said to be cancelled and is {}", status.as_str());
            self.note(status == Status::Cancelled, what);
        }
        for said in self.replaced.get(&id).cloned().unwrap_or_default() {
            let is_so = audited.events.iter().any(|audited| {
                audited.event.seq == said.version && names(&audited.event.event, &said.limit_price)
            });
            self.note(is_so, || format!("{id} has no {said:?}"));
        }
    }

    pub(crate) fn finish(self) -> Check {
        self.check
    }

    fn note(&mut self, is_so: bool, what: impl FnOnce() -> String) {
        self.check.checked += 1;
        if !is_so {
            self.check.violations.push(what());
        }
    }
}

/// Whether the event puts such a limit in place of another.
fn names(event: &Event, limit_price: &str) -> bool {
    let Event::Waiting {
        terms: Some(terms), ..
    } = event
    else {
        return false;
    };
    let said = limit_price.parse().ok().map(Price::from_decimal);
    said.and_then(Result::ok) == terms.kind.limit_price()
}
