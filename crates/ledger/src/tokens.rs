//! Tokens: added, listed, found and revoked.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::credential::Credential;
use crate::database::{Ledger, moment, seconds, with_pool};
use crate::error::LedgerError;
use crate::quota::{Amount, Period, Quota};
use crate::token::{Models, NewToken, Token};

const ADD: &str =
    "INSERT INTO tokens (name, kind, digest, every_model, created) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING";
const ADD_MODEL: &str = "INSERT INTO token_models (token, model) VALUES ($1, $2)";
const ADD_QUOTA: &str = "INSERT INTO quotas (token, unit, period, amount) VALUES ($1, $2, $3, $4)";
const IS_NAMED: &str = "SELECT COUNT(*) FROM tokens WHERE name = $1";
const REVOKE: &str = "UPDATE tokens SET revoked = COALESCE(revoked, $2) WHERE name = $1";
const LIST: &str =
    "SELECT name, kind, every_model, created, last_used, revoked FROM tokens ORDER BY name";
const FIND: &str = "SELECT name, kind, every_model, created, last_used, revoked FROM tokens
    WHERE kind = $1 AND digest = $2";
const MODELS: &str =
    "SELECT token, model FROM token_models WHERE $1 = '' OR token = $1 ORDER BY token, model";
const QUOTAS: &str = "SELECT token, unit, period, amount FROM quotas WHERE $1 = '' OR token = $1
    ORDER BY token, period, unit";

type TokenRow = (String, String, bool, i64, Option<i64>, Option<i64>);
type ModelRow = (String, String);
type QuotaRow = (String, String, String, i64);

impl Ledger {
    /// Adds a token with this credential.
    ///
    /// # Errors
    /// If its name can't be one or is taken, if its certificate is taken, if two of its quotas are the same, or if the
    /// database is away.
    pub async fn add(
        &self,
        token: &NewToken,
        credential: &Credential,
        now: SystemTime,
    ) -> Result<(), LedgerError> {
        token.check()?;
        let models = match &token.models {
            Models::All => None,
            Models::Only(names) => Some(names),
        };
        with_pool!(self, pool => {
            let mut transaction = pool.begin().await?;
            let added = sqlx::query(ADD)
                .bind(&token.name)
                .bind(credential.kind())
                .bind(credential.hex())
                .bind(models.is_none())
                .bind(seconds(now))
                .execute(&mut *transaction)
                .await?;
            if added.rows_affected() == 0 {
                let named: i64 =
                    sqlx::query_scalar(IS_NAMED).bind(&token.name).fetch_one(&mut *transaction).await?;
                return Err(match named {
                    0 => LedgerError::CertificateTaken,
                    _ => LedgerError::NameTaken { name: token.name.clone() },
                });
            }
            for model in models.into_iter().flatten() {
                sqlx::query(ADD_MODEL).bind(&token.name).bind(model).execute(&mut *transaction).await?;
            }
            for quota in &token.quotas {
                sqlx::query(ADD_QUOTA)
                    .bind(&token.name)
                    .bind(quota.amount.unit())
                    .bind(quota.period.name())
                    .bind(quota.amount.number() as i64)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
        });
        Ok(())
    }

    /// Makes a token invalid from now on; one that was revoked before stays so.
    ///
    /// # Errors
    /// If no token has the name, or if the database is away.
    pub async fn revoke(&self, name: &str, now: SystemTime) -> Result<(), LedgerError> {
        let revoked = with_pool!(self, pool => {
            sqlx::query(REVOKE).bind(name).bind(seconds(now)).execute(pool).await?.rows_affected()
        });
        match revoked {
            0 => Err(LedgerError::NoSuchName {
                name: name.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Every token by name, including revoked ones.
    ///
    /// # Errors
    /// If the database is away.
    pub async fn tokens(&self) -> Result<Vec<Token>, LedgerError> {
        with_pool!(self, pool => {
            let tokens: Vec<TokenRow> = sqlx::query_as(LIST).fetch_all(pool).await?;
            let models: Vec<ModelRow> = sqlx::query_as(MODELS).bind("").fetch_all(pool).await?;
            let quotas: Vec<QuotaRow> = sqlx::query_as(QUOTAS).bind("").fetch_all(pool).await?;
            assemble(tokens, models, quotas)
        })
    }

    /// The token with this credential.
    ///
    /// # Errors
    /// [`LedgerError::UnknownToken`] or [`LedgerError::Revoked`] if it isn't valid, or an error if
    /// the database is away.
    pub async fn find(&self, credential: &Credential) -> Result<Token, LedgerError> {
        let found = with_pool!(self, pool => {
            let found: Option<TokenRow> = sqlx::query_as(FIND)
                .bind(credential.kind())
                .bind(credential.hex())
                .fetch_optional(pool)
                .await?;
            let Some(token) = found else {
                return Err(LedgerError::UnknownToken);
            };
            let models: Vec<ModelRow> = sqlx::query_as(MODELS).bind(&token.0).fetch_all(pool).await?;
            let quotas: Vec<QuotaRow> = sqlx::query_as(QUOTAS).bind(&token.0).fetch_all(pool).await?;
            assemble(vec![token], models, quotas)?.pop()
        });
        match found {
            None => Err(LedgerError::UnknownToken),
            Some(token) if token.revoked.is_some() => Err(LedgerError::Revoked),
            Some(token) => Ok(token),
        }
    }
}

/// Tokens with what other tables say about them.
fn assemble(
    tokens: Vec<TokenRow>,
    model_rows: Vec<ModelRow>,
    quota_rows: Vec<QuotaRow>,
) -> Result<Vec<Token>, LedgerError> {
    let mut models = BTreeMap::<String, Vec<String>>::new();
    for (token, model) in model_rows {
        models.entry(token).or_default().push(model);
    }
    let mut quotas = BTreeMap::<String, Vec<Quota>>::new();
    for (token, unit, period, amount) in quota_rows {
        let quota = quota(&unit, &period, amount)?;
        quotas.entry(token).or_default().push(quota);
    }
    let of_row = |(name, kind, every_model, created, last_used, revoked): TokenRow| Token {
        is_certificate: kind == "certificate",
        models: match every_model {
            true => Models::All,
            false => Models::Only(models.remove(&name).into_iter().flatten().collect()),
        },
        quotas: quotas.remove(&name).unwrap_or_default(),
        created: moment(created),
        last_used: last_used.map(moment),
        revoked: revoked.map(moment),
        name,
    };
    Ok(tokens.into_iter().map(of_row).collect())
}

/// A quota in its form in the database.
pub(crate) fn quota(unit: &str, period: &str, amount: i64) -> Result<Quota, LedgerError> {
    let amount = Amount::stored(unit, amount).filter(|amount| amount.number() > 0);
    match (amount, Period::named(period)) {
        (Some(amount), Some(period)) => Ok(Quota { amount, period }),
        // The schema allows no others.
        _ => Err(LedgerError::Newer),
    }
}
