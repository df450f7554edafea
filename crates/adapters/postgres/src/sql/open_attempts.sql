-- The transactions of these orders whose outcome nobody knows.
select order_id, tx_id, number, venue, last_valid_height::text as last_valid_height, written_at, draft, bytes
from attempts
where order_id = any($1::uuid[])
  and outcome is null
