select id, owner, scopes, hash, created_at, revoked_at
from api_keys
where id = any($1)
