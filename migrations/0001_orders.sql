-- The truth about every order, its transactions and its story.
--
-- Every step of an order updates its row. Such an update is cheap as long as it is heap-only, that is, as long
-- as it changes no column that occurs in an index (in its key, its expressions or its predicate). Therefore no
-- index may use status, state, venue, version, attempt, attempt_open, updated_at or any lease column. The
-- indexes below use columns that change once (ending), or at most once an attempt (next_run_at) or a sweep
-- (enqueued_at). The columns that never change come first, which keeps the log records of updates short.
--
-- There are no foreign keys: an attempt and an event are only ever written by the statement that moves their
-- order, and a check for each row would cost as much as the row.

create table orders (
    id               uuid                     primary key,
    owner            text        collate "C"  not null,
    client_order_id  text        collate "C",
    idempotency_key  text        collate "C",
    kind             text        collate "C"  not null,
    token_in         text        collate "C"  not null,
    token_out        text        collate "C"  not null,
    -- 0 is the most urgent.
    priority         smallint                 not null,
    created_at       timestamptz              not null,
    -- Whether the time in the id is far from created_at, so that one does not tell the other.
    odd_id           boolean                  not null,
    spec             jsonb                    not null,

    status           text        collate "C"  not null,
    venue            text        collate "C",
    state            jsonb                    not null,
    -- The seq of the last event.
    version          integer                  not null,
    attempt          smallint                 not null,
    updated_at       timestamptz              not null,
    -- How it ended, and where: null while the order is live, then never changed again.
    ending           text        collate "C"  generated always as (
        case when status in ('confirmed', 'failed', 'cancelled', 'expired')
             then status || coalesce(':' || venue, '') end
    ) stored,

    -- Whether a transaction is written ahead whose outcome nobody knows. The row says it, beside attempts,
    -- because only the locked row is certain to be current when a claim had to wait for it.
    attempt_open     boolean                  not null default false,
    next_run_at      timestamptz              not null,
    enqueued_at      timestamptz              not null,
    lease_owner      uuid,
    lease_epoch      bigint                   not null default 0,
    lease_until      timestamptz,

    -- What its owner has put in the place of the terms in spec, which stays as it was asked for.
    terms            jsonb,
    -- When it began to wait for its trigger. An order that waits is due when somebody wakes it, and at the latest
    -- at next_run_at.
    waiting_since    timestamptz,

    constraint nothing_open_at_the_end check (ending is null or not attempt_open)
) with (
    -- Room for the next versions of a row on its own page.
    fillfactor = 33,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.02
);

create unique index orders_idempotency_key on orders (owner, idempotency_key) where idempotency_key is not null;
create unique index orders_client_order_id on orders (owner, client_order_id) where client_order_id is not null;

-- For the sweep: those that have become due since they were announced, and those whose announcement grows old.
-- Between them they hold every live order once.
create index orders_unannounced on orders (next_run_at) where ending is null and enqueued_at < next_run_at;
create index orders_announced on orders (enqueued_at) where ending is null and enqueued_at >= next_run_at;

-- For those who watch the market. Orders that never wait are not in it, and their updates stay heap-only.
create index orders_waiting on orders (waiting_since, id) where waiting_since is not null;

-- For lists, all of which are newest first by id. Those with ended orders only are written once an order; the
-- others twice, since an order's last update, alone, is not heap-only.
create index orders_by_owner on orders (owner, id);
create index orders_by_token_in on orders (token_in, id) where ending is not null;
create index orders_by_token_out on orders (token_out, id) where ending is not null;
create index orders_live on orders (id) where ending is null;
create index orders_by_ending on orders (ending, id) where ending is not null;
create index orders_by_kind on orders (kind, id) where kind <> 'market';
create index orders_with_odd_id on orders (id) where odd_id;

create table attempts (
    tx_id              bytea                    primary key,
    order_id           uuid                     not null,
    number             smallint                 not null,
    -- Of the lease under which it was written.
    epoch              bigint                   not null,
    venue              text        collate "C"  not null,
    last_valid_height  numeric(20)              not null,
    written_at         timestamptz              not null,
    draft              json                     not null,
    bytes              bytea                    not null,
    -- Null while nobody knows.
    outcome            jsonb,

    constraint tx_id_is_a_signature check (octet_length(tx_id) = 64)
) with (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0.05
);

create unique index attempts_open on attempts (order_id) where outcome is null;
create unique index attempts_landed on attempts (order_id) where outcome ? 'landed';
-- For audits, which read all attempts of a range of orders: both come in order of time, so that a summary of each
-- megabyte is enough to find them, and next to nothing to keep.
create index attempts_by_order on attempts using brin (order_id);

-- Append-only. A row holds the events of one commit, so that a step costs one row however much it tells.
create table order_events (
    order_id  uuid     not null,
    -- Of the lease under which they were written; 0 for acceptance.
    epoch     bigint   not null,
    -- Of the last event in the row; those before it count down from here.
    seq       integer  not null,
    events    json     not null,

    primary key (order_id, seq)
);

-- One row an event.
create view order_stories as
select page.order_id,
       page.seq - json_array_length(page.events) + line.place::integer as seq,
       page.epoch,
       timestamptz 'epoch' + (line.event ->> 'at')::bigint * interval '1 millisecond' as at,
       line.event ->> 'event' as event,
       line.event as data
from order_events as page
cross join lateral json_array_elements(page.events) with ordinality as line (event, place);

-- For analysts: one flat row an order.
create view order_history as
select id,
       status,
       (state ->> 'executed_price')::numeric as final_price,
       state ->> 'tx_id' as transaction_hash,
       -- The code of the failure: a venue's, or our own.
       coalesce(state #>> '{failure,venue}', state ->> 'failure') as error_message,
       created_at
from orders;
