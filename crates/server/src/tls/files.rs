//! From files to the settings for a connection.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{PemObject as _, SliceIter};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};
use zeroize::Zeroizing;

use super::error::TlsError;
use super::settings::{ClientCertificates, TlsSettings};

/// The largest file.
const MAX_BYTES: u64 = 1 << 20;
/// How a key with a passphrase begins.
const ENCRYPTED: &[&[u8]] = &[
    b"-----BEGIN ENCRYPTED PRIVATE KEY-----",
    b"Proc-Type: 4,ENCRYPTED",
];

/// Which files there are.
pub(super) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    /// The authorities of clients' certificates, and whether each client needs one.
    clients: Option<(PathBuf, ClientCertificates)>,
}

/// The files' metadata, which shows whether they have changed.
pub(super) type Seen = Vec<Option<(SystemTime, u64, u64)>>;

impl Files {
    pub(super) fn of(settings: &TlsSettings) -> Option<Self> {
        let asked = settings.client_certificates;
        let authorities = settings.client_ca.clone();
        Some(Self {
            certificate: settings.certificate.clone()?,
            key: settings.key.clone()?,
            clients: authorities.map(|path| (path, asked)),
        })
    }

    pub(super) fn look(&self) -> Seen {
        let authorities = self.clients.as_ref().map(|(path, _)| path);
        let paths = [&self.certificate, &self.key].into_iter();
        paths.chain(authorities).map(|path| seen(path)).collect()
    }

    /// The settings for a connection.
    pub(super) fn read(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let certified = self.certified(&provider)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some((path, asked)) => {
                builder.with_client_cert_verifier(authorities(path, *asked, &provider)?)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn certified(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let chain = certificates(&self.certificate)?;
        let key = private_key(&self.key)?;
        let unfit = |source| TlsError::Key {
            path: self.key.clone(),
            source,
        };
        // Only the library's own copy remains.
        let key = provider.key_provider.load_private_key(key.clone_key());
        let certified = CertifiedKey::new(chain, key.map_err(unfit)?);
        match certified.keys_match() {
            // If a key doesn't say what it belongs to, a mistake shows at the first handshake.
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
                Ok(certified)
            }
            Err(rustls::Error::InconsistentKeys(_)) => Err(TlsError::OthersKey {
                key: self.key.clone(),
                certificate: self.certificate.clone(),
            }),
            Err(source) => Err(TlsError::Certificate {
                path: self.certificate.clone(),
                source,
            }),
        }
    }
}

fn seen(path: &Path) -> Option<(SystemTime, u64, u64)> {
    let found = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&found);
    #[cfg(not(unix))]
    let number = 0;
    Some((found.modified().ok()?, found.len(), number))
}

/// What checks clients' certificates.
fn authorities(
    path: &Path,
    asked: ClientCertificates,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let unfit = |source: Box<dyn std::error::Error + Send + Sync>| TlsError::Authorities {
        path: path.to_owned(),
        source,
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| unfit(error.into()))?;
    }
    let provider = Arc::clone(provider);
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = match asked {
        ClientCertificates::Required => verifier,
        ClientCertificates::None | ClientCertificates::Optional => verifier.allow_unauthenticated(),
    };
    verifier.build().map_err(|error| unfit(error.into()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|source| TlsError::Pem {
        path: path.to_owned(),
        source,
    })?;
    if found.is_empty() {
        let path = path.to_owned();
        return Err(TlsError::NoCertificate { path });
    }
    Ok(found)
}

/// The key, wiped when dropped.
fn private_key(path: &Path) -> Result<Zeroizing<PrivateKeyDer<'static>>, TlsError> {
    let text = read(path)?;
    let found = SliceIter::<PrivateKeyDer<'static>>::new(&text).next();
    let contains = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
    match found {
        _ if ENCRYPTED.iter().any(|part| contains(part)) => Err(TlsError::EncryptedKey {
            path: path.to_owned(),
        }),
        Some(Ok(key)) => Ok(Zeroizing::new(key)),
        Some(Err(source)) => Err(TlsError::Pem {
            path: path.to_owned(),
            source,
        }),
        None => Err(TlsError::NoKey {
            path: path.to_owned(),
        }),
    }
}

/// A file that may be secret: in one piece of memory, wiped when dropped.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let failed = |source| TlsError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_BYTES as usize + 1));
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut text)
        .map_err(failed)?;
    if text.len() as u64 > MAX_BYTES {
        let path = path.to_owned();
        return Err(TlsError::TooLarge { path });
    }
    Ok(text)
}
