-- Leases orders that are live, due and free.
--
-- Commits without waiting for the disk. A claim that a crash of the database undoes is harmless: nothing
-- written under it is on disk either, since the log is written in order; and later writes under it are fenced
-- out, because the row then names another holder, or none.
with relaxed as materialized (
    select set_config('synchronous_commit', 'off', true) as setting
)
update orders
set lease_owner = input.holder,
    lease_epoch = orders.lease_epoch + 1,
    lease_until = now() + input.ttl * interval '1 microsecond'
from unnest($1::uuid[], $2::uuid[], $3::bigint[]) with ordinality as input (id, holder, ttl, n),
     relaxed
where orders.id = any($1::uuid[])
  and orders.id = input.id
  and orders.ending is null
  and orders.next_run_at <= now()
  and (orders.lease_until is null or orders.lease_until <= now())
  and relaxed.setting is not null
returning input.n, orders.id, orders.spec, orders.created_at, orders.version, orders.attempt, orders.state,
          orders.updated_at, orders.terms, orders.refusals, orders.lease_epoch, orders.attempt_open, orders.rest,
          (extract(epoch from greatest(now() - orders.rest_until, interval '0')) * 1000000)::bigint as rested_ago
