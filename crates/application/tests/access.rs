//! Which callers are authenticated, and how often the store is asked for that.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    reason = "the clock of a test is the runtime's, which is paused"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use order_application::{AccessError, Authenticator, KeyRing};
use order_core::access::{ApiKey, Grant, KeyId, Scope, Scopes, SecretHash};
use order_core::time::Timestamp;
use order_ports::{Clock, Entropy, KeyError, KeyStore, Tickets};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

struct Ticking(tokio::time::Instant);

#[async_trait]
impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_000)
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Never the same twice.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Entropy for Counting {
    fn next(&self) -> u64 {
        u64::try_from(self.0.fetch_add(1, Ordering::SeqCst)).unwrap()
    }
}

/// Keys and tickets in maps, and how often the keys were asked for.
#[derive(Default)]
struct Shelf {
    keys: Mutex<HashMap<KeyId, ApiKey>>,
    tickets: Mutex<HashMap<[u8; 32], Grant>>,
    asked: AtomicUsize,
    down: AtomicBool,
}

#[async_trait]
impl KeyStore for Shelf {
    async fn create(&self, key: ApiKey) -> Result<(), KeyError> {
        self.keys.lock().insert(key.id.clone(), key);
        Ok(())
    }

    async fn keys(&self, ids: &[KeyId]) -> Result<Vec<ApiKey>, KeyError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.down.load(Ordering::SeqCst) {
            return Err(KeyError::Unavailable("pulled".into()));
        }
        let keys = self.keys.lock();
        Ok(ids.iter().filter_map(|id| keys.get(id).cloned()).collect())
    }

    async fn all(&self) -> Result<Vec<ApiKey>, KeyError> {
        Ok(self.keys.lock().values().cloned().collect())
    }

    async fn revoke(&self, id: &KeyId, at: Timestamp) -> Result<bool, KeyError> {
        let mut keys = self.keys.lock();
        Ok(keys.get_mut(id).map(|key| key.revoked_at = Some(at)).is_some())
    }

    async fn rotate(&self, id: &KeyId, hash: SecretHash) -> Result<bool, KeyError> {
        let mut keys = self.keys.lock();
        Ok(keys.get_mut(id).map(|key| key.hash = hash).is_some())
    }
}

#[async_trait]
impl Tickets for Shelf {
    async fn keep(&self, ticket: SecretHash, grant: Grant, _: Duration) -> Result<(), KeyError> {
        self.tickets.lock().insert(*ticket.bytes(), grant);
        Ok(())
    }

    async fn redeem(&self, ticket: SecretHash) -> Result<Option<Grant>, KeyError> {
        Ok(self.tickets.lock().remove(ticket.bytes()))
    }
}

struct Scene {
    shelf: Arc<Shelf>,
    ring: KeyRing,
    gate: Arc<Authenticator>,
}

fn scene() -> Scene {
    let shelf = Arc::new(Shelf::default());
    let clock = Arc::new(Ticking(tokio::time::Instant::now()));
    let entropy = Arc::new(Counting::default());
    let ring = KeyRing::new(shelf.clone(), clock.clone(), entropy.clone());
    let gate = Authenticator::new(shelf.clone(), shelf.clone(), clock, entropy);
    let gate = Arc::new(gate);
    Scene { shelf, ring, gate }
}

impl Scene {
    async fn key(&self) -> (KeyId, SecretString) {
        let new = self
            .ring
            .create("ann".parse().unwrap(), Scopes::USUAL)
            .await
            .unwrap();
        (new.key.id, new.shown)
    }

    fn next_check(&self) {
        let gate = Arc::clone(&self.gate);
        tokio::spawn(async move { gate.run(CancellationToken::new()).await });
    }

    fn asked(&self) -> usize {
        self.shelf.asked.load(Ordering::SeqCst)
    }
}

fn refused<T>(answer: Result<T, AccessError>) -> bool {
    matches!(answer, Err(AccessError::Refused))
}

