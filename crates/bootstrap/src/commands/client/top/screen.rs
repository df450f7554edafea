//! What is drawn where.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Sparkline, Table};
use serde_json::Value;

use super::View;
use super::numbers::{DURATION, FINISHED, QUOTES};

/// What tells venues apart, by their names in order.
const VENUE_COLOURS: [Color; 6] = [
    Color::LightYellow,
    Color::LightBlue,
    Color::LightCyan,
    Color::LightMagenta,
    Color::LightGreen,
    Color::LightRed,
];

/// As many as the frame has lines for.
const VENUES_SHOWN: usize = 3;

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, view: &View) {
    let [head, figures, orders, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(6),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    let title = Line::from(vec!["Order Engine ".bold(), Span::from(view.url.as_str()).dim()]);
    frame.render_widget(title, head);
    draw_figures(frame, view, figures);
    draw_orders(frame, view, orders);
    let foot_line = match &view.trouble {
        Some(trouble) => Line::from(trouble.as_str()).red(),
        None => Line::from("q to leave").dim(),
    };
    frame.render_widget(foot_line, foot);
}

fn draw_figures(frame: &mut Frame<'_>, view: &View, area: Rect) {
    let [rate, times, queue, venues] = Layout::horizontal([Constraint::Fill(1); 4]).areas(area);
    draw_rate(frame, view, rate);
    let (scrape, shown) = (&view.scrape, |time: Option<Duration>| {
        time.map_or("–".into(), spoken)
    });
    let latency = |name: &str| {
        let (median, most) = (scrape.quantile(name, 0.5), scrape.quantile(name, 0.95));
        format!("{} / {}", shown(median), shown(most))
    };
    let times_text = vec![
        Line::from("half / 95 % within").dim(),
        format!("to the end  {}", latency(DURATION)).into(),
        format!("quotes      {}", latency(QUOTES)).into(),
    ];
    framed(frame, "Time", times_text, times);
    let depth = |priority| scrape.sum("order_engine_queue_depth", &[("priority", priority)]);
    let unknown = scrape.sum("order_engine_orders_unknown", &[]);
    let unknown_line = Line::from(format!("unknown {unknown}"));
    let queue_text = vec![
        format!(
            "high {}  normal {}  low {}",
            depth("high"),
            depth("normal"),
            depth("low")
        )
        .into(),
        format!(
            "oldest {}",
            spoken(scrape.seconds("order_engine_oldest_waiting_seconds"))
        )
        .into(),
        if unknown > 0 {
            unknown_line.red().bold()
        } else {
            unknown_line
        },
        format!("retries {}", scrape.sum("order_engine_order_retries_total", &[])).into(),
    ];
    framed(frame, "Queue", queue_text, queue);
    framed(frame, "Routes won", routes_won(view), venues);
}

/// The venues that win most, as many as there is room for, and how often venues refuse.
fn routes_won(view: &View) -> Vec<Line<'_>> {
    let wins = |venue: &str| {
        view.scrape
            .sum("order_engine_venue_wins_total", &[("venue", venue)])
    };
    let mut won: Vec<_> = view
        .venues
        .iter()
        .zip(VENUE_COLOURS.into_iter().cycle())
        .map(|(venue, colour)| (wins(venue), venue, colour))
        .collect();
    won.sort_by_key(|(wins, ..)| std::cmp::Reverse(*wins));
    won.truncate(VENUES_SHOWN);
    let refused = view.scrape.sum("order_engine_quote_errors_total", &[]);
    won.into_iter()
        .map(|(wins, venue, colour)| Line::from(format!("{venue} {wins}")).fg(colour))
        .chain([Line::from(format!("quote errors {refused}"))])
        .collect()
}

fn draw_rate(frame: &mut Frame<'_>, view: &View, area: Rect) {
    let tenths = view.rates.back().copied().unwrap_or_default();
    let done = view.scrape.sum(FINISHED, &[]);
    let title = format!("{}.{} orders/s, {done} done", tenths / 10, tenths % 10);
    let block = Block::bordered().title(title);
    let room = usize::from(block.inner(area).width);
    let data: Vec<u64> = view.rates.iter().rev().take(room).rev().copied().collect();
    frame.render_widget(Sparkline::default().data(data).cyan().block(block), area);
}

