//! TLS: the service's certificate, and those of its clients.
//!
//! [`Tls`] holds the settings for new connections. The files are read again when they change, or
//! when [`Tls::reload`] is called; open connections keep what they began with.

mod error;
mod files;
mod settings;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

pub use self::error::TlsError;
use self::files::Files;
pub use self::settings::{ClientCertificates, TlsSettings};

/// How often the files are checked.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A service's TLS.
pub struct Tls {
    files: Files,
    current: RwLock<Arc<ServerConfig>>,
    /// What the files looked like when they were read last.
    seen: Mutex<files::Seen>,
}

/// The certificate that a client has shown, and that an authority of the configuration has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The SHA-256 of the certificate, the fingerprint that `openssl x509 -fingerprint -sha256` shows.
    pub sha256: [u8; 32],
}

impl ClientCertificate {
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Self {
        let sha256 = Sha256::digest(certificate).into();
        Self { sha256 }
    }

    /// The first certificate in PEM's form, if there is one.
    #[must_use]
    pub fn of_pem(pem: &[u8]) -> Option<Self> {
        let certificate = CertificateDer::from_pem_slice(pem).ok()?;
        Some(Self::of(&certificate))
    }
}

impl Tls {
    /// Reads the files; nothing if the settings name none.
    ///
    /// # Errors
    /// A [`TlsError`] that says what is wrong with which file.
    pub fn load(settings: &TlsSettings) -> Result<Option<Arc<Self>>, TlsError> {
        let Some(files) = Files::of(settings) else {
            return Ok(None);
        };
        let seen = files.look();
        let current = RwLock::new(files.read()?);
        Ok(Some(Arc::new(Self {
            files,
            current,
            seen: Mutex::new(seen),
        })))
    }

    /// Reads the files again; the settings for new connections stay as they are if something is
    /// wrong with the files.
    ///
    /// # Errors
    /// A [`TlsError`] that says what is wrong with which file.
    pub fn reload(&self) -> Result<(), TlsError> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = self.files.look();
        let config = self.files.read()?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// The settings for a new connection.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    /// Reads the files again whenever they change, for ever.
    pub(crate) async fn keep_fresh(self: &Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let tls = Arc::clone(self);
            // Files may be on a slow disk.
            let looked = tokio::task::spawn_blocking(move || tls.look_again()).await;
            if let Err(error) = looked {
                tracing::error!(%error, "looking at the certificate's files failed");
            }
        }
    }

    fn look_again(&self) {
        let changed =
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) != self.files.look();
        if changed {
            match self.reload() {
                Ok(()) => tracing::info!("the certificate's files have changed and are in use"),
                Err(error) => tracing::error!(
                    error = veilcast_card::chain(&error),
                    "the certificate's files have changed, but can't be used: the ones before stay in use"
                ),
            }
        }
    }
}
