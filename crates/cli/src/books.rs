//! The ledger that verbs use.

use std::path::PathBuf;

use anyhow::Context as _;
use toml::Table;
use veilcast_ledger::{Ledger, LedgerError, Location};

use crate::failure::Hint as _;
use crate::runtime;
use crate::settings::Sources;

/// Which ledger.
#[derive(clap::Args)]
pub(crate) struct LedgerArgs {
    /// Where the ledger is: sqlite:///path/ledger.db or postgres://user:password@host/database
    /// [default: that of the configuration, or ledger.db in the state directory].
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    ledger: Option<String>,
    /// Configuration file of the service whose ledger it is, in TOML.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl LedgerArgs {
    /// Opens the ledger and works on it.
    pub(crate) fn with<T>(
        self,
        work: impl AsyncFnOnce(&Ledger) -> Result<T, LedgerError>,
    ) -> anyhow::Result<T> {
        let location = self.location()?;
        runtime::start()?.block_on(async {
            let opened = Ledger::open(&location).await;
            let ledger = opened
                .with_context(|| format!("can't open {location}"))
                .hint(
                    "name the ledger with --ledger, or the service's configuration with --config",
                )?;
            let done = work(&ledger).await;
            ledger.close().await;
            Ok(done?)
        })
    }

    fn location(self) -> anyhow::Result<Location> {
        let url = match self.ledger {
            Some(url) => Some(url),
            None => {
                Sources::new(self.config, Table::new())
                    .read()?
                    .config
                    .ledger
                    .url
            }
        };
        Ok(match url {
            Some(url) => url.parse()?,
            None => Location::usual()?,
        })
    }
}
