//! [`SealedFiles`], the encrypted weights of sealed models, fetched once.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy as _, choose_base_strategy};
use tempfile::NamedTempFile;
use thiserror::Error;
use veilcast_card::{Card, chain};
use veilcast_engine::{KeyPolicy, SealedError, SealedModel};

use crate::{Client, ClientError};

/// Where the encrypted weights of sealed models are kept from one run to the next. They are public, and named by their digest.
#[derive(Clone, Debug)]
pub struct SealedFiles {
    folder: Option<PathBuf>,
}

/// Why a service's sealed model can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SealedFilesError {
    /// The card names no encrypted weights.
    #[error("the model {0} is not offered sealed")]
    NotOffered(String),
    /// The service doesn't send them.
    #[error("the service doesn't provide the model's sealed weights")]
    Client(#[from] ClientError),
    /// They could betray records, or aren't the card's.
    #[error("the service's sealed weights can't be used")]
    Sealed(#[from] SealedError),
}

impl SealedFiles {
    /// Those among the user's cached files, if there is such a place.
    pub fn of_user() -> Self {
        let strategy = choose_base_strategy().ok();
        Self {
            folder: strategy.map(|strategy| strategy.cache_dir().join("veilcast").join("sealed")),
        }
    }

    /// The sealed model of a card, with its weights from an earlier run if they are still there, and from the service otherwise.
    ///
    /// # Errors
    /// A [`SealedFilesError`].
    pub async fn fetch(
        &self,
        client: &Client,
        card: &Card,
    ) -> Result<SealedModel, SealedFilesError> {
        let Some(sealed) = card.sealed() else {
            return Err(SealedFilesError::NotOffered(card.name().to_owned()));
        };
        let name = format!("{}.bin", sealed.sha256);
        let kept = self.folder.as_ref().map(|folder| folder.join(name));
        let is_named = |file: &Vec<u8>| sealed.check_file(file, card.features()).is_ok();
        let known = kept.as_deref().and_then(|path| fs::read(path).ok());
        let file = match known.filter(is_named) {
            Some(file) => file,
            None => {
                let file = client.sealed_file(card.name(), card).await?.answer;
                if let Some(path) = kept.filter(|_| is_named(&file)) {
                    keep(&path, &file);
                }
                file
            }
        };
        let card = card.clone();
        let open = move || SealedModel::open(card, &file, KeyPolicy::default());
        Ok(client.threads().run(open).await?)
    }
}

/// Keeps a file, if that is possible: it appears whole or not at all.
fn keep(path: &Path, file: &[u8]) {
    let kept = || -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut whole = NamedTempFile::new_in(folder)?;
        whole.write_all(file)?;
        whole.persist(path)?;
        Ok(())
    };
    if let Err(error) = kept() {
        tracing::debug!(error = %chain(&error), "the sealed weights aren't kept for the next run");
    }
}
