-- Moves an order by what its owner decides, and takes the lease away from whoever has it.
with moved as (
    update orders
    set status = $3,
        venue = $4,
        state = $5::jsonb,
        version = $6,
        updated_at = $7,
        terms = $8::jsonb,
        next_run_at = case when $10::bigint is null then next_run_at else now() + $10 * interval '1 microsecond' end,
        waiting_since = case when $11 then now() end,
        rest = coalesce($12, rest),
        rest_until = case when $12::bigint is not null then now() + $12 * interval '1 microsecond' else rest_until end,
        lease_owner = null,
        lease_until = null,
        lease_epoch = lease_epoch + 1
    where id = $1
      and version = $2
      and ending is null
      and not attempt_open
    returning id, lease_epoch, version
),
told as (
    insert into order_events (order_id, epoch, seq, events)
    select id, lease_epoch, version, $9::json
    from moved
    where $9 is not null
)
select id from moved
