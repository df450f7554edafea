//! Listing orders. The time a page takes does not grow with the number of orders: a list is put together from
//! branches, each of which walks one index from the newest id downwards and stops when the page is full.
//!
//! A plain `where` with all the filters would leave it to the planner's guess whether to walk down all orders,
//! and so to look at every one of them for a filter that matches none.

use order_core::id::{ClientOrderId, OrderId, Owner};
use order_core::order::Status;
use order_core::time::Timestamp;
use order_core::token::Symbol;
use order_ports::{OrderFilter, OrderPage};
use sqlx::postgres::Postgres;
use sqlx::{QueryBuilder, Row};
use uuid::Uuid;

use crate::database::{Database, detached};
use crate::error::Failure;
use crate::intake::ID_DRIFT;
use crate::{rows, sql};

const COLUMNS: &str = "id, spec, created_at, version, attempt, state, updated_at, terms, refusals";

/// Reads one page.
pub(crate) async fn page(
    database: &Database,
    filter: &OrderFilter,
    before: Option<OrderId>,
    limit: usize,
) -> Result<OrderPage, Failure> {
    let standings = StatusClass::branches(filter, &endings(database, filter).await?);
    if standings.is_empty() {
        return Ok(OrderPage::default());
    }
    let mut query = QueryBuilder::new("");
    push_page(&mut query, filter, &standings, before, limit)?;
    // The text is made to measure and so seldom the same; planned each time, it is planned for these filters.
    let database = database.clone();
    let found = detached(async move { database.run(query.build().persistent(false)).await }).await?;
    let items: Result<Vec<_>, _> = found.iter().take(limit).map(rows::order).collect();
    Ok(OrderPage {
        items: items?,
        more: found.len() > limit,
    })
}

/// The endings that there are, where the filter is about some of them, wherever that was. The first order that ends in a
/// new way right after this look is found by the next list.
async fn endings(database: &Database, filter: &OrderFilter) -> Result<Vec<String>, Failure> {
    if filter.venue.is_some() || !filter.statuses.iter().any(|status| status.is_terminal()) {
        return Ok(Vec::new());
    }
    let rows = database.run_detached(sqlx::query(sql::ENDINGS)).await?;
    let endings: Result<_, _> = rows.iter().map(|row| row.try_get("ending")).collect();
    Ok(endings?)
}

/// A part of the orders by where they stand; each has an index that has it newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
enum StatusClass {
    Any,
    /// Live, in one of these states.
    Live(Vec<Status>),
    /// Ended, however and wherever.
    Over,
    /// Ended so: by its status, and behind a colon the venue, where there was one.
    Ended(String),
}

impl StatusClass {
    fn branches(filter: &OrderFilter, endings: &[String]) -> Vec<Self> {
        let wanted = |status: &Status| filter.statuses.is_empty() || filter.statuses.contains(status);
        let (ended, live): (Vec<_>, Vec<_>) = Status::ALL
            .into_iter()
            .filter(wanted)
            .partition(|status| status.is_terminal());
        if filter.statuses.is_empty() && filter.venue.is_none() {
            // The indexes by token have ended orders only: there are few others, and each index costs every order.
            return if filter.token.is_some() {
                vec![Self::Live(live), Self::Over]
            } else {
                vec![Self::Any]
            };
        }
        let names: Vec<_> = ended.iter().map(|status| status.as_str()).collect();
        let ended: Vec<_> = match filter.venue {
            Some(venue) => names.iter().map(|name| format!("{name}:{venue}")).collect(),
            None => {
                let status =
                    |ending: &str| ending.split(':').next().is_some_and(|name| names.contains(&name));
                endings.iter().filter(|ending| status(ending)).cloned().collect()
            }
        };
        let ended = ended.into_iter().map(Self::Ended);
        ended
            .chain((!live.is_empty()).then_some(Self::Live(live)))
            .collect()
    }
}

/// Which side the token is on.
#[derive(Clone, Copy)]
enum Token {
    Any,
    In(Symbol),
    Out(Symbol),
}

impl Token {
    fn branches(filter: &OrderFilter) -> Vec<Self> {
        filter.token.map_or(vec![Self::Any], |symbol| {
            vec![Self::In(symbol), Self::Out(symbol)]
        })
    }
}

/// When it was accepted: the time is in the id, too, and so in every index, unless the id is odd.
#[derive(Clone, Copy)]
enum Age {
    Any,
    Plain,
    Odd,
}

impl Age {
    fn branches(filter: &OrderFilter) -> Vec<Self> {
        match (filter.from, filter.to) {
            (None, None) => vec![Self::Any],
            (Some(_), _) | (_, Some(_)) => vec![Self::Plain, Self::Odd],
        }
    }
}

