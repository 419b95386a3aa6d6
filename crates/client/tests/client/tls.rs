//! Whom a client trusts, what it shows of itself, and its words when that fails.

use std::time::Duration;

use crate::common::authority::{Authority, Certified, Names, TlsServer, days};
use crate::common::{client_with, start};
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::response::{Html, IntoResponse as _};
use axum::routing::any;
use veilcast_client::{
    Authorities, CertificateFault, Client, ClientError, Headers, Identity, Options, PemFault, Token,
};

const SECRET: &str = "vc_TopSecret";

fn trusting(authority: &Authority) -> Options {
    Options {
        authorities: Authorities::only(authority.pem().as_bytes()).unwrap(),
        ..crate::common::options()
    }
}

/// A service that repeats who is asking.
fn echo() -> Router {
    Router::new().fallback(any(async |request: Request| {
        let header = request.headers().get(AUTHORIZATION);
        let shown = header.map_or("nobody", |value| value.to_str().unwrap());
        let tenant = request
            .headers()
            .get("x-tenant")
            .map(|v| v.to_str().unwrap());
        let version = format!("{:?}", request.version());
        let answer = format!("{shown}|{}|{version}", tenant.unwrap_or_default());
        ([("content-type", "application/json")], answer)
    }))
}

async fn asked(client: &Client) -> String {
    String::from_utf8(client.card("m").await.unwrap().answer).unwrap()
}

async fn refusal(client: &Client) -> ClientError {
    client.card("m").await.unwrap_err()
}

