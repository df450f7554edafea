select id, version
from orders
where id = any($1::uuid[])
