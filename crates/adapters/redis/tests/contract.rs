//! The laws of the ports, against Redis.

#![allow(clippy::unwrap_used, reason = "test support")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_ports::contract::dispatch::ALLOWED;
use order_ports::{Notifications, Notifier, NotifyError, OrderNotification};
use order_redis::{RedisDispatchWindow, RedisNotifier, RedisQueue};
use support::{Subject, TestServer};

const CLAIM_AFTER: Duration = Duration::from_secs(1);
/// When the search for what is older than that comes by, at the latest.
const REDELIVERY: Duration = Duration::from_millis(1_600);
const WINDOW: Duration = Duration::from_secs(2);

mod one_stream {
    use super::*;

    async fn queue() -> Subject<RedisQueue> {
        let test = TestServer::start().await;
        let server = test.connect_with(|settings| settings.claim_after = CLAIM_AFTER);
        Subject::new(RedisQueue::new(&server), test)
    }

    order_ports::queue_contract!(
        #[tokio::test(flavor = "multi_thread")]
        queue,
        REDELIVERY
    );
}

mod three_streams {
    use super::*;

    async fn queue() -> Subject<RedisQueue> {
        let test = TestServer::start().await;
        let server = test.connect_with(|settings| {
            settings.claim_after = CLAIM_AFTER;
            settings.streams = 3.try_into().unwrap();
        });
        Subject::new(RedisQueue::new(&server), test)
    }

    order_ports::queue_contract!(
        #[tokio::test(flavor = "multi_thread")]
        queue,
        REDELIVERY
    );
}

mod one_process {
    use super::*;

    async fn notifier() -> Subject<RedisNotifier> {
        let test = TestServer::start().await;
        Subject::new(RedisNotifier::new(&test.connect()), test)
    }

    order_ports::notifier_contract!(
        #[tokio::test(flavor = "multi_thread")]
        notifier
    );
}

mod two_processes {
    use super::*;

    /// What is published in one process and heard in another.
    struct Between {
        speaker: RedisNotifier,
        hearer: RedisNotifier,
    }

    #[async_trait]
    impl Notifier for Between {
        async fn publish(&self, notifications: Arc<[OrderNotification]>) -> Result<(), NotifyError> {
            self.speaker.publish(notifications).await
        }

        async fn listen(&self) -> Result<Box<dyn Notifications>, NotifyError> {
            self.hearer.listen().await
        }
    }

    async fn notifier() -> Subject<Between> {
        let test = TestServer::start().await;
        let between = Between {
            speaker: RedisNotifier::new(&test.connect()),
            hearer: RedisNotifier::new(&test.connect()),
        };
        Subject::new(between, test)
    }

    order_ports::notifier_contract!(
        #[tokio::test(flavor = "multi_thread")]
        notifier
    );
}

mod dispatch {
    use super::*;

    async fn limit() -> Subject<RedisDispatchWindow> {
        let test = TestServer::start().await;
        Subject::new(RedisDispatchWindow::new(&test.connect(), ALLOWED, WINDOW), test)
    }

    order_ports::dispatch_contract!(
        #[tokio::test(flavor = "multi_thread")]
        limit,
        WINDOW
    );
}
