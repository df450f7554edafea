-- No id is empty; the condition only says that an index has them all.
select id, owner, scopes, hash, created_at, revoked_at
from api_keys
where id > ''
order by id
