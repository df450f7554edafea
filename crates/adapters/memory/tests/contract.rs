//! The laws of the ports, kept by the adapters in memory. Time is virtual.

mod store {
    use std::sync::Arc;

    use order_memory::MemoryStore;

    async fn fresh() -> Arc<MemoryStore> {
        Arc::new(MemoryStore::new())
    }

    order_ports::store_contract!(
        #[tokio::test(start_paused = true)]
        fresh
    );
    order_ports::audit_contract!(
        #[tokio::test(start_paused = true)]
        fresh
    );
    order_ports::backlog_contract!(
        #[tokio::test(start_paused = true)]
        fresh
    );
}

/// A store that forgets what is over keeps the same laws about everything that it remembers.
mod store_that_forgets {
    use std::sync::Arc;
    use std::time::Duration;

    use order_memory::{MemoryStore, Retention};

    async fn fresh() -> Arc<MemoryStore> {
        let retention = Retention {
            orders: 10_000,
            age: Duration::from_secs(365 * 24 * 60 * 60),
        };
        Arc::new(MemoryStore::forgetting(retention, |_| {}))
    }

    order_ports::store_contract!(
        #[tokio::test(start_paused = true)]
        fresh
    );
}

mod queue {
    use std::sync::Arc;
    use std::time::Duration;

    use order_memory::MemoryQueue;

    const REDELIVERY: Duration = Duration::from_secs(30);

    async fn fresh() -> Arc<MemoryQueue> {
        Arc::new(MemoryQueue::new(REDELIVERY))
    }

    order_ports::queue_contract!(
        #[tokio::test(start_paused = true)]
        fresh,
        REDELIVERY
    );
}

mod notifier {
    use std::sync::Arc;

    use order_memory::MemoryNotifier;

    async fn fresh() -> Arc<MemoryNotifier> {
        Arc::default()
    }

    order_ports::notifier_contract!(
        #[tokio::test(start_paused = true)]
        fresh
    );
}

mod dispatch {
    use std::sync::Arc;
    use std::time::Duration;

    use order_memory::MemoryDispatchWindow;
    use order_ports::contract::dispatch::ALLOWED;

    async fn fresh() -> Arc<MemoryDispatchWindow> {
        Arc::new(MemoryDispatchWindow::per_minute(ALLOWED))
    }

    order_ports::dispatch_contract!(
        #[tokio::test(start_paused = true)]
        fresh,
        Duration::from_secs(60)
    );
}

mod keys {
    use std::sync::Arc;

    use order_memory::MemoryKeys;

    async fn fresh() -> Arc<MemoryKeys> {
        Arc::default()
    }

    order_ports::keys_contract!(
        #[tokio::test(start_paused = true)]
        fresh
    );
}

mod tickets {
    use std::sync::Arc;

    use order_memory::MemoryTickets;

    async fn fresh() -> Arc<MemoryTickets> {
        Arc::default()
    }

    order_ports::tickets_contract!(
        #[tokio::test(start_paused = true)]
        fresh
    );
}
