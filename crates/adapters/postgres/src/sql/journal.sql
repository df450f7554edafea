-- Moves orders by a step of their lease's holder: events, a transaction written ahead or an outcome, and the
-- lease given back, each where there is one.
--
-- Everything hangs on the update of the order, whose conditions are checked on the locked, current row.
with moved as (
    update orders
    set status = input.status,
        venue = input.venue,
        state = input.state::jsonb,
        version = input.version,
        attempt = input.attempt,
        updated_at = input.updated_at,
        attempt_open = case
            when input.tx_id is not null then true
            when input.outcome is not null then false
            else orders.attempt_open
        end,
        next_run_at = case
            when input.run_again is not null then now() + input.run_again * interval '1 microsecond'
            else orders.next_run_at
        end,
        waiting_since = case
            when input.waits then now()
            when input.gives_back then null
            else orders.waiting_since
        end,
        rest = coalesce(input.rest, orders.rest),
        rest_until = case
            when input.rest is not null then now() + input.rest * interval '1 microsecond'
            else orders.rest_until
        end,
        refusals = input.refusals,
        lease_owner = case when input.gives_back then null else orders.lease_owner end,
        lease_until = case when input.gives_back then null else orders.lease_until end
    from unnest(
        $1::uuid[], $2::uuid[], $3::bigint[], $4::integer[],
        $5::text[], $6::text[], $7::text[], $8::integer[], $9::smallint[], $10::timestamptz[],
        $11::text[], $12::boolean[], $13::bigint[], $14::text[],
        $15::bytea[], $16::smallint[], $17::text[], $18::text[], $19::timestamptz[], $20::text[], $21::bytea[],
        $22::boolean[], $23::bigint[], $24::integer[]
    ) with ordinality as input (
        id, holder, epoch, base_version,
        status, venue, state, version, attempt, updated_at,
        events, gives_back, run_again, outcome,
        tx_id, number, tx_venue, last_valid_height, written_at, draft, bytes,
        waits, rest, refusals,
        n
    )
    where orders.id = any($1::uuid[])
      and orders.id = input.id
      and orders.lease_owner = input.holder
      and orders.lease_epoch = input.epoch
      and orders.version = input.base_version
      and orders.ending is null
      and (input.tx_id is null or not orders.attempt_open)
      and (
          input.outcome is null
          or orders.attempt_open
             -- Seen by this statement, and not only said by the row: what it cannot see it could not close.
             and exists (
                 select from attempts
                 where attempts.order_id = any($1::uuid[])
                   and attempts.order_id = input.id
                   and attempts.outcome is null
             )
      )
    returning input.*
),
told as (
    insert into order_events (order_id, epoch, seq, events)
    select id, epoch, version, events::json
    from moved
    where events is not null
),
written_ahead as (
    insert into attempts (
        tx_id, order_id, number, epoch, venue, last_valid_height, written_at, draft, bytes
    )
    select tx_id, id, number, epoch, tx_venue, last_valid_height::numeric, written_at, draft::json, bytes
    from moved
    where tx_id is not null
),
closed as (
    update attempts
    set outcome = moved.outcome::jsonb
    from moved
    where attempts.order_id = any(array(select id from moved where outcome is not null))
      and attempts.order_id = moved.id
      and attempts.outcome is null
)
select n from moved
