//! The conditions of a request on an order's version, as RFC 9110 has them: `If-Match`, `If-None-Match`, and the
//! `ifMatch` of a command on a socket.
//!
//! A version is as exact in a weak tag as in a strong one. Proxies that compress make the one of the other, so both are
//! taken wherever a version is meant, and so is a bare number.

use http::header::HeaderValue;
use order_application::Expected;

/// The most bytes of a condition that are read; a version is far shorter.
const LONGEST: usize = 1_024;

/// A condition that is not written as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// The tag of a version.
pub fn tag(version: u32) -> HeaderValue {
    // A number between quotes is always a header's value.
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The versions that a condition names: `*`, or one or more tags with commas between them. A tag that is none of ours
/// is of no version.
///
/// # Errors
/// [`Malformed`].
pub fn parse(text: &str) -> Result<Expected, Malformed> {
    if text.len() > LONGEST {
        return Err(Malformed);
    }
    if text.trim() == "*" {
        return Ok(Expected::Any);
    }
    let (mut versions, mut tags, mut rest) = (Vec::new(), 0, text);
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        // A list may have empty members, says RFC 9110.
        if let Some(after) = rest.strip_prefix(',') {
            rest = after;
            continue;
        }
        if rest.is_empty() {
            break;
        }
        let (tag, after) = first(rest)?;
        versions.extend(version(tag));
        tags += 1;
        rest = after.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return Err(Malformed);
        }
    }
    if tags == 0 {
        Err(Malformed)
    } else {
        Ok(Expected::OneOf(versions))
    }
}

/// What stands between the quotes of the first tag, or a bare number; and what follows.
fn first(text: &str) -> Result<(&str, &str), Malformed> {
    let quoted = text.strip_prefix("W/").unwrap_or(text);
    if let Some(inner) = quoted.strip_prefix('"') {
        let (tag, after) = inner.split_once('"').ok_or(Malformed)?;
        let legal = tag
            .bytes()
            .all(|byte| byte == b'!' || byte >= b'#' && byte != 0x7f);
        return if legal { Ok((tag, after)) } else { Err(Malformed) };
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    match text.split_at(end) {
        ("", _) => Err(Malformed),
        number => Ok(number),
    }
}

/// The version whose tag this is.
fn version(tag: &str) -> Option<u32> {
    tag.parse()
        .ok()
        .filter(|version: &u32| version.to_string() == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of(versions: impl Into<Vec<u32>>) -> Result<Expected, Malformed> {
        Ok(Expected::OneOf(versions.into()))
    }

    #[test]
    fn a_version_is_read_from_a_strong_tag_a_weak_one_and_a_bare_number() {
        for text in ["\"7\"", "W/\"7\"", "7", " \"7\" ", "\t7"] {
            assert_eq!(parse(text), one_of([7]), "{text}");
        }
        assert_eq!(parse("\"4294967295\""), one_of([u32::MAX]));
    }

    #[test]
    fn a_star_stands_for_every_version_and_a_list_for_each_of_its_own() {
        assert_eq!(parse("*"), Ok(Expected::Any));
        assert_eq!(parse(" * "), Ok(Expected::Any));
        assert_eq!(parse("\"1\", \"2\",W/\"3\" , 4"), one_of([1, 2, 3, 4]));
        assert_eq!(parse(", \"1\",, \"2\","), one_of([1, 2]));
    }

    #[test]
    fn a_tag_that_is_no_version_of_ours_is_a_tag_all_the_same() {
        for text in [
            "\"\"",
            "\"abc\"",
            "\"02\"",
            "\"+2\"",
            "\"4294967296\"",
            "\"a,b\"",
            "4294967296",
        ] {
            assert_eq!(parse(text), one_of([]), "{text}");
        }
        assert_eq!(parse("\"a,b\", \"2\""), one_of([2]));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        let long = format!("\"{}\"", "1".repeat(LONGEST));
        for text in [
            "",
            " ",
            ",",
            "\"",
            "\"2",
            "2\"",
            "abc",
            "w/\"2\"",
            "W/2",
            "W/ \"2\"",
            "\"1\" \"2\"",
            "1 2",
            "*, \"2\"",
            "\"2\", *",
            "**",
            "-1",
            "\"a b\"",
            "'2'",
            &long,
        ] {
            assert_eq!(parse(text), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn noise_is_a_condition_or_none() {
        let texts = bolero::check!().with_iterations(3_000).with_type::<String>();
        texts.for_each(|text| {
            if let Ok(Expected::OneOf(versions)) = parse(text) {
                assert!(versions.iter().all(|version| text.contains(&version.to_string())));
            }
        });
    }
}
