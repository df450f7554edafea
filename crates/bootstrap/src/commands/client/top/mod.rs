//! The engine at a glance, in a terminal: rates, latencies, the queue, the last orders.

mod numbers;
mod screen;

use std::collections::VecDeque;
use std::io::IsTerminal;
use std::time::Duration;

use clap::Args;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::connection::{ClientError, Connection};
use crate::commands::args::{ClientArgs, duration};
use numbers::Scrape;

/// How many orders are shown at most.
const ORDERS: usize = 50;
/// How many beats the rates are shown for.
const KEPT: usize = 240;
/// How often the keyboard is looked at.
const KEYS: Duration = Duration::from_millis(100);

/// How to look at an engine.
#[derive(Clone, Debug, Args)]
pub struct TopArgs {
    /// How often to ask it.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub interval: Duration,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own members say what they are")]
    pub client: ClientArgs,
}

/// All that is on the screen.
#[derive(Default)]
struct View {
    url: String,
    scrape: Scrape,
    earlier: Scrape,
    /// Orders a second, in tenths, beat by beat.
    rates: VecDeque<u64>,
    orders: Vec<Value>,
    /// By name.
    venues: Vec<String>,
    trouble: Option<String>,
}

/// Why there is nothing to look at.
#[derive(Debug, thiserror::Error)]
pub enum TopError {
    /// There is no terminal.
    #[error("top needs a terminal; for programs there is /metrics")]
    NoTerminal,
    /// The terminal cannot be used.
    #[error("the terminal")]
    Terminal(#[from] std::io::Error),
    /// The engine cannot be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Shows the engine until q is pressed.
///
/// # Errors
/// [`TopError`].
pub async fn top(args: TopArgs) -> Result<(), TopError> {
    if !std::io::stdout().is_terminal() {
        return Err(TopError::NoTerminal);
    }
    let connection = Connection::new(&args.client)?;
    let mut terminal = ratatui::try_init()?;
    let shown = show(&mut terminal, &connection, &args).await;
    ratatui::restore();
    shown
}

async fn show(
    terminal: &mut ratatui::DefaultTerminal,
    connection: &Connection,
    args: &TopArgs,
) -> Result<(), TopError> {
    let mut keys = keyboard();
    let mut view = View {
        url: args.client.url.clone(),
        ..View::default()
    };
    let mut asked = Instant::now();
    loop {
        let now = Instant::now();
        view.trouble = refresh(&mut view, connection, now - asked)
            .await
            .err()
            .map(|e| crate::error::chain(&e));
        asked = now;
        terminal.draw(|frame| screen::draw(frame, &view))?;
        let next = asked + args.interval;
        loop {
            tokio::select! {
                key = keys.recv() => match key {
                    Some(Key::Quit) | None => return Ok(()),
                    Some(Key::Other) => { terminal.draw(|frame| screen::draw(frame, &view))?; }
                },
                () = tokio::time::sleep_until(next) => break,
            }
        }
    }
}

async fn refresh(view: &mut View, connection: &Connection, passed: Duration) -> Result<(), ClientError> {
    let path = format!("/api/orders?limit={ORDERS}");
    let (metrics, orders, venues) = tokio::join!(
        connection.text("/metrics"),
        connection.text(&path),
        connection.text("/api/venues")
    );
    let json = |text: String| serde_json::from_str::<Value>(&text).map_err(|_| ClientError::Garbled);
    let (orders, venues) = (json(orders?)?, json(venues?)?);
    let scrape = Scrape::read(&metrics?);
    view.earlier = std::mem::replace(&mut view.scrape, scrape);
    let grown = view
        .scrape
        .sum(numbers::FINISHED, &[])
        .saturating_sub(view.earlier.sum(numbers::FINISHED, &[]));
    if !view.earlier.is_empty() {
        let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX).max(1);
        view.rates.push_back(grown.saturating_mul(10_000) / millis);
    }
    if view.rates.len() > KEPT {
        view.rates.pop_front();
    }
    let listed = venues["items"].as_array().into_iter().flatten();
    let names = listed.filter_map(|venue| venue["name"].as_str());
    view.venues = names.map(str::to_owned).collect();
    view.orders = orders["items"].as_array().cloned().unwrap_or_default();
    Ok(())
}

enum Key {
    Quit,
    Other,
}

/// Reads keys on a thread of its own, since that waits; it ends soon after the receiver is gone.
fn keyboard() -> mpsc::Receiver<Key> {
    let (sender, receiver) = mpsc::channel(8);
    std::thread::spawn(move || {
        while !sender.is_closed() {
            match event::poll(KEYS).and_then(|ready| if ready { event::read().map(Some) } else { Ok(None) }) {
                Ok(Some(event)) => drop(sender.blocking_send(key(&event))),
                Ok(None) => {}
                Err(_) => return,
            }
        }
    });
    receiver
}

fn key(event: &Event) -> Key {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Press => match key.code {
            KeyCode::Char('q') | KeyCode::Esc => Key::Quit,
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Key::Quit,
            _ => Key::Other,
        },
        _ => Key::Other,
    }
}
