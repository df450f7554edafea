//! Conversations in which only we speak: the story of one order, or of all of an owner's.

use order_application::{OrderWatch, OwnerWatch, WatchError};

use super::session::{Conversation, Farewell, Say, farewell};
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
}

impl OneOrder {
    /// What this watch tells.
    pub const fn new(watch: OrderWatch) -> Self {
        Self { watch }
    }
}

impl Conversation for OneOrder {
    async fn next(&mut self) -> Say {
        match self.watch.next().await {
            Ok(Some(live)) => Say::Text(live.wire(encode)),
            Ok(None) => Say::Close(farewell::DONE),
            Err(error) => Say::Close(broken(&error)),
        }
    }

    fn hear(&mut self, _text: &str) {}
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