#[tokio::test]
async fn an_authority_of_the_users_is_trusted_and_the_token_arrives() {
    let authority = Authority::new("Ward Seven");
    for protocols in [&["h2", "http/1.1"][..], &["http/1.1"]] {
        let server = TlsServer::start(&authority.signed(&Names::here()), protocols, echo()).await;
        let mut headers = Headers::default();
        headers.add("X-Tenant: seven").unwrap();
        let options = Options {
            token: Some(Token::new(SECRET).unwrap()),
            headers,
            ..trusting(&authority)
        };
        let shown = asked(&client_with(&server.url, options)).await;
        let version = if protocols.len() > 1 {
            "HTTP/2.0"
        } else {
            "HTTP/1.1"
        };
        assert_eq!(shown, format!("Bearer {SECRET}|seven|{version}"));

        // Beside those of the machine.
        let options = Options {
            authorities: Authorities::and(authority.pem().as_bytes()).unwrap(),
            ..crate::common::options()
        };
        assert!(
            asked(&client_with(&server.url, options))
                .await
                .starts_with("nobody|")
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told() {
    let (ours, theirs) = (
        Authority::new("Ward Seven"),
        Authority::new("Mallory & Sons"),
    );
    let fault = async |names: &Names, authority: &Authority| {
        let server = TlsServer::start(&authority.signed(names), &["h2"], echo()).await;
        let client = client_with(&server.url, trusting(&ours));
        match refusal(&client).await {
            ClientError::Certificate { fault, .. } => fault,
            other => panic!("{other:?}"),
        }
    };
    let unknown = fault(&Names::here(), &theirs).await;
    assert_eq!(
        unknown.to_string(),
        "it is signed by an authority that this machine doesn't trust: \"Mallory & Sons\""
    );
    let other = fault(&Names::of(&["example.org", "www.example.org"]), &ours).await;
    assert_eq!(
        other.to_string(),
        "it is for example.org, www.example.org, and not for localhost"
    );
    let over = Names {
        valid: days(-20, -10),
        ..Names::here()
    };
    let CertificateFault::Expired(date) = fault(&over, &ours).await else {
        panic!("it is valid")
    };
    assert!(date.ends_with("GMT"), "{date}");
    let early = Names {
        valid: days(10, 20),
        ..Names::here()
    };
    let early = fault(&early, &ours).await;
    assert!(matches!(early, CertificateFault::NotYetValid(_)), "{early}");

    let of_itself = async |certified: &Certified| {
        let server = TlsServer::start(certified, &["h2"], echo()).await;
        match refusal(&client_with(&server.url, trusting(&ours))).await {
            ClientError::Certificate { fault, .. } => fault,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        of_itself(&Certified::by_itself("clinic-7")).await,
        CertificateFault::SelfSigned("\"clinic-7\"".to_owned())
    );
    assert_eq!(
        of_itself(&ours.itself()).await,
        CertificateFault::Authority("\"Ward Seven\"".to_owned())
    );
}

#[tokio::test]
async fn https_and_http_are_told_apart() {
    let plain = start(echo()).await.replace("http://", "https://");
    let error = refusal(&client_with(&plain, crate::common::options())).await;
    assert!(matches!(error, ClientError::NoTls { .. }), "{error:?}");

    let authority = Authority::new("Ward Seven");
    let server = TlsServer::start(&authority.signed(&Names::here()), &["http/1.1"], echo()).await;
    let http = server.url.replace("https://", "http://");
    let error = refusal(&client_with(&http, crate::common::options())).await;
    assert!(matches!(error, ClientError::OnlyTls { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("{http} speaks TLS: write https:// before its address")
    );

    for words in [
        "<h1>400 Bad Request</h1>The plain HTTP request was sent to HTTPS port",
        "This service speaks HTTPS: use https:// in place of http://.",
    ] {
        let other =
            Router::new().fallback(any(async move || (StatusCode::BAD_REQUEST, Html(words))));
        let error = refusal(&client_with(&start(other).await, crate::common::options())).await;
        assert!(matches!(error, ClientError::OnlyTls { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_client_shows_its_own_certificate() {
    let authority = Authority::new("Ward Seven");
    let server = TlsServer::start_for(
        &authority.signed(&Names::here()),
        &["http/1.1"],
        echo(),
        Some(&authority),
    )
    .await;
    let error = refusal(&client_with(&server.url, trusting(&authority))).await;
    assert_eq!(
        error.to_string(),
        format!(
            "{} requires a client certificate, and none is given",
            server.url
        )
    );

    let with = |issuer: &Authority| {
        let own = issuer.signed(&Names::of(&["clinic-7"]));
        Options {
            identity: Some(Identity::new(own.pem().as_bytes(), own.key_pem().as_bytes()).unwrap()),
            ..trusting(&authority)
        }
    };
    assert!(
        asked(&client_with(&server.url, with(&authority)))
            .await
            .starts_with("nobody|")
    );
    let error = refusal(&client_with(&server.url, with(&Authority::new("Mallory")))).await;
    assert_eq!(
        error.to_string(),
        format!("{} does not accept the client certificate", server.url)
    );

    // A key of another certificate.
    let (one, other) = (
        authority.signed(&Names::here()),
        authority.signed(&Names::here()),
    );
    let options = Options {
        identity: Some(Identity::new(one.pem().as_bytes(), other.key_pem().as_bytes()).unwrap()),
        ..trusting(&authority)
    };
    let error = Client::with_options(&server.url, options).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("its key belongs to another certificate"),
        "{error}"
    );
}

#[test]
fn what_is_no_certificate_is_told() {
    let fault = |pem: &str| Authorities::and(pem.as_bytes()).unwrap_err();
    assert_eq!(fault(""), PemFault::NoCertificate);
    assert_eq!(
        fault("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        PemFault::Certificate(1)
    );
    assert!(matches!(
        fault("-----BEGIN CERTIFICATE-----\nAA!!\n"),
        PemFault::Malformed(_)
    ));
    let own = Authority::new("Ward Seven").signed(&Names::here());
    let error = Identity::new(own.pem().as_bytes(), b"").unwrap_err();
    assert!(error.to_string().contains("BEGIN PRIVATE KEY"), "{error}");
}

#[tokio::test]
async fn a_token_goes_to_its_own_origin_alone() {
    // A service that sends its callers on to somebody else, who would read the token.
    let thief = start(echo()).await;
    for status in [301, 302, 303, 307, 308] {
        let place = format!("{thief}/v2/models/m/card");
        let handler = async move || {
            (StatusCode::from_u16(status).unwrap(), [(LOCATION, place)]).into_response()
        };
        let service = start(Router::new().fallback(any(handler))).await;
        let options = Options {
            token: Some(Token::new(SECRET).unwrap()),
            ..crate::common::options()
        };
        let error = refusal(&client_with(&service, options)).await;
        let ClientError::NotVeilcast { reason, .. } = &error else {
            panic!("{error:?}")
        };
        assert!(reason.contains("redirects"), "{reason}");
    }
}

#[test]
fn a_token_does_not_travel_in_the_clear() {
    let with = |url: &str, secrets_in_clear| {
        let options = Options {
            token: Some(Token::new(SECRET).unwrap()),
            secrets_in_clear,
            ..Options::default()
        };
        Client::with_options(url, options)
    };
    for url in [
        "http://example.org",
        "http://192.0.2.1:8080",
        "http://localhost.example.org",
    ] {
        let error = with(url, false).unwrap_err();
        assert!(
            matches!(error, ClientError::SecretInClear { .. }),
            "{error:?}"
        );
        assert!(!error.to_string().contains(SECRET), "{error}");
        with(url, true).unwrap();
    }
    for url in [
        "http://localhost:8080",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
    ] {
        let client = with(url, false).unwrap();
        assert!(!format!("{client:?}").contains(SECRET));
    }

    let mut headers = Headers::default();
    headers
        .add(&format!("Authorization: Basic {SECRET}"))
        .unwrap();
    let options = Options {
        headers,
        ..Options::default()
    };
    let error = Client::with_options("http://example.org", options.clone()).unwrap_err();
    assert!(
        error.to_string().contains("the header authorization"),
        "{error}"
    );
    assert!(!format!("{options:?}").contains(SECRET));
    let both = Options {
        token: Some(Token::new(SECRET).unwrap()),
        ..options
    };
    let error = Client::with_options("https://example.org", both).unwrap_err();
    assert!(matches!(error, ClientError::TwoAuthorizations), "{error:?}");
}

#[tokio::test]
async fn a_peer_that_answers_no_pings_is_gone() {
    // It takes the request, and is never heard of again: no bytes, no pings; its machine still acknowledges.
    let authority = Authority::new("Ward Seven");
    let server = TlsServer::start_silent(&authority.signed(&Names::here())).await;
    let options = Options {
        silence_timeout: Duration::from_secs(1),
        tries: 2,
        ..trusting(&authority)
    };
    let client = client_with(&server.url, options);
    let waited = tokio::time::timeout(Duration::from_secs(60), client.card("m"));
    let error = waited.await.expect("silence is noticed").unwrap_err();
    assert!(
        matches!(error, ClientError::Interrupted { tries: 2, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("no sign of life"), "{error}");
}

#[tokio::test]
async fn a_long_computation_is_no_silence() {
    let authority = Authority::new("Ward Seven");
    let slow = Router::new().fallback(any(async || {
        tokio::time::sleep(Duration::from_secs(4)).await;
        ([("content-type", "application/json")], "card")
    }));
    for protocols in [&["h2"][..], &["http/1.1"]] {
        let server =
            TlsServer::start(&authority.signed(&Names::here()), protocols, slow.clone()).await;
        let options = Options {
            silence_timeout: Duration::from_secs(1),
            ..trusting(&authority)
        };
        let exchange = client_with(&server.url, options).card("m").await.unwrap();
        assert_eq!(exchange.tries, 1);
    }
}

/// How the operating system watches over a connection of this local port: the kind of the timer, and the hundredths of a second
/// until it fires.
#[cfg(target_os = "linux")]
fn timer(port: u16) -> (u32, u32) {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let line = table.lines().find(|line| {
        let address = line.split_whitespace().nth(1).unwrap();
        address.ends_with(&format!(":{port:04X}"))
    });
    let timer = line.unwrap().split_whitespace().nth(5).unwrap();
    let (kind, when) = timer.split_once(':').unwrap();
    let number = |text| u32::from_str_radix(text, 16).unwrap();
    (number(kind), number(when))
}

/// While a service computes, its machine is asked now and then whether it is there.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn machines_are_asked_for_a_sign_of_life() {
    const KEEP_ALIVE: u32 = 2;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options {
        silence_timeout: Duration::from_secs(8),
        ..crate::common::options()
    };
    let client = client_with(&url, options);
    let asking = tokio::spawn(async move { client.card("m").await });
    let (stream, peer) = listener.accept().await.unwrap();
    stream.readable().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (kind, when) = timer(peer.port());
    assert_eq!(kind, KEEP_ALIVE);
    assert!(when <= 200, "{when}");
    asking.abort();
}
