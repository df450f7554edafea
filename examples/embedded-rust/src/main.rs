//! Runs the engine inside this process, submits an order to it, and follows the order to its end, without HTTP.

use std::error::Error;
use std::process::ExitCode;

use order_application::SubmitOptions;
use order_bootstrap::config::{Config, Inputs, Purpose, Role};
use order_bootstrap::{App, RunningApp};
use order_core::amount::Amount;
use order_core::decimal::Decimal;
use order_core::order::Event;
use order_core::order_types::OrderKind;
use order_core::priority::Priority;
use order_core::spec::{OrderSpec, Protection, RouteLimits};
use order_core::time_in_force::TimeInForce;
use order_core::token::TokenRegistry;

/// What differs from `config/default.toml`. `database.url` would keep the orders beyond this process.
const SETTINGS: &str = r#"
    server.host = "127.0.0.1"
    server.port = 0
"#;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let inputs = Inputs {
        overrides: vec![SETTINGS.into()],
        ..Inputs::default()
    };
    let loaded = Config::load(&inputs, Purpose::Serve(Role::All))?;
    let app = App::start(loaded, Role::All).await?;
    let end = follow_one_order(&app).await;
    // In good order: what runs is finished or released, and written down.
    app.stop().await;
    Ok(match end? {
        Event::Confirmed(_) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

async fn follow_one_order(app: &RunningApp) -> Result<Event, Box<dyn Error>> {
    let order = market_order("1.5", "SOL", "USDC")?;
    let owner = order.owner.clone();
    // When this returns, the order is as durable as the store.
    let accepted = app.engine().submit(order, SubmitOptions::default()).await?;
    println!("{}", accepted.order_id);

    let watched = app.engine().watch(accepted.order_id, Some(&owner), 0).await?;
    let (_, mut events) = watched.ok_or("the order that was just accepted is unknown")?;
    let mut last = None;
    while let Some(live) = events.next().await? {
        let event = live.event().event.clone();
        match &event {
            Event::Confirmed(execution) => println!(
                "confirmed: {} received at {} on {}",
                execution.amount_out, execution.executed_price, execution.venue
            ),
            other => println!("{}", other.kind().as_str()),
        }
        last = Some(event);
    }
    last.ok_or_else(|| "the order has no events".into())
}

/// An order to swap so much, for at most half a percent less than its quote.
fn market_order(amount: &str, token_in: &str, token_out: &str) -> Result<OrderSpec, Box<dyn Error>> {
    let tokens = TokenRegistry::default();
    let token = |name: &str| tokens.find(name).ok_or(format!("no token is called {name}"));
    let (token_in, token_out) = (token(token_in)?, token(token_out)?);
    let (pair, side) = tokens.orient(token_in, token_out);
    let amount: Decimal = amount.parse()?;
    Ok(OrderSpec {
        owner: "example".parse()?,
        client_order_id: None,
        kind: OrderKind::Market,
        token_in,
        token_out,
        pair,
        side,
        amount_in: Amount::from_decimal(amount, token_in.decimals)?,
        protection: Protection::Slippage(50),
        slippage_by_default: false,
        time_in_force: TimeInForce::Gtc,
        priority: Priority::Normal,
        route: RouteLimits::default(),
        trace: None,
    })
}
