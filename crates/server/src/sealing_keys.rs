//! The keys that open sealed models, each in a file.

use std::path::Path;

use veilcast_card::Sealed;
use veilcast_engine::{Evaluator, KeyPolicy, SealingKey};
use veilcast_protocol::KeyFingerprint;

use crate::config::Config;
use crate::secret_file;
use crate::start_error::StartError;

/// The largest key file.
const MAX_BYTES: u64 = 64 * 1024;

/// A model that can answer in all ways that its card offers: a sealed one with its key, which one of the configured files holds.
pub(crate) fn open(evaluator: Evaluator, config: &Config) -> Result<Evaluator, StartError> {
    let card = evaluator.card();
    let Some(sealed) = card.sealed().filter(|_| !evaluator.opens_sealed()) else {
        return Ok(evaluator);
    };
    let name = card.name().to_owned();
    let key = key_of(sealed, &config.sealing_keys, evaluator.keys().policy())?;
    let key = key.ok_or_else(|| StartError::NoSealingKey {
        name: name.clone(),
        fingerprint: KeyFingerprint::of(&sealed.modulus()).to_string(),
    })?;
    let opened = evaluator.with_sealing_key(key);
    opened.map_err(|source| StartError::Sealed {
        name,
        source: Box::new(source),
    })
}

/// The key among these files that a model is sealed under.
fn key_of(
    sealed: &Sealed,
    files: &[impl AsRef<Path>],
    policy: KeyPolicy,
) -> Result<Option<SealingKey>, StartError> {
    let modulus = sealed.modulus();
    for file in files.iter().map(AsRef::as_ref) {
        let unusable = |source| StartError::SealingKey {
            file: file.to_owned(),
            source,
        };
        let json = secret_file::read(file, MAX_BYTES).map_err(unusable)?;
        let key = SealingKey::from_json(&json, policy);
        let key = key.map_err(|error| unusable(error.into()))?;
        if key.modulus() == modulus {
            return Ok(Some(key));
        }
    }
    Ok(None)
}
