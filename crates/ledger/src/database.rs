//! A ledger's connections and its schema.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, SqlSafeStr as _};
use tracing::log::LevelFilter;

use crate::error::LedgerError;
use crate::location::Location;

/// How long to wait for a connection, or for another program that writes to the same file.
const PATIENCE: Duration = Duration::from_secs(3);
/// Connections to PostgreSQL.
const CONNECTIONS: u32 = 8;

/// The schema's versions, oldest first.
const SCHEMA: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Tokens, and what was charged to them, in a database.
///
/// Cloning it gives another handle to the same connections.
#[derive(Clone)]
pub struct Ledger(pub(crate) Database);

#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Runs the same statements on either database.
macro_rules! with_pool {
    ($ledger:expr, $pool:ident => $work:expr) => {
        match &$ledger.0 {
            crate::database::Database::Sqlite($pool) => $work,
            crate::database::Database::Postgres($pool) => $work,
        }
    };
}
pub(crate) use with_pool;

impl Ledger {
    /// Connects to a ledger and brings its schema up to date.
    ///
    /// # Errors
    /// [`LedgerError::Away`] if it can't be reached, and [`LedgerError::Newer`] if it is from a
    /// newer version.
    pub async fn open(location: &Location) -> Result<Self, LedgerError> {
        let ledger = Self(match location {
            Location::Sqlite(path) => Database::Sqlite(open_file(path).await?),
            Location::Postgres(options) => {
                let options = (**options).clone().log_statements(LevelFilter::Trace);
                let pool = PgPoolOptions::new()
                    .max_connections(CONNECTIONS)
                    .acquire_timeout(PATIENCE)
                    .connect_with(options);
                Database::Postgres(pool.await?)
            }
        });
        match ledger.migrate().await {
            // PostgreSQL is locked meanwhile; on a file another program may have been faster.
            Err(MigrateError::ExecuteMigration(..)) => ledger.migrate().await,
            done => done,
        }
        .map_err(|error| match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => LedgerError::Newer,
            other => LedgerError::Away(other.into()),
        })?;
        Ok(ledger)
    }

    async fn migrate(&self) -> Result<(), MigrateError> {
        let migrations = (1..).zip(SCHEMA).map(|(version, sql)| {
            let sql = sql.into_sql_str();
            Migration::new(version, "".into(), MigrationType::Simple, sql, false)
        });
        let migrator = Migrator::with_migrations(migrations.collect());
        with_pool!(self, pool => migrator.run(pool).await)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`LedgerError::Away`] if not.
    pub async fn ping(&self) -> Result<(), LedgerError> {
        // A table is read, so that a damaged or replaced file is noticed.
        let tokens = "SELECT COUNT(*) FROM tokens WHERE name = ''";
        with_pool!(self, pool => sqlx::query(tokens).execute(pool).await.map(drop))?;
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        with_pool!(self, pool => pool.close().await);
    }
}

async fn open_file(path: &Path) -> Result<SqlitePool, LedgerError> {
    for_its_owner_alone(path).map_err(|error| LedgerError::Away(error.into()))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A charge is on the disk before its answer leaves.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        .log_statements(LevelFilter::Trace);
    // Only one can write at a time; those who wait for the connection take turns, those who wait for the file don't.
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .connect_with(options);
    Ok(pool.await?)
}

/// Creates the file and its folder, if they don't exist, so that nobody else can read the file.
fn for_its_owner_alone(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// A moment in the form in the database.
pub(crate) fn seconds(moment: SystemTime) -> i64 {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() as i64
}

/// Reads such a moment.
pub(crate) fn moment(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
}
