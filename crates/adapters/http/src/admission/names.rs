//! Names of machines in lists, each of them exact or `*.` and what it must end with.

use std::net::Ipv6Addr;

use url::Host;

/// Any, in a list.
pub const ANY: &str = "*";

/// What stands for whatever comes before a name.
const SUBDOMAINS: &str = "*.";

/// The name that every machine has for itself.
const LOOPBACK: &str = "localhost";

/// Whether the list's entry means that name. Both are written as browsers write them.
pub fn means(entry: &str, name: &str) -> bool {
    if entry == ANY {
        return true;
    }
    match entry.strip_prefix(SUBDOMAINS) {
        Some(parent) => name
            .strip_suffix(parent)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|below| !below.is_empty()),
        None => entry == name,
    }
}

/// An entry as it is compared: a name or an address without a port, or `*.` and a name; in lower case, and names of
/// other scripts as the network writes them.
pub fn normal(text: &str) -> Option<String> {
    if text == ANY {
        return Some(text.to_owned());
    }
    let (prefix, name) = match text.strip_prefix(SUBDOMAINS) {
        // All of a country's or an industry's names is as good as any.
        Some(parent) if !parent.contains('.') && parent != LOOPBACK => return None,
        Some(parent) => (SUBDOMAINS, parent),
        None => ("", text),
    };
    let odd = |character: char| matches!(character, '%' | '*' | '/' | '@');
    if name.contains(odd) {
        return None;
    }
    let bare = name.trim_matches(['[', ']']);
    let host = match bare.parse::<Ipv6Addr>() {
        Ok(address) => Host::Ipv6(address),
        Err(_) => Host::parse(name).ok()?,
    };
    match host {
        Host::Domain(name) => Some(format!("{prefix}{}", name.trim_end_matches('.'))),
        Host::Ipv4(_) | Host::Ipv6(_) if !prefix.is_empty() => None,
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_means_a_name_or_all_names_below_one() {
        assert!(means("desk.example", "desk.example"));
        assert!(!means("desk.example", "eu.desk.example"));
        for below in ["eu.desk.example", "a.b.desk.example"] {
            assert!(means("*.desk.example", below), "{below}");
        }
        for other in [
            "desk.example",
            ".desk.example",
            "evildesk.example",
            "desk.example.evil",
        ] {
            assert!(!means("*.desk.example", other), "{other}");
        }
    }

    #[test]
    fn entries_are_names_without_ports_and_a_star_stands_for_whole_parts() {
        for (text, wanted) in [
            ("*", "*"),
            ("Desk.Example", "desk.example"),
            ("desk.example.", "desk.example"),
            ("*.desk.example", "*.desk.example"),
            ("*.localhost", "*.localhost"),
            ("münchen.example", "xn--mnchen-3ya.example"),
            ("10.0.0.1", "10.0.0.1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(normal(text).as_deref(), Some(wanted), "{text}");
        }
        for wrong in [
            "",
            "*.",
            "*.example",
            "desk.*",
            "*desk.example",
            "a.*.example",
            "*.*.desk.example",
            "desk.example:443",
            "https://desk.example",
            "*.10.0.0.1",
            "a b",
        ] {
            assert_eq!(normal(wrong), None, "{wrong}");
        }
    }
}
