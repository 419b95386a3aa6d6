//! `veilcast token add`: a new token.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use serde::Serialize;
use veilcast_ledger::{Credential, Models, NewToken, Quota, Secret};
use veilcast_server::ClientCertificate;

use crate::args::ColumnNames;
use crate::books::LedgerArgs;
use crate::failure::Hint as _;
use crate::files;
use crate::output::Output;

/// Longest file with a certificate, in bytes.
const MAX_PEM_BYTES: u64 = 1 << 20;

/// Make a token, and print its secret: only this once, since only a digest of it is kept.
///
/// Without --quota the token may ask for any number of records.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::TOKEN_ADD)]
pub(crate) struct Args {
    /// What to call the token, in logs and reports: up to 64 letters, digits and . _ - @ +
    name: String,
    /// Models that it is for, separated by commas; all, if not given.
    #[arg(long, value_name = "MODELS")]
    models: Option<String>,
    /// What it may use, in records or in seconds of a processor core: 1000/day, 60s/month, or 50000
    /// in total; may be given several times.
    #[arg(long = "quota", value_name = "QUOTA")]
    quotas: Vec<Quota>,
    /// Client certificate that takes the place of a secret, in PEM format.
    #[arg(long, value_name = "FILE.pem")]
    certificate: Option<PathBuf>,
    #[command(flatten)]
    ledger: LedgerArgs,
}

#[derive(Serialize)]
struct Added {
    name: String,
    /// The secret, if it has one.
    token: Option<String>,
    certificate_sha256: Option<String>,
    /// Without them it is for all.
    models: Option<Vec<String>>,
    quotas: Vec<String>,
}

/// Only the secret, so that it can be written to a file.
impl fmt::Display for Added {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.token, &self.certificate_sha256) {
            (Some(secret), _) => f.write_str(secret),
            (None, certificate) => {
                let digest = certificate.as_deref().unwrap_or_default();
                write!(f, "{}: the certificate of SHA-256 {digest}", self.name)
            }
        }
    }
}

pub(crate) fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let models = args.models.as_deref().map(ColumnNames::parse).transpose();
    let models =
        models.map_err(|_| anyhow::anyhow!("write --models as names such as digits,risk"))?;
    let models = models.map(|names| names.0);
    let (credential, secret) = match &args.certificate {
        Some(path) => (of_certificate(path)?, None),
        None => {
            let secret =
                Secret::generate().context("the operating system provides no randomness")?;
            let credential =
                Credential::of_secret(secret.text()).context("a new secret is malformed")?;
            (credential, Some(secret))
        }
    };
    let token = NewToken {
        name: args.name,
        models: match &models {
            Some(names) => Models::Only(names.iter().cloned().collect()),
            None => Models::All,
        },
        quotas: args.quotas,
    };
    let now = SystemTime::now();
    args.ledger
        .with(async |ledger| ledger.add(&token, &credential, now).await)?;
    let added = Added {
        token: secret.as_ref().map(|secret| secret.text().to_owned()),
        certificate_sha256: secret.is_none().then(|| hex(credential.digest())),
        models,
        quotas: token.quotas.iter().map(ToString::to_string).collect(),
        name: token.name,
    };
    output.result(&added)?;
    if secret.is_some() {
        output.note("This is the token: give it to its holder, since it can't be shown again.");
    }
    Ok(())
}

fn of_certificate(path: &Path) -> anyhow::Result<Credential> {
    let pem = files::read(path, MAX_PEM_BYTES)?;
    let certificate = ClientCertificate::of_pem(&pem)
        .with_context(|| format!("there is no certificate in {}", path.display()))
        .hint("give a file with -----BEGIN CERTIFICATE-----")?;
    Ok(Credential::of_certificate(certificate.sha256))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
