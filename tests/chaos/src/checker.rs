//! The judgement: the invariants over the store, the venue's ledger and what clients saw.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use order_bootstrap::{OsEntropy, SystemClock};
use order_core::audit::{AuditAssumptions, AuditedOrder, Auditor, LandedTransaction, Report, SubscriberLog};
use order_core::id::OrderId;
use order_core::order::{EventKind, Status};
use order_core::token::TokenRegistry;
use order_mock_dex::{RemoteTimeouts, RemoteVenues};
use order_ports::{OrderAudit, OrderFilter, OrderReader};
use order_postgres::PostgresStore;
use serde_json::Value;

use crate::Failure;
use crate::check::Check;
use crate::owners::Owners;
use crate::stage::{MAX_ATTEMPTS, http_client};
use crate::tally::{Acknowledged, Replaced, Tally};

/// How many orders are audited at once.
const PAGE: usize = 500;
/// How many violations of one check are shown in words.
const SHOWN: usize = 20;

/// What came of everything.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The auditor's report.
    pub report: Report,
    /// The other checks.
    pub checks: Vec<Check>,
}

/// What is stored, in figures.
#[derive(Clone, Debug, Default)]
pub struct Census {
    /// Orders by status.
    pub statuses: BTreeMap<&'static str, u64>,
    /// Transactions written ahead.
    pub transactions: u64,
    /// Transactions that landed.
    pub landed: u64,
    /// Orders whose outcome was unknown for a while.
    pub unknown_for_a_while: u64,
    /// Orders that had more than one attempt.
    pub retried: u64,
    /// Orders that waited for a price, a stop or a pool.
    pub waited: u64,
    /// Those of them that went on.
    pub fired: u64,
}

impl Verdict {
    /// How many violations there are.
    pub fn violated(&self) -> u64 {
        let others: usize = self.checks.iter().map(|check| check.violations.len()).sum();
        self.report.violated() + others as u64
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let verdict = match (check.checked, check.violations.len()) {
                (0, 0) => "-".to_owned(),
                (_, 0) => "ok".to_owned(),
                (_, violated) => format!("{violated} VIOLATED"),
            };
            writeln!(
                f,
                "{:<4}{:<62}{:>10} checked  {verdict}",
                check.code, check.title, check.checked
            )?;
        }
        write!(f, "{}", self.report)?;
        for check in &self.checks {
            for what in check.violations.iter().take(SHOWN) {
                writeln!(f, "{} {what} ({})", check.code, check.title)?;
            }
        }
        Ok(())
    }
}

/// What clients were told.
#[derive(Clone, Debug, Default)]
pub struct Testimony {
    /// What was acknowledged to them.
    pub acknowledged: Vec<OrderId>,
    /// What they saw.
    pub streams: Vec<SubscriberLog>,
    /// What owners were told is cancelled.
    pub cancelled: Vec<OrderId>,
    /// What owners were told is replaced.
    pub replaced: Vec<Replaced>,
}

impl Testimony {
    /// What there is of it by now.
    pub(crate) fn of(tally: &Tally) -> Self {
        Self {
            acknowledged: tally.acknowledged.lock().iter().map(|order| order.id).collect(),
            streams: tally.streams.lock().clone(),
            cancelled: tally.cancelled.lock().clone(),
            replaced: tally.replaced.lock().clone(),
        }
    }
}

impl Census {
    fn count(&mut self, audited: &AuditedOrder) {
        let kinds = || audited.events.iter().map(|audited| audited.event.event.kind());
        *self.statuses.entry(audited.order.status().as_str()).or_default() += 1;
        self.transactions += audited.attempts.len() as u64;
        self.retried += u64::from(audited.order.progress().attempt > 1);
        self.unknown_for_a_while += u64::from(kinds().any(|kind| kind == EventKind::OutcomeUnknown));
        let mut from_waiting = kinds().skip_while(|kind| *kind != EventKind::Waiting).peekable();
        self.waited += u64::from(from_waiting.peek().is_some());
        self.fired += u64::from(from_waiting.any(|kind| kind == EventKind::Routing));
    }
}

/// Audits stores that share one venue.
///
/// # Errors
/// A store cannot be read.
pub async fn audit_stores(
    stores: &[&dyn OrderAudit],
    landed: Vec<LandedTransaction>,
    testimony: &Testimony,
) -> Result<(Report, Check, Census), Failure> {
    let assumptions = AuditAssumptions {
        max_attempts: MAX_ATTEMPTS,
        drained: true,
        // One machine, one clock.
        clock_skew: Duration::ZERO,
    };
    let mut census = Census {
        landed: landed.len() as u64,
        ..Census::default()
    };
    let mut auditor = Auditor::new(assumptions, landed);
    let mut owners = Owners::new(&testimony.cancelled, &testimony.replaced);
    for store in stores {
        let mut after = None;
        loop {
            let page = store.audit(after, PAGE).await?;
            for audited in &page {
                auditor.order(audited);
                owners.order(audited);
                census.count(audited);
            }
            after = page.last().map(|audited| audited.order.id());
            if page.is_empty() {
                break;
            }
        }
    }
    testimony
        .acknowledged
        .iter()
        .for_each(|id| auditor.acknowledged(*id));
    testimony.streams.iter().for_each(|log| auditor.subscriber(log));
    Ok((auditor.finish(), owners.finish(), census))
}

