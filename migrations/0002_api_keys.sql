-- Who may come in. A secret is 256 random bits and is kept as its SHA-256 alone: nobody who reads this table can use
-- a key.

create table api_keys (
    id          text  collate "C"  primary key,
    owner       text  collate "C"  not null,
    scopes      text[]             not null,
    hash        bytea              not null,
    created_at  timestamptz        not null,
    -- A key that is revoked stays, so that its id is never taken again and a list can say since when.
    revoked_at  timestamptz,

    constraint hash_is_a_sha_256 check (octet_length(hash) = 32)
);

-- Short-lived stand-ins for a key, each good once. One that is lost costs its caller another one, so nothing is
-- written for them that a crash would need.
create unlogged table tickets (
    hash        bytea              primary key,
    key_id      text  collate "C"  not null,
    -- Of the key's secret when the ticket was made.
    key_hash    bytea              not null,
    good_until  timestamptz        not null
);

create index tickets_by_end on tickets (good_until);