/// The query for a page and one order more, which tells whether others follow.
fn push_page(
    sql: &mut QueryBuilder<Postgres>,
    filter: &OrderFilter,
    standings: &[StatusClass],
    before: Option<OrderId>,
    limit: usize,
) -> Result<(), Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    sql.push(format!("select {COLUMNS} from ("));
    let mut first = true;
    for standing in standings {
        for token in Token::branches(filter) {
            for age in Age::branches(filter) {
                sql.push(if first { "(" } else { ") union all (" });
                first = false;
                push_branch(sql, filter, standing, token, age, before)?;
                sql.push(" order by id desc limit ").push_bind(limit);
            }
        }
    }
    sql.push(")) as page order by id desc limit ").push_bind(limit);
    Ok(())
}

fn push_branch(
    sql: &mut QueryBuilder<Postgres>,
    filter: &OrderFilter,
    standing: &StatusClass,
    token: Token,
    age: Age,
    before: Option<OrderId>,
) -> Result<(), Failure> {
    sql.push(format!("select {COLUMNS} from orders where true"));
    if let Some(before) = before {
        sql.push(" and id < ").push_bind(before.uuid());
    }
    if let Some(owner) = &filter.owner {
        sql.push(" and owner = ").push_bind(owner.as_str().to_owned());
    }
    if let Some(called) = &filter.client_order_id {
        push_called(sql, filter.owner.as_ref(), called);
    }
    if let Some(kind) = &filter.kind {
        sql.push(" and kind = ").push_bind(kind.clone());
        // What the index of the rarer kinds says of itself.
        sql.push(if kind == "market" {
            ""
        } else {
            " and kind <> 'market'"
        });
    }
    push_standing(sql, filter, standing);
    match token {
        Token::Any => {}
        Token::In(symbol) => drop(sql.push(" and token_in = ").push_bind(symbol.as_str().to_owned())),
        Token::Out(symbol) => drop(
            sql.push(" and token_out = ")
                .push_bind(symbol.as_str().to_owned()),
        ),
    }
    push_age(sql, filter, age)
}

/// Whichever order its owner calls so. Looked up first: the planner cannot know that there is one at the most, and would
/// look through all of the owner's orders for it.
fn push_called(sql: &mut QueryBuilder<Postgres>, owner: Option<&Owner>, called: &ClientOrderId) {
    sql.push(" and id = any(array(select named.id from orders as named where named.client_order_id = ")
        .push_bind(called.as_str().to_owned());
    if let Some(owner) = owner {
        sql.push(" and named.owner = ")
            .push_bind(owner.as_str().to_owned());
    }
    sql.push("))");
}

fn push_standing(sql: &mut QueryBuilder<Postgres>, filter: &OrderFilter, standing: &StatusClass) {
    match standing {
        StatusClass::Any => {}
        StatusClass::Live(statuses) => {
            let names: Vec<_> = statuses.iter().map(|status| status.as_str()).collect();
            sql.push(" and ending is null and status = any(")
                .push_bind(names)
                .push(")");
            if let Some(venue) = filter.venue {
                sql.push(" and venue = ").push_bind(venue.to_string());
            }
        }
        StatusClass::Over => drop(sql.push(" and ending is not null")),
        StatusClass::Ended(ending) => drop(sql.push(" and ending = ").push_bind(ending.clone())),
    }
}

fn push_age(sql: &mut QueryBuilder<Postgres>, filter: &OrderFilter, age: Age) -> Result<(), Failure> {
    match age {
        Age::Any => return Ok(()),
        Age::Plain => {
            sql.push(" and not odd_id");
            if let Some(from) = filter.from {
                sql.push(" and id >= ").push_bind(first_id_at(from, false));
            }
            if let Some(to) = filter.to {
                sql.push(" and id < ").push_bind(first_id_at(to, true));
            }
        }
        Age::Odd => drop(sql.push(" and odd_id")),
    }
    if let Some(from) = filter.from {
        sql.push(" and created_at >= ").push_bind(rows::date(from)?);
    }
    if let Some(to) = filter.to {
        sql.push(" and created_at < ").push_bind(rows::date(to)?);
    }
    Ok(())
}

/// The least id of an order accepted then (or, `after`, the least of no order accepted before then), give or
/// take the drift.
fn first_id_at(time: Timestamp, after: bool) -> Uuid {
    let drift = i64::try_from(ID_DRIFT.as_millis()).unwrap_or(i64::MAX);
    let millis = time.millis();
    // One more for the fraction of a millisecond that the id does not tell.
    let millis = if after {
        millis.saturating_add(drift + 1)
    } else {
        millis.saturating_sub(drift)
    };
    // The time is the first 48 bits.
    let millis = u128::try_from(millis).unwrap_or(0).min((1 << 48) - 1);
    Uuid::from_u128(millis << 80)
}

#[cfg(test)]
mod tests;
