-- Why orders were not to be claimed: those that are not found do not exist.
select id, ending is not null as finished
from orders
where id = any($1::uuid[])
