-- Whether this session may write, and what the server is told to do so that a commit survives a crash. Of the last
-- setting, what a session begins with: those of this program have another one (src/session.rs).
select pg_is_in_recovery() as standby,
       current_setting('transaction_read_only')::boolean as read_only,
       current_setting('fsync')::boolean as fsync,
       current_setting('full_page_writes')::boolean as full_page_writes,
       coalesce(
           (select reset_val not in ('off', 'local') from pg_settings where name = 'synchronous_commit'), false
       ) as synchronous_commit
