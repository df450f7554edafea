//! Submitting: what is refused, what is accepted, and what happens then.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    reason = "the clock of a test is the runtime's, which is paused"
)]

#[allow(dead_code, reason = "shared by several tests, each of which uses a part")]
mod support;

use order_ports::contract::fixtures::RAYDIUM;
use std::sync::Arc;

use order_application::{Engine, Settings, SubmitError, SubmitOptions};
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::id::OrderId;
use order_core::order::{Event, Order, Status};
use order_core::spec::OrderSpec;
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::Token;
use order_core::venue::{Quote, QuoteRequest, VenueId};
use order_ports::{
    AcceptError, Accepted, MockNotifier, MockOrderIntake, MockOrderReader, MockWorkQueue, NotifyError,
    OrderReader, QueueError, QuoteSource, StoreError,
};
use support::{engine, id, ports, spec, venue};
use tokio::sync::mpsc;

fn keyed() -> SubmitOptions {
    SubmitOptions::keyed("key".parse().unwrap())
}

/// A store that has one order, which its owner has cancelled.
fn one_cancelled() -> Arc<dyn OrderReader> {
    let mut reader = MockOrderReader::new();
    reader.expect_order().returning(|asked| {
        assert_eq!(asked, id(77));
        let named = OrderSpec {
            client_order_id: Some("mine".parse().unwrap()),
            ..spec()
        };
        let (mut order, _) = Order::accept(asked, named, Timestamp::from_millis(1));
        order.apply(Event::Cancelled, Timestamp::from_millis(2)).unwrap();
        Ok(Some(order))
    });
    Arc::new(reader)
}

#[tokio::test(start_paused = true)]
async fn an_accepted_order_is_announced_with_its_priority() {
    let (heard, mut items) = mpsc::unbounded_channel();
    let mut ports = ports();
    ports.venues = vec![venue(Ok(1_000))];
    let mut intake = MockOrderIntake::new();
    intake.expect_accept().times(1).returning(|_| Ok(Accepted::New));
    ports.intake = Arc::new(intake);
    let mut queue = MockWorkQueue::new();
    queue.expect_push().returning(move |items| {
        items.iter().for_each(|item| heard.send(*item).unwrap());
        Ok(())
    });
    ports.queue = Arc::new(queue);
    let mut notifier = MockNotifier::new();
    notifier.expect_publish().returning(|_| Ok(()));
    notifier
        .expect_listen()
        .returning(|| Err(NotifyError::Unavailable("no subscribers here".into())));
    ports.notifier = Arc::new(notifier);

    let (engine, _) = engine(ports, Settings::default());
    let submission = engine.submit(spec(), SubmitOptions::default()).await.unwrap();
    let item = items.recv().await.unwrap();
    assert_eq!(
        (item.order_id, item.priority),
        (submission.order_id, spec().priority)
    );
    assert_eq!((submission.status, submission.replayed), (Status::Pending, false));
}

