//! What the documentation's page may do. It is one page with everything inline, so each script and style in it is
//! named by its hash: what is not part of the page does not run in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use sha2::{Digest, Sha256};

/// The policy for that page.
pub fn for_page(html: &str) -> HeaderValue {
    let (scripts, styles) = (hashes(html, "script"), hashes(html, "style"));
    let policy = format!(
        "default-src 'none'; script-src{scripts}; style-src{styles}; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    // Base64 and keywords, so that this cannot fail; if it did, the page would not run.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The hashes of what stands in the elements of that name.
fn hashes(html: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let bodies = html.split(&open).skip(1).filter_map(|rest| {
        let (_attributes, rest) = rest.split_once('>')?;
        Some(rest.split_once(&close)?.0)
    });
    let source = |body: &str| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(body)));
    bodies.map(source).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_styles_are_named_by_their_hashes() {
        let html = "<style>a{}</style><script charset=\"utf-8\">alert(1)</script>";
        let policy = for_page(html);
        let policy = policy.to_str().unwrap();
        // By `openssl dgst -sha256 -binary | base64`.
        assert!(policy.contains("script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"));
        assert!(!policy.contains("unsafe"));
    }
}
