//! Conversations that tell stories: of one order, with its owner's commands, or of all of an owner's.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, ready};
use futures_util::stream::{FuturesOrdered, StreamExt};
use order_application::{OrderWatch, OwnerWatch, WatchError};

use order_core::id::OrderId;

use super::session::{Conversation, Farewell, Say, farewell};
use crate::access::Principal;
use crate::doors::{self, Doors};
use crate::request::amend::read_command;
use crate::wire::event::encode;

/// How a watch that ends early is told to the client.
pub fn broken(error: &WatchError) -> Farewell {
    match error {
        WatchError::Overflow => farewell::TOO_SLOW,
        WatchError::Store(error) => {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "a socket's events break off"
            );
            farewell::TRY_AGAIN
        }
    }
}

/// One order's story, to its end.
pub struct OneOrder {
    watch: OrderWatch,
    doors: Arc<Doors>,
    who: Principal,
    id: OrderId,
    /// Commands that are not answered yet.
    unanswered: FuturesOrdered<BoxFuture<'static, String>>,
}

impl OneOrder {
    /// What this watch tells.
    pub fn new(watch: OrderWatch, doors: Arc<Doors>, who: Principal, id: OrderId) -> Self {
        Self {
            watch,
            doors,
            who,
            id,
            unanswered: FuturesOrdered::new(),
        }
    }
}

impl Conversation for OneOrder {
    async fn next(&mut self) -> Say {
        tokio::select! {
            biased;
            Some(answer) = self.unanswered.next() => Say::Text(answer.into()),
            event = self.watch.next() => match event {
                Ok(Some(live)) => Say::Text(live.wire(encode)),
                // The story may be over because of a command, which is still to be answered.
                Ok(None) => match self.unanswered.next().await {
                    Some(answer) => Say::Text(answer.into()),
                    None => Say::Close(farewell::DONE),
                },
                Err(error) => Say::Close(broken(&error)),
            },
        }
    }

    /// Commands about the order; anything else is nothing to us.
    fn hear(&mut self, text: &str) {
        let answer = match read_command(text) {
            Ok(Some(command)) => {
                let (doors, who) = (Arc::clone(&self.doors), self.who.clone());
                doors::command(doors, who, command, Some(self.id)).boxed()
            }
            Ok(None) => return,
            Err(problem) => ready(problem.into_message()).boxed(),
        };
        self.unanswered.push_back(answer);
    }

    fn listens(&self) -> bool {
        self.unanswered.len() < self.doors.settings.socket.max_submissions
    }
}

/// The stories of all of an owner's orders.
pub struct AllOrders {
    watch: OwnerWatch,
}

impl AllOrders {
    /// What this watch tells.
    pub const fn new(watch: OwnerWatch) -> Self {
        Self { watch }
    }
}

impl Conversation for AllOrders {
    async fn next(&mut self) -> Say {
        match self.watch.next().await {
            Ok(live) => Say::Text(live.wire(encode)),
            Err(error) => Say::Close(broken(&error)),
        }
    }

    fn hear(&mut self, _text: &str) {}
}