#[tokio::test(start_paused = true)]
async fn a_lost_queue_does_not_refuse_an_order() {
    let mut ports = ports();
    ports.venues = vec![venue(Ok(1_000))];
    let mut intake = MockOrderIntake::new();
    intake.expect_accept().returning(|_| Ok(Accepted::New));
    ports.intake = Arc::new(intake);
    let mut queue = MockWorkQueue::new();
    queue
        .expect_push()
        .returning(|_| Err(QueueError::Unavailable("away".into())));
    ports.queue = Arc::new(queue);
    let mut notifier = MockNotifier::new();
    notifier
        .expect_publish()
        .returning(|_| Err(NotifyError::Unavailable("away".into())));
    notifier
        .expect_listen()
        .returning(|| Err(NotifyError::Unavailable("away".into())));
    ports.notifier = Arc::new(notifier);

    let (engine, _) = engine(ports, Settings::default());
    assert!(engine.submit(spec(), SubmitOptions::default()).await.is_ok());
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(engine.submit(spec(), SubmitOptions::default()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_repeated_request_gets_the_first_order_and_is_not_announced_again() {
    let mut ports = ports();
    ports.venues = vec![venue(Ok(1_000))];
    let mut intake = MockOrderIntake::new();
    intake
        .expect_accept()
        .returning(|_| Ok(Accepted::Replayed(id(77))));
    ports.intake = Arc::new(intake);
    ports.reader = one_cancelled();
    let mut notifier = MockNotifier::new();
    notifier
        .expect_listen()
        .returning(|| Err(NotifyError::Unavailable("no subscribers here".into())));
    ports.notifier = Arc::new(notifier);

    let (engine, _) = engine(ports, Settings::default());
    let submission = engine.submit(spec(), keyed()).await.unwrap();
    assert_eq!((submission.order_id, submission.replayed), (id(77), true));
    // It says what has become of the order meanwhile.
    assert_eq!(submission.status, Status::Cancelled);
    assert_eq!(submission.client_order_id, Some("mine".parse().unwrap()));
    // The queue's double panics on any call.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
}

/// An engine whose only pools hold 999, and whose store recalls this.
fn out_of_reach(recalled: impl Fn() -> Result<Option<OrderId>, AcceptError> + Send + 'static) -> Arc<Engine> {
    let mut ports = ports();
    ports.venues = vec![venue(Ok(999))];
    let mut intake = MockOrderIntake::new();
    intake.expect_find_replayed().returning(move |_, _| recalled());
    ports.intake = Arc::new(intake);
    ports.reader = one_cancelled();
    let mut notifier = MockNotifier::new();
    notifier
        .expect_listen()
        .returning(|| Err(NotifyError::Unavailable("no subscribers here".into())));
    ports.notifier = Arc::new(notifier);
    engine(ports, Settings::default()).0
}

#[tokio::test(start_paused = true)]
async fn a_repeated_request_gets_the_first_order_though_the_pools_have_moved() {
    let again = out_of_reach(|| Ok(Some(id(77))))
        .submit(spec(), keyed())
        .await
        .unwrap();
    assert_eq!((again.order_id, again.replayed), (id(77), true));
    assert_eq!(again.status, Status::Cancelled);

    let other = out_of_reach(|| Err(AcceptError::KeyReused(id(77))))
        .submit(spec(), keyed())
        .await;
    assert!(
        matches!(other, Err(SubmitError::Accept(AcceptError::KeyReused(first))) if first == id(77)),
        "{other:?}"
    );

    let fresh = out_of_reach(|| Ok(None)).submit(spec(), keyed()).await;
    assert!(matches!(fresh, Err(SubmitError::TooLarge { .. })), "{fresh:?}");
}

/// What a submission is refused for, when the store is never to be asked.
async fn refusal(
    venues: Vec<Arc<dyn order_ports::QuoteSource>>,
    spec: order_core::spec::OrderSpec,
) -> SubmitError {
    let mut ports = ports();
    ports.venues = venues;
    let mut notifier = MockNotifier::new();
    notifier
        .expect_listen()
        .returning(|| Err(NotifyError::Unavailable("no subscribers here".into())));
    ports.notifier = Arc::new(notifier);
    let (engine, _) = engine(ports, Settings::default());
    engine.submit(spec, SubmitOptions::default()).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn what_no_pool_could_ever_fill_is_refused() {
    let unknown = || venue(Err(VenueError::UnknownToken));
    assert!(matches!(
        refusal(vec![unknown(), unknown()], spec()).await,
        SubmitError::NoPool(_)
    ));
    let both = vec![venue(Ok(400)), venue(Ok(599))];
    let SubmitError::TooLarge { capacity } = refusal(both, spec()).await else {
        unreachable!()
    };
    assert_eq!(capacity.amount.units(), 999);
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_time_is_over_is_refused_before_it_is_stored() {
    let gtd = order_core::spec::OrderSpec {
        time_in_force: TimeInForce::Gtd(order_core::time::Timestamp::from_millis(0)),
        ..spec()
    };
    assert!(matches!(refusal(Vec::new(), gtd).await, SubmitError::Expired));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_said_so() {
    let mut ports = ports();
    ports.venues = vec![venue(Err(VenueError::Down))];
    let mut intake = MockOrderIntake::new();
    intake
        .expect_accept()
        .returning(|_| Err(AcceptError::Store(StoreError::Unavailable("away".into()))));
    ports.intake = Arc::new(intake);
    let mut notifier = MockNotifier::new();
    notifier
        .expect_listen()
        .returning(|| Err(NotifyError::Unavailable("no subscribers here".into())));
    ports.notifier = Arc::new(notifier);
    let (engine, drain) = engine(ports, Settings::default());
    let error = engine.submit(spec(), SubmitOptions::default()).await.unwrap_err();
    assert!(matches!(
        error,
        SubmitError::Accept(AcceptError::Store(StoreError::Unavailable(_)))
    ));
    drain.cancel();
    assert!(matches!(
        engine.submit(spec(), SubmitOptions::default()).await,
        Err(SubmitError::Draining)
    ));
}

/// A venue that takes the question and never answers.
struct Hanging;

#[async_trait::async_trait]
impl QuoteSource for Hanging {
    fn venue(&self) -> VenueId {
        RAYDIUM
    }

    async fn quote(&self, _: &QuoteRequest) -> Result<Quote, VenueError> {
        std::future::pending().await
    }

    async fn capacity(&self, _: Token, _: Token, _: Amount) -> Result<Amount, VenueError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_hangs_holds_up_no_acceptance() {
    let mut ports = ports();
    ports.venues = vec![Arc::new(Hanging)];
    let mut intake = MockOrderIntake::new();
    intake.expect_accept().times(100).returning(|_| Ok(Accepted::New));
    ports.intake = Arc::new(intake);
    let (engine, _) = engine(ports, Settings::default());
    let began = tokio::time::Instant::now();
    for _ in 0..100 {
        engine.submit(spec(), SubmitOptions::default()).await.unwrap();
    }
    // The first request waits a moment, and the others not at all.
    assert!(
        began.elapsed() <= std::time::Duration::from_millis(500),
        "{:?}",
        began.elapsed()
    );
}