/// The venue server, as an auditor sees it.
pub(crate) fn venues(url: &str) -> Result<RemoteVenues, Failure> {
    let (clock, entropy) = (Arc::new(SystemClock::new()), Arc::new(OsEntropy));
    let timeouts = RemoteTimeouts::default();
    Ok(RemoteVenues::connect(
        url,
        timeouts,
        &TokenRegistry::default(),
        clock,
        entropy,
    )?)
}

/// The pools' books, which must balance to the unit.
pub(crate) async fn books(venues: &RemoteVenues) -> Result<Check, Failure> {
    let books = venues.books().await?;
    let wrong = books.iter().filter(|(_, books)| !books.balance());
    Ok(Check {
        code: "I18",
        title: "the pools' books balance",
        checked: books.len() as u64,
        violations: wrong
            .map(|(pool, books)| format!("{}: {books:?}", pool.0))
            .collect(),
    })
}

/// What clients said that they must not have seen.
pub(crate) fn surprises(tally: &Tally) -> Vec<Check> {
    let surprises = tally.surprises.lock();
    let about = |code: &'static str, title: &'static str, checked: u64| Check {
        code,
        title,
        checked,
        violations: surprises
            .iter()
            .filter(|(other, _)| *other == code)
            .map(|(_, what)| what.clone())
            .collect(),
    };
    vec![
        about(
            "I1",
            "every acknowledged order is known at every endpoint",
            tally.connections.get(),
        ),
        about(
            "I12",
            "one answer for one key",
            tally.duplicates.get() + tally.misused_keys.get(),
        ),
        about(
            "API",
            "every answer is one that the API promises",
            tally.requests.get(),
        ),
        Check {
            code: "RUN",
            title: "processes end only when told to, and in good order then",
            checked: tally.all_faults(),
            violations: tally.ended_by_themselves.lock().clone(),
        },
    ]
}

/// Compares what the users are shown: each sees all of its own orders, and no other's.
pub(crate) async fn listings(url: &str, users: &[&'static str], tally: &Tally) -> Result<Check, Failure> {
    let mut check = Check {
        code: "I16",
        title: "a caller sees only its own, and all of it",
        checked: 0,
        violations: Vec::new(),
    };
    let mut owners: HashMap<OrderId, &str> = HashMap::new();
    for user in users {
        for item in listing(url, user).await? {
            let id: OrderId = item["orderId"].as_str().unwrap_or_default().parse()?;
            check.checked += 1;
            if item["userId"] != *user {
                check
                    .violations
                    .push(format!("{user} is shown {id} of {}", item["userId"]));
            }
            if let Some(other) = owners.insert(id, user) {
                check
                    .violations
                    .push(format!("{id} is listed for {other} and {user}"));
            }
        }
    }
    for Acknowledged { id, user } in tally.acknowledged.lock().iter() {
        if owners.get(id) != Some(user) {
            check.violations.push(format!("{user} is not shown {id}"));
        }
    }
    let shown: BTreeSet<_> = tally.shown.lock().clone();
    check.checked += shown.len() as u64;
    for (user, id) in shown {
        if owners.get(&id) != Some(&user) {
            check
                .violations
                .push(format!("{user} watched {id} of {:?}", owners.get(&id)));
        }
    }
    Ok(check)
}

async fn listing(url: &str, user: &str) -> Result<Vec<Value>, Failure> {
    let http = http_client(Duration::from_secs(10))?;
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = format!("{url}/api/orders?userId={user}&limit=200&cursor={cursor}");
        let page: Value = http.get(page).send().await?.error_for_status()?.json().await?;
        items.extend(page["items"].as_array().into_iter().flatten().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return Ok(items),
        }
    }
}

/// The first orders that are not over, in words.
pub(crate) async fn still_open(store: &PostgresStore) -> Result<String, Failure> {
    let filter = OrderFilter {
        statuses: under_way(),
        ..OrderFilter::default()
    };
    let open = store.list(&filter, None, 5).await?.items;
    let words = open.iter().map(|order| {
        let (spec, terms) = (order.spec(), order.terms());
        format!(
            "{} {:?} {} {} {:?} version {}",
            order.id(),
            order.state(),
            spec.side.as_str(),
            spec.pair.base.symbol,
            terms,
            order.version()
        )
    });
    Ok(words.collect::<Vec<_>>().join("; "))
}

/// Everything that is not over.
pub(crate) fn under_way() -> Vec<Status> {
    Status::ALL
        .into_iter()
        .filter(|status| !status.is_terminal())
        .collect()
}
