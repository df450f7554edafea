-- Which database this is: its name, and when its first table was made, which a copy or a restore of it keeps.
select
    current_database()::text as name,
    to_char(installed_on at time zone 'utc', 'YYYYMMDD"T"HH24MISSUS') as born
from _sqlx_migrations
order by version
limit 1
