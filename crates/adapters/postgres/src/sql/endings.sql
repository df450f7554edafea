-- Every way in which an order has ended, and where. Skips from one to the next in the index by ending, so that it costs a
-- look-up for each of them, however many orders have ended so.
with recursive endings as (
    (select ending from orders where ending > '' order by ending limit 1)
    union all
    select (
        select orders.ending
        from orders
        where orders.ending > endings.ending
        order by orders.ending
        limit 1
    )
    from endings
    where endings.ending is not null
)
select ending from endings where ending is not null
