//! TLS: certificates, good and bad, those of clients, and HTTP/2.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::socket::{Service, answer, live};
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use veilcast_server::{ClientCertificates, Config, StartError, TlsSettings};

type Authority = CertifiedIssuer<'static, KeyPair>;

/// A certificate and its key, as PEM.
struct Pair {
    certificate: String,
    key: String,
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority(name: &str) -> Authority {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn signed_by(authority: &Authority, name: &str) -> Pair {
    let key = KeyPair::generate().unwrap();
    let certificate = named(name).signed_by(&key, authority).unwrap();
    Pair {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    }
}

/// A directory for the files of one test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("veilcast-tls-{}-{name}", std::process::id());
        let place = std::env::temp_dir().join(name);
        fs::create_dir_all(&place).unwrap();
        Self(place)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn pair(&self, pair: &Pair) -> TlsSettings {
        TlsSettings {
            certificate: Some(self.write("certificate.pem", &pair.certificate)),
            key: Some(self.write("key.pem", &pair.key)),
            ..TlsSettings::default()
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn config(tls: TlsSettings) -> Config {
    Config {
        tls,
        ..Config::default()
    }
}

/// What a client that trusts an authority speaks, and shows.
fn client(authority: &Authority, shown: Option<&Pair>, protocols: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
    let mut config = match shown {
        None => builder.with_no_client_auth(),
        Some(pair) => {
            let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes());
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes());
            builder
                .with_client_auth_cert(vec![certificate.unwrap()], key.unwrap())
                .unwrap()
        }
    };
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    TlsConnector::from(Arc::new(config))
}

async fn connect(
    service: &Service,
    connector: &TlsConnector,
) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, service.connect().await).await
}

/// The certificate that a service shows at the moment.
async fn shown(service: &Service, connector: &TlsConnector) -> Option<Vec<u8>> {
    let stream = connect(service, connector).await.ok()?;
    let chain = stream.get_ref().1.peer_certificates()?;
    Some(chain.first()?.to_vec())
}

fn der(pair: &Pair) -> Vec<u8> {
    let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes());
    certificate.unwrap().to_vec()
}

#[tokio::test]
async fn requests_are_answered_over_tls() {
    let (place, authority) = (Place::new("answered"), authority("us"));
    let service = Service::start(config(place.pair(&signed_by(&authority, "service")))).await;
    let connector = client(&authority, None, &["http/1.1"]);
    let mut stream = connect(&service, &connector).await.unwrap();
    for _ in 0..2 {
        assert_eq!(live(&mut stream).await, Some(200));
    }
    // Who trusts somebody else is not spoken to.
    let other = self::authority("them");
    assert!(connect(&service, &client(&other, None, &[])).await.is_err());
}

#[tokio::test]
async fn http2_answers_many_requests_of_a_connection() {
    let (place, authority) = (Place::new("http2"), authority("us"));
    let service = Service::start(config(place.pair(&signed_by(&authority, "service")))).await;
    let connector = client(&authority, None, &["h2", "http/1.1"]);
    let stream = connect(&service, &connector).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let mut asked = Vec::new();
    for number in 0..20 {
        let mut sender = sender.clone();
        asked.push(tokio::spawn(async move {
            let request = if number % 2 == 0 {
                let mut request = crate::common::post(&crate::common::request(1));
                *request.uri_mut() = format!("https://localhost{}", crate::common::INFER)
                    .parse()
                    .unwrap();
                request
            } else {
                crate::common::get("https://localhost/v2/health/live")
            };
            let answer = sender.send_request(request).await.unwrap();
            let status = answer.status().as_u16();
            answer.into_body().collect().await.unwrap();
            status
        }));
    }
    for answer in asked {
        assert_eq!(answer.await.unwrap(), 200);
    }
}

