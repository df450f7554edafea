use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::id::{IdempotencyKey, OrderId, WorkerId};
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome, Order, RecordedEvent};
use order_core::priority::Priority;
use order_core::spec::OrderSpec;
use order_core::time::Timestamp;
use order_memory::MemoryStore;
use order_ports::contract::store as laws;
use order_ports::{
    AcceptError, Acceptance, Accepted, Claim, JournalError, Lease, OrderFilter, OrderIntake, OrderJournal,
    OrderLeases, OrderPage, OrderReader, OwnerCommands, RestingOrder, RestingOrders, RestingSince,
    StoreError, Sweep, Transition, Woken, WorkItem,
};
use parking_lot::Mutex;
use uuid::Uuid;

/// In which way a store is broken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    Nowhere,
    // Intake
    ForgetsKeys,
    NeverComparesRequests,
    RecallsNoKeys,
    KeepsSecondsOnly,
    ForgetsDefaults,
    // Leases
    LeasesEndAtOnce,
    LeasesNeverEnd,
    RepeatsEpochs,
    ForgetsDelays,
    ForgetsOpenAttempts,
    SignsAfresh,
    // Journal
    TrustsEveryLease,
    TakesAnyVersion,
    KeepsLeases,
    // Reading
    SkipsAnEvent,
    IgnoresLimits,
    InventsVersions,
    // Listing
    PagesInclusively,
    NeverSaysMore,
    ShowsEverybody,
    IgnoresClientOrderIds,
    // Sweeping
    ForgetsAnnouncements,
    FindsNothing,
    SweepsInAnyOrder,
    // Waiting
    WaitsNoMoreThanAMoment,
    WakesTwice,
    WakesEverybody,
    WakesAndForgets,
    NeverRests,
    HidesRests,
    ListsWaitsByAge,
    RefusesOwners,
    IgnoresOpenAttempts,
    // Audit
    AuditsNoKeys,
    AuditsNoEpochs,
    AuditsNoDeadAttempts,
    AuditsNoOpenAttempts,
    AuditsFromTheStart,
}

pub(crate) struct Broken {
    pub(crate) inner: MemoryStore,
    pub(crate) at: Break,
    current: Mutex<HashMap<OrderId, Lease>>,
}

impl Broken {
    pub(crate) fn new(at: Break) -> Self {
        Self {
            inner: MemoryStore::new(),
            at,
            current: Mutex::default(),
        }
    }

    /// The lease that the inner store knows.
    fn lease(&self, lease: &Lease) -> Lease {
        let current = self.current.lock().get(&lease.order_id).copied();
        match (self.at, current) {
            (Break::TrustsEveryLease, Some(current)) => current,
            (Break::RepeatsEpochs, Some(current)) => Lease {
                epoch: current.epoch,
                ..*lease
            },
            _ => *lease,
        }
    }

    fn stored(&self, result: Result<(), JournalError>) -> Result<(), JournalError> {
        match result {
            Err(JournalError::Fenced) if self.at == Break::TakesAnyVersion => Ok(()),
            result => result,
        }
    }
}

fn to_seconds(order: &Order) -> Order {
    let seconds = Timestamp::from_millis(order.created_at().millis() / 1_000 * 1_000);
    Order::restore(
        order.id(),
        order.spec().clone(),
        seconds,
        order.progress().clone(),
    )
}

/// The order as if its owner had chosen whatever it has.
fn chosen(order: &Order) -> Order {
    let spec = OrderSpec {
        slippage_by_default: false,
        ..order.spec().clone()
    };
    Order::restore(order.id(), spec, order.created_at(), order.progress().clone())
}

#[async_trait]
impl OrderIntake for Broken {
    async fn accept(&self, mut acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        match self.at {
            Break::ForgetsKeys => acceptance.idempotency_key = None,
            Break::KeepsSecondsOnly => acceptance.order = to_seconds(&acceptance.order),
            Break::ForgetsDefaults => acceptance.order = chosen(&acceptance.order),
            _ => {}
        }
        match self.inner.accept(acceptance).await {
            Err(AcceptError::KeyReused(id)) if self.at == Break::NeverComparesRequests => {
                Ok(Accepted::Replayed(id))
            }
            result => result,
        }
    }

    async fn find_replayed(
        &self,
        spec: &OrderSpec,
        mut idempotency_key: Option<IdempotencyKey>,
    ) -> Result<Option<OrderId>, AcceptError> {
        if self.at == Break::RecallsNoKeys {
            idempotency_key = None;
        }
        match self.inner.find_replayed(spec, idempotency_key).await {
            Err(AcceptError::KeyReused(id)) if self.at == Break::NeverComparesRequests => Ok(Some(id)),
            result => result,
        }
    }
}

