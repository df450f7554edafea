//! By which name a trusted proxy was called: `X-Forwarded-Host`, or the `host` of `Forwarded` (RFC 7239). Proxies add
//! at the right what they heard, or write the field anew.

use http::header::HeaderMap;

const FORWARDED_HOST: &str = "x-forwarded-host";
const FORWARDED: &str = "forwarded";

/// The name, with a port or without one, that the outermost of so many trusted proxies was called by, if one says so.
pub fn host(headers: &HeaderMap, hops: usize) -> Option<String> {
    if hops == 0 {
        return None;
    }
    let plain = joined(headers, FORWARDED_HOST);
    let plain: Vec<&str> = parts(&plain, ',').collect();
    if let Some(said) = outermost(&plain, hops) {
        return Some(said.trim().to_owned());
    }
    let elements = joined(headers, FORWARDED);
    let elements: Vec<&str> = parts(&elements, ',').collect();
    let element = outermost(&elements, hops)?;
    let host = parts(element, ';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("host").then(|| value.trim())
    })?;
    Some(host.trim_matches('"').to_owned())
}

fn joined(headers: &HeaderMap, name: &str) -> String {
    let lines = headers.get_all(name);
    let lines: Vec<&str> = lines.iter().filter_map(|line| line.to_str().ok()).collect();
    lines.join(",")
}

/// As many from the right as there are proxies. Fewer are what proxies have written that write the field anew.
fn outermost<'a>(said: &[&'a str], hops: usize) -> Option<&'a str> {
    said.get(said.len().saturating_sub(hops)).copied()
}

/// The parts of a list that are not empty. Within quotes, nothing separates.
fn parts(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let split = text.split(move |character| {
        quoted ^= character == '"';
        character == separator && !quoted
    });
    split.filter(|part| !part.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[(&'static str, &str)], hops: usize) -> Option<String> {
        let lines = lines.iter().map(|(name, value)| {
            (
                http::HeaderName::from_static(name),
                http::HeaderValue::from_str(value).unwrap(),
            )
        });
        let headers = lines.fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        });
        host(&headers, hops)
    }

    #[test]
    fn a_trusted_proxy_says_by_which_name_it_was_called() {
        let plain = [("x-forwarded-host", "desk.example:8443")];
        assert_eq!(said(&plain, 0), None);
        assert_eq!(said(&plain, 1).as_deref(), Some("desk.example:8443"));
        // The inner one of two has left it alone.
        assert_eq!(said(&plain, 2).as_deref(), Some("desk.example:8443"));
        let chain = [
            ("x-forwarded-host", "claimed.example, desk.example"),
            ("x-forwarded-host", "inner"),
        ];
        assert_eq!(said(&chain, 2).as_deref(), Some("desk.example"));
        assert_eq!(said(&chain, 1).as_deref(), Some("inner"));
        assert_eq!(said(&[], 1), None);
    }

    #[test]
    fn the_standard_field_says_it_as_well() {
        for value in [
            "for=192.0.2.1;host=desk.example;proto=https",
            "For=\"[2001:db8::1]:47\"; Host=\"desk.example\"",
            "for=\"a,b;host=evil.example\", host=desk.example",
        ] {
            assert_eq!(
                said(&[("forwarded", value)], 1).as_deref(),
                Some("desk.example"),
                "{value}"
            );
        }
        assert_eq!(said(&[("forwarded", "for=192.0.2.1")], 1), None);
        let both = [
            ("x-forwarded-host", "desk.example"),
            ("forwarded", "host=other.example"),
        ];
        assert_eq!(said(&both, 1).as_deref(), Some("desk.example"));
    }
}
