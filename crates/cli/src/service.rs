//! How the verbs that talk to a service reach it: how they identify themselves, and whom they
//! trust.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use veilcast_client::{
    Authorities, Client, ClientError, Headers, Identity, OnWait, Options, Token,
};
use zeroize::Zeroizing;

use crate::failure::Hint as _;
use crate::files;
use crate::output::Output;

/// The environment's token, and its file with one.
const TOKEN: &str = "VEILCAST_TOKEN";
const TOKEN_FILE: &str = "VEILCAST_TOKEN_FILE";

/// Longest file with a token, in bytes.
const MAX_TOKEN_BYTES: u64 = 8 << 10;
/// Longest file with certificates, in bytes: the machine's own may all be in one.
const MAX_PEM_BYTES: u64 = 4 << 20;

/// Who is asking, and whom to trust.
#[derive(Args, Default)]
pub(crate) struct ServiceArgs {
    /// File with the token that the service's operator gave you, readable only by you; without it,
    /// the environment variable VEILCAST_TOKEN is used, or the file named by VEILCAST_TOKEN_FILE.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Send the token even to another machine over http://, where anyone on the way can read it.
    #[arg(long)]
    token_in_clear: bool,
    /// A header for every request, for instance one that a proxy in front of the service needs; may
    /// be given several times.
    #[arg(long = "header", value_name = "'NAME: VALUE'")]
    headers: Vec<String>,
    /// Certificates of authorities to trust in addition to those that this machine trusts, in PEM
    /// format.
    #[arg(long, value_name = "FILE.pem")]
    ca_cert: Option<PathBuf>,
    /// Trust only the authorities of --ca-cert.
    #[arg(long, requires = "ca_cert")]
    ca_cert_only: bool,
    /// Certificate that shows the service who you are, in PEM format.
    #[arg(long, value_name = "FILE.pem", requires = "client_key")]
    client_cert: Option<PathBuf>,
    /// The certificate's private key, readable only by you.
    #[arg(long, value_name = "FILE.pem", requires = "client_cert")]
    client_key: Option<PathBuf>,
}

impl ServiceArgs {
    /// A client of the service at a URL.
    pub(crate) fn client(
        &self,
        url: &str,
        on_wait: Option<OnWait>,
        output: Output,
    ) -> anyhow::Result<Client> {
        let options = Options {
            token: self.token(output)?,
            headers: self.headers()?,
            secrets_in_clear: self.token_in_clear,
            authorities: self.authorities()?,
            identity: self.identity(output)?,
            on_wait,
            ..Options::default()
        };
        advised(Client::with_options(url, options))
    }

    /// The token from the option, or else from the environment.
    fn token(&self, output: Output) -> anyhow::Result<Option<Token>> {
        if let Some(path) = &self.token_file {
            return token_in(path, output).map(Some);
        }
        if let Some(text) = env::var_os(TOKEN).filter(|text| !text.is_empty()) {
            let text = text.into_string().map(Zeroizing::new);
            let text = text.map_err(|_: OsString| anyhow!("{TOKEN} isn't text"))?;
            let token = Token::new(&text);
            return token
                .with_context(|| format!("can't use {TOKEN}"))
                .map(Some);
        }
        match env::var_os(TOKEN_FILE).filter(|path| !path.is_empty()) {
            Some(path) => token_in(Path::new(&path), output).map(Some),
            None => Ok(None),
        }
    }

    fn headers(&self) -> anyhow::Result<Headers> {
        let mut headers = Headers::default();
        for line in &self.headers {
            headers.add(line).context("can't use a --header")?;
        }
        Ok(headers)
    }

    fn authorities(&self) -> anyhow::Result<Authorities> {
        let Some(path) = &self.ca_cert else {
            return Ok(Authorities::default());
        };
        let pem = files::read(path, MAX_PEM_BYTES)?;
        let read = if self.ca_cert_only {
            Authorities::only(&pem)
        } else {
            Authorities::and(&pem)
        };
        read.with_context(|| format!("can't use {}", path.display()))
    }

    fn identity(&self, output: Output) -> anyhow::Result<Option<Identity>> {
        let (Some(certificate), Some(key)) = (&self.client_cert, &self.client_key) else {
            return Ok(None);
        };
        files::warn_of_readers(key, output);
        let key_pem = Zeroizing::new(files::read(key, MAX_PEM_BYTES)?);
        let identity = Identity::new(&files::read(certificate, MAX_PEM_BYTES)?, &key_pem);
        let names = || format!("{} with {}", certificate.display(), key.display());
        identity
            .with_context(|| format!("can't use {}", names()))
            .map(Some)
    }
}

fn token_in(path: &Path, output: Output) -> anyhow::Result<Token> {
    files::warn_of_readers(path, output);
    let bytes = Zeroizing::new(files::read(path, MAX_TOKEN_BYTES)?);
    let unusable = || format!("can't use the token in {}", path.display());
    let text = str::from_utf8(&bytes).map_err(|_| anyhow!("it isn't text"));
    Token::new(text.with_context(unusable)?).with_context(unusable)
}

/// A result with what to do about its error.
pub(crate) fn advised<T>(result: Result<T, ClientError>) -> anyhow::Result<T> {
    result.map_err(advise)
}

/// The error, with what its reader can do about it here.
pub(crate) fn advise(error: ClientError) -> anyhow::Error {
    let hint = match &error {
        ClientError::SecretInClear { .. } => {
            "anyone on the way can read it; --token-in-clear sends it anyway"
        }
        ClientError::Certificate { fault, .. } => match fault {
            veilcast_client::CertificateFault::UnknownAuthority(_)
            | veilcast_client::CertificateFault::SelfSigned(_) => {
                "if you know this authority, give its certificate with --ca-cert"
            }
            veilcast_client::CertificateFault::Name { .. } => {
                "write the URL with a name that the certificate is for"
            }
            _ => "ask the service's operator for a new certificate",
        },
        ClientError::Identity { given: false, .. } => {
            "give yours with --client-cert and --client-key"
        }
        ClientError::Identity { given: true, .. } => {
            "ask the service's operator which one it accepts"
        }
        ClientError::RequestTooLarge { .. } => {
            "ask the operator to raise the limit, such as nginx's client_max_body_size"
        }
        ClientError::Refused { code, .. } | ClientError::Busy { code, .. } => match code.as_str() {
            "token_needed" => {
                "ask its operator for a token, and give it with --token-file or in VEILCAST_TOKEN"
            }
            "token_unknown" => {
                "it was revoked, or isn't this service's: ask its operator for a new one"
            }
            "model_not_allowed" => "ask its operator to allow the model for your token",
            "ledger_away" => "its operator must bring the ledger's database back; try again later",
            _ => return error.into(),
        },
        ClientError::QuotaUsedUp { .. } => "come back then, or ask its operator for more",
        _ => return error.into(),
    };
    Err::<(), _>(error).hint(hint).expect_err("it is an error")
}