#[async_trait]
impl OrderLeases for Broken {
    async fn claim(&self, id: OrderId, holder: WorkerId, ttl: Duration) -> Result<Claim, StoreError> {
        let ttl = match self.at {
            Break::LeasesEndAtOnce => Duration::ZERO,
            Break::LeasesNeverEnd => Duration::MAX,
            _ => ttl,
        };
        let mut claim = self.inner.claim(id, holder, ttl).await?;
        if let Claim::Taken(claimed) = &mut claim {
            self.current.lock().insert(id, claimed.lease);
            match (self.at, &mut claimed.open_attempt) {
                (Break::RepeatsEpochs, _) => claimed.lease.epoch = 1,
                (Break::ForgetsOpenAttempts, open) => *open = None,
                (Break::SignsAfresh, Some(open)) => open.transaction.bytes.push(0),
                _ => {}
            }
        }
        Ok(claim)
    }

    async fn due(&self, sweep: Sweep, limit: usize) -> Result<Vec<WorkItem>, StoreError> {
        match self.at {
            Break::ForgetsAnnouncements => self.inner.due(Sweep::Everything, limit).await,
            Break::FindsNothing => Ok(Vec::new()),
            Break::SweepsInAnyOrder => {
                let mut found = self.inner.due(sweep, limit).await?;
                found.sort_by_key(|item| item.order_id);
                Ok(found)
            }
            _ => self.inner.due(sweep, limit).await,
        }
    }
}

#[async_trait]
impl OrderJournal for Broken {
    async fn append(&self, lease: &Lease, moved: Transition<'_>) -> Result<(), JournalError> {
        self.stored(self.inner.append(&self.lease(lease), moved).await)
    }

    async fn write_ahead(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        self.stored(self.inner.write_ahead(&self.lease(lease), attempt, moved).await)
    }

    async fn record(
        &self,
        lease: &Lease,
        outcome: Option<AttemptOutcome>,
        release: Release,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let release = match (self.at, release) {
            (Break::ForgetsDelays, Release::RunAgain(_)) => Release::RunAgain(Duration::ZERO),
            (Break::WaitsNoMoreThanAMoment, Release::Wait { rest, .. }) => Release::Wait {
                longest: Duration::ZERO,
                rest,
            },
            (Break::NeverRests, Release::Wait { longest, .. }) => Release::Wait {
                longest,
                rest: Duration::ZERO,
            },
            _ => release,
        };
        let lease = self.lease(lease);
        if self.at == Break::KeepsLeases && outcome.is_none() {
            return self.stored(self.inner.append(&lease, moved).await);
        }
        self.stored(self.inner.record(&lease, outcome, release, moved).await)
    }
}

#[async_trait]
impl OrderReader for Broken {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.inner.order(id).await
    }

    async fn events(&self, id: OrderId, after: u32, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        let limit = if self.at == Break::IgnoresLimits {
            usize::MAX
        } else {
            limit
        };
        let mut events = self.inner.events(id, after, limit).await?;
        if self.at == Break::SkipsAnEvent && events.len() > 4 {
            events.remove(2);
        }
        Ok(events)
    }

    async fn versions(&self, ids: &[OrderId]) -> Result<Vec<(OrderId, u32)>, StoreError> {
        match self.at {
            Break::InventsVersions => {
                let known: HashMap<_, _> = self.inner.versions(ids).await?.into_iter().collect();
                Ok(ids
                    .iter()
                    .map(|id| (*id, known.get(id).copied().unwrap_or(0)))
                    .collect())
            }
            _ => self.inner.versions(ids).await,
        }
    }

    async fn list(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<OrderPage, StoreError> {
        let (mut filter, mut before) = (filter.clone(), before);
        match (self.at, before) {
            (Break::ShowsEverybody, _) => filter.owner = None,
            (Break::IgnoresClientOrderIds, _) => filter.client_order_id = None,
            (Break::PagesInclusively, Some(id)) => {
                before = Some(OrderId::from_uuid(Uuid::from_u128(id.uuid().as_u128() + 1)));
            }
            _ => {}
        }
        let page = self.inner.list(&filter, before, limit).await?;
        Ok(OrderPage {
            more: page.more && self.at != Break::NeverSaysMore,
            ..page
        })
    }
}

#[async_trait]
impl RestingOrders for Broken {
    async fn waiting(
        &self,
        after: Option<(RestingSince, OrderId)>,
        limit: usize,
    ) -> Result<Vec<RestingOrder>, StoreError> {
        let mut found = self.inner.waiting(after, limit).await?;
        if self.at == Break::ListsWaitsByAge {
            found.sort_by_key(|waiting| waiting.order.id());
        }
        Ok(found)
    }

    fn overlap(&self, last: RestingSince) -> RestingSince {
        self.inner.overlap(last)
    }

