//! What browsers ask for beyond a page: leave to call from another site, and less to carry.

use std::io::Read as _;

use crate::common::{INFER, app, call, get, post, request, service};
use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_ENCODING,
    ETAG, IF_NONE_MATCH, ORIGIN, VARY,
};
use axum::http::{Method, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use veilcast_server::{Config, router, serve};

const CLINIC: &str = "https://clinic.example";

fn allowing(origins: &[&str]) -> Config {
    Config {
        allowed_origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
        ..Config::default()
    }
}

/// What a browser asks before it lets a page call the service.
fn preflight(origin: &str) -> Request<Body> {
    Request::builder()
        .method(Method::OPTIONS)
        .uri(INFER)
        .header(ORIGIN, origin)
        .header(ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(
            ACCESS_CONTROL_REQUEST_HEADERS,
            "authorization,content-type,inference-header-content-length,x-tenant",
        )
        .body(Body::empty())
        .unwrap()
}

fn from(origin: &str, mut request: Request<Body>) -> Request<Body> {
    request
        .headers_mut()
        .insert(ORIGIN, origin.parse().unwrap());
    request
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call() {
    let service = router(app(allowing(&[CLINIC, "http://localhost:3000"])));
    for origin in [CLINIC, "http://localhost:3000"] {
        let leave = call(&service, preflight(origin)).await;
        assert_eq!(leave.status, 200);
        assert_eq!(leave.headers[ACCESS_CONTROL_ALLOW_ORIGIN], origin);
        let methods = leave.headers[ACCESS_CONTROL_ALLOW_METHODS]
            .to_str()
            .unwrap();
        assert!(methods.contains("POST"), "{methods}");
        let headers = leave.headers[ACCESS_CONTROL_ALLOW_HEADERS]
            .to_str()
            .unwrap();
        for header in [
            AUTHORIZATION.as_str(),
            "inference-header-content-length",
            "x-tenant",
        ] {
            assert!(headers.contains(header), "{headers}");
        }
        assert!(!leave.headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));

        // Answers and refusals alike, with the headers that a client reads.
        let unknown = Request::get("/v2/models/other/card")
            .body(Body::empty())
            .unwrap();
        for (asked, status) in [(post(&request(1)), 200), (unknown, 404)] {
            let answer = call(&service, from(origin, asked)).await;
            assert_eq!(answer.status, status);
            assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_ORIGIN], origin);
            let exposed = answer.headers[ACCESS_CONTROL_EXPOSE_HEADERS]
                .to_str()
                .unwrap();
            assert!(
                exposed.contains("inference-header-content-length")
                    && exposed.contains("retry-after"),
                "{exposed}"
            );
            let vary: Vec<_> = answer.headers.get_all(VARY).iter().collect();
            assert!(format!("{vary:?}").contains("origin"), "{vary:?}");
        }
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_not() {
    for (config, origin) in [
        (Config::default(), CLINIC),
        (allowing(&[CLINIC]), "https://mallory.example"),
        (allowing(&[CLINIC]), "http://clinic.example"),
        (
            allowing(&[CLINIC]),
            "https://clinic.example.mallory.example",
        ),
        (allowing(&[CLINIC]), "null"),
    ] {
        let service = router(app(config));
        let leave = call(&service, preflight(origin)).await;
        let answer = call(&service, from(origin, post(&request(1)))).await;
        for answer in [leave, answer] {
            let allowed = answer.headers.get(ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_ne!(allowed.map(|value| value.to_str().unwrap()), Some(origin));
            assert!(allowed.is_none(), "{allowed:?}");
        }
    }
    let all = router(app(allowing(&["*"])));
    let leave = call(&all, preflight("https://mallory.example")).await;
    assert_eq!(leave.headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
}

#[tokio::test]
async fn a_preflight_is_answered_on_a_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(
        listener.into(),
        app(allowing(&[CLINIC])),
        std::future::pending(),
    ));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let ask = format!(
        "OPTIONS {INFER} HTTP/1.1\r\nhost: x\r\norigin: {CLINIC}\r\nconnection: close\r\n\
         access-control-request-method: POST\r\naccess-control-request-headers: authorization\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains(&format!("access-control-allow-origin: {CLINIC}\r\n"))
            && answer.contains("access-control-allow-headers: authorization\r\n"),
        "{answer}"
    );
}

#[test]
fn origins_that_are_none_are_refused() {
    for wrong in [
        "clinic.example",
        "https://clinic.example/",
        "https://*.example",
    ] {
        let error = allowing(&[wrong]).check().unwrap_err().to_string();
        assert!(
            error.starts_with("the setting `allowed_origins` must be "),
            "{error}"
        );
    }
    assert!(allowing(&["*", CLINIC]).check().is_err());
    assert!(allowing(&["*"]).check().is_ok());
    let read: Config = toml::from_str(r#"allowed_origins = ["https://clinic.example"]"#).unwrap();
    assert_eq!(read, allowing(&[CLINIC]));
}

fn accepting_gzip(path: &str) -> Request<Body> {
    let request = Request::get(path).header(ACCEPT_ENCODING, "gzip, br");
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn what_everyone_may_read_is_compressed() {
    let service = service();
    for path in [
        "/",
        "/page/style.css",
        "/src/worker.js",
        "/openapi.json",
        "/v2/models/sums/card",
    ] {
        let whole = call(&service, get(path)).await;
        assert!(!whole.headers.contains_key(CONTENT_ENCODING), "{path}");
        let small = call(&service, accepting_gzip(path)).await;
        assert_eq!(small.headers[CONTENT_ENCODING], "gzip", "{path}");
        assert!(small.body.len() < whole.body.len(), "{path}");
        let mut unpacked = Vec::new();
        let mut reader = flate2::read::GzDecoder::new(small.body.as_slice());
        reader.read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, whole.body, "{path}");
        let vary: Vec<_> = small.headers.get_all(VARY).iter().collect();
        assert!(
            format!("{vary:?}").contains("accept-encoding"),
            "{path}: {vary:?}"
        );

        // Its tag is the content's, and as good as the other.
        if let Some(tag) = whole.headers.get(ETAG) {
            let weak = small.headers[ETAG].to_str().unwrap();
            assert_eq!(weak, format!("W/{}", tag.to_str().unwrap()), "{path}");
            let mut again = accepting_gzip(path);
            again
                .headers_mut()
                .insert(IF_NONE_MATCH, weak.parse().unwrap());
            assert_eq!(call(&service, again).await.status, 304, "{path}");
        }
    }
}

/// How long a compressed text is tells of what is in it.
#[tokio::test]
async fn answers_with_ciphertexts_are_never_compressed() {
    let service = service();
    let mut asked = post(&request(1));
    asked
        .headers_mut()
        .insert(ACCEPT_ENCODING, "gzip".parse().unwrap());
    let answer = call(&service, asked).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.headers.contains_key(CONTENT_ENCODING));
    let problem = call(&service, accepting_gzip("/v2/models/other")).await;
    assert!(!problem.headers.contains_key(CONTENT_ENCODING));
}
