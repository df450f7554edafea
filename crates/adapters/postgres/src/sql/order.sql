select id, spec, created_at, version, attempt, state, updated_at
from orders
where id = $1
