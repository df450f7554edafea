//! The WebSocket endpoint that takes orders: each message is answered in turn, and the events of each accepted order
//! follow its reply.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, ready};
use futures_util::stream::{FuturesOrdered, FuturesUnordered, StreamExt};
use order_application::{LiveEvent, OrderWatch, Submission, WatchError};
use order_core::access::Scope;
use order_core::id::{IdempotencyKey, OrderId};
use order_core::trace::TraceParent;
use poem::Request;
use poem::http::StatusCode;
use poem_openapi::OpenApi;

use super::Chapter;
use super::command::read_command;
use super::execute::{OrderRequest, Requested, read_order, submit, trace_parent};
use super::response::ApiResponse;
use super::rules::OrderRules;
use super::watch_order::{self, SocketResponses};
use crate::access::{AnyScope, Authenticated, Principal};
use crate::admission::Caller;
use crate::context::ApiContext;
use crate::request::fields::Fields;
use crate::request::param::{Header, Query};
use crate::request::resume::{self, After};
use crate::stream::handshake;
use crate::stream::session::{Outgoing, SocketHandler, broken};
use crate::wire::encoded;
use crate::wire::event::encode;
use crate::wire::problem::Problem;
use crate::wire::reply::AcceptedView;
use crate::wire::text::{Id, Text};

/// The endpoint at `GET /api/orders/execute`.
pub struct ExecuteSocketApi(pub Arc<ApiContext>);

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

#[OpenApi]
impl ExecuteSocketApi {
    /// Submit orders over a WebSocket, or watch one
    ///
    /// Without `orderId`: every text message is an order, with the fields of `POST /api/orders/execute`. Each is
    /// answered, in the order of the messages, with the same reply object as there (`success`, `message`,
    /// `orderId`, `clientOrderId`, `status`, `links`) or with a problem object, which has `code` and `status` (a number) and
    /// leaves the socket usable. The events of every accepted order follow its reply. The socket stays open
    /// for more orders. An `Idempotency-Key` header of the handshake belongs to the first message.
    ///
    /// A message with an `action` is a command: `{"action":"cancel","orderId":"ORD-…"}`, or
    /// `{"action":"replace","orderId":"ORD-…","ifMatch":2,"limitPrice":"151"}` with the fields of
    /// `PATCH /api/orders/{id}`. It is answered with
    /// `{"success":true,"action","orderId","clientOrderId","status","version"}` or with a problem object. `ifMatch` is
    /// a version, a string with one or more of them as `If-Match` has it, or `"*"`; a cancel may have it, too.
    ///
    /// With `orderId`: like `/ws/orders/{id}`.
    #[oai(
        path = "/api/orders/execute",
        method = "get",
        operation_id = "executeSocket",
        tag = "Chapter::WebSockets"
    )]
    async fn execute_socket(
        &self,
        caller: Authenticated<AnyScope>,
        request: &Request,
        /// Watch this order instead of submitting.
        #[oai(name = "orderId")]
        order_id: Query<Text<Id>>,
        /// Leave out the events up to this one.
        after: Query<After>,
    ) -> Result<ApiResponse<SocketResponses>, Problem> {
        let who = caller.who;
        if let Some(id) = order_id.0.value()? {
            who.may(Scope::Read)?;
            return watch_order::watch(&self.0, who, request, id.as_str(), after);
        }
        who.may(Scope::Trade)?;
        submissions(&self.0, who, request, after)
    }
}

fn submissions(
    context: &Arc<ApiContext>,
    who: Principal,
    request: &Request,
    after: Query<After>,
) -> Result<ApiResponse<SocketResponses>, Problem> {
    let offer = handshake::required(request)?;
    let after = resume::after(after)?;
    let key = Header::of(request.headers(), IDEMPOTENCY_KEY).0.value()?;
    let caller = context.admission.caller(request);
    let permit = context.admission.stream(caller, who.owner())?;
    let submissions = Submissions {
        context: Arc::clone(context),
        who: who.clone(),
        caller,
        key,
        trace: trace_parent(request.headers()),
        after,
        unanswered: FuturesOrdered::new(),
        watched: FuturesUnordered::new(),
    };
    let response = offer.accept(context, who, permit, move |mut session| async move {
        session.run(submissions).await
    });
    Ok(response.into())
}

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
struct Submissions {
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
    /// The reply to a message, after which the order's events may follow.
    fn reply(&mut self, outcome: Result<Done, Problem>) -> Outgoing {
        let reply = match outcome {
            Ok(Done::Answered(answer)) => answer,
            Ok(Done::Accepted(submission)) => {
                let id = submission.order_id;
                self.watched
                    .push(open(Arc::clone(&self.context), id, self.after).boxed());
                encoded(&AcceptedView::from(&submission))
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
        let requested = match self.read(text, key) {
            Ok(requested) => requested,
            Err(problem) => return ready(Err(problem)).boxed(),
        };
        let context = Arc::clone(&self.context);
        let submit = async move { submit(&context, requested).await.map(Done::Accepted) };
        submit.boxed()
    }

    /// Reads an order that may be submitted now. A message has no headers: the key of the handshake is the first
    /// message's, and the trace is every message's.
    fn read(&self, text: &str, key: Option<IdempotencyKey>) -> Result<Requested, Problem> {
        let request = OrderRequest::of(text.as_bytes())?;
        let rules = OrderRules::of(&self.context, &self.who);
        let mut requested = read_order(request, Header::absent(IDEMPOTENCY_KEY), rules)?;
        self.context
            .admission
            .admit_order(self.caller, &requested.spec.owner)?;
        requested.options.key = key;
        requested.spec.trace = self.trace;
        Ok(requested)
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
                    if let Some(outgoing) = self.event(watched) {
                        return outgoing;
                    }
                }
                else => return std::future::pending().await,
            }
        }
    }

    fn on_message(&mut self, text: &str) {
        let answer = match read_command(text) {
            Ok(Some(command)) => {
                let carry_out = command.carry_out(Arc::clone(&self.context), self.who.clone(), None);
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
