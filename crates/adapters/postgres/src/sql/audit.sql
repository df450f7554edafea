-- A page of orders with their whole histories and all their transactions, in one snapshot.
with page as materialized (
    select id, idempotency_key, spec, created_at, version, attempt, state, updated_at, terms, refusals
    from orders
    where id > $1
    order by id
    limit $2
),
ends as materialized (
    select (select id from page order by id limit 1)      as first,
           (select id from page order by id desc limit 1) as last
),
told as (
    select order_id,
           array_agg(seq order by seq)    as seqs,
           array_agg(epoch order by seq)  as epochs,
           array_agg(events order by seq) as events
    from order_events
    where order_id >= (select first from ends)
      and order_id <= (select last from ends)
    group by order_id
),
tried as (
    select order_id,
           array_agg(number order by number, written_at)             as numbers,
           array_agg(tx_id order by number, written_at)              as tx_ids,
           array_agg(draft -> 'min_out' order by number, written_at) as min_outs,
           array_agg(outcome order by number, written_at)            as outcomes
    from attempts
    where order_id >= (select first from ends)
      and order_id <= (select last from ends)
    group by order_id
)
select page.*, seqs, epochs, events, numbers, tx_ids, min_outs, outcomes
from page
left join told on told.order_id = page.id
left join tried on tried.order_id = page.id
order by page.id
