//! Every fixed statement. Lists have their text made to measure in [`crate::list`].

pub(crate) const ACCEPT: &str = include_str!("sql/accept.sql");
pub(crate) const AUDIT: &str = include_str!("sql/audit.sql");
pub(crate) const BACKLOG: &str = include_str!("sql/backlog.sql");
pub(crate) const CLASHES: &str = include_str!("sql/clashes.sql");
pub(crate) const CLAIM: &str = include_str!("sql/claim.sql");
pub(crate) const UNCLAIMED: &str = include_str!("sql/unclaimed.sql");
pub(crate) const OPEN_ATTEMPTS: &str = include_str!("sql/open_attempts.sql");
pub(crate) const JOURNAL: &str = include_str!("sql/journal.sql");
pub(crate) const DUE: &str = include_str!("sql/due.sql");
pub(crate) const ORDER: &str = include_str!("sql/order.sql");
pub(crate) const ENDINGS: &str = include_str!("sql/endings.sql");
pub(crate) const EVENTS: &str = include_str!("sql/events.sql");
pub(crate) const VERSIONS: &str = include_str!("sql/versions.sql");
pub(crate) const WAITING: &str = include_str!("sql/waiting.sql");
pub(crate) const WAKE: &str = include_str!("sql/wake.sql");
pub(crate) const APPLY_OWNER_COMMAND: &str = include_str!("sql/apply_owner_command.sql");
pub(crate) const KEY_CREATE: &str = include_str!("sql/key_create.sql");
pub(crate) const KEY_LIST: &str = include_str!("sql/key_list.sql");
pub(crate) const KEY_READ: &str = include_str!("sql/key_read.sql");
pub(crate) const KEY_REVOKE: &str = include_str!("sql/key_revoke.sql");
pub(crate) const KEY_ROTATE: &str = include_str!("sql/key_rotate.sql");
pub(crate) const TICKET_KEEP: &str = include_str!("sql/ticket_keep.sql");
pub(crate) const TICKET_REDEEM: &str = include_str!("sql/ticket_redeem.sql");
pub(crate) const PING: &str = include_str!("sql/ping.sql");
pub(crate) const CONDITION: &str = include_str!("sql/condition.sql");
pub(crate) const IDENTITY: &str = include_str!("sql/identity.sql");
pub(crate) const TRIAL: &str = include_str!("sql/trial.sql");
pub(crate) const TIME: &str = include_str!("sql/time.sql");

#[cfg(test)]
mod tests {
    use order_ports::OrderIntake;
    use order_ports::contract::fixtures::{acceptance, spec};
    use order_test_servers::Postgres;
    use sqlx::{AssertSqlSafe, Executor, Row, SqlSafeStr, Statement};

    use crate::PostgresStore;
    use crate::pool::Pooled;
    use crate::testing::migrated;

    const ALL: [(&str, &str); 28] = [
        ("accept", super::ACCEPT),
        ("apply_owner_command", super::APPLY_OWNER_COMMAND),
        ("audit", super::AUDIT),
        ("backlog", super::BACKLOG),
        ("claim", super::CLAIM),
        ("clashes", super::CLASHES),
        ("condition", super::CONDITION),
        ("due", super::DUE),
        ("endings", super::ENDINGS),
        ("events", super::EVENTS),
        ("identity", super::IDENTITY),
        ("journal", super::JOURNAL),
        ("key_create", super::KEY_CREATE),
        ("key_list", super::KEY_LIST),
        ("key_read", super::KEY_READ),
        ("key_revoke", super::KEY_REVOKE),
        ("key_rotate", super::KEY_ROTATE),
        ("open_attempts", super::OPEN_ATTEMPTS),
        ("order", super::ORDER),
        ("ping", super::PING),
        ("ticket_keep", super::TICKET_KEEP),
        ("ticket_redeem", super::TICKET_REDEEM),
        ("time", super::TIME),
        ("trial", super::TRIAL),
        ("unclaimed", super::UNCLAIMED),
        ("versions", super::VERSIONS),
        ("waiting", super::WAITING),
        ("wake", super::WAKE),
    ];

    /// Those of them that are about live orders only.
    const LIVE: [&str; 6] = [
        "backlog",
        "claim",
        "due",
        "journal",
        "apply_owner_command",
        "wake",
    ];

