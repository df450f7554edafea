-- Tries to write, and takes it back: where rows can be stored, the division fails, and leaves nothing. Into the one table
-- that every part of the engine adds to, and more than fits into a page that has room left by chance.
with tried as (
    insert into order_events (order_id, epoch, seq, events)
    select gen_random_uuid(), 0, 0, to_json(repeat('x', 1000))
    from generate_series(1, 32)
    returning seq
)
-- All rows are written before their sum is known.
select 1 / sum(seq) as never from tried