fn framed(frame: &mut Frame<'_>, title: &'static str, text: Vec<Line<'_>>, area: Rect) {
    frame.render_widget(Paragraph::new(text).block(Block::bordered().title(title)), area);
}

fn draw_orders(frame: &mut Frame<'_>, view: &View, area: Rect) {
    let widths = [
        Constraint::Length(12),
        Constraint::Length(10),
        Constraint::Fill(2),
        Constraint::Length(12),
        Constraint::Length(10),
        Constraint::Fill(2),
    ];
    let head = Row::new(["Accepted", "Type", "Swap", "Status", "Venue", "Result"])
        .style(Style::new().add_modifier(Modifier::DIM));
    let table = Table::new(view.orders.iter().map(order), widths)
        .header(head)
        .block(Block::bordered().title("Last orders"));
    frame.render_widget(table, area);
}

fn order(order: &Value) -> Row<'_> {
    let text = |name: &str| order[name].as_str().unwrap_or_default();
    let status = if order["unknown"] == true {
        "unknown"
    } else {
        text("status")
    };
    let colour = match status {
        "confirmed" => Color::Green,
        "failed" | "expired" | "unknown" => Color::Red,
        "cancelled" => Color::DarkGray,
        _ => Color::Cyan,
    };
    let result = match (order["amountOut"].as_str(), order["error"].as_str()) {
        (Some(out), _) => format!("{out} {} at {}", text("tokenOut"), text("executedPrice")),
        (None, Some(error)) => error.to_owned(),
        (None, None) => String::new(),
    };
    let time = text("createdAt").get(11..23).unwrap_or_default().to_owned();
    Row::new([
        Span::from(time).dim(),
        text("type").into(),
        format!("{} {} → {}", text("amountIn"), text("tokenIn"), text("tokenOut")).into(),
        Span::from(status.to_owned()).fg(colour),
        text("dex").into(),
        result.into(),
    ])
}

/// A duration in the unit that suits it.
fn spoken(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..1_000 => format!("{micros} µs"),
        micros @ 1_000..1_000_000 => format!("{} ms", micros / 1_000),
        micros => format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use serde_json::json;

    use super::super::numbers::Scrape;
    use super::*;

    #[test]
    fn the_screen_shows_figures_and_orders() {
        let scrape = "order_engine_orders_total{type=\"market\",outcome=\"confirmed\"} 12\n\
                      order_engine_queue_depth{priority=\"high\"} 3\norder_engine_orders_unknown 1\n";
        let order = json!({
            "type": "market", "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5", "status": "confirmed",
            "unknown": false, "dex": "Raydium", "executedPrice": "150", "amountOut": "225", "error": null,
            "createdAt": "2026-11-20T12:00:00.123Z",
        });
        let view = View {
            scrape: Scrape::read(scrape),
            orders: vec![order],
            venues: ["Meteora", "Raydium"].map(str::to_owned).to_vec(),
            rates: [10, 25].into(),
            ..View::default()
        };
        let mut terminal = Terminal::new(TestBackend::new(120, 20)).unwrap();
        terminal.draw(|frame| draw(frame, &view)).unwrap();
        let shown = terminal.backend().to_string();
        for part in [
            "2.5 orders/s, 12 done",
            "high 3",
            "unknown 1",
            "1.5 SOL → USDC",
            "225 USDC at 150",
            "12:00:00.123",
        ] {
            assert!(shown.contains(part), "{part} is missing in\n{shown}");
        }
    }

    #[test]
    fn durations_are_spoken_in_their_unit() {
        assert_eq!(spoken(Duration::from_micros(250)), "250 µs");
        assert_eq!(spoken(Duration::from_millis(250)), "250 ms");
        assert_eq!(spoken(Duration::from_millis(2_346)), "2.34 s");
    }
}
