//! Services on free ports, and proxies in front of them.

pub(crate) mod authority;
pub(crate) mod liar;
pub(crate) mod messages;
pub(crate) mod proxy;
pub(crate) mod service;

use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use veilcast_client::{Client, Options};

/// The URL of an application, which runs as long as the test.
pub(crate) async fn start(application: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, application).await });
    url
}

/// Few tries, and little patience.
pub(crate) fn options() -> Options {
    Options {
        request_timeout: Duration::from_secs(30),
        max_response_bytes: 64 << 10,
        tries: 3,
        longest_pause: Duration::from_secs(1),
        ..Options::default()
    }
}

/// A client that gives up after few tries.
pub(crate) fn client(url: &str) -> Client {
    client_with(url, options())
}

pub(crate) fn client_with(url: &str, options: Options) -> Client {
    Client::with_options(url, options).unwrap()
}
