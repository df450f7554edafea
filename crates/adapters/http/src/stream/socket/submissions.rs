//! The conversation in which the client submits orders: each message is answered in turn, and the events of
//! each accepted order follow its reply.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, ready};
use futures_util::stream::{FuturesOrdered, FuturesUnordered, StreamExt};
use http::HeaderMap;
use order_application::{LiveEvent, OrderWatch, Submission, SubmitOptions, WatchError};
use order_core::id::{IdempotencyKey, OrderId};
use order_core::spec::OrderSpec;
use order_core::trace::TraceParent;
use poem::http::StatusCode;

use super::history::broken;
use super::session::{Outgoing, SocketHandler};
use crate::access::Principal;
use crate::admission::Caller;
use crate::api::{self, ApiContext};
use crate::request::amend::read_command;
use crate::request::order::{Requested, read_order};
use crate::wire::event::encode;
use crate::wire::problem::Problem;
use crate::wire::reply::{AcceptedView, message};

/// What came of watching an order for one more event.
enum Watched {
    Event(Box<OrderWatch>, Arc<LiveEvent>),
    Over,
    Broken(WatchError),
}

/// What a message came to.
enum Done {
    /// An order was accepted.
    Accepted(Submission),
    /// A command was carried out, or not, as this says.
    Answered(String),
}

/// Submissions over one socket.
pub struct Submissions {
    context: Arc<ApiContext>,
    who: Principal,
    caller: Caller,
    /// Belongs to the first message.
    key: Option<IdempotencyKey>,
    /// Of the handshake; belongs to all messages.
    trace: Option<TraceParent>,
    after: u32,
    /// Messages that are not answered yet, in the order in which they came. Their orders enter the store
    /// side by side.
    unanswered: FuturesOrdered<BoxFuture<'static, Result<Done, Problem>>>,
    /// The orders whose histories are not over.
    watched: FuturesUnordered<BoxFuture<'static, Watched>>,
}

impl Submissions {
    /// A socket that has not submitted anything yet.
    pub fn new(
        context: Arc<ApiContext>,
        who: Principal,
        caller: Caller,
        key: Option<IdempotencyKey>,
        trace: Option<TraceParent>,
        after: u32,
    ) -> Self {
        Self {
            context,
            who,
            caller,
            key,
            trace,
            after,
            unanswered: FuturesOrdered::new(),
            watched: FuturesUnordered::new(),
        }
    }

    /// The reply to a message, after which the order's events may follow.
    fn reply(&mut self, outcome: Result<Done, Problem>) -> Outgoing {
        let reply = match outcome {
            Ok(Done::Answered(answer)) => answer,
            Ok(Done::Accepted(submission)) => {
                let id = submission.order_id;
                self.watched
                    .push(open(Arc::clone(&self.context), id, self.after).boxed());
                message(&AcceptedView::from(&submission))
            }
            Err(problem) => problem.into_message(),
        };
        Outgoing::Text(reply.into())
    }

    fn event(&mut self, watched: Watched) -> Option<Outgoing> {
        match watched {
            Watched::Event(watch, live) => {
                self.watched.push(follow(watch).boxed());
                Some(Outgoing::Text(live.wire(encode)))
            }
            Watched::Over => None,
            Watched::Broken(error) => Some(Outgoing::Close(broken(&error))),
        }
    }

    fn submit(&mut self, text: &str) -> BoxFuture<'static, Result<Done, Problem>> {
        let key = self.key.take();
        if self.is_full() {
            return ready(Err(too_many(self.context.settings.socket.max_orders))).boxed();
        }
        let requested = match read_order(text.as_bytes(), &HeaderMap::new(), self.context.rules(&self.who)) {
            Ok(requested) => requested,
            Err(problem) => return ready(Err(problem)).boxed(),
        };
        if let Err(problem) = self
            .context
            .admission
            .admit_order(self.caller, &requested.spec.owner)
        {
            return ready(Err(problem)).boxed();
        }
        let context = Arc::clone(&self.context);
        let Requested { spec, options, late } = requested;
        // A message has no headers, and the key of the handshake is the first message's.
        let options = SubmitOptions { key, ..options };
        let spec = OrderSpec {
            trace: self.trace,
            ..spec
        };
        let submit = async move {
            let submission = context.submit(Requested { spec, options, late }).await?;
            Ok(Done::Accepted(submission))
        };
        submit.boxed()
    }

    fn is_full(&self) -> bool {
        self.watched.len() + self.unanswered.len() >= self.context.settings.socket.max_orders
    }
}

impl SocketHandler for Submissions {
    async fn next(&mut self) -> Outgoing {
        loop {
            tokio::select! {
                biased;
                Some(outcome) = self.unanswered.next() => return self.reply(outcome),
                Some(watched) = self.watched.next() => {
                    if let Some(say) = self.event(watched) {
                        return say;
                    }
                }
                else => return std::future::pending().await,
            }
        }
    }

    fn on_message(&mut self, text: &str) {
        let answer = match read_command(text) {
            Ok(Some(command)) => {
                let carry_out = api::command(Arc::clone(&self.context), self.who.clone(), command, None);
                carry_out.map(|answer| Ok(Done::Answered(answer))).boxed()
            }
            Ok(None) => self.submit(text),
            Err(problem) => ready(Err(problem)).boxed(),
        };
        self.unanswered.push_back(answer);
    }

    fn accepts_input(&self) -> bool {
        self.unanswered.len() < self.context.settings.socket.max_submissions
    }
}

fn too_many(most: usize) -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_orders",
        "Too many orders on one socket",
    )
    .detail(format!(
        "one socket follows {most} orders at most; wait for some to end, or open another"
    ))
}

/// Starts to watch an order that was just accepted from this caller.
async fn open(context: Arc<ApiContext>, id: OrderId, after: u32) -> Watched {
    match context.engine.watch(id, None, after).await {
        Ok(Some((_, watch))) => follow(Box::new(watch)).await,
        Ok(None) => Watched::Over,
        Err(error) => Watched::Broken(error.into()),
    }
}

async fn follow(mut watch: Box<OrderWatch>) -> Watched {
    match watch.next().await {
        Ok(Some(live)) => Watched::Event(watch, live),
        Ok(None) => Watched::Over,
        Err(error) => Watched::Broken(error),
    }
}
