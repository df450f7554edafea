//! From nearly the best division to the best one that single moves reach, in whole units.

use super::super::{AmmError, Path};

/// How often one size of move is tried again after it helped.
const TRIES: usize = 16;

/// Among so few units rounding is all there is, and hides better divisions far away.
const RUGGED: u128 = 1 << 14;

/// A division in whole units whose parts all give something.
pub(super) struct Climb<'a> {
    paths: &'a [&'a Path<'a>],
    /// Input and output of each path; both zero where it is not used.
    parts: Vec<(u128, u128)>,
    now_secs: u64,
    stride: u128,
}

impl<'a> Climb<'a> {
    /// Starts at `shares`. What they leave of `amount`, and parts too small to give anything, go where they
    /// give the most; `None` if no path can take them.
    pub(super) fn from(
        paths: &'a [&'a Path<'a>],
        shares: Vec<u128>,
        amount: u128,
        now_secs: u64,
    ) -> Option<Self> {
        let mut climb = Self {
            paths,
            parts: vec![(0, 0); paths.len()],
            now_secs,
            stride: 1,
        };
        let mut homeless = amount;
        for (of, share) in shares.into_iter().enumerate() {
            if let (Some(out), Some(left)) = (climb.out(of, share), homeless.checked_sub(share)) {
                climb.parts[of] = (share, out);
                homeless = left;
            }
        }
        climb
            .place(homeless)
            .or_else(|| climb.place_with_help(homeless, amount))?;
        climb.stride = climb.first_stride(amount)?;
        Some(climb)
    }

    /// Moves ever smaller amounts from path to path while the sum grows; the parts in the end.
    pub(super) fn into_best(mut self) -> Vec<(u128, u128)> {
        let mut stride = self.stride;
        while stride > 0 {
            for _ in 0..TRIES {
                if !self.improve(stride) {
                    break;
                }
            }
            stride /= 2;
        }
        self.parts
    }

    /// Tries one move between each pair; says whether any helped.
    fn improve(&mut self, stride: u128) -> bool {
        let mut helped = false;
        for from in 0..self.parts.len() {
            for to in 0..self.parts.len() {
                helped |= from != to && self.shift(from, to, stride);
            }
        }
        helped
    }

    /// Moves up to `stride` if the sum of both outputs grows by it.
    fn shift(&mut self, from: usize, to: usize, stride: u128) -> bool {
        let ((less, was), (more, had)) = (self.parts[from], self.parts[to]);
        let moved = stride.min(less);
        if moved == 0 {
            return false;
        }
        let (less, Some(more)) = (less - moved, more.checked_add(moved)) else {
            return false;
        };
        let (Some(gives), Some(gets)) = (self.out(from, less), self.out(to, more)) else {
            return false;
        };
        // Compared as differences: the sums might not fit.
        let better = gets.saturating_sub(had) > was.saturating_sub(gives);
        if better {
            self.parts[from] = (less, gives);
            self.parts[to] = (more, gets);
        }
        better
    }

    /// Adds `amount` to the path that gives the most for it.
    fn place(&mut self, amount: u128) -> Option<()> {
        if amount == 0 {
            return Some(());
        }
        let with = |of: usize| {
            let (share, had) = self.parts[of];
            let share = share.checked_add(amount)?;
            let out = self.out(of, share)?;
            Some((out.saturating_sub(had), of, share, out))
        };
        let (_, of, share, out) = (0..self.parts.len())
            .rev()
            .filter_map(with)
            .max_by_key(|(gain, ..)| *gain)?;
        self.parts[of] = (share, out);
        Some(())
    }

    /// Adds `amount` where it is too little on its own and no other path has room: the path also gets from
    /// another one what it lacks for its first unit of output. `total` is the whole input.
    fn place_with_help(&mut self, amount: u128, total: u128) -> Option<()> {
        let paths = || 0..self.parts.len();
        let pairs = paths()
            .flat_map(|to| paths().map(move |from| (from, to)))
            .filter(|(from, to)| from != to);
        let helped = |(from, to): (usize, usize)| {
            let ((donor, _), (share, _)) = (self.parts[from], self.parts[to]);
            let share = self.least_giving(to, share.checked_add(amount)?, total)?;
            let donor = donor.checked_sub(share - self.parts[to].0 - amount)?;
            let (less, more) = (self.out(from, donor)?, self.out(to, share)?);
            Some((less.saturating_add(more), (from, donor, less), (to, share, more)))
        };
        let (_, (from, donor, less), (to, share, more)) =
            pairs.filter_map(helped).max_by_key(|(sum, ..)| *sum)?;
        self.parts[from] = (donor, less);
        self.parts[to] = (share, more);
        Some(())
    }

    /// The least amount from `low` to `high` that gives anything; `None` if there is none.
    fn least_giving(&self, of: usize, mut low: u128, mut high: u128) -> Option<u128> {
        let too_little = |amount| {
            matches!(
                self.paths[of].out(amount, self.now_secs),
                Err(AmmError::ZeroOutput)
            )
        };
        while low < high {
            let middle = low + (high - low) / 2;
            if too_little(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.out(of, low).is_some().then_some(low)
    }

    /// What a path gives; zero for nothing, `None` if it cannot take the amount or gives nothing for it.
    fn out(&self, of: usize, amount: u128) -> Option<u128> {
        match self.paths[of].out(amount, self.now_secs) {
            Ok(out) => Some(out),
            Err(AmmError::ZeroInput) => Some(0),
            Err(_) => None,
        }
    }

    /// A few units of output where the shares come from closed forms, which rounding alone can have missed;
    /// a sample's width where they do not.
    fn first_stride(&self, amount: u128) -> Option<u128> {
        if self.paths.iter().any(|path| path.is_sampled()) {
            return Some((amount / 32).max(1));
        }
        let out = self
            .parts
            .iter()
            .fold(0u128, |sum, (_, out)| sum.saturating_add(*out));
        amount
            .checked_div(out)
            .map(|unit| unit.saturating_mul(16).max(RUGGED.min(amount)))
    }
}
