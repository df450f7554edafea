update api_keys
set hash = $2
where id = $1 and revoked_at is null
returning id
