//! What a caller shows: a key in a header, or a ticket in the query where a caller can set no header.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use poem::Request;
use secrecy::SecretString;

use crate::request::param::pairs;

/// The header of a key.
pub const API_KEY: &str = "x-api-key";

/// The parameter of a ticket.
pub const TICKET: &str = "ticket";

/// What was shown.
#[derive(Debug)]
pub enum Credential {
    /// Nothing.
    Nothing,
    /// A key.
    Key(SecretString),
    /// A ticket.
    Ticket(SecretString),
    /// Something that cannot be told to be one key.
    Malformed,
}

/// What the headers show.
pub fn in_headers(headers: &HeaderMap) -> Credential {
    let plain = headers.get_all(API_KEY).iter().map(|value| value.to_str().ok());
    let bearer = headers
        .get_all(AUTHORIZATION)
        .iter()
        .map(|value| value.to_str().ok().and_then(bearer));
    let keys: Vec<_> = plain.chain(bearer).map(|key| key.map(str::trim)).collect();
    match keys.as_slice() {
        [] => Credential::Nothing,
        // The same key twice is one key.
        [Some(first), rest @ ..] if rest.iter().all(|other| *other == Some(*first)) => {
            Credential::Key((*first).into())
        }
        _ => Credential::Malformed,
    }
}

/// What the headers show or, if they show nothing, the query.
pub fn in_headers_or_query(request: &Request) -> Credential {
    match in_headers(request.headers()) {
        Credential::Nothing => {}
        shown @ (Credential::Key(_) | Credential::Ticket(_) | Credential::Malformed) => return shown,
    }
    let mut tickets = pairs(request).filter(|(name, value)| name == TICKET && !value.is_empty());
    match (tickets.next(), tickets.next()) {
        (None, _) => Credential::Nothing,
        (Some((_, ticket)), None) => Credential::Ticket(ticket.into_owned().into()),
        (Some(_), Some(_)) => Credential::Malformed,
    }
}

/// The token of a bearer; the scheme's name is case-insensitive.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn shown(headers: &[(&'static str, &str)], query: &str) -> String {
        let mut request = Request::builder().uri_str(format!("/ws/orders?{query}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match in_headers_or_query(&request.finish()) {
            Credential::Nothing => "nothing".into(),
            Credential::Key(key) => format!("key {}", key.expose_secret()),
            Credential::Ticket(ticket) => format!("ticket {}", ticket.expose_secret()),
            Credential::Malformed => "garbled".into(),
        }
    }

    #[test]
    fn a_key_is_shown_in_either_header() {
        assert_eq!(shown(&[("x-api-key", "a.b")], ""), "key a.b");
        assert_eq!(shown(&[("authorization", "bEARER  a.b ")], ""), "key a.b");
        assert_eq!(
            shown(&[("x-api-key", "a.b"), ("authorization", "Bearer a.b")], ""),
            "key a.b"
        );
        for wrong in [
            &[("authorization", "Basic a.b")][..],
            &[("authorization", "a.b")],
            &[("x-api-key", "a.b"), ("authorization", "Bearer a.c")],
            &[("x-api-key", "a.b"), ("x-api-key", "a.c")],
            &[("x-api-key", "a.b"), ("authorization", "Basic a.b")],
        ] {
            assert_eq!(shown(wrong, ""), "garbled", "{wrong:?}");
        }
    }

    #[test]
    fn a_ticket_is_shown_where_no_key_is() {
        assert_eq!(shown(&[], "after=1"), "nothing");
        assert_eq!(shown(&[], "after=1&ticket=t"), "ticket t");
        assert_eq!(shown(&[("x-api-key", "a.b")], "ticket=t"), "key a.b");
        assert_eq!(shown(&[], "ticket=t&ticket=u"), "garbled");
        // A parameter without a value is as good as none.
        assert_eq!(shown(&[], "ticket=&after=1"), "nothing");
        assert_eq!(shown(&[], "ticket=&ticket=t"), "ticket t");
    }
}
