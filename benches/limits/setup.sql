-- One confirmed order with everything that belongs to it, as the pattern for the rows of limits/orders.sql.
drop table if exists single, pattern;
create table single (id bigserial primary key, value text not null);
create unlogged table pattern as
select o.owner, o.kind, o.token_in, o.token_out, o.priority, o.spec, o.state, o.venue,
       a.draft, a.bytes, a.last_valid_height, a.outcome,
       (select events from order_events e where e.order_id = o.id order by seq limit 1) as told_first,
       (select events from order_events e where e.order_id = o.id order by seq offset 1 limit 1) as told_ahead,
       (select events from order_events e where e.order_id = o.id order by seq desc limit 1) as told_last
from orders o
join attempts a on a.order_id = o.id
where o.status = 'confirmed'
limit 1;
analyze pattern;
