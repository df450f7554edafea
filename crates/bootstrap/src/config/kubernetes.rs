//! Variables that Kubernetes puts into every pod for each Service of its namespace, and that are not meant for us.
//!
//! For a Service called `redis` these are `REDIS_SERVICE_HOST`, `REDIS_SERVICE_PORT`, `REDIS_SERVICE_PORT_<NAME>`,
//! `REDIS_PORT=tcp://10.0.0.1:6379` and `REDIS_PORT_6379_TCP`, each of the last also with `_PROTO`, `_PORT` and
//! `_ADDR`.

use std::net::IpAddr;

use url::Url;

const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// Whether Kubernetes makes a variable of this name and value for some Service.
pub(super) fn injects(name: &str, value: &str) -> bool {
    let is_port = |value: &str| value.parse::<u16>().is_ok();
    if name.ends_with("_SERVICE_HOST") {
        return value.parse::<IpAddr>().is_ok();
    }
    if let Some((_, named)) = name.rsplit_once("_SERVICE_PORT") {
        return (named.is_empty() || named.starts_with('_')) && is_port(value);
    }
    if name.ends_with("_PORT") && port_of(value).is_some() {
        return true;
    }
    let Some((port, rest)) = name
        .rsplit_once("_PORT_")
        .and_then(|(_, rest)| rest.split_once('_'))
    else {
        return of_one_part(name, value);
    };
    is_port(port) && PROTOCOLS.contains(&rest) && port_of(value).is_some() || of_one_part(name, value)
}

/// `…_PORT_6379_TCP_PROTO`, `_PORT` and `_ADDR`.
fn of_one_part(name: &str, value: &str) -> bool {
    let Some((whole, part)) = name.rsplit_once('_') else {
        return false;
    };
    let mut words = whole.rsplit('_');
    let (protocol, port, keyword) = (words.next(), words.next(), words.next());
    let fits = match part {
        "PROTO" => PROTOCOLS.contains(&value.to_ascii_uppercase().as_str()),
        "PORT" => value.parse::<u16>().is_ok(),
        "ADDR" => value.parse::<IpAddr>().is_ok(),
        _ => false,
    };
    fits && protocol.is_some_and(|protocol| PROTOCOLS.contains(&protocol))
        && port.is_some_and(|port| port.parse::<u16>().is_ok())
        && keyword == Some("PORT")
}

/// The port of an address as Kubernetes writes it, `tcp://10.0.0.1:6379`.
pub(super) fn port_of(value: &str) -> Option<u16> {
    let url = Url::parse(value).ok()?;
    let known = PROTOCOLS.contains(&url.scheme().to_ascii_uppercase().as_str());
    url.port().filter(|port| known && *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_makes_is_known_for_any_service() {
        for (name, value) in [
            ("ORDER_ENGINE_SERVICE_HOST", "10.0.0.5"),
            ("ORDER_ENGINE_SERVICE_PORT", "3000"),
            ("ORDER_ENGINE_SERVICE_PORT_HTTP", "3000"),
            ("ORDER_ENGINE_PORT", "tcp://10.0.0.5:3000"),
            ("ORDER_ENGINE_PORT_3000_TCP", "tcp://10.0.0.5:3000"),
            ("ORDER_ENGINE_PORT_3000_TCP_PROTO", "tcp"),
            ("ORDER_ENGINE_PORT_3000_TCP_PORT", "3000"),
            ("ORDER_ENGINE_PORT_3000_TCP_ADDR", "10.0.0.5"),
            ("ORDER_ENGINE_METRICS_SERVICE_HOST", "fd00::5"),
            ("ORDER_ENGINE_METRICS_PORT_53_UDP", "udp://10.0.0.5:53"),
        ] {
            assert!(injects(name, value), "{name}={value}");
        }
    }

    #[test]
    fn a_typing_error_is_not_taken_for_it() {
        for (name, value) in [
            ("ORDER_ENGINE_PORT", "3000"),
            ("ORDER_ENGINE_SERVER_PORT", "3000"),
            ("ORDER_ENGINE_SERVICE_HOST", "redis"),
            ("ORDER_ENGINE_SERVICE_PORT", "http"),
            ("ORDER_ENGINE_SERVICE_PORTS", "3000"),
            ("ORDER_ENGINE_PORT_3000_TCP", "10.0.0.5"),
            ("ORDER_ENGINE_DATABASE_URL", "postgres://x"),
            ("ORDER_ENGINE_", ""),
        ] {
            assert!(!injects(name, value), "{name}={value}");
        }
    }
}