    async fn wake(&self, ids: &[OrderId]) -> Result<Woken, StoreError> {
        let every = |ids: &[OrderId]| {
            let item = |id: &OrderId| WorkItem {
                order_id: *id,
                priority: Priority::Normal,
            };
            Woken {
                items: ids.iter().map(item).collect(),
                resting: Vec::new(),
            }
        };
        match self.at {
            Break::WakesTwice => {
                self.inner.wake(ids).await?;
                Ok(every(ids))
            }
            Break::WakesEverybody => {
                let all: Vec<_> = self
                    .inner
                    .waiting(None, usize::MAX)
                    .await?
                    .iter()
                    .map(|w| w.order.id())
                    .collect();
                self.inner.wake(&all).await?;
                Ok(every(ids))
            }
            Break::WakesAndForgets => Ok(every(ids)),
            Break::HidesRests => {
                let woken = self.inner.wake(ids).await?;
                Ok(Woken {
                    resting: Vec::new(),
                    ..woken
                })
            }
            _ => self.inner.wake(ids).await,
        }
    }
}

#[async_trait]
impl OwnerCommands for Broken {
    async fn apply_owner_command<'a>(
        &self,
        moved: Transition<'a>,
        release: Release,
    ) -> Result<(), JournalError> {
        match self.at {
            Break::RefusesOwners => Err(JournalError::Fenced),
            Break::IgnoresOpenAttempts => {
                self.stored(match self.inner.apply_owner_command(moved, release).await {
                    Err(JournalError::Fenced) => Ok(()),
                    result => result,
                })
            }
            _ => self.inner.apply_owner_command(moved, release).await,
        }
    }
}

