-- What each role may do. Run by order_migration after every migration; running it again changes nothing. What is not
-- named here is forbidden, so a migration that makes a table adds it here.
--
-- No role may change or delete what has happened: no role may UPDATE or DELETE order_events.

revoke all on all tables in schema public from order_api, order_worker, order_reader;

-- Takes orders in, applies owners' commands and publishes them. It cannot touch a transaction.
grant select, insert on orders, order_events to order_api;
grant update (
    status, venue, state, version, attempt, updated_at, attempt_open, next_run_at, enqueued_at,
    lease_owner, lease_epoch, lease_until, terms, waiting_since, rest, rest_until, refusals
) on orders to order_api;

-- It checks keys and cannot make one; tickets are kept for as long as they are good.
grant select on api_keys to order_api;
grant select, insert, delete on tickets to order_api;

-- Executes orders. It cannot make one up, nor change what was asked for, nor whose it is.
grant select on orders to order_worker;
grant update (
    status, venue, state, version, attempt, updated_at, attempt_open, next_run_at, enqueued_at,
    lease_owner, lease_epoch, lease_until, terms, waiting_since, rest, rest_until, refusals
) on orders to order_worker;
grant select, insert on order_events to order_worker;
grant select, insert on attempts to order_worker;
grant update (outcome) on attempts to order_worker;

-- Looks: analysts, and `order-engine verify`.
grant select on orders, order_events, attempts, order_stories, order_history to order_reader;

-- Each finds out whether the database is up to date.
grant select on _sqlx_migrations to order_api, order_worker, order_reader;
