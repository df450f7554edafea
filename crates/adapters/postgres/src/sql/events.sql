-- The events of orders, each from behind a number on, in rows that hold those of one commit.
select input.n, order_events.seq, order_events.events
from unnest($1::uuid[], $2::integer[]) with ordinality as input (id, after, n)
join order_events
  on order_events.order_id = input.id
where order_events.order_id = any($1::uuid[])
  and order_events.seq > input.after
