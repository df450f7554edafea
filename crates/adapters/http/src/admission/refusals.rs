//! What is counted of requests that the guard turns away.

use metrics::{counter, describe_counter};

use super::buckets::Left;
use super::counts::Counts;
use crate::wire::problem::Problem;
use poem::http::HeaderMap;

const NAME: &str = "http_server_refused_requests_total";

/// Why a request was not let in, or not answered in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its address has used up its rate.
    Address,
    /// Its owner has used up theirs.
    Owner,
    /// Too many connections are open.
    Connections,
    /// Its Host is none that this engine answers to.
    Host,
    /// A page of another origin sent it.
    Origin,
    /// Too many orders wait.
    Queue,
    /// Too many requests are under way.
    Requests,
    /// Its caller holds too many streams.
    Streams,
    /// It was not answered in time.
    Timeout,
}

impl Reason {
    const ALL: [Self; 9] = [
        Self::Address,
        Self::Owner,
        Self::Connections,
        Self::Host,
        Self::Origin,
        Self::Queue,
        Self::Requests,
        Self::Streams,
        Self::Timeout,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Owner => "owner",
            Self::Connections => "connections",
            Self::Host => "host",
            Self::Origin => "origin",
            Self::Queue => "queue",
            Self::Requests => "requests",
            Self::Streams => "streams",
            Self::Timeout => "timeout",
        }
    }
}

/// Brings the counters into being: one that appears with the first refusal has no increase that a rate would see.
pub fn count_from_zero() {
    describe_counter!(NAME, "Requests that were turned away, by reason.");
    for reason in Reason::ALL {
        counter!(NAME, "reason" => reason.as_str()).increment(0);
    }
}

/// Counts a refusal.
pub fn count(reason: Reason) {
    counter!(NAME, "reason" => reason.as_str()).increment(1);
}

/// Counts a refusal that is answered.
pub fn refused(reason: Reason, problem: Problem) -> Problem {
    count(reason);
    problem
}

/// A caller's rate is used up: its address's, or its owner's.
pub fn rate_limited(left: Left, whose: Reason) -> Problem {
    let mut told = HeaderMap::new();
    left.tell(&mut told);
    let problem = Problem::rate_limited(whose.as_str()).retry_after(left.retry_after());
    let told = told.into_iter().filter_map(|(name, value)| Some((name?, value)));
    let problem = told.fold(problem, |problem, (name, value)| problem.with_header(name, value));
    refused(whose, problem)
}

/// A caller holds as many streams as it may.
pub fn too_many<K: std::hash::Hash + Eq + Clone>(counts: &Counts<K>, whose: Reason) -> Problem {
    refused(
        Reason::Streams,
        Problem::too_many_streams(counts.most(), whose.as_str()),
    )
}
