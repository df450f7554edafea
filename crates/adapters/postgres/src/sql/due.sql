-- Finds orders that are live, due, free and not announced, and notes that they are announced now. Without an
-- age ($1, microseconds), every announcement is old.
--
-- Commits without waiting for the disk: an announcement forgotten in a crash of the database is made twice.
with relaxed as materialized (
    select set_config('synchronous_commit', 'off', true) as setting
),
became_due as (
    select id, next_run_at as since
    from orders
    where ending is null
      and enqueued_at < next_run_at
      and next_run_at <= now()
      and (lease_until is null or lease_until <= now())
    order by next_run_at
    limit $2
    for update skip locked
),
announced_long_ago as (
    select id, enqueued_at as since
    from orders
    where ending is null
      and enqueued_at >= next_run_at
      and enqueued_at < coalesce(now() - $1 * interval '1 microsecond', 'infinity')
      and next_run_at <= now()
      and (lease_until is null or lease_until <= now())
    order by enqueued_at
    limit $2
    for update skip locked
),
found as (
    select id, since from became_due
    union all
    select id, since from announced_long_ago
    order by since
    limit $2
),
announced as (
    update orders
    set enqueued_at = now()
    from relaxed
    where orders.id = any(array(select id from found))
      -- They are; said so that the index of those is used.
      and orders.ending is null
      and relaxed.setting is not null
    returning orders.id, orders.priority
)
select id, announced.priority
from announced
join found using (id)
order by found.since
