//! How many connections are open, in all and of one address.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::caller::Caller;
use super::counts::{Counts, Held, TooMany};
use super::refusals::{self, Reason};
use super::settings::LimitSettings;

/// The connections that may still be opened.
pub struct Connections {
    free: Arc<Semaphore>,
    of_addresses: Counts<IpAddr>,
    exempt_loopback: bool,
}

/// A connection that is counted until this is dropped.
pub struct ConnectionPermit {
    _one: OwnedSemaphorePermit,
    _address: Option<Held<IpAddr>>,
}

impl Connections {
    /// None is open.
    pub fn new(limits: &LimitSettings) -> Self {
        // Behind a proxy everybody comes from one address.
        let behind_proxy = limits.trusted_hops > 0;
        let per_address = limits.connections_per_address.filter(|_| !behind_proxy);
        Self {
            free: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
            of_addresses: Counts::new(per_address),
            exempt_loopback: limits.exempt_loopback,
        }
    }

    /// One more, from there.
    ///
    /// # Errors
    /// There are as many as there may be.
    pub fn take(&self, address: IpAddr) -> Result<ConnectionPermit, TooMany> {
        let taken = self.try_take(address);
        if taken.is_err() {
            refusals::count(Reason::Connections);
        }
        taken
    }

    fn try_take(&self, address: IpAddr) -> Result<ConnectionPermit, TooMany> {
        let one = Arc::clone(&self.free).try_acquire_owned().map_err(|_| TooMany)?;
        let address = if self.exempt_loopback && address.is_loopback() {
            None
        } else {
            self.of_addresses.take(Caller { address }.network())?
        };
        Ok(ConnectionPermit {
            _one: one,
            _address: address,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(connections: usize, per_address: usize) -> LimitSettings {
        LimitSettings {
            connections,
            connections_per_address: Some(per_address),
            ..LimitSettings::default()
        }
    }

    #[test]
    fn one_address_cannot_take_them_all() {
        let connections = Connections::new(&limits(3, 1));
        let [a, b, here] = ["192.0.2.1", "192.0.2.2", "127.0.0.1"].map(|text| text.parse().unwrap());
        let held = connections.take(a).unwrap();
        assert!(connections.take(a).is_err());
        let _others = (connections.take(b).unwrap(), connections.take(here).unwrap());
        assert!(connections.take(here).is_err(), "three are open");
        drop(held);
        assert!(connections.take(here).is_ok());
    }

    #[test]
    fn a_proxys_connections_are_not_one_callers() {
        let limits = LimitSettings {
            trusted_hops: 1,
            ..limits(3, 1)
        };
        let connections = Connections::new(&limits);
        let proxy = "192.0.2.1".parse().unwrap();
        let _held = (connections.take(proxy).unwrap(), connections.take(proxy).unwrap());
    }
}
