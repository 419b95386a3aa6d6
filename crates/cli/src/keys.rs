//! Key files: read with all checks, and readable only by their owner when written.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use veilcast_card::hex::Hex;
use veilcast_paillier::{KeyFileError, KeyPolicy, PublicKey, PublicKeyFile, SecretKey};
use zeroize::Zeroizing;

use crate::failure::{Hint as _, Kind, OfKind};
use crate::files::{self, OutputFile, Readers};
use crate::output::Output;

/// Longest key file, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// A new secret key.
pub(crate) fn generate(bits: u32, output: Output) -> anyhow::Result<SecretKey> {
    let _busy = output.busy("looking for the primes of a key");
    SecretKey::generate(bits, KeyPolicy::default()).context("can't make a key")
}

/// The secret key in a file, or a new one of `bits` if there is no file.
pub(crate) fn load_or_generate(
    path: Option<&Path>,
    bits: u32,
    output: Output,
) -> anyhow::Result<SecretKey> {
    path.map_or_else(|| generate(bits, output), |path| load_secret(path, output))
}

/// Reads a secret key; warns if others may read it too.
pub(crate) fn load_secret(path: &Path, output: Output) -> anyhow::Result<SecretKey> {
    let content = Zeroizing::new(files::read(path, MAX_BYTES)?);
    secret_in(path, &content, output)
}

/// The secret key that a file holds.
pub(crate) fn secret_in(path: &Path, content: &[u8], output: Output) -> anyhow::Result<SecretKey> {
    let json = text(path, content)?;
    match SecretKey::from_json(json, KeyPolicy::default()) {
        Ok(key) => {
            files::warn_of_readers(path, output);
            Ok(key)
        }
        Err(KeyFileError::Json(_)) if read_public(json).is_ok() => Err(anyhow!(
            "{} holds a public key, and a secret one is needed",
            path.display()
        ))
        .hint("give the file that `veilcast keygen` wrote"),
        Err(error) => Err(error).with_context(|| unusable(path)),
    }
}

/// The public key that a file holds, or the public part of a secret one, with its proof if the file has one.
pub(crate) fn public_in(path: &Path, content: &[u8]) -> anyhow::Result<PublicKeyFile> {
    read_public(text(path, content)?).with_context(|| unusable(path))
}

fn read_public(json: &str) -> Result<PublicKeyFile, KeyFileError> {
    PublicKeyFile::from_json(json, KeyPolicy::default())
}

/// Reads a key to pass on: the public part of a secret key, with a proof that is made if the file
/// has none.
pub(crate) fn load_to_publish(path: &Path, output: Output) -> anyhow::Result<PublicKeyFile> {
    let content = Zeroizing::new(files::read(path, MAX_BYTES)?);
    let public = public_in(path, &content)?;
    if public.proof.is_some() {
        return Ok(public);
    }
    let _busy = output.busy("proving the key");
    match SecretKey::from_json(text(path, &content)?, KeyPolicy::default()) {
        Ok(secret) => Ok(PublicKeyFile::from(&secret)),
        // Only the owner of the key could prove it.
        Err(KeyFileError::Json(_)) => Ok(public),
        Err(error) => Err(error).with_context(|| unusable(path)),
    }
}

/// The file of a secret key, which only its owner can read.
pub(crate) struct SecretFile(OutputFile);

impl SecretFile {
    /// Begins the file, so that a bad place is found before a key is made.
    pub(crate) fn create(path: &Path, force: bool) -> anyhow::Result<Self> {
        OutputFile::create(path, force, Readers::Owner).map(Self)
    }

    /// Writes the key and gives the file its final name.
    pub(crate) fn finish(mut self, key: &SecretKey) -> anyhow::Result<()> {
        let json = key.to_json(&name(key.public_key()));
        writeln!(self.0, "{}", *json).context("can't write the key file")?;
        self.0.finish()
    }
}

/// A public key as the content of a key file.
pub(crate) fn public_json(public: &PublicKeyFile) -> String {
    public.to_json(&name(&public.key)) + "\n"
}

/// A key's fingerprint in hexadecimal digits.
pub(crate) fn fingerprint(key: &PublicKey) -> String {
    Hex(&key.fingerprint()).to_string()
}

/// The name of a key in its file: the start of its fingerprint.
fn name(key: &PublicKey) -> String {
    format!("veilcast {}", &fingerprint(key)[..16])
}

fn text<'a>(path: &Path, content: &'a [u8]) -> anyhow::Result<&'a str> {
    let text = str::from_utf8(content).ok();
    text.ok_or_else(|| {
        OfKind::new(
            Kind::Key,
            format!("{} isn't a key file: it isn't text", path.display()),
        )
        .into()
    })
}

fn unusable(path: &Path) -> String {
    format!("can't use the key file {}", path.display())
}

/// The usual place of what is made with a key ahead of time: the key file's name with this ending.
pub(crate) fn beside(key: &Path, ending: &str) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
