-- The time at this moment, in milliseconds; not the one at which the transaction began.
select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as millis
