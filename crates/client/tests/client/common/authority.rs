//! Authorities, certificates, and servers that show them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// When a certificate is valid.
type Validity = [SystemTime; 2];

/// From one number of days after now until another.
pub(crate) fn days(from: i64, until: i64) -> Validity {
    let day = Duration::from_secs(86_400);
    let after = |days: i64| match u32::try_from(days) {
        Ok(days) => SystemTime::now() + day * days,
        Err(_) => SystemTime::now() - day * days.unsigned_abs() as u32,
    };
    [after(from), after(until)]
}

/// What a certificate says.
pub(crate) struct Names {
    pub(crate) names: Vec<String>,
    pub(crate) valid: Validity,
}

impl Names {
    pub(crate) fn of(names: &[&str]) -> Self {
        Self {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            valid: days(-1, 1),
        }
    }

    /// This machine's.
    pub(crate) fn here() -> Self {
        Self::of(&["localhost"])
    }
}

/// A certificate and its key.
pub(crate) struct Certified {
    certificate: String,
    key: KeyPair,
}

impl Certified {
    /// One that nobody else has signed, for this machine.
    pub(crate) fn by_itself(name: &str) -> Self {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { certificate, key }
    }

    pub(crate) fn pem(&self) -> &str {
        &self.certificate
    }

    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

/// Somebody who signs certificates.
pub(crate) struct Authority {
    params: CertificateParams,
    certified: Certified,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self {
            params,
            certified: Certified { certificate, key },
        }
    }

    pub(crate) fn pem(&self) -> &str {
        self.certified.pem()
    }

    /// Its own certificate, in place of a service's.
    pub(crate) fn itself(&self) -> Certified {
        let key = KeyPair::from_pem(&self.certified.key_pem()).unwrap();
        Certified {
            certificate: self.pem().to_owned(),
            key,
        }
    }

    pub(crate) fn signed(&self, names: &Names) -> Certified {
        let mut params = CertificateParams::new(names.names.clone()).unwrap();
        let [from, until] = names.valid;
        params.not_before = from.into();
        params.not_after = until.into();
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.certified.key);
        let certificate = params.signed_by(&key, &issuer).unwrap().pem();
        Certified { certificate, key }
    }
}

/// A service behind TLS, as long as the test runs.
pub(crate) struct TlsServer {
    pub(crate) url: String,
}

impl TlsServer {
    pub(crate) async fn start(
        certified: &Certified,
        protocols: &[&str],
        application: Router,
    ) -> Self {
        Self::start_for(certified, protocols, application, None).await
    }

    /// One that wants to see certificates of its clients, signed by an authority.
    pub(crate) async fn start_for(
        certified: &Certified,
        protocols: &[&str],
        application: Router,
        clients: Option<&Authority>,
    ) -> Self {
        let (listener, url) = listen().await;
        let acceptor = acceptor(certified, protocols, clients);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, application) = (acceptor.clone(), application.clone());
                tokio::spawn(async move {
                    // A client that doesn't trust us goes away.
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let service = TowerToHyperService::new(application);
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let _ = builder
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { url }
    }

    /// One that shakes hands for HTTP/2, reads once, and then does nothing any more.
    pub(crate) async fn start_silent(certified: &Certified) -> Self {
        let (listener, url) = listen().await;
        let acceptor = acceptor(certified, &["h2"], None);
        tokio::spawn(async move {
            let mut kept = Vec::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = acceptor.accept(stream).await.unwrap();
                stream.read_u8().await.unwrap();
                kept.push(stream);
            }
        });
        Self { url }
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    (listener, url)
}

fn acceptor(certified: &Certified, protocols: &[&str], clients: Option<&Authority>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut store = RootCertStore::empty();
            store
                .add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap())
                .unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(store.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let certificate = CertificateDer::from_pem_slice(certified.pem().as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(certified.key_pem().as_bytes()).unwrap();
    let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    TlsAcceptor::from(Arc::new(config))
}