#[tokio::test(start_paused = true)]
async fn a_key_lets_its_owner_in_for_its_scopes() {
    let scene = scene();
    let (id, shown) = scene.key().await;
    let access = scene.gate.by_key(&shown).await.unwrap();
    assert_eq!((access.owner().as_str(), access.key_id()), ("ann", &id));
    assert!(access.allows(Scope::Trade) && access.allows(Scope::Read) && !access.allows(Scope::Admin));
    let secret = shown.expose_secret().split_once('.').unwrap().1;
    // 256 bits, and nothing of them in what is kept.
    assert_eq!(secret.len(), 64);
    assert!(!format!("{:?}", scene.ring.list().await.unwrap()).contains(secret));
    for wrong in [
        "",
        ".",
        "x",
        &format!("{id}."),
        &format!("{id}.{secret}0"),
        &format!("other.{secret}"),
    ] {
        assert!(refused(scene.gate.by_key(&(*wrong).into()).await), "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_in_use_costs_the_store_one_question_a_second_however_often_it_is_shown() {
    let scene = scene();
    let (_, shown) = scene.key().await;
    scene.next_check();
    for _ in 0..10_000 {
        scene.gate.by_key(&shown).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let asked = scene.asked();
    assert!((9..=12).contains(&asked), "{asked}");
    // And none when it is not used any more.
    tokio::time::sleep(Duration::from_secs(120)).await;
    let asked = scene.asked();
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(scene.asked(), asked);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_in_has_to_leave_soon_after_the_key_was_taken_away() {
    for rotated in [false, true] {
        let scene = scene();
        let (id, shown) = scene.key().await;
        let (_, other) = scene.key().await;
        scene.next_check();
        let access = scene.gate.by_key(&shown).await.unwrap();
        let stays = scene.gate.by_key(&other).await.unwrap();
        // A stream may be open for longer than an idle key is remembered.
        tokio::time::sleep(Duration::from_secs(300)).await;
        if rotated {
            let fresh = scene.ring.rotate(&id).await.unwrap().unwrap();
            tokio::time::timeout(Duration::from_secs(2), access.ended())
                .await
                .unwrap();
            assert!(scene.gate.by_key(&fresh).await.is_ok());
        } else {
            assert!(scene.ring.revoke(&id).await.unwrap());
            tokio::time::timeout(Duration::from_secs(2), access.ended())
                .await
                .unwrap();
        }
        assert!(refused(scene.gate.by_key(&shown).await));
        assert!(
            tokio::time::timeout(Duration::from_secs(10), stays.ended())
                .await
                .is_err()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_not_trusted_for_long_though_it_is_not_renewed() {
    let scene = scene();
    let (id, shown) = scene.key().await;
    let access = scene.gate.by_key(&shown).await.unwrap();
    scene.ring.revoke(&id).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(refused(scene.gate.by_key(&shown).await));
    access.ended().await;
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_silent_nobody_new_comes_in_and_nobody_has_to_leave() {
    let scene = scene();
    let (_, shown) = scene.key().await;
    scene.next_check();
    let access = scene.gate.by_key(&shown).await.unwrap();
    scene.shelf.down.store(true, Ordering::SeqCst);
    assert!(
        tokio::time::timeout(Duration::from_secs(60), access.ended())
            .await
            .is_err()
    );
    assert!(matches!(
        scene.gate.by_key(&shown).await,
        Err(AccessError::Keys(_))
    ));
    scene.shelf.down.store(false, Ordering::SeqCst);
    assert!(scene.gate.by_key(&shown).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_ticket_is_good_once_and_ends_with_the_secret() {
    let scene = scene();
    let (id, shown) = scene.key().await;
    let access = scene.gate.by_key(&shown).await.unwrap();
    let ticket = scene.gate.ticket(&access).await.unwrap();
    assert_eq!(ticket.good_for, Duration::from_secs(30));
    assert_eq!(scene.gate.by_ticket(&ticket.shown).await.unwrap().key_id(), &id);
    assert!(refused(scene.gate.by_ticket(&ticket.shown).await));
    // A ticket is no key, and a key no ticket.
    let ticket = scene.gate.ticket(&access).await.unwrap();
    assert!(refused(scene.gate.by_key(&ticket.shown).await));
    assert!(refused(scene.gate.by_ticket(&shown).await));
    scene.ring.rotate(&id).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(refused(scene.gate.by_ticket(&ticket.shown).await));
}
