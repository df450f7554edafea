-- The roles that use the database, each with no more rights than its work needs. Run once by a superuser, in the database of
-- the orders. Passwords are set beside it (10-roles.sh); what each role may do, after every migration, in
-- privileges.sql.

do $$
declare
    name text;
begin
    foreach name in array array['order_migration', 'order_api', 'order_worker', 'order_reader'] loop
        if not exists (select from pg_roles where rolname = name) then
            execute format(
                'create role %I login nosuperuser nocreatedb nocreaterole noreplication nobypassrls', name
            );
        end if;
    end loop;
    -- The role that migrates owns what migrations make.
    execute format('alter database %I owner to order_migration', current_database());
    execute format('revoke all on database %I from public', current_database());
    execute format(
        'grant connect on database %I to order_migration, order_api, order_worker, order_reader', current_database()
    );
end
$$;

alter schema public owner to order_migration;
revoke all on schema public from public;
grant usage on schema public to order_api, order_worker, order_reader;
