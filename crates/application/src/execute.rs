//! Executing one order: claim it, then do what `decide` says until it says stop.

use std::time::Duration;

use order_core::failure::VenueError;
use order_core::id::{OrderId, WorkerId};
use order_core::lifecycle::{Commit, Context, Input, Step, WakeBackoff, decide};
use order_core::order::{Attempt, IllegalTransition, Order};
use order_core::terms;
use order_core::venue::{Draft, VenueId};
use order_ports::{Claim, Claimed, Grant, JournalError, SendError, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::leased_order::LeasedOrder;
use crate::publisher::EventPublisher;
use crate::quotes::ask_all;
use crate::setup::{Ports, Settings};
use crate::spans;

/// Events that are no barrier wait this long for the next commit to carry them; then they are stored alone,
/// so that subscribers see them while a slow transaction is being built.
const RIDE_ALONG: Duration = Duration::from_millis(5);
/// The first pause between two look-ups that failed; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why a worker dropped an order before its step said stop. The order itself is safe: the worker that claims it
/// next goes on from what is stored.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// Another worker has the lease by now.
    #[error("the lease was lost")]
    Fenced,
    /// The store failed for as long as the lease lasted.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A decision contradicts the table: a defect of this program.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
}

impl From<JournalError> for ExecuteError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Fenced => Self::Fenced,
            JournalError::Store(error) => Self::Store(error),
        }
    }
}

/// What a worker executes orders with.
pub(crate) struct Executor {
    pub(crate) ports: Ports,
    pub(crate) publisher: EventPublisher,
    pub(crate) settings: Settings,
    pub(crate) holder: WorkerId,
    /// When cancelled, orders are handed back at the next occasion.
    pub(crate) release_leases: CancellationToken,
}

impl Executor {
    /// Claims the order, if it is live, due and free, and works on it. The grant of a limited dispatch is spent by
    /// an order that is worked on, and given back otherwise.
    pub(crate) async fn execute(&self, id: OrderId, grant: Option<Grant>) -> Result<(), ExecuteError> {
        let span = spans::attempt(id);
        let run = async {
            // Read before the claim, so that the local deadline is never later than the lease.
            let claimed_at = self.ports.clock.monotonic();
            let claim = self.claim(id).await;
            if !matches!(claim, Ok(Some(_))) {
                self.give_back(grant).await;
            }
            match claim? {
                Some(claimed) => {
                    let deadline = claimed_at + self.settings.lease * 4 / 5;
                    self.drive(claimed, deadline, &span).await
                }
                None => Ok(()),
            }
        };
        run.instrument(span.clone()).await
    }

    async fn claim(&self, id: OrderId) -> Result<Option<Claimed>, StoreError> {
        let claim = self.ports.leases.claim(id, self.holder, self.settings.lease);
        Ok(match claim.await? {
            Claim::Taken(claimed) => Some(*claimed),
            Claim::NotNow | Claim::Finished => None,
            Claim::NoSuchOrder => {
                tracing::warn!("a work item names an order that does not exist");
                None
            }
        })
    }

    async fn give_back(&self, grant: Option<Grant>) {
        let (Some(dispatch), Some(grant)) = (&self.ports.dispatch, grant) else {
            return;
        };
        if let Err(error) = dispatch.give_back(grant).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a grant that nothing was dispatched under counts on, for a minute at most"
            );
        }
    }

    async fn drive(&self, mut claimed: Claimed, deadline: Duration, span: &Span) -> Result<(), ExecuteError> {
        let open = claimed.open_attempt.take();
        if let Some(attempt) = &open {
            spans::resume(span, attempt);
        }
        let mut input = Input::Claimed { open };
        let mut held = LeasedOrder::new(&self.ports, &self.publisher, claimed, deadline);
        let mut runner = StepRunner {
            executor: self,
            sends: 0,
            pause: FIRST_PAUSE,
        };
        loop {
            let decision = decide(held.order(), input, &self.context(held.rested()));
            spans::learn(span, &decision.events);
            held.apply(decision.events)?;
            match decision.commit {
                Commit::Nothing | Commit::Anytime => {}
                Commit::Append => held.flush().await?,
                Commit::WriteAhead(attempt) => held.write_ahead(&attempt).await?,
                Commit::Record { outcome, release } => held.record(outcome, release).await?,
            }
            let Some(step) = decision.step else {
                return Ok(());
            };
            let time_left = held.time_left();
            let span = spans::step(&step);
            input = tokio::select! {
                biased;
                input = runner.take(step, &mut held).instrument(span) => input?,
                () = self.ports.clock.sleep(time_left) => Input::OutOfTime,
                () = self.release_leases.cancelled() => Input::OutOfTime,
            };
        }
    }

    fn context(&self, rested: WakeBackoff) -> Context {
        Context {
            now: self.ports.clock.now(),
            entropy: self.ports.entropy.next(),
            retry: self.settings.retry,
            unknown_after: self.settings.unknown_after,
            venue_removes_duplicates: self.ports.settlement.removes_duplicates(),
            routing: self.settings.routing,
            rest: self.settings.rest,
            rested,
        }
    }
}

