//! Where a ledger is.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use thiserror::Error;

/// Where a ledger is: `sqlite:///path/ledger.db` or `postgres://user:password@host/database`.
#[derive(Clone)]
pub enum Location {
    /// An SQLite file, which is created if it doesn't exist.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(Box<PgConnectOptions>),
}

/// Why a text isn't a ledger's location. The text may hold a password, so it isn't repeated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LocationError {
    /// It doesn't begin with one of the two schemes.
    #[error("a ledger's URL is sqlite:///path/ledger.db or postgres://user@host/database")]
    Scheme,
    /// There is no path in it.
    #[error("a ledger's URL needs a path: sqlite:///path/ledger.db")]
    NoPath,
    /// There is no default place for it.
    #[error("there is no directory for the ledger: give its URL, such as sqlite:///path/ledger.db")]
    NoStateDirectory,
    /// The rest can't be read.
    #[error("the ledger's URL can't be read as that of a PostgreSQL server")]
    Postgres(#[source] sqlx::Error),
}

impl Location {
    /// A file in the state directory: the one that systemd sets, or the user's own.
    ///
    /// # Errors
    /// [`LocationError::NoStateDirectory`] if there is neither.
    pub fn usual() -> Result<Self, LocationError> {
        let named = |name| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let users =
            || named("XDG_STATE_HOME").or_else(|| Some(named("HOME")?.join(".local/state")));
        let folder = named("STATE_DIRECTORY").or_else(|| Some(users()?.join("veilcast")));
        let folder = folder.ok_or(LocationError::NoStateDirectory)?;
        Ok(Self::Sqlite(folder.join("ledger.db")))
    }
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once("://") {
            Some(("sqlite", "")) => Err(LocationError::NoPath),
            Some(("sqlite", path)) => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", _)) => {
                let options = text.parse().map_err(LocationError::Postgres)?;
                Ok(Self::Postgres(Box::new(options)))
            }
            _ => Err(LocationError::Scheme),
        }
    }
}

/// Without the password and without parameters.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(options) => {
                let database = options.get_database().unwrap_or_default();
                let (host, port) = (options.get_host(), options.get_port());
                write!(
                    f,
                    "postgres://{}@{host}:{port}/{database}",
                    options.get_username()
                )
            }
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn locations_are_shown_without_passwords() {
        for (text, shown) in [
            ("sqlite:///var/lib/ledger.db", "sqlite:///var/lib/ledger.db"),
            ("sqlite://ledger.db", "sqlite://ledger.db"),
            ("postgres://u:hush@db/ledger", "postgres://u@db:5432/ledger"),
            (
                "postgresql://u@db:7/ledger?password=hush",
                "postgres://u@db:7/ledger",
            ),
        ] {
            let location: Location = text.parse().unwrap();
            assert_eq!(location.to_string(), shown);
            assert!(!format!("{location:?}").contains("hush"));
        }
    }

    #[test]
    fn what_is_no_location_is_refused_without_repeating_it() {
        for text in [
            "",
            "sqlite://",
            "/var/hush",
            "mysql://u:hush@db",
            "postgres://u:hush@db:port/ledger",
        ] {
            let error = text.parse::<Location>().unwrap_err();
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            assert!(
                !format!("{error} {cause} {error:?}").contains("hush"),
                "{error:?}"
            );
        }
    }
}
