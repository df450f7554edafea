//! Telling an order's history: a line that moves on a terminal, a line an event elsewhere, JSON for programs.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// Prints the events of one order.
pub(super) struct Printer {
    json: bool,
    /// When the history began, in milliseconds.
    began: Option<i64>,
    spinner: Option<ProgressBar>,
}

/// Writes a line to standard output. If no reader is left, the order is followed all the same.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

impl Printer {
    pub(super) fn new(id: &str, json: bool) -> Self {
        let seen = !json && std::io::stderr().is_terminal();
        let spinner = seen.then(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {wide_msg} {elapsed}") {
                spinner.set_style(style);
            }
            spinner.set_prefix(id.to_owned());
            spinner.enable_steady_tick(Duration::from_millis(90));
            spinner
        });
        if !json && spinner.is_none() {
            line(id);
        }
        Self {
            json,
            began: None,
            spinner,
        }
    }

    /// Tells an event, whose text came as `data`.
    pub(super) fn event(&mut self, data: &str, event: &Value) {
        if self.json {
            return line(data);
        }
        let at = event["timestamp"].as_i64().unwrap_or_default();
        let since = at - *self.began.get_or_insert(at);
        let text = words(event);
        let told = format!("{:>4}.{:03} s  {text}", since / 1_000, since % 1_000);
        match &self.spinner {
            Some(spinner) => {
                spinner.suspend(|| line(&told));
                spinner.set_message(text);
            }
            None => line(&told),
        }
    }

    /// The stream broke, and is taken up again.
    pub(super) fn broken(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message("connection lost, trying again");
        }
    }

    /// The history is over.
    pub(super) fn end(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}

/// An event in words.
fn words(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or("?");
    match text("status") {
        "routing" => {
            let quotes = event["quotes"].as_array().map(Vec::as_slice).unwrap_or_default();
            let quote = |quote: &Value| {
                let (dex, price) = (quote["dex"].as_str(), quote["price"].as_str());
                format!("{} {}", dex.unwrap_or("?"), price.unwrap_or("?"))
            };
            format!(
                "quotes: {}",
                quotes.iter().map(quote).collect::<Vec<_>>().join(", ")
            )
        }
        "best_dex" => format!("chosen: {}, {}", text("dex"), text("reason")),
        "building" => format!("building for {}", text("dex")),
        "submitted" if event["unknown"] == true => "no word from the venue; the search goes on".into(),
        "submitted" => format!("submitted to {} as {}", text("dex"), text("txHash")),
        "confirmed" => format!(
            "confirmed: {} received at {} on {}",
            text("amountOut"),
            text("executedPrice"),
            text("dex")
        ),
        "retrying" => format!("{}; attempt {} follows", text("error"), event["attempt"]),
        "failed" => format!("failed: {}", text("error")),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_told_in_words() {
        let confirmed =
            json!({"status": "confirmed", "dex": "Raydium", "executedPrice": "150", "amountOut": "225"});
        assert_eq!(words(&confirmed), "confirmed: 225 received at 150 on Raydium");
        let quotes = json!([{"dex": "Raydium", "price": "150"}, {"dex": "Meteora", "price": "149"}]);
        let routing = json!({"status": "routing", "quotes": quotes});
        assert_eq!(words(&routing), "quotes: Raydium 150, Meteora 149");
        assert_eq!(words(&json!({"status": "pending"})), "pending");
    }
}
