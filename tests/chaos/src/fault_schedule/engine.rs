//! What happens to the engine's processes and to their ways.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::MutexGuard;

use super::FaultSchedule;
use super::card::Link;
use crate::process::Process;
use crate::proxy::{Mode, Proxy};
use crate::rng::SeededRng;
use crate::stage::{Member, Ways};

/// A process that is told to stop in good order ends within this, or it hangs.
const STOPS_WITHIN: Duration = Duration::from_secs(20);

impl FaultSchedule {
    pub(super) async fn kill_one(&self, members: &[Member], rng: &SeededRng) -> bool {
        let Some(mut process) = any(members, rng) else {
            return false;
        };
        process.kill().await;
        // Sometimes it is back before anything notices, sometimes its leases run out first.
        tokio::time::sleep(rng.one_of(&[Duration::ZERO, rng.millis(0, 2_000), rng.millis(2_000, 8_000)]))
            .await;
        self.start(&mut process)
    }

    pub(super) async fn freeze_one(&self, members: &[Member], how_long: Duration, rng: &SeededRng) -> bool {
        let Some(process) = any(members, rng) else {
            return false;
        };
        process.signal(Signal::SIGSTOP);
        tokio::time::sleep(how_long).await;
        process.signal(Signal::SIGCONT);
        true
    }

    pub(super) async fn stop_one(&self, members: &[Member], rng: &SeededRng) -> bool {
        let Some(mut process) = any(members, rng) else {
            return false;
        };
        match process.terminate(STOPS_WITHIN).await {
            Some(status) if status.success() => {}
            Some(status) => self.oddity(format!(
                "{} was asked to stop and ended with {status}",
                process.name()
            )),
            None => self.oddity(format!("{} was asked to stop and did not", process.name())),
        }
        tokio::time::sleep(rng.millis(0, 2_000)).await;
        self.start(&mut process)
    }

    pub(super) fn start(&self, process: &mut Process) -> bool {
        if let Err(error) = process.start() {
            self.oddity(error.to_string());
        }
        true
    }

    pub(super) fn oddity(&self, what: String) {
        self.tally.ended_by_themselves.lock().push(what);
    }

    /// Cuts the connections that stand, sometimes of all processes.
    pub(super) async fn cut_one(&self, link: Link, rng: &SeededRng) -> bool {
        for ways in self.some(rng) {
            link.of(ways).cut();
        }
        true
    }

    /// Holds back for a while what goes that way; then lets it go, or cuts it off.
    pub(super) async fn hold_one(&self, link: Link, mode: Mode, rng: &SeededRng) -> bool {
        let held: Vec<_> = self.some(rng).map(|ways| link.of(ways)).collect();
        for way in &held {
            way.set(mode);
            if mode == Mode::Refuse {
                way.cut();
            }
        }
        tokio::time::sleep(rng.millis(500, 7_000)).await;
        let cut = rng.percent(50);
        for way in &held {
            if cut {
                way.cut();
            }
            way.set(Mode::Pass);
        }
        true
    }

    /// The ways of one process, or, now and then, of all.
    fn some(&self, rng: &SeededRng) -> impl Iterator<Item = &Ways> {
        let members: Vec<&Member> = self.stage.members().collect();
        let chosen = if rng.percent(20) {
            None
        } else {
            Some(rng.index(members.len()))
        };
        members
            .into_iter()
            .enumerate()
            .filter(move |(index, _)| chosen.is_none_or(|chosen| chosen == *index))
            .map(|(_, member)| &member.ways)
    }
}

impl Link {
    const fn of(self, ways: &Ways) -> &Proxy {
        match self {
            Self::Postgres => &ways.postgres,
            Self::Redis => &ways.redis,
            Self::Venue => &ways.venue,
        }
    }
}

/// Any process that nothing else is being done to.
fn any<'a>(members: &'a [Member], rng: &SeededRng) -> Option<MutexGuard<'a, Process>> {
    let first = rng.index(members.len());
    let (before, after) = members.split_at(first);
    after
        .iter()
        .chain(before)
        .filter_map(|member| member.process.try_lock().ok())
        .find(|process| process.is_started())
}
