//! API keys and tickets. Keys are few and rarely read: whoever checks them remembers them for a moment.

use std::time::Duration;

use async_trait::async_trait;
use order_core::access::{ApiKey, Grant, KeyId, Scope, Scopes, SecretHash};
use order_core::time::Timestamp;
use order_ports::{KeyError, KeyStore, Tickets};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;

use crate::error::{Failure, Kind};
use crate::rows;
use crate::sql;
use crate::store::PostgresStore;

impl From<Failure> for KeyError {
    fn from(failure: Failure) -> Self {
        match failure.kind {
            Kind::Unavailable | Kind::Undone => Self::Unavailable(Box::new(failure)),
            Kind::Row | Kind::Unexpected => Self::Corrupt(Box::new(failure)),
        }
    }
}

#[async_trait]
impl KeyStore for PostgresStore {
    async fn create(&self, key: ApiKey) -> Result<(), KeyError> {
        let scopes: Vec<_> = key.scopes.iter().map(Scope::as_str).collect();
        let revoked_at = key.revoked_at.map(rows::date).transpose()?;
        let statement = sqlx::query(sql::KEY_CREATE)
            .bind(key.id.to_string())
            .bind(key.owner.to_string())
            .bind(scopes)
            .bind(key.hash.bytes().to_vec())
            .bind(rows::date(key.created_at)?)
            .bind(revoked_at);
        let created = self.database.run_detached(statement).await?;
        if created.is_empty() {
            return Err(KeyError::IdTaken);
        }
        Ok(())
    }

    async fn keys(&self, ids: &[KeyId]) -> Result<Vec<ApiKey>, KeyError> {
        let ids: Vec<_> = ids.iter().map(KeyId::to_string).collect();
        let found = self
            .database
            .run_detached(sqlx::query(sql::KEY_READ).bind(ids))
            .await?;
        let keys: Result<_, Failure> = found.iter().map(key).collect();
        Ok(keys?)
    }

    async fn all(&self) -> Result<Vec<ApiKey>, KeyError> {
        let found = self.database.run_detached(sqlx::query(sql::KEY_LIST)).await?;
        let keys: Result<Vec<_>, Failure> = found.iter().map(key).collect();
        let mut keys = keys?;
        // They come by id, and those of one age stay in that order.
        keys.sort_by_key(|key| key.created_at);
        Ok(keys)
    }

    async fn revoke(&self, id: &KeyId, at: Timestamp) -> Result<bool, KeyError> {
        let statement = sqlx::query(sql::KEY_REVOKE)
            .bind(id.to_string())
            .bind(rows::date(at)?);
        Ok(!self.database.run_detached(statement).await?.is_empty())
    }

    async fn rotate(&self, id: &KeyId, hash: SecretHash) -> Result<bool, KeyError> {
        let statement = sqlx::query(sql::KEY_ROTATE)
            .bind(id.to_string())
            .bind(hash.bytes().to_vec());
        Ok(!self.database.run_detached(statement).await?.is_empty())
    }
}

#[async_trait]
impl Tickets for PostgresStore {
    async fn keep(&self, ticket: SecretHash, grant: Grant, good_for: Duration) -> Result<(), KeyError> {
        let statement = sqlx::query(sql::TICKET_KEEP)
            .bind(ticket.bytes().to_vec())
            .bind(grant.key.to_string())
            .bind(grant.hash.bytes().to_vec())
            .bind(rows::micros(good_for));
        self.database.run_detached(statement).await?;
        Ok(())
    }

    async fn redeem(&self, ticket: SecretHash) -> Result<Option<Grant>, KeyError> {
        let statement = sqlx::query(sql::TICKET_REDEEM).bind(ticket.bytes().to_vec());
        let found = self.database.run_detached(statement).await?;
        let grant: Option<Result<_, Failure>> = found.first().map(|row| {
            Ok(Grant {
                key: rows::decode_name(row, "key_id")?,
                hash: hash(row, "key_hash")?,
            })
        });
        Ok(grant.transpose()?)
    }
}

fn key(row: &PgRow) -> Result<ApiKey, Failure> {
    let scopes: Vec<String> = row.try_get("scopes")?;
    let scopes: Result<Scopes, _> = scopes.iter().map(|name| name.parse::<Scope>()).collect();
    let revoked_at: Option<OffsetDateTime> = row.try_get("revoked_at")?;
    Ok(ApiKey {
        id: rows::decode_name(row, "id")?,
        owner: rows::decode_name(row, "owner")?,
        scopes: scopes.map_err(|_| Failure::out_of_range("scopes"))?,
        hash: hash(row, "hash")?,
        created_at: rows::timestamp(row.try_get("created_at")?),
        revoked_at: revoked_at.map(rows::timestamp),
    })
}

fn hash(row: &PgRow, column: &'static str) -> Result<SecretHash, Failure> {
    let bytes: Vec<u8> = row.try_get(column)?;
    let bytes = bytes.try_into().map_err(|_| Failure::out_of_range(column))?;
    Ok(SecretHash::new(bytes))
}
