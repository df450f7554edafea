-- Copies of the pattern of limits/setup.sql, from number :from to :to: orders of a thousand owners that have ended, one
-- a millisecond since 2020, each with its events and its attempt.
insert into orders (id, owner, kind, token_in, token_out, priority, created_at, odd_id, spec, status, venue, state,
                    version, attempt, updated_at, next_run_at, enqueued_at, lease_epoch)
select (lpad(to_hex(1577836800000 + n), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid,
       'owner-' || n % 1000, kind, token_in, token_out, priority, made.at, false, spec, 'confirmed', venue, state,
       6, 1, made.at, 'infinity', made.at, 1
from generate_series(:from, :to) as n,
     pattern,
     lateral (select timestamptz 'epoch' + (1577836800000 + n) * interval '1 millisecond' as at) as made;
insert into order_events (order_id, epoch, seq, events)
select (lpad(to_hex(1577836800000 + n), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid, page.epoch, page.seq,
       page.events
from generate_series(:from, :to) as n,
     pattern,
     lateral (values (0, 1, told_first), (1, 5, told_ahead), (1, 6, told_last)) as page (epoch, seq, events);
insert into attempts (tx_id, order_id, number, epoch, venue, last_valid_height, written_at, draft, bytes, outcome)
select sha512(n::text::bytea), (lpad(to_hex(1577836800000 + n), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid,
       1, 1, venue, last_valid_height, now(), draft, bytes, outcome
from generate_series(:from, :to) as n, pattern;
