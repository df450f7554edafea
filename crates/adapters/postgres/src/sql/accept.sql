-- Stores orders, each with its first event, unless one of its keys is taken.
with input as materialized (
    select *
    from unnest(
        $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::smallint[],
        $9::timestamptz[], $10::boolean[], $11::text[], $12::text[], $13::text[], $14::text[], $15::integer[],
        $16::smallint[], $17::timestamptz[], $18::text[]
    ) as row (
        id, owner, client_order_id, idempotency_key, kind, token_in, token_out, priority,
        created_at, odd_id, spec, status, venue, state, version,
        attempt, updated_at, events
    )
),
stored as (
    insert into orders (
        id, owner, client_order_id, idempotency_key, kind, token_in, token_out, priority,
        created_at, odd_id, spec, status, venue, state, version,
        attempt, updated_at, next_run_at, enqueued_at
    )
    select id, owner, client_order_id, idempotency_key, kind, token_in, token_out, priority,
           created_at, odd_id, spec::jsonb, status, venue, state::jsonb, version,
           attempt, updated_at, now(), now()
    from input
    on conflict do nothing
    returning id
),
told as (
    insert into order_events (order_id, epoch, seq, events)
    select id, 0, version, events::json
    from input
    -- "is true" keeps the planner from turning this into a join, and so makes it a hash lookup.
    where (id in (select id from stored)) is true
)
select id from stored
