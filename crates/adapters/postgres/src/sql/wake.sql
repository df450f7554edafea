-- Makes orders due that wait and whose rest is over, and notes that they are announced now; says of the others that
-- still wait for how many microseconds they rest on.
--
-- Whoever has one of them locked is waking it as well, or is letting it wait anew or end, and then it is listed anew
-- or never again: so nobody waits for a lock here.
with sleeping as (
    select id, coalesce(rest_until > now(), false) as rests, rest_until
    from orders
    where id = any($1::uuid[])
      and waiting_since is not null
      and ending is null
      and next_run_at > now()
    order by id
    for update skip locked
),
woken as (
    update orders
    set next_run_at = now(),
        enqueued_at = now()
    where id = any(array(select id from sleeping where not rests))
      -- They are; said so that the index of those is used.
      and ending is null
    returning id, priority
)
select id, priority, null::bigint as rest_left
from woken
union all
select id, null::smallint, ceil(extract(epoch from rest_until - now()) * 1000000)::bigint
from sleeping
where rests