    /// A store with one connection, which has all that is prepared.
    async fn store() -> (PostgresStore, Postgres) {
        migrated(|settings| settings.max_connections = 1).await
    }

    /// By itself the planner plans a statement for one row anew each time, which takes longer than running it.
    #[tokio::test]
    async fn no_statement_is_planned_more_than_once() {
        let (store, _server) = store().await;
        for n in 1..=8 {
            store.accept(acceptance(n, spec())).await.unwrap();
        }
        let plans = "select generic_plans, custom_plans from pg_prepared_statements where statement like '-- Stores%'";
        let mut connection = store.database.connection().await.unwrap();
        let plans = connection.fetch_one(plans).await.unwrap();
        assert_eq!((plans.get::<i64, _>(0), plans.get::<i64, _>(1)), (8, 0));
    }

    #[test]
    fn every_file_is_a_statement() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/sql")).unwrap();
        let mut names: Vec<_> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(names, ALL.map(|(name, _)| format!("{name}.sql")));
    }

    #[tokio::test]
    async fn every_statement_suits_the_migrated_tables() {
        let (store, _server) = store().await;
        let mut connection = store.database.connection().await.unwrap();
        for (name, text) in ALL {
            let prepared = connection.prepare(text.into_sql_str()).await;
            assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
        }
    }

    /// The plan that a connection of the pool would keep for a statement.
    async fn kept_plan(store: &PostgresStore, text: &'static str) -> String {
        let mut connection = Pooled::take(store.database.connection().await.unwrap());
        let prepared = connection.prepare(text.into_sql_str()).await.unwrap();
        let arguments = match prepared.parameters() {
            Some(sqlx::Either::Left(types)) => vec!["null"; types.len()],
            Some(sqlx::Either::Right(_)) | None => unreachable!("Postgres describes its parameters"),
        };
        for setup in [
            "set plan_cache_mode = force_generic_plan".to_owned(),
            format!("prepare kept as {text}"),
        ] {
            connection.execute(AssertSqlSafe(setup)).await.unwrap();
        }
        let arguments = if arguments.is_empty() {
            String::new()
        } else {
            format!("({})", arguments.join(", "))
        };
        let explain = format!("explain execute kept {arguments}");
        let lines = connection.fetch_all(AssertSqlSafe(explain)).await.unwrap();
        lines.iter().map(|line| line.get::<String, _>(0) + "\n").collect()
    }

    /// Plans made while the tables are almost empty stay when they have grown: each must find rows by a condition
    /// on an index, never walk through all of one.
    #[tokio::test]
    async fn kept_plans_find_rows_by_index_however_empty_the_tables_are() {
        let (store, _server) = store().await;
        let vacuum = "vacuum analyze orders, attempts, order_events";
        for orders in [None, Some(0), Some(1), Some(300)] {
            for n in 1..=orders.unwrap_or_default() {
                store.accept(acceptance(n, spec())).await.unwrap();
            }
            if orders.is_some() {
                let mut connection = store.database.connection().await.unwrap();
                connection.execute(vacuum).await.unwrap();
            }
            // Of the clashes no plan is kept.
            for (name, text) in ALL.into_iter().filter(|(name, _)| *name != "clashes") {
                let plan = kept_plan(&store, text).await;
                assert!(
                    !plan.contains("Seq Scan"),
                    "{name} with {orders:?} orders:\n{plan}"
                );
                let lines: Vec<_> = plan.lines().collect();
                for pair in lines.windows(2).filter(|pair| pair[0].contains("Scan using ")) {
                    assert!(
                        pair[1].contains("Index Cond: "),
                        "{name} with {orders:?} orders:\n{plan}"
                    );
                }
                // Its first column is the owner, whom no step knows: an id would be looked for in all of it. Those that
                // read orders which may have ended have two such indexes to choose from until there are some orders.
                assert!(
                    !LIVE.contains(&name) || !plan.contains("orders_by_owner"),
                    "{name} with {orders:?} orders:\n{plan}"
                );
                let looped = plan.contains("Nested Loop");
                assert!(
                    !looped || plan.contains("CTE Scan on relaxed"),
                    "{name} with {orders:?} orders:\n{plan}"
                );
            }
        }
    }
}
