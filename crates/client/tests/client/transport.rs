//! What the client makes of services that are away, strange or hostile.

use std::time::Duration;

use crate::common::messages::{request, response};
use crate::common::{client, start};
use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{Html, IntoResponse, Redirect};
use axum::routing::{any, get};
use tokio::net::TcpListener;
use veilcast_client::{Client, ClientError, Options, UrlFault};
use veilcast_protocol::{DecodeError, HEADER_LENGTH, Problem};

/// A service that answers every request alike.
async fn answering<R: IntoResponse + Clone + Send + Sync + 'static>(answer: R) -> Client {
    client(&start(Router::new().fallback(any(async move || answer.clone()))).await)
}

#[test]
fn urls_that_are_no_services() {
    let fault = |url: &str| match Client::new(url) {
        Err(ClientError::Url { fault, .. }) => fault,
        other => panic!("{url}: {other:?}"),
    };
    assert_eq!(fault("localhost:8080"), UrlFault::NoScheme);
    assert_eq!(fault("example.org"), UrlFault::NoScheme);
    assert_eq!(fault("ftp://example.org"), UrlFault::Scheme);
    assert_eq!(fault("http://example.org/?x=1"), UrlFault::Query);
    assert_eq!(fault("http://example.org/#x"), UrlFault::Query);
    assert!(matches!(fault("http://:80"), UrlFault::Malformed(_)));
    assert_eq!(fault("http://user:hush@example.org"), UrlFault::Credentials);
    let error = Client::new("http://user:hush@example.org")
        .unwrap_err()
        .to_string();
    assert!(!error.contains("hush"), "{error}");
}

#[tokio::test]
async fn paths_stand_below_the_base() {
    let application = Router::new().route(
        "/deep/er/v2/models/a%2Fb%3F/card",
        get(async || ([(CONTENT_TYPE, "application/json")], "{}")),
    );
    let url = start(application).await;
    for base in [format!("{url}/deep/er"), format!("{url}/deep/er/")] {
        assert_eq!(client(&base).card("a/b?").await.unwrap().answer, b"{}");
    }
}

#[tokio::test]
async fn a_public_part_comes_whole_and_no_longer_than_expected() {
    let application = Router::new().route(
        "/v2/models/hybrid/public.onnx",
        get(async || {
            (
                [(CONTENT_TYPE, "application/octet-stream")],
                vec![7_u8; 100_000],
            )
        }),
    );
    let client = client(&start(application).await);
    // More than other answers may have.
    let whole = client.public_part("hybrid", 100_000).await.unwrap();
    assert_eq!(whole.answer, vec![7; 100_000]);
    let error = client.public_part("hybrid", 99_999).await.unwrap_err();
    assert!(
        error.to_string().contains("longer than its card says"),
        "{error}"
    );
}

#[tokio::test]
async fn services_that_are_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client(&format!("http://{address}"))
        .server_metadata()
        .await
        .unwrap_err();
    // A user with a wrong URL learns it at once.
    assert!(
        matches!(error, ClientError::ConnectionRefused { tries: 1, .. }),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        format!(
            "http://{address} refuses connections: is the service running, and is its port right?"
        )
    );
    let error = client("http://veilcast.invalid")
        .server_metadata()
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn services_that_do_not_answer() {
    // The operating system accepts the connection; nobody reads from it.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options {
        request_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let client = Client::with_options(&url, options).unwrap();
    let error = client.server_metadata().await.unwrap_err();
    assert!(matches!(error, ClientError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn others_are_told_from_us() {
    let reason = async |client: Client| match client.server_metadata().await {
        Err(ClientError::NotVeilcast { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        reason(answering(Html("<h1>It works!</h1>")).await).await,
        "its answer has another form"
    );
    let triton = r#"{"name":"triton","version":"2","extensions":[]}"#;
    assert_eq!(
        reason(answering(triton).await).await,
        "it has a different name"
    );
    assert_eq!(
        reason(answering((StatusCode::NOT_FOUND, "nothing here")).await).await,
        "it answers 404 Not Found without a problem document"
    );
    assert_eq!(
        reason(answering(Redirect::permanent("https://example.org/x")).await).await,
        "it redirects to https://example.org/x, so use that URL"
    );
    let nowhere = (StatusCode::FOUND, [(LOCATION, "")]);
    assert_eq!(
        reason(answering(nowhere).await).await,
        "it redirects to , so use that URL"
    );

    let page = answering(Html("<h1>It works!</h1>")).await;
    assert!(matches!(
        page.card("m").await,
        Err(ClientError::NotVeilcast { .. })
    ));
    assert!(matches!(
        page.infer("m", &request()).await,
        Err(ClientError::NotVeilcast { .. })
    ));
}

#[tokio::test]
async fn words_of_strangers_are_harmless() {
    let text = format!("\u{1b}[2J\r\n{}", "x".repeat(5000));
    let problem = serde_json::to_string(&Problem::new("strange", text)).unwrap();
    let error = answering((StatusCode::BAD_REQUEST, problem))
        .await
        .card("m")
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("[2J") && !text.contains(char::is_control),
        "{text:?}"
    );
    assert!(text.len() < 700);
}

#[tokio::test]
async fn answers_that_are_too_large() {
    let error = answering(vec![b' '; (64 << 10) + 1])
        .await
        .card("m")
        .await
        .unwrap_err();
    assert!(
        matches!(error, ClientError::ResponseTooLarge { limit: 65536, .. }),
        "{error}"
    );
    // Without a length beforehand.
    let stream = async || {
        (
            [(CONTENT_TYPE, "application/json")],
            Body::new(LongBody(100)),
        )
    };
    let url = start(Router::new().fallback(get(stream))).await;
    let error = client(&url).card("m").await.unwrap_err();
    assert!(
        matches!(error, ClientError::ResponseTooLarge { limit: 65536, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn answers_in_either_form_are_understood() {
    let json = (
        [(CONTENT_TYPE, "application/json; charset=utf-8")],
        response().to_json(),
    );
    let exchange = answering(json).await.infer("m", &request()).await.unwrap();
    assert_eq!(exchange.answer, response());

    let body = response().to_binary();
    let headers = [
        (CONTENT_TYPE.as_str(), "application/octet-stream".to_owned()),
        (HEADER_LENGTH, body.header_length.to_string()),
    ];
    let exchange = answering((headers.clone(), body.bytes.clone()))
        .await
        .infer("m", &request())
        .await
        .unwrap();
    assert_eq!(exchange.answer, response());
    assert_eq!(exchange.bytes_down, body.bytes.len() as u64);

    let cut = (headers, body.bytes[..body.bytes.len() - 1].to_vec());
    let error = answering(cut)
        .await
        .infer("m", &request())
        .await
        .unwrap_err();
    let ClientError::Malformed { source, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(
        source,
        DecodeError::Truncated {
            expected: 10,
            found: 9
        }
    );
}

/// Kilobytes without a length beforehand.
struct LongBody(usize);

impl axum::body::HttpBody for LongBody {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        let piece = self.0.checked_sub(1).map(|left| {
            self.0 = left;
            Ok(hyper::body::Frame::data(vec![b' '; 1024].into()))
        });
        std::task::Poll::Ready(piece)
    }
}
