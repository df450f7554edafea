//! Conversations that tell histories: of one order, with its owner's commands, or of all of an owner's.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, ready};
use futures_util::stream::{FuturesOrdered, StreamExt};
use order_application::{OrderWatch, OwnerWatch, WatchError};

use order_core::id::OrderId;

use super::session::{CloseReason, Outgoing, SocketHandler, close_reason};
use crate::access::Principal;
use crate::api::{self, ApiContext};
use crate::request::amend::read_command;
use crate::wire::event::encode;

/// How a watch that ends early is told to the client.
pub fn broken(error: &WatchError) -> CloseReason {
    match error {
        WatchError::Overflow => close_reason::TOO_SLOW,
        WatchError::Store(error) => {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "a socket's events break off"
            );
            close_reason::TRY_AGAIN
        }
    }
}

/// One order's history, to its end.
pub struct OrderEvents {
    watch: OrderWatch,
    context: Arc<ApiContext>,
    who: Principal,
    id: OrderId,
    /// Commands that are not answered yet.
    unanswered: FuturesOrdered<BoxFuture<'static, String>>,
}

impl OrderEvents {
    /// What this watch tells.
    pub fn new(watch: OrderWatch, context: Arc<ApiContext>, who: Principal, id: OrderId) -> Self {
        Self {
            watch,
            context,
            who,
            id,
            unanswered: FuturesOrdered::new(),
        }
    }
}

impl SocketHandler for OrderEvents {
    async fn next(&mut self) -> Outgoing {
        tokio::select! {
            biased;
            Some(answer) = self.unanswered.next() => Outgoing::Text(answer.into()),
            event = self.watch.next() => match event {
                Ok(Some(live)) => Outgoing::Text(live.wire(encode)),
                // The history may be over because of a command, which is still to be answered.
                Ok(None) => match self.unanswered.next().await {
                    Some(answer) => Outgoing::Text(answer.into()),
                    None => Outgoing::Close(close_reason::DONE),
                },
                Err(error) => Outgoing::Close(broken(&error)),
            },
        }
    }

    /// Commands about the order; anything else is nothing to us.
    fn on_message(&mut self, text: &str) {
        let answer = match read_command(text) {
            Ok(Some(command)) => {
                let (context, who) = (Arc::clone(&self.context), self.who.clone());
                api::command(context, who, command, Some(self.id)).boxed()
            }
            Ok(None) => return,
            Err(problem) => ready(problem.into_message()).boxed(),
        };
        self.unanswered.push_back(answer);
    }

    fn accepts_input(&self) -> bool {
        self.unanswered.len() < self.context.settings.socket.max_submissions
    }
}

/// The histories of all of an owner's orders.
pub struct OwnerEvents {
    watch: OwnerWatch,
}

impl OwnerEvents {
    /// What this watch tells.
    pub const fn new(watch: OwnerWatch) -> Self {
        Self { watch }
    }
}

impl SocketHandler for OwnerEvents {
    async fn next(&mut self) -> Outgoing {
        match self.watch.next().await {
            Ok(live) => Outgoing::Text(live.wire(encode)),
            Err(error) => Outgoing::Close(broken(&error)),
        }
    }

    fn on_message(&mut self, _text: &str) {}
}
