//! Admission, which every request passes before its endpoint: it limits how often a caller may ask, and how many requests
//! and connections there are at once. It knows nothing of orders.
//!
//! What is counted by caller is counted under an address, or under an owner ([`CallerKey`]), which the endpoint that asks
//! for admission names. The counts are this process's own: several processes allow several times as much.

mod buckets;
mod caller;
mod connections;
mod cors;
mod counts;
mod forwarded;
mod headers;
mod host;
mod names;
mod origin;
mod pace;
mod refusals;
mod settings;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use order_core::id::Owner;
use poem::endpoint::BoxEndpoint;
use poem::http::{HeaderMap, uri::Scheme};
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response};
use tokio::sync::Semaphore;

use self::buckets::{Buckets, Left};
use self::counts::{Counts, Held};
use self::origin::Page;
use self::refusals::{Reason, rate_limited, refused, too_many};
use crate::wire::problem::Problem;

pub use self::caller::{Caller, CallerKey};
pub use self::connections::Connections;
pub use self::names::normal as host_entry;
pub use self::origin::{host_of as host_of_origin, is_origin};
pub use self::pace::Pace;
pub use self::settings::{LimitSettings, Rate};

/// How often the buckets of those who have not been here for a while are forgotten.
pub const TIDY: Duration = Duration::from_secs(60);

/// Whether more waits than can be worked off in time. Raised and lowered by whoever measures that.
#[derive(Clone, Debug, Default)]
pub struct LoadShedding(Arc<AtomicBool>);

impl LoadShedding {
    /// Says how it is.
    pub fn set(&self, high: bool) {
        self.0.store(high, Ordering::Relaxed);
    }

