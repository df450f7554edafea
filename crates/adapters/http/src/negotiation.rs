//! Whether a client would rather have an event stream than JSON.

use http::HeaderMap;
use http::header::ACCEPT;

const EVENT_STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";

/// Whether the client asks for server-sent events: it names them, and does not name JSON as better or,
/// where both are equal, first. Wildcards do not count.
pub fn wants_events(headers: &HeaderMap) -> bool {
    let mut best: Option<(&str, u16)> = None;
    for (media_type, quality) in headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(ranges)
    {
        let named = [EVENT_STREAM, JSON]
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(media_type));
        if let Some(named) = named
            && quality > best.map_or(0, |(_, best)| best)
        {
            best = Some((named, quality));
        }
    }
    best.is_some_and(|(media_type, _)| media_type == EVENT_STREAM)
}

/// The media ranges of a header with their qualities, in thousandths.
fn ranges(value: &str) -> impl Iterator<Item = (&str, u16)> {
    value.split(',').map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        (media_type, quality.map_or(1_000, thousandths))
    })
}

/// A quality: 0 to 1 with up to three decimals. What is no quality counts as the best.
fn thousandths(quality: &str) -> u16 {
    match quality.split_once('.') {
        Some(("0", decimals)) if decimals.len() <= 3 => format!("{decimals:0<3}").parse().unwrap_or(1_000),
        None if quality == "0" => 0,
        Some(_) | None => 1_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_sent_to_those_who_ask_for_them() {
        for (accept, wanted) in [
            ("text/event-stream", true),
            ("Text/Event-Stream; charset=utf-8", true),
            ("text/event-stream, application/json;q=0.9", true),
            ("text/event-stream;q=0.5, application/json", false),
            ("application/json, text/event-stream", false),
            ("text/event-stream;q=0", false),
            ("text/event-stream;q=0.001, */*", true),
            ("*/*", false),
            ("text/*", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(wants_events(&headers), wanted, "{accept}");
        }
        assert!(!wants_events(&HeaderMap::new()));
    }
}
