//! The opening handshake of RFC 6455 as a client asks for it, on a GET as it says, and on a POST as it does not.

use http::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use poem::Request;
use poem::http::Version;

use crate::wire::problem::Problem;

/// Whether the request carries a complete handshake.
pub fn is_complete(request: &Request) -> bool {
    nonce(request).is_ok()
}

/// The key of a complete handshake.
///
/// # Errors
/// A problem that says what is missing.
pub fn nonce(request: &Request) -> Result<&HeaderValue, Problem> {
    let headers = request.headers();
    let asked = has_token(headers, CONNECTION, "upgrade") && has_token(headers, UPGRADE, "websocket");
    if request.version() != Version::HTTP_11 || !asked || !has_token(headers, SEC_WEBSOCKET_VERSION, "13") {
        return Err(Problem::upgrade_required());
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    let key = keys
        .next()
        .filter(|key| is_nonce(key.as_bytes()))
        .ok_or_else(Problem::bad_handshake)?;
    if keys.next().is_some() {
        return Err(Problem::bad_handshake());
    }
    Ok(key)
}

/// Whether this is 16 bytes in base64, as a key must be.
fn is_nonce(key: &[u8]) -> bool {
    let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    matches!(key.strip_suffix(b"=="), Some(digits) if digits.len() == 22 && digits.iter().all(in_alphabet))
}

/// Whether a header lists that token. Tokens are case-insensitive, lists may span several headers.
fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name);
    let mut tokens = values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    tokens.any(|given| given.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_in_any_case_and_place() {
        let headers = HeaderMap::from_iter([
            (CONNECTION, HeaderValue::from_static("keep-alive, UPGRADE")),
            (UPGRADE, HeaderValue::from_static("h2c")),
        ]);
        assert!(has_token(&headers, CONNECTION, "upgrade"));
        assert!(!has_token(&headers, UPGRADE, "websocket"));
        assert!(!has_token(&headers, SEC_WEBSOCKET_VERSION, "13"));
    }

    #[test]
    fn a_request_without_a_handshake_is_told_what_is_missing() {
        let request = |upgrade: &'static str, version: &'static str| {
            Request::builder()
                .header("connection", "Upgrade")
                .header("upgrade", upgrade)
                .header("sec-websocket-version", version)
                .finish()
        };
        let status = |request: &Request| {
            poem::IntoResponse::into_response(nonce(request).err().unwrap())
                .status()
                .as_u16()
        };
        assert_eq!(status(&Request::default()), 426);
        assert_eq!(status(&request("h2c", "13")), 426);
        assert_eq!(status(&request("WebSocket", "8")), 426);
        assert_eq!(status(&request("WebSocket", "13")), 400);
    }

    #[test]
    fn a_key_is_sixteen_bytes_in_base64() {
        assert!(is_nonce(b"dGhlIHNhbXBsZSBub25jZQ=="));
        for wrong in [
            "",
            "x",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZWQ=",
            "dGhlIHNhbXBsZSBub25j",
            "dGhlIHNhbXBsZSBub25-ZQ==",
            "dGhlIHNhbXBsZSBub25jZSBhbmQgbW9yZQ==",
        ] {
            assert!(!is_nonce(wrong.as_bytes()), "{wrong}");
        }
    }
}