/// Takes the steps of one order out into the world.
struct StepRunner<'a> {
    executor: &'a Executor,
    /// How often this worker has sent this order's transaction.
    sends: u32,
    pause: Duration,
}

impl StepRunner<'_> {
    /// Takes one step and comes back with what was learnt.
    async fn take(&mut self, step: Step, held: &mut LeasedOrder<'_>) -> Result<Input, ExecuteError> {
        let Executor { ports, settings, .. } = self.executor;
        match step {
            Step::Quote(request) => {
                let limits = &held.order().spec().route;
                let market = ask_all(ports, &request, limits, settings.quote_timeout).await;
                Ok(Input::Quoted(market))
            }
            Step::Build { venue, draft } => self.build(venue, draft, held).await,
            Step::Send(attempt) => Ok(self.send(attempt, held.order()).await),
            Step::LookUp(attempt) => Ok(self.look_up(attempt).await),
        }
    }

    async fn build(
        &self,
        venue: VenueId,
        draft: Draft,
        held: &mut LeasedOrder<'_>,
    ) -> Result<Input, ExecuteError> {
        let ports = &self.executor.ports;
        let build = ports.settlement.build(&draft);
        tokio::pin!(build);
        let built = tokio::select! {
            biased;
            built = &mut build => built,
            () = ports.clock.sleep(RIDE_ALONG) => {
                let (stored, built) = tokio::join!(held.flush(), &mut build);
                stored?;
                built
            }
        };
        Ok(match built {
            Ok(transaction) => Input::Built {
                venue,
                draft: draft.clone(),
                transaction,
            },
            Err(error) => Input::NotBuilt(error),
        })
    }

    async fn send(&mut self, attempt: Attempt, order: &Order) -> Input {
        let Executor { ports, settings, .. } = self.executor;
        if self.sends > 0 {
            self.rest().await;
        }
        if terms::is_expired(order, ports.clock.now()) {
            // Its time ended while the attempt was stored, or before it is sent again: nothing goes out any more.
            return self.not_sent(attempt);
        }
        self.sends += 1;
        let sent = tokio::select! {
            biased;
            sent = ports.settlement.send(&attempt.transaction) => sent,
            () = ports.clock.sleep(settings.send_timeout) => return Input::Silent { attempt },
        };
        match sent {
            Ok(status) => Input::Seen { attempt, status },
            // Only the very first send proves by its failure that nothing is at the venue.
            Err(SendError::NotSent(error)) if self.sends == 1 => Input::NotSent { attempt, error },
            Err(SendError::NotSent(error)) => {
                let (number, venue) = (attempt.number, attempt.venue.as_str());
                tracing::warn!(attempt = number, venue, %error, "transaction not sent again");
                Input::Silent { attempt }
            }
            Err(SendError::Unknown(error)) => {
                tracing::warn!(
                    attempt = attempt.number,
                    venue = attempt.venue.as_str(),
                    tx_id = %attempt.transaction.id,
                    error = &*error,
                    "the venue did not answer a send"
                );
                Input::Silent { attempt }
            }
        }
    }

    /// An attempt that is not sent: nothing is at the venue, unless it was sent before.
    const fn not_sent(&self, attempt: Attempt) -> Input {
        if self.sends == 0 {
            let error = VenueError::Expired;
            Input::NotSent { attempt, error }
        } else {
            Input::Silent { attempt }
        }
    }

    async fn look_up(&mut self, attempt: Attempt) -> Input {
        let Executor { ports, settings, .. } = self.executor;
        // From here on a send is a repetition: an earlier worker may have sent before.
        self.sends = self.sends.max(1);
        match ports
            .settlement
            .look_up(attempt.transaction.id, settings.look_up_wait)
            .await
        {
            Ok(status) => {
                self.pause = FIRST_PAUSE;
                Input::Seen { attempt, status }
            }
            Err(error) => {
                tracing::warn!(
                    attempt = attempt.number,
                    venue = attempt.venue.as_str(),
                    tx_id = %attempt.transaction.id,
                    error = &error as &dyn std::error::Error,
                    "a transaction's outcome is not known"
                );
                self.rest().await;
                Input::Silent { attempt }
            }
        }
    }

    async fn rest(&mut self) {
        self.executor.ports.clock.sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}
