//! The laws of the keys' store.
//!
//! Every law gets a fresh, empty store.

use futures_util::future::join_all;
use order_core::access::{ApiKey, KeyId, Scope, Scopes, SecretHash};

use super::fixtures::{accepted_at, name};
use crate::{KeyError, KeyStore};

/// Runs every law of the keys' store as a test of its own; to be used as
/// [`store_contract!`](crate::store_contract).
#[macro_export]
macro_rules! keys_contract {
    ($(#[$attribute:meta])+ $make:expr) => {
        $crate::__laws! { keys, [$(#[$attribute])+], $make, (), [
            a_key_reads_back_as_it_was,
            keys_that_are_not_there_are_left_out,
            an_id_is_taken_once,
            all_keys_are_listed_by_age,
            a_revoked_key_stays_revoked_since_then,
            a_key_that_is_rotated_has_another_secret,
            a_revoked_key_is_not_rotated,
        ] }
    };
}

/// The id of the `n`-th key.
pub fn key_id(n: u32) -> KeyId {
    format!("key-{n}").parse().unwrap()
}

/// The hash of the `n`-th secret.
pub fn secret_hash(n: u32) -> SecretHash {
    let mut bytes = [0xa5; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    SecretHash::new(bytes)
}

/// The `n`-th key: Alice's, for all there is.
pub fn api_key(n: u32) -> ApiKey {
    ApiKey {
        id: key_id(n),
        owner: name("alice"),
        scopes: Scope::ALL.into_iter().collect(),
        hash: secret_hash(n),
        created_at: accepted_at(n),
        revoked_at: None,
    }
}

/// Hashes know no equality, and tests have no secrets.
fn text(key: &ApiKey) -> String {
    format!("{key:?} {}", key.hash)
}

async fn one(store: &dyn KeyStore, n: u32) -> ApiKey {
    let mut found = store.keys(&[key_id(n)]).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

pub async fn a_key_reads_back_as_it_was(store: &dyn KeyStore) {
    let mut other = api_key(2);
    other.owner = name("bob's desk ~ 7");
    other.scopes = Scopes::from(vec![Scope::Read]);
    let mut none = api_key(3);
    none.scopes = Scopes::from(vec![]);
    for key in [api_key(1), other, none] {
        store.create(key.clone()).await.unwrap();
        let found = store.keys(std::slice::from_ref(&key.id)).await.unwrap();
        assert_eq!(found.iter().map(text).collect::<Vec<_>>(), [text(&key)]);
    }
}

pub async fn keys_that_are_not_there_are_left_out(store: &dyn KeyStore) {
    store.create(api_key(1)).await.unwrap();
    assert!(store.keys(&[]).await.unwrap().is_empty());
    assert!(store.keys(&[key_id(2)]).await.unwrap().is_empty());
    let found = store.keys(&[key_id(2), key_id(1), key_id(3)]).await.unwrap();
    assert_eq!(found.iter().map(|key| &key.id).collect::<Vec<_>>(), [&key_id(1)]);
    // Ids are told apart by case.
    assert!(store.keys(&["KEY-1".parse().unwrap()]).await.unwrap().is_empty());
}

pub async fn an_id_is_taken_once(store: &dyn KeyStore) {
    let same_id = |n: u32| ApiKey {
        id: key_id(1),
        ..api_key(n)
    };
    let created = join_all((1..=8).map(|n| store.create(same_id(n)))).await;
    let taken = created
        .iter()
        .filter(|created| matches!(created, Err(KeyError::IdTaken)))
        .count();
    assert_eq!(taken, 7, "{created:?}");
    let winner = created.iter().position(Result::is_ok).unwrap();
    let kept = one(store, 1).await;
    assert_eq!(text(&kept), text(&same_id(u32::try_from(winner).unwrap() + 1)));
    store.revoke(&key_id(1), accepted_at(9)).await.unwrap();
    assert!(matches!(store.create(api_key(1)).await, Err(KeyError::IdTaken)));
}

pub async fn all_keys_are_listed_by_age(store: &dyn KeyStore) {
    assert!(store.all().await.unwrap().is_empty());
    for n in [3, 1, 2] {
        store.create(api_key(n)).await.unwrap();
    }
    let twin = ApiKey {
        id: "a-twin".parse().unwrap(),
        ..api_key(2)
    };
    store.create(twin).await.unwrap();
    store.revoke(&key_id(1), accepted_at(5)).await.unwrap();
    let all = store.all().await.unwrap();
    let seen: Vec<_> = all.iter().map(|key| key.id.as_str()).collect();
    assert_eq!(seen, ["key-1", "a-twin", "key-2", "key-3"]);
    assert_eq!(all[0].revoked_at, Some(accepted_at(5)));
}

pub async fn a_revoked_key_stays_revoked_since_then(store: &dyn KeyStore) {
    assert!(!store.revoke(&key_id(1), accepted_at(2)).await.unwrap());
    store.create(api_key(1)).await.unwrap();
    store.create(api_key(2)).await.unwrap();
    assert!(store.revoke(&key_id(1), accepted_at(3)).await.unwrap());
    assert_eq!(one(store, 1).await.revoked_at, Some(accepted_at(3)));
    assert!(store.revoke(&key_id(1), accepted_at(4)).await.unwrap());
    assert_eq!(one(store, 1).await.revoked_at, Some(accepted_at(3)));
    assert_eq!(one(store, 2).await.revoked_at, None);
}

pub async fn a_key_that_is_rotated_has_another_secret(store: &dyn KeyStore) {
    assert!(!store.rotate(&key_id(1), secret_hash(7)).await.unwrap());
    store.create(api_key(1)).await.unwrap();
    store.create(api_key(2)).await.unwrap();
    assert!(store.rotate(&key_id(1), secret_hash(7)).await.unwrap());
    let expected = ApiKey {
        hash: secret_hash(7),
        ..api_key(1)
    };
    assert_eq!(text(&one(store, 1).await), text(&expected));
    assert_eq!(text(&one(store, 2).await), text(&api_key(2)));
}

pub async fn a_revoked_key_is_not_rotated(store: &dyn KeyStore) {
    store.create(api_key(1)).await.unwrap();
    store.revoke(&key_id(1), accepted_at(3)).await.unwrap();
    assert!(!store.rotate(&key_id(1), secret_hash(7)).await.unwrap());
    let kept = one(store, 1).await;
    assert_eq!(kept.hash.bytes(), secret_hash(1).bytes());
    assert_eq!(kept.revoked_at, Some(accepted_at(3)));
}
