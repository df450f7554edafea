//! The names that callers gave their orders: idempotency keys and client order ids, each once for an owner.
//!
//! A name is taken together with the order that it stands for: while a [`KeyGuard`] lives, nobody else can look at
//! its names, so what it found stays true until it has written.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use order_core::id::{Name, OrderId, Owner};
use parking_lot::{Mutex, MutexGuard};

const SHARDS: usize = 32;

/// Which of an owner's name spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Space {
    Key,
    ClientOrder,
}

/// A name in the name space of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct TakenKey {
    owner: Owner,
    space: Space,
    name: Name,
}

impl TakenKey {
    pub(super) fn key(owner: &Owner, name: Name) -> Self {
        Self {
            owner: owner.clone(),
            space: Space::Key,
            name,
        }
    }

    pub(super) fn client_order(owner: &Owner, name: Name) -> Self {
        Self {
            owner: owner.clone(),
            space: Space::ClientOrder,
            name,
        }
    }
}

type Shard = HashMap<TakenKey, OrderId>;

/// All names.
#[derive(Debug, Default)]
pub(super) struct Names {
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

impl Names {
    /// Locks up to two names; always in the order of their shards, so that no two callers wait for each other.
    pub(super) fn lock(&self, names: [Option<TakenKey>; 2]) -> KeyGuard<'_> {
        let places = names
            .each_ref()
            .map(|name| name.as_ref().map(|name| self.shard_of(name)));
        let [first, second] = places;
        let [low, high] = if first <= second {
            [first, second]
        } else {
            [second, first]
        };
        let low_guard = low
            .filter(|_| low != high)
            .map(|index| (index, self.shards[index].lock()));
        let high_guard = high.map(|index| (index, self.shards[index].lock()));
        KeyGuard {
            names,
            places,
            guards: [low_guard, high_guard],
        }
    }

    fn shard_of(&self, name: &TakenKey) -> usize {
        // The remainder is less than the number of shards, so it fits.
        usize::try_from(self.hasher.hash_one(name) % SHARDS as u64).unwrap_or_default()
    }
}

/// Up to two names that nobody else can look at.
pub(super) struct KeyGuard<'a> {
    names: [Option<TakenKey>; 2],
    places: [Option<usize>; 2],
    guards: [Option<(usize, MutexGuard<'a, Shard>)>; 2],
}

impl KeyGuard<'_> {
    /// Which order has the name, if there is such a name and it is taken.
    pub(super) fn holder(&self, which: usize) -> Option<OrderId> {
        let (name, place) = (self.names[which].as_ref()?, self.places[which]?);
        let (_, shard) = self.guards.iter().flatten().find(|(index, _)| *index == place)?;
        shard.get(name).copied()
    }

    /// Gives all names to this order.
    pub(super) fn take(self, id: OrderId) {
        self.each(|shard, name| _ = shard.insert(name, id));
    }

    /// Takes the names away from this order; those that are another's by now stay.
    pub(super) fn give_back(self, id: OrderId) {
        self.each(|shard, name| {
            if shard.get(&name) == Some(&id) {
                shard.remove(&name);
            }
        });
    }

    /// Does this with each name, in the shard where it belongs.
    fn each(self, mut act: impl FnMut(&mut Shard, TakenKey)) {
        let Self {
            names,
            places,
            mut guards,
        } = self;
        for (name, place) in names.into_iter().zip(places) {
            let shard = guards
                .iter_mut()
                .flatten()
                .find(|(index, _)| Some(*index) == place);
            if let (Some(name), Some((_, shard))) = (name, shard) {
                act(shard, name);
            }
        }
    }
}

#[cfg(test)]
impl Names {
    /// How many names are taken.
    pub(super) fn taken(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> OrderId {
        OrderId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn both(n: usize) -> [Option<TakenKey>; 2] {
        let (owner, name): (Owner, Name) = ("o".parse().unwrap(), format!("n{n}").parse().unwrap());
        [
            Some(TakenKey::key(&owner, name.clone())),
            Some(TakenKey::client_order(&owner, name)),
        ]
    }

    /// Wherever two names fall, in one shard or in two, in this order or the other.
    #[test]
    fn any_two_names_are_taken_together_and_found_apart() {
        let names = Names::default();
        for n in 0..500 {
            let held = names.lock(both(n));
            assert_eq!((held.holder(0), held.holder(1)), (None, None));
            held.take(id(n as u128));
        }
        for n in 0..500 {
            let [key, client] = both(n);
            assert_eq!(names.lock([key.clone(), None]).holder(0), Some(id(n as u128)));
            let turned = names.lock([client, key]);
            assert_eq!(
                (turned.holder(0), turned.holder(1)),
                (Some(id(n as u128)), Some(id(n as u128)))
            );
        }
    }

    #[test]
    fn threads_that_lock_the_same_names_in_any_order_all_come_through() {
        let names = Names::default();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let names = &names;
                scope.spawn(move || {
                    for n in 0..2_000 {
                        let [a, b] = both(n % 40);
                        drop(names.lock(if thread % 2 == 0 { [a, b] } else { [b, a] }));
                    }
                });
            }
        });
    }
}
