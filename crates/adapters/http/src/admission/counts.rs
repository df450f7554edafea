//! How many of something are held at once, by whom.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

/// Counts what each key holds, up to a limit.
pub struct Counts<K: Hash + Eq + Clone> {
    most: Option<usize>,
    held: Arc<Mutex<HashMap<K, usize>>>,
}

/// One of them, held until this is dropped.
pub struct Held<K: Hash + Eq + Clone> {
    key: K,
    held: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Hash + Eq + Clone> Counts<K> {
    /// Nobody holds anything. Without a limit nothing is counted.
    pub fn new(most: Option<usize>) -> Self {
        Self {
            most,
            held: Arc::default(),
        }
    }

    /// The limit.
    pub fn most(&self) -> usize {
        self.most.unwrap_or(usize::MAX)
    }

    /// One more for this key.
    ///
    /// # Errors
    /// It holds as many as it may.
    pub fn take(&self, key: K) -> Result<Option<Held<K>>, TooMany> {
        let Some(most) = self.most else { return Ok(None) };
        let mut counts = self.held.lock();
        let count = counts.entry(key.clone()).or_default();
        if *count >= most {
            if most == 0 {
                counts.remove(&key);
            }
            return Err(TooMany);
        }
        *count += 1;
        let held = Arc::clone(&self.held);
        Ok(Some(Held { key, held }))
    }
}

/// The limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl<K: Hash + Eq + Clone> Drop for Held<K> {
    fn drop(&mut self) {
        let mut counts = self.held.lock();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_go_may_be_taken_again() {
        let counts = Counts::new(Some(2));
        let (first, _second) = (counts.take("a").unwrap(), counts.take("a").unwrap());
        assert!(counts.take("a").is_err() && counts.take("b").is_ok());
        drop(first);
        let _third = counts.take("a").unwrap();
        assert!(counts.take("a").is_err());
    }

    #[test]
    fn who_holds_nothing_is_not_remembered() {
        let counts = Counts::new(Some(1));
        drop(counts.take("a"));
        assert!(counts.held.lock().is_empty());
        let none = Counts::new(Some(0));
        assert!(none.take("a").is_err() && none.held.lock().is_empty());
        let unlimited: Counts<&str> = Counts::new(None);
        assert!(unlimited.take("a").is_ok_and(|held| held.is_none()));
    }
}
