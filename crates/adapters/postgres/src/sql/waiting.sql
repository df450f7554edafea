-- Orders that wait, by when they began to, strictly after a place ($1, microseconds since 1970; $2).
select id, spec, created_at, version, attempt, state, updated_at, terms, refusals,
       (extract(epoch from waiting_since) * 1000000)::bigint as since
from orders
where waiting_since is not null
  and (waiting_since, id) > (timestamptz 'epoch' + $1 * interval '1 microsecond', $2)
order by waiting_since, id
limit $3