#[tokio::test]
async fn plain_http_is_told_to_use_https() {
    let (place, authority) = (Place::new("plain"), authority("us"));
    let service = Service::start(config(place.pair(&signed_by(&authority, "service")))).await;
    let mut plain = service.connect().await;
    plain.write_all(crate::common::socket::LIVE).await.unwrap();
    let (head, body) = answer(&mut plain).await.unwrap();
    assert!(head.starts_with("http/1.1 400 "), "{head}");
    assert!(head.contains("content-type: text/plain"), "{head}");
    let body = String::from_utf8(body).unwrap();
    assert!(body.contains("https://"), "{body}");
    assert_eq!(plain.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn slow_handshakes_are_cut_off() {
    let (place, authority) = (Place::new("slow"), authority("us"));
    let service = Service::start(Config {
        header_timeout: Duration::from_secs(1),
        ..config(place.pair(&signed_by(&authority, "service")))
    })
    .await;
    // Nothing, and the beginning of a handshake.
    for said in [&b""[..], &[22, 3, 1, 2, 0, 1]] {
        let mut slow = service.connect().await;
        slow.write_all(said).await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(60), slow.read(&mut [0; 64])).await;
        assert!(ended.is_ok(), "{said:?}");
    }
}

#[tokio::test]
async fn certificates_are_replaced_without_a_restart() {
    let (place, authority) = (Place::new("replaced"), authority("us"));
    let connector = client(&authority, None, &[]);
    let (first, second, third) = (
        signed_by(&authority, "first"),
        signed_by(&authority, "second"),
        signed_by(&authority, "third"),
    );
    let service = Service::start(config(place.pair(&first))).await;
    let mut open = connect(&service, &connector).await.unwrap();
    assert_eq!(live(&mut open).await, Some(200));
    assert_eq!(shown(&service, &connector).await, Some(der(&first)));

    // A pair that doesn't fit changes nothing.
    let tls = Arc::clone(service.app.tls().unwrap());
    place.write("key.pem", &second.key);
    let error = tls.reload().unwrap_err().to_string();
    assert!(
        error.contains("doesn't belong to the certificate"),
        "{error}"
    );
    assert_eq!(shown(&service, &connector).await, Some(der(&first)));

    place.pair(&second);
    tls.reload().unwrap();
    assert_eq!(shown(&service, &connector).await, Some(der(&second)));
    // What is open goes on.
    assert_eq!(live(&mut open).await, Some(200));

    // By itself, a little later.
    place.pair(&third);
    let begun = Instant::now();
    while shown(&service, &connector).await != Some(der(&third)) {
        assert!(begun.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn clients_show_certificates_where_they_must() {
    let (place, authority) = (Place::new("clients"), authority("us"));
    let clients = self::authority("clients");
    let (known, stranger) = (
        signed_by(&clients, "known"),
        signed_by(&self::authority("others"), "stranger"),
    );
    let plain = place.pair(&signed_by(&authority, "service"));
    let asking = |client_certificates| TlsSettings {
        client_ca: Some(place.write("clients.pem", &clients.pem())),
        client_certificates,
        ..plain.clone()
    };
    for (asked, shown, answered) in [
        (ClientCertificates::Required, None, false),
        (ClientCertificates::Required, Some(&stranger), false),
        (ClientCertificates::Required, Some(&known), true),
        (ClientCertificates::Optional, None, true),
        (ClientCertificates::Optional, Some(&stranger), false),
        (ClientCertificates::Optional, Some(&known), true),
    ] {
        let service = Service::start(config(asking(asked))).await;
        let connector = client(&authority, shown, &["http/1.1"]);
        // In TLS 1.3 a client hears of its refusal only when it reads.
        let status = match connect(&service, &connector).await {
            Ok(mut stream) => live(&mut stream).await,
            Err(_) => None,
        };
        assert_eq!(status, answered.then_some(200), "{asked:?}");
    }
}

#[test]
fn faults_of_the_files_are_named() {
    let (place, authority) = (Place::new("faults"), authority("us"));
    let (one, other) = (signed_by(&authority, "one"), signed_by(&authority, "other"));
    let good = place.pair(&one);
    let refusal = |tls: TlsSettings| {
        let app = veilcast_server::App::new([crate::common::evaluator("1")], config(tls));
        let error = app.err().unwrap();
        let text = error.to_string();
        assert!(
            matches!(error, StartError::Tls(_) | StartError::Config(_)),
            "{text}"
        );
        text.replace(&format!("{}", place.0.display()), "")
    };
    let file = |name: &str, text: &str| Some(place.write(name, text));
    let missing = Some(Path::new("/nowhere/x.pem").to_owned());
    let encrypted = one.key.replace(" PRIVATE KEY", " ENCRYPTED PRIVATE KEY");
    let damaged = one.certificate.replace(
        "-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!!",
    );
    for (tls, expected) in [
        (
            TlsSettings {
                key: file("other.pem", &other.key),
                ..good.clone()
            },
            "the key in /other.pem doesn't belong to the certificate in /certificate.pem",
        ),
        (
            TlsSettings {
                certificate: missing.clone(),
                ..good.clone()
            },
            "can't read /nowhere/x.pem",
        ),
        (
            TlsSettings {
                certificate: file("empty.pem", ""),
                ..good.clone()
            },
            "there is no certificate in /empty.pem",
        ),
        (
            TlsSettings {
                certificate: good.key.clone(),
                ..good.clone()
            },
            "there is no certificate in /key.pem",
        ),
        (
            TlsSettings {
                certificate: file("damaged.pem", &damaged),
                ..good.clone()
            },
            "/damaged.pem isn't a PEM file, or is damaged",
        ),
        (
            TlsSettings {
                key: good.certificate.clone(),
                ..good.clone()
            },
            "there is no private key in /certificate.pem",
        ),
        (
            TlsSettings {
                key: file("locked.pem", &encrypted),
                ..good.clone()
            },
            "the private key in /locked.pem has a passphrase",
        ),
        (
            TlsSettings {
                key: file("large.pem", &"x".repeat(2 << 20)),
                ..good.clone()
            },
            "/large.pem is larger than a megabyte",
        ),
        (
            TlsSettings {
                key: None,
                ..good.clone()
            },
            "the setting `tls.key` must be the file",
        ),
        (
            TlsSettings {
                client_certificates: ClientCertificates::Required,
                ..good.clone()
            },
            "the setting `tls.client_ca` must be the file",
        ),
        (
            TlsSettings {
                client_ca: good.certificate.clone(),
                ..good.clone()
            },
            "the setting `tls.client_certificates` must be",
        ),
        (
            TlsSettings {
                client_ca: file("none.pem", ""),
                client_certificates: ClientCertificates::Optional,
                ..good.clone()
            },
            "there is no certificate in /none.pem",
        ),
    ] {
        let refused = refusal(tls);
        assert!(refused.starts_with(expected), "{refused}\n{expected}");
    }
    assert!(veilcast_server::App::new([crate::common::evaluator("1")], config(good)).is_ok());
}
