//! Checking the promise over what store and venues hold, while the engine is at work or after.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use clap::Args;
use order_core::audit::{AuditAssumptions, Auditor, Report};
use order_ports::{LookUpError, StoreError};

use super::args::duration;
use super::output::print;
use crate::config::Loaded;
use crate::error::StartError;
use crate::wiring::{self, Records};

/// Printed after the arguments by --help.
pub(crate) const VERIFY_HELP: &str = "\
Reads the database (DATABASE_URL) and the venues' ledger (VENUE_URL, or the file market.ledger, which
without a value is the one beside the database), and changes neither. queue.max_attempts must be what the engine runs with.

Exit status: 0 when every invariant holds, 1 when one does not or something cannot be read, 2 for a
mistake in the configuration.";

/// How many orders are read at once.
const PAGE: usize = 500;
/// An order may show an execution before the ledger does, if only for as long as it takes to read one after the
/// other. So often the ledger is read again for it,
const RETRIES: usize = 5;
/// after this long.
const PAUSE: Duration = Duration::from_secs(1);

/// What to check.
#[derive(Clone, Copy, Debug, Args)]
pub struct VerifyArgs {
    /// Nothing is under way any more: an order that has not come to its end is a violation too, unless it is
    /// visibly unknown.
    #[arg(long)]
    pub drained: bool,
    /// How far the clocks of the machines may be apart: retries are timed by the database, and told by the
    /// workers.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub clock_skew: Duration,
}

/// What was found.
#[derive(Debug)]
pub struct Verification {
    /// By invariant.
    pub report: Report,
    /// How many orders the store holds.
    pub orders: u64,
    /// How many executions the ledger holds.
    pub executions: usize,
    /// How many pools' books were checked; none where they are not told.
    pub books: Option<usize>,
    /// The pools whose books do not balance.
    pub unbalanced: Vec<String>,
}

/// Why there is no clean verdict.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// An invariant does not hold.
    #[error("{0} violations")]
    Violated(u64),
    /// Store or ledger cannot be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store cannot be read.
    #[error("the orders cannot be read")]
    Store(#[from] StoreError),
    /// The ledger cannot be read.
    #[error("the venues' ledger cannot be read")]
    Ledger(#[from] LookUpError),
    /// The books cannot be read.
    #[error("the pools' books cannot be read")]
    Books(#[from] order_mock_dex::RemoteError),
    /// The verdict cannot be told.
    #[error("the verdict cannot be written")]
    Output(#[from] std::io::Error),
}

impl Verification {
    /// How many violations there are in all.
    pub fn violated(&self) -> u64 {
        self.report.violated() + u64::try_from(self.unbalanced.len()).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.report)?;
        match (self.books, self.unbalanced.len()) {
            (None, _) => {}
            (Some(checked), 0) => writeln!(f, "the books of {checked} pools balance")?,
            (Some(checked), wrong) => {
                let pools = self.unbalanced.join(", ");
                writeln!(
                    f,
                    "the books of {wrong} of {checked} pools DO NOT BALANCE: {pools}"
                )?;
            }
        }
        let Self {
            orders, executions, ..
        } = self;
        match self.violated() {
            0 => write!(f, "{orders} orders, {executions} executions: no violation"),
            violated => write!(
                f,
                "{orders} orders, {executions} executions: {violated} VIOLATIONS"
            ),
        }
    }
}

/// Checks everything, and prints what was found.
///
/// # Errors
/// [`VerifyError`], also when something was found.
pub async fn verify(loaded: &Loaded, args: VerifyArgs) -> Result<(), VerifyError> {
    let verdict = audit(loaded, args).await?;
    print(format_args!("{verdict}\n"))?;
    match verdict.violated() {
        0 => Ok(()),
        violated => Err(VerifyError::Violated(violated)),
    }
}

/// Checks everything.
///
/// # Errors
/// [`VerifyError`] when something cannot be read; what was found is in the verdict.
pub async fn audit(loaded: &Loaded, args: VerifyArgs) -> Result<Verification, VerifyError> {
    let records = wiring::records(loaded).await?;
    let assumptions = AuditAssumptions {
        max_attempts: loaded.config.queue.max_attempts,
        drained: args.drained,
        clock_skew: args.clock_skew,
    };
    let landed = records.ledger.landed().await?;
    let executions = landed.len();
    let mut auditor = Auditor::new(assumptions, landed);
    let orders = show_orders(&records, &mut auditor).await?;
    for _ in 0..RETRIES {
        if auditor.awaited() == 0 {
            break;
        }
        auditor.landed_since(records.ledger.landed().await?);
        if auditor.awaited() > 0 {
            tokio::time::sleep(PAUSE).await;
        }
    }
    let (mut books, mut unbalanced) = (None, Vec::new());
    if let Some(venues) = &records.venues {
        let told = venues.books().await?;
        books = Some(told.len());
        let wrong = told.into_iter().filter(|(_, books)| !books.balance());
        unbalanced.extend(wrong.map(|(pool, _)| pool.0.into_string()));
    }
    Ok(Verification {
        report: auditor.finish(),
        orders,
        executions,
        books,
        unbalanced,
    })
}

async fn show_orders(records: &Records, auditor: &mut Auditor) -> Result<u64, VerifyError> {
    let (mut orders, mut after) = (0, None);
    loop {
        let page = records.store.audit(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.order.id());
        for order in &page {
            auditor.order(order);
            orders += 1;
        }
        progress(orders);
    }
    Ok(orders)
}

/// Shows on a terminal that it goes on.
fn progress(orders: u64) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        // A terminal that is gone is no reason to verify less.
        let _ = write!(terminal, "\r{orders} orders\r");
    }
}
