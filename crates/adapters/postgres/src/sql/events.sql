-- Every row holds at least one event, so as many rows as events are enough.
select seq, events
from order_events
where order_id = $1
  and seq > $2
order by seq
limit $3
