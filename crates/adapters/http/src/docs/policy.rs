//! What the documentation's page may do. It is one page with everything inline, so each script and style in it is
//! named by its hash: what is not part of the page does not run in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use sha2::{Digest, Sha256};

/// The policy for that page.
pub fn for_page(html: &str) -> HeaderValue {
    let (scripts, styles) = hashes(html);
    let policy = format!(
        "default-src 'none'; script-src{scripts}; style-src{styles}; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    // Base64 and keywords, so that this cannot fail; if it did, the page would not run.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The hashes of what stands in scripts, and in styles.
fn hashes(html: &str) -> (String, String) {
    let (mut scripts, mut styles) = (String::new(), String::new());
    let mut rest = html;
    while let Some((is_script, body, after)) = element(rest) {
        let list = if is_script { &mut scripts } else { &mut styles };
        let hash = STANDARD.encode(Sha256::digest(body));
        list.push_str(&format!(" 'sha256-{hash}'"));
        rest = after;
    }
    (scripts, styles)
}

/// The next script or style: whether it is a script, its text, and what follows it. What looks like an element inside
/// of it is its text.
fn element(html: &str) -> Option<(bool, &str, &str)> {
    let (script, style) = (html.find("<script"), html.find("<style"));
    let is_script = match (script, style) {
        (Some(script), Some(style)) => script < style,
        (script, _) => script.is_some(),
    };
    let (start, close) = if is_script {
        (script?, "</script>")
    } else {
        (style?, "</style>")
    };
    let (_attributes, inner) = html[start..].split_once('>')?;
    let (body, after) = inner.split_once(close)?;
    Some((is_script, body, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_styles_are_named_by_their_hashes() {
        let html = "<style>a{}</style><script charset=\"utf-8\">alert(1)</script>\
                    <script>'<script>' + '<style>'</script>";
        let policy = for_page(html);
        let policy = policy.to_str().unwrap();
        // By `openssl dgst -sha256 -binary | base64`.
        assert!(policy.contains("script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"));
        assert_eq!(policy.matches("'sha256-").count(), 3, "{policy}");
        assert!(!policy.contains("unsafe"));
    }
}
