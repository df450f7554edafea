-- Those whose time is over leave with those that come, so nobody has to sweep.
with over as (
    delete from tickets where good_until <= now()
)
insert into tickets (hash, key_id, key_hash, good_until)
values ($1, $2, $3, now() + $4 * interval '1 microsecond')
