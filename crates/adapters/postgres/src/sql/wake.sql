-- Makes orders due that wait, and notes that they are announced now.
--
-- Whoever has one of them locked is waking it as well, or is letting it wait anew or end, and then it is listed anew
-- or never again: so nobody waits for a lock here.
with sleeping as (
    select id
    from orders
    where id = any($1::uuid[])
      and waiting_since is not null
      and ending is null
      and next_run_at > now()
    order by id
    for update skip locked
)
update orders
set next_run_at = now(),
    enqueued_at = now()
where id = any(array(select id from sleeping))
  -- They are; said so that the index of those is used.
  and ending is null
returning id, priority
