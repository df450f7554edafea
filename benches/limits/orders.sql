-- The rows of 128 orders in the three commits of their lives, by the fewest statements there can be: no lease, no
-- fence, nobody to answer. What the engine's store can at best come near to.
select array_agg((lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0')
                  || '7' || substr(md5(random()::text), 14))::uuid)::text as ids
from generate_series(1, 128) \gset
with input as (select unnest((:ids)::uuid[]) as id),
stored as (
    insert into orders (id, owner, kind, token_in, token_out, priority, created_at, odd_id, spec, status, state,
                        version, attempt, updated_at, next_run_at, enqueued_at)
    select id, owner, kind, token_in, token_out, priority, now(), false, spec, 'pending', '{"pending": {}}'::jsonb,
           1, 0, now(), now(), now()
    from input, pattern
)
insert into order_events (order_id, epoch, seq, events) select id, 0, 1, told_first from input, pattern;
with input as (select unnest((:ids)::uuid[]) as id),
moved as (
    update orders set status = 'submitted', venue = pattern.venue, state = pattern.state, version = 5,
                      attempt_open = true, updated_at = now()
    from pattern where id = any((:ids)::uuid[])
),
told as (
    insert into order_events (order_id, epoch, seq, events) select id, 1, 5, told_ahead from input, pattern
)
insert into attempts (tx_id, order_id, number, epoch, venue, last_valid_height, written_at, draft, bytes)
select uuid_send(id) || uuid_send(id) || uuid_send(id) || uuid_send(id), id, 1, 1, venue, last_valid_height, now(),
       draft, bytes
from input, pattern;
with input as (select unnest((:ids)::uuid[]) as id),
moved as (
    update orders set status = 'confirmed', state = pattern.state, version = 6, attempt_open = false,
                      updated_at = now()
    from pattern where id = any((:ids)::uuid[])
),
closed as (
    update attempts set outcome = pattern.outcome
    from pattern where order_id = any((:ids)::uuid[]) and attempts.outcome is null
)
insert into order_events (order_id, epoch, seq, events) select id, 1, 6, told_last from input, pattern;
