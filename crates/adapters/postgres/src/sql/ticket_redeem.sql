with redeemed as (
    delete from tickets where hash = $1 returning key_id, key_hash, good_until
)
select key_id, key_hash from redeemed where good_until > now()
