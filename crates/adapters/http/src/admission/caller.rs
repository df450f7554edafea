//! Who calls: an address, and an owner where one is known.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use order_core::id::Owner;
use poem::{Addr, Request};

/// Where proxies write whom they speak for; each adds at the right whom it heard.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Whoever is behind a request, for everything that is counted by caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Where the caller is.
    pub address: IpAddr,
}

/// What an owner's doings are counted under. Without an owner, callers are told apart by their addresses: what one
/// stranger takes must not be missing to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallerKey {
    /// Somebody who said, or proved, who they are.
    Owner(Owner),
    /// Nobody in particular, at that address.
    Address(IpAddr),
}

impl Caller {
    /// Whoever made the request, seen past that many trusted proxies.
    pub fn of(request: &Request, trusted_hops: usize) -> Self {
        let peer = match &request.remote_addr().0 {
            Addr::SocketAddr(peer) => peer.ip(),
            Addr::Unix(_) | Addr::Custom(..) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        };
        let heard = (trusted_hops > 0).then(|| {
            let lines = request.headers().get_all(FORWARDED_FOR);
            let said: Vec<&str> = lines.iter().filter_map(|line| line.to_str().ok()).collect();
            past(&said.join(","), trusted_hops)
        });
        Self {
            address: heard.flatten().unwrap_or(peer).to_canonical(),
        }
    }

    /// What this caller's doings in the name of that owner are counted under.
    pub fn key(self, owner: Option<&Owner>) -> CallerKey {
        match owner.filter(|owner| owner.as_str() != Owner::ANONYMOUS) {
            Some(owner) => CallerKey::Owner(owner.clone()),
            None => CallerKey::Address(self.network()),
        }
    }

    /// What everything of one household or machine has in common: a customer of IPv6 has 2^64 addresses at least.
    pub fn network(self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }
}

/// The address that the outermost trusted proxy heard: as many from the right as there are proxies. What stands left
/// of it is what the caller claims.
fn past(said: &str, hops: usize) -> Option<IpAddr> {
    let place = hops.checked_sub(1)?;
    address(said.rsplit(',').nth(place)?.trim())
}

/// An address, with or without brackets and a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_matches(['[', ']']);
    bare.parse()
        .ok()
        .or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_the_caller_claims_left_of_the_proxies_does_not_count() {
        let said = "6.6.6.6, 203.0.113.7, 10.0.0.2";
        assert_eq!(past(said, 0), None);
        assert_eq!(past(said, 1), Some(ip("10.0.0.2")));
        assert_eq!(past(said, 2), Some(ip("203.0.113.7")));
        assert_eq!(past(said, 4), None);
        assert_eq!(past("", 1), None);
        assert_eq!(past("unknown", 1), None);
    }

    #[test]
    fn addresses_come_with_ports_and_brackets() {
        for (text, wanted) in [
            ("203.0.113.7:4711", "203.0.113.7"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            assert_eq!(address(text), Some(ip(wanted)), "{text}");
        }
    }

    #[test]
    fn the_peer_is_who_calls_when_no_proxy_is_trusted() {
        let mut request = Request::builder().header(FORWARDED_FOR, "1.2.3.4").finish();
        assert!(Caller::of(&request, 0).address.is_loopback());
        assert_eq!(Caller::of(&request, 1).address, ip("1.2.3.4"));
        request.headers_mut().clear();
        assert!(Caller::of(&request, 1).address.is_loopback());
    }

    #[test]
    fn the_nameless_are_told_apart_by_their_networks() {
        let at = |text| Caller { address: ip(text) };
        let (alice, nobody): (Owner, Owner) = ("alice".parse().unwrap(), Owner::anonymous());
        assert_eq!(at("1.2.3.4").key(Some(&alice)), at("5.6.7.8").key(Some(&alice)));
        assert_ne!(at("1.2.3.4").key(Some(&nobody)), at("5.6.7.8").key(Some(&nobody)));
        assert_eq!(
            at("2001:db8:0:1:aaaa::1").key(None),
            at("2001:db8:0:1:bbbb::2").key(None)
        );
        assert_ne!(at("2001:db8:0:1::1").key(None), at("2001:db8:0:2::1").key(None));
    }
}