    fn is_high(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What stands before the endpoints.
pub struct Guard {
    settings: LimitSettings,
    load_shedding: LoadShedding,
    addresses: Option<Buckets<IpAddr>>,
    owners: Option<Buckets<CallerKey>>,
    streams_of_addresses: Counts<IpAddr>,
    streams_of_owners: Counts<CallerKey>,
    under_way: Semaphore,
}

/// A socket or stream that is counted until this is dropped.
pub struct StreamPermit {
    _address: Option<Held<IpAddr>>,
    _owner: Option<Held<CallerKey>>,
}

impl Guard {
    /// Nobody has taken anything yet.
    pub fn new(settings: LimitSettings, load_shedding: LoadShedding) -> Self {
        refusals::count_from_zero();
        Self {
            addresses: settings.address_rate.map(|rate| Buckets::new("address", rate)),
            owners: settings.owner_rate.map(|rate| Buckets::new("owner", rate)),
            streams_of_addresses: Counts::new(settings.streams_per_address),
            streams_of_owners: Counts::new(settings.streams_per_owner),
            under_way: Semaphore::new(settings.requests.min(Semaphore::MAX_PERMITS)),
            settings,
            load_shedding,
        }
    }

    /// Whoever made the request.
    pub fn caller(&self, request: &Request) -> Caller {
        Caller::of(request, self.settings.trusted_hops)
    }

    /// Lets somebody submit an order in that owner's name, or not now.
    ///
    /// # Errors
    /// A problem that says when.
    pub fn admit_order(&self, caller: Caller, owner: &Owner) -> Result<(), Problem> {
        if self.load_shedding.is_high() {
            let problem = Problem::overloaded("too many orders wait to be executed");
            return Err(refused(Reason::Queue, problem));
        }
        self.admit(caller, Some(owner))
    }

    /// Lets somebody change something in that owner's name, or not now.
    ///
    /// # Errors
    /// A problem that says when.
    pub fn admit(&self, caller: Caller, owner: Option<&Owner>) -> Result<(), Problem> {
        let key = caller.key(owner);
        if matches!(key, CallerKey::Address(_)) && self.exempt(caller) {
            return Ok(());
        }
        match &self.owners {
            Some(buckets) => buckets
                .take(&key)
                .map(|_| ())
                .map_err(|left| rate_limited(left, Reason::Owner)),
            None => Ok(()),
        }
    }

    /// Lets somebody hold one more socket or stream.
    ///
    /// # Errors
    /// A problem.
    pub fn stream(&self, caller: Caller, owner: Option<&Owner>) -> Result<StreamPermit, Problem> {
        let address = if self.exempt(caller) {
            None
        } else {
            let taken = self.streams_of_addresses.take(caller.network());
            taken.map_err(|_| too_many(&self.streams_of_addresses, Reason::Address))?
        };
        let owner = match caller.key(owner) {
            CallerKey::Address(_) => None,
            key @ CallerKey::Owner(_) => {
                let taken = self.streams_of_owners.take(key);
                taken.map_err(|_| too_many(&self.streams_of_owners, Reason::Owner))?
            }
        };
        Ok(StreamPermit {
            _address: address,
            _owner: owner,
        })
    }

    /// Forgets who has not been here for a while.
    pub fn tidy(&self) {
        if let Some(buckets) = &self.addresses {
            buckets.tidy();
        }
        if let Some(buckets) = &self.owners {
            buckets.tidy();
        }
    }

    fn exempt(&self, caller: Caller) -> bool {
        self.settings.exempt_loopback && caller.address.is_loopback()
    }

    /// Takes one of the address's requests.
    fn count(&self, caller: Caller) -> Result<Option<Left>, Problem> {
        match &self.addresses {
            Some(buckets) if !self.exempt(caller) => {
                let taken = buckets.take(&caller.network());
                taken
                    .map(Some)
                    .map_err(|left| rate_limited(left, Reason::Address))
            }
            Some(_) | None => Ok(None),
        }
    }

    fn check_host(&self, request: &Request) -> Result<(), Problem> {
        let named = host::named(request.headers(), request.version());
        let host = named.map_err(|_| Problem::bad_host())?;
        match (host, &self.settings.hosts) {
            (Some(host), Some(allowed)) if !is_about_the_process(request.uri().path()) => {
                host::check(&host, allowed).map_err(|_| Problem::host_not_allowed())
            }
            (Some(_) | None, Some(_) | None) => Ok(()),
        }
    }

    async fn answer(&self, endpoint: &E, request: Request) -> Response {
        let LimitSettings {
            origins,
            trusted_hops,
            ..
        } = &self.settings;
        let shared_with = match origin::page(request.headers(), origins, *trusted_hops) {
            Page::Foreign => return refused(Reason::Origin, Problem::origin_not_allowed()).into_response(),
            Page::Listed => cors::origin(request.headers()),
            Page::Own => None,
        };
        let mut response = match cors::preflight(&request) {
            Some(response) if shared_with.is_some() => response,
            Some(_) | None => self.work(endpoint, request).await,
        };
        if let Some(origin) = shared_with {
            cors::share(response.headers_mut(), origin);
        }
        response
    }

    /// Has the request answered, if not too many are under way, and in time.
    async fn work(&self, endpoint: &E, request: Request) -> Response {
        let Ok(_slot) = self.under_way.try_acquire() else {
            let problem = Problem::overloaded("too many requests are under way");
            return refused(Reason::Requests, problem).into_response();
        };
        let answer = endpoint.get_response(request);
        match tokio::time::timeout(self.settings.request_timeout, answer).await {
            Ok(response) => response,
            Err(_) => refused(Reason::Timeout, Problem::timed_out()).into_response(),
        }
    }

    async fn pass(&self, endpoint: &E, request: Request) -> Response {
        let encrypted = *request.scheme() == Scheme::HTTPS;
        let mut told = HeaderMap::new();
        let mut response = if let Err(problem) = self.check_host(&request) {
            refused(Reason::Host, problem).into_response()
        } else if is_about_the_process(request.uri().path()) {
            endpoint.get_response(request).await
        } else {
            match self.count(self.caller(&request)) {
                Ok(left) => {
                    if let Some(left) = left {
                        left.tell(&mut told);
                    }
                    self.answer(endpoint, request).await
                }
                Err(problem) => problem.into_response(),
            }
        };
        for (name, value) in told {
            if let Some(name) = name {
                response.headers_mut().entry(name).or_insert(value);
            }
        }
        headers::protect(&mut response, encrypted);
        response
    }
}

/// What the guard stands before.
type E = BoxEndpoint<'static, Response>;

/// Whether whoever watches the process asks: that must be answered above all when the rest is not.
pub fn is_about_the_process(path: &str) -> bool {
    path == "/metrics" || path.starts_with("/health/")
}

/// Puts the guard before the endpoints.
pub fn guarded(admission: Arc<Guard>, endpoint: E) -> E {
    let endpoint = Arc::new(endpoint);
    poem::endpoint::make(move |request| {
        let (admission, endpoint) = (Arc::clone(&admission), Arc::clone(&endpoint));
        async move { admission.pass(&endpoint, request).await }
    })
    .map_to_response()
    .boxed()
}
