-- What waits: how long the most overdue order that nobody works on has been due, in microseconds, and how many
-- orders' venues are silent. Orders that wait for a market are passed by, however many they are: they are due later, and
-- have no transaction under way.
with unannounced as (
    select next_run_at
    from orders
    where ending is null
      and enqueued_at < next_run_at
      and next_run_at <= now()
      and (lease_until is null or lease_until <= now())
      and status <> 'waiting'
    -- In the index's order, so that it is this index.
    order by next_run_at
    limit 1
),
announced as (
    select min(next_run_at) as next_run_at
    from orders
    where ending is null
      and enqueued_at >= next_run_at
      and enqueued_at < 'infinity'
      and next_run_at <= now()
      and (lease_until is null or lease_until <= now())
      and status <> 'waiting'
),
silent as (
    select count(*) as orders
    from orders
    where ending is null
      -- All that are open; no order has the id of zeros.
      and id = any(array(
          select order_id from attempts where outcome is null and order_id > '00000000-0000-0000-0000-000000000000'
      ))
      and status = 'submitted'
      and coalesce((state ->> 'unknown')::boolean, false)
)
select (extract(epoch from now() - least((select next_run_at from unannounced), (select next_run_at from announced)))
        * 1000000)::bigint as oldest_due,
       (select orders from silent) as unknown
