select id, spec, created_at, version, attempt, state, updated_at, terms, refusals
from orders
where id = any($1::uuid[])
