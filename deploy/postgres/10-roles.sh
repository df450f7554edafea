#!/bin/sh
# Run by the image of Postgres when it makes the database: the roles, and their passwords.
set -eu

psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --file /roles/roles.sql
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    -v migration="$MIGRATION_PASSWORD" -v api="$API_PASSWORD" -v worker="$WORKER_PASSWORD" -v reader="$READER_PASSWORD" <<'SQL'
alter role order_migration password :'migration';
alter role order_api password :'api';
alter role order_worker password :'worker';
alter role order_reader password :'reader';
SQL
