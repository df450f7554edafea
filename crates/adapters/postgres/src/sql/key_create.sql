insert into api_keys (id, owner, scopes, hash, created_at, revoked_at)
values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
returning id
