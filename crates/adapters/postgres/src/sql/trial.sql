-- Tries to write, and takes it back: where a row can be stored, the division fails, and leaves nothing. Into the one table
-- that every part of the engine adds to, and by the length of a usual row.
with tried as (
    insert into order_events (order_id, epoch, seq, events)
    values (gen_random_uuid(), 0, 0, to_json(repeat('x', 1000)))
    returning seq
)
select 1 / seq from tried