crate::bites! { Broken::new, (), [
    a_store_that_lets_nobody_wait:
        Break::WaitsNoMoreThanAMoment => an_order_that_waits_is_nobodys_work, "is_not_now";
    a_store_that_wakes_an_order_twice: Break::WakesTwice => a_wake_makes_an_order_due_once, "left == right";
    a_store_that_wakes_an_order_twice_at_once:
        Break::WakesTwice => of_many_wakes_at_once_one_wakes_the_order, "left == right";
    a_store_that_wakes_what_does_not_wait: Break::WakesEverybody => what_does_not_wait_is_not_woken, "left == right";
    a_store_that_wakes_and_forgets_it: Break::WakesAndForgets => a_woken_order_that_nobody_takes_is_swept, "left == right";
    a_store_that_wakes_what_rests: Break::NeverRests => an_order_is_not_woken_before_its_rest_is_over, "left == right";
    a_store_that_does_not_tell_its_rests:
        Break::HidesRests => an_order_is_not_woken_before_its_rest_is_over, "the store says what rests";
    a_store_that_forgets_how_long_a_rest_was:
        Break::NeverRests => a_rest_ends_and_its_length_is_told_with_the_next_lease, "left == right";
    a_store_that_lists_waits_by_age:
        Break::ListsWaitsByAge => orders_that_wait_are_listed_by_when_they_began_to, "left == right";
    a_store_whose_owners_have_no_say: Break::RefusesOwners => an_owner_cancels_an_order_that_waits, "Fenced";
    a_store_whose_owners_are_told_lies:
        Break::IgnoresOpenAttempts => an_open_attempt_rejects_the_owners_command, "should be fenced";
    a_store_that_cancels_and_sends:
        Break::IgnoresOpenAttempts => of_a_cancel_and_a_write_ahead_at_once_one_is_stored, "left != right";
    a_store_that_forgets_keys:
        Break::ForgetsKeys => the_same_request_with_the_same_key_is_the_same_order, "Replayed";
    a_store_that_forgets_keys_under_load:
        Break::ForgetsKeys => of_many_equal_requests_at_once_one_is_stored, "left: 24";
    a_store_that_never_compares_requests:
        Break::NeverComparesRequests => a_key_used_for_another_order_is_refused, "Replayed";
    a_store_that_forgets_what_was_a_default:
        Break::ForgetsDefaults =>
            a_request_that_names_no_slippage_is_the_same_under_another_default, "KeyReused";
    a_store_that_recalls_no_keys:
        Break::RecallsNoKeys => what_was_accepted_is_recalled_by_its_names, "left: None";
    a_store_that_recalls_without_comparing:
        Break::NeverComparesRequests => a_different_request_under_a_taken_name_is_not_recalled, "Ok(Some";
    a_store_that_keeps_seconds_only:
        Break::KeepsSecondsOnly => an_accepted_order_reads_back_as_it_was, "left == right";
    a_store_whose_leases_end_at_once:
        Break::LeasesEndAtOnce => a_claimed_order_is_not_to_be_had, "is_not_now";
    a_store_whose_leases_end_at_once_under_load:
        Break::LeasesEndAtOnce => of_many_claims_at_once_one_takes_the_order, "left: 24";
    a_store_whose_leases_never_end:
        Break::LeasesNeverEnd => a_lease_that_ran_out_is_taken_over_with_a_higher_epoch, "should be free";
    a_store_that_repeats_epochs:
        Break::RepeatsEpochs => a_released_order_is_claimed_again_with_a_higher_epoch, "epoch: 1";
    a_store_that_forgets_delays:
        Break::ForgetsDelays => an_order_is_not_claimed_before_it_is_due, "is_not_now";
    a_store_that_forgets_open_attempts:
        Break::ForgetsOpenAttempts => an_open_attempt_comes_with_the_next_claim, "left: None";
    a_store_that_forgets_open_attempts_on_release:
        Break::ForgetsOpenAttempts => without_an_outcome_the_attempt_stays_open, "left: None";
    a_store_that_hands_out_other_bytes:
        Break::SignsAfresh => an_open_attempt_comes_with_the_next_claim, "left == right";
    a_store_that_trusts_every_lease_and_appends:
        Break::TrustsEveryLease => an_append_is_fenced_by_another_claim, "should be fenced";
    a_store_that_trusts_every_lease_and_writes_ahead:
        Break::TrustsEveryLease => a_write_ahead_is_fenced_by_another_claim, "should be fenced";
    a_store_that_trusts_every_lease_and_records:
        Break::TrustsEveryLease => a_record_is_fenced_by_another_claim, "should be fenced";
    a_store_that_trusts_forged_leases:
        Break::TrustsEveryLease => a_forged_lease_is_fenced, "should be fenced";
    a_store_that_repeats_epochs_is_not_fenced:
        Break::RepeatsEpochs => a_forged_lease_is_fenced, "should be fenced";
    a_store_that_takes_any_version:
        Break::TakesAnyVersion => a_step_from_a_stale_version_is_fenced, "should be fenced";
    a_store_that_takes_a_step_twice:
        Break::TakesAnyVersion => a_step_sent_twice_is_fenced, "should be fenced";
    a_store_that_takes_both_of_two_steps:
        Break::TakesAnyVersion => of_two_steps_at_once_one_is_stored, "should be fenced";
    a_store_that_takes_a_second_attempt:
        Break::TakesAnyVersion => a_second_open_attempt_is_fenced, "should be fenced";
    a_store_that_takes_events_after_the_end:
        Break::TakesAnyVersion => a_terminal_order_takes_no_more_events, "should be fenced";
    a_store_that_keeps_leases:
        Break::KeepsLeases => a_released_order_is_claimed_again_with_a_higher_epoch, "should be free";
    a_store_that_skips_an_event:
        Break::SkipsAnEvent => a_whole_life_has_no_gap, "left == right";
    a_store_that_ignores_limits:
        Break::IgnoresLimits => events_come_in_order_after_the_given_one_up_to_the_limit, "at most 0";
    a_store_that_invents_versions:
        Break::InventsVersions => versions_are_those_of_the_orders_that_exist, "left == right";
    a_store_that_pages_inclusively:
        Break::PagesInclusively => pages_have_no_gap_and_no_duplicate_while_orders_come_in, "left == right";
    a_store_that_never_says_more:
        Break::NeverSaysMore => a_list_is_newest_first_and_says_whether_more_follows, "false";
    a_store_that_shows_everybody:
        Break::ShowsEverybody => a_list_shows_an_owner_no_other_owners_orders, "left == right";
    a_store_that_ignores_client_order_ids:
        Break::IgnoresClientOrderIds => a_client_order_id_finds_its_owners_order_alone, "left == right";
    a_store_that_finds_client_order_ids_of_others:
        Break::ShowsEverybody => a_client_order_id_finds_its_owners_order_alone, "left == right";
    a_store_that_forgets_announcements:
        Break::ForgetsAnnouncements => a_found_order_counts_as_announced_again, "left == right";
    a_store_that_announces_fresh_orders:
        Break::ForgetsAnnouncements => a_fresh_order_counts_as_announced, "left == right";
    a_store_that_finds_nothing:
        Break::FindsNothing => an_order_that_became_due_after_its_announcement_is_found, "left == right";
    a_store_that_sweeps_in_any_order:
        Break::SweepsInAnyOrder => a_sweep_takes_the_most_overdue_first_up_to_its_limit, "left == right";
] }

/// What the tests above show is the break's doing, not the wrapper's.
mod unbroken {
    use super::{Arc, Break, Broken};

    async fn fresh() -> Arc<Broken> {
        Arc::new(Broken::new(Break::Nowhere))
    }

    order_ports::store_contract!(
        #[tokio::test(start_paused = true)]
        fresh
    );
}
