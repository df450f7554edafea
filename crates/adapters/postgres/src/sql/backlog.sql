-- What waits: how long the most overdue order that nobody works on has been due, in microseconds, and how many
-- orders' venues are silent. Orders that wait for their price, which may be many, are not read: they become due
-- later, and have no open attempt.
with due as (
    select next_run_at, lease_until, status
    from orders
    where ending is null and enqueued_at < next_run_at and next_run_at <= now()
    union all
    select next_run_at, lease_until, status
    from orders
    where ending is null and enqueued_at >= next_run_at and enqueued_at < 'infinity'
)
select (
           select (extract(epoch from now() - min(next_run_at)) * 1000000)::bigint
           from due
           where next_run_at <= now()
             and (lease_until is null or lease_until <= now())
             and status <> 'waiting'
       ) as oldest_due,
       (
           select count(*)
           from attempts
           join orders on orders.id = attempts.order_id
           where attempts.outcome is null
             and orders.status = 'submitted'
             and coalesce((orders.state ->> 'unknown')::boolean, false)
       ) as unknown
