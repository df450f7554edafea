-- An order that was woken for nothing, or whose transaction the venue refused for its price, rests before it may be woken
-- again. Null and zero say that it never has.

-- How long its last rest was, in microseconds, and when that ends or ended. Neither is in an index, so that updates stay
-- heap-only.
alter table orders add column rest bigint not null default 0;
alter table orders add column rest_until timestamptz;

-- How often the venue has refused a transaction of it for its price.
alter table orders add column refusals integer not null default 0;
