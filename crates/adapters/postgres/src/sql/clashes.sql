-- The stored orders that stand in the way of new ones, by key, by client order id, by id. Seldom asked for, and planned
-- each time: a plan made for a table that was known to be empty would walk through all orders of the owner.
select input.n, clash.id, clash.spec, clash.by
from unnest($1::text[], $2::text[], $3::text[], $4::uuid[])
     with ordinality as input (owner, idempotency_key, client_order_id, id, n)
cross join lateral (
    select id, spec, 0 as by from orders
    where owner = input.owner and idempotency_key = input.idempotency_key
    union all
    select id, spec, 1 from orders
    where owner = input.owner and client_order_id = input.client_order_id
    union all
    select id, spec, 2 from orders
    where id = input.id
) as clash
order by input.n, clash.by
