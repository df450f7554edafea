//! Priorities, and how the less urgent are not starved.

use serde::{Deserialize, Serialize};

/// How urgent an order is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// When nothing else is due, and now and then.
    Low,
    /// As a rule.
    #[default]
    Normal,
    /// Before the others.
    High,
}

impl Priority {
    /// All priorities, the most urgent first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }

    /// Its place in [`Priority::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::High => 0,
            Self::Normal => 1,
            Self::Low => 2,
        }
    }
}

/// Takes turns between the priorities: the most urgent first, but one that has been passed over often enough
/// goes next. So none starves, however many urgent orders come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turns {
    passed_over: [u32; 3],
}

impl Turns {
    /// How often each priority (by [`Priority::index`]) lets others go first.
    pub const PATIENCE: [u32; 3] = [0, 10, 30];

    /// Which priority is next, given which have orders waiting (by [`Priority::index`]).
    pub fn next(&mut self, waiting: [bool; 3]) -> Option<Priority> {
        let mut candidates = Priority::ALL
            .into_iter()
            .filter(|priority| waiting[priority.index()]);
        let impatient = |priority: &Priority| {
            let index = priority.index();
            waiting[index] && index > 0 && self.passed_over[index] >= Self::PATIENCE[index]
        };
        let chosen = Priority::ALL
            .into_iter()
            .rfind(impatient)
            .or_else(|| candidates.next())?;
        for priority in Priority::ALL {
            let passed = &mut self.passed_over[priority.index()];
            *passed = if priority == chosen || !waiting[priority.index()] {
                0
            } else {
                *passed + 1
            };
        }
        Some(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_orders_go_first_and_the_others_still_go() {
        let mut turns = Turns::default();
        let taken: Vec<_> = (0..310).filter_map(|_| turns.next([true, true, true])).collect();
        let count = |priority| taken.iter().filter(|p| **p == priority).count();
        assert!(taken[..10].iter().all(|p| *p == Priority::High));
        assert!(count(Priority::High) > 5 * count(Priority::Normal));
        assert!(count(Priority::Normal) > count(Priority::Low));
        assert!(count(Priority::Low) >= 9);
    }

    #[test]
    fn alone_or_empty_there_is_nothing_to_weigh() {
        let mut turns = Turns::default();
        assert_eq!(turns.next([false; 3]), None);
        assert_eq!(turns.next([false, false, true]), Some(Priority::Low));
    }
}
