-- What waits: how long the most overdue order that nobody works on has been due, in microseconds, and how many
-- orders' venues are silent. Reads every live order, by the two indexes that hold each of them once.
with live as (
    select next_run_at, lease_until, status, state
    from orders
    where ending is null and enqueued_at < next_run_at and next_run_at < 'infinity'
    union all
    select next_run_at, lease_until, status, state
    from orders
    where ending is null and enqueued_at >= next_run_at and enqueued_at < 'infinity'
)
select (extract(epoch from now() - min(next_run_at) filter (
           where next_run_at <= now()
             and (lease_until is null or lease_until <= now())
             and status <> 'waiting'
       )) * 1000000)::bigint as oldest_due,
       count(*) filter (
           where status = 'submitted' and coalesce((state ->> 'unknown')::boolean, false)
       ) as unknown
from live
