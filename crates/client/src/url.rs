//! The address of a service.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{ClientError, UrlFault};

/// The URL that a service's paths are relative to.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl(Url);

impl BaseUrl {
    /// Reads `http://…` or `https://…`, with a path if the service is below one.
    pub(crate) fn parse(text: &str) -> Result<Self, ClientError> {
        let bad = |fault| ClientError::Url {
            url: text.to_owned(),
            fault,
        };
        if !text.contains("://") {
            return Err(bad(UrlFault::NoScheme));
        }
        let url = Url::parse(text).map_err(|error| bad(UrlFault::Malformed(error.to_string())))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad(UrlFault::Scheme));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // Not repeated in the error: a password does not belong on a screen.
            return Err(ClientError::Url {
                url: "the URL".to_owned(),
                fault: UrlFault::Credentials,
            });
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad(UrlFault::Query));
        }
        Ok(Self(url))
    }

    /// The URL of a path below the base, each segment escaped.
    pub(crate) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        url.path_segments_mut()
            .expect("http and https URLs have paths")
            .pop_if_empty()
            .extend(segments);
        url
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether the listener answers an HTTP request with a TLS alert.
    pub(crate) async fn speaks_tls(&self) -> bool {
        const PATIENCE: Duration = Duration::from_secs(3);
        // An alert's type, and the first half of TLS's version.
        const ALERT: [u8; 2] = [21, 3];
        let answer = async {
            let host = self.0.host_str()?.trim_matches(['[', ']']);
            let port = self.0.port_or_known_default()?;
            let mut stream = TcpStream::connect((host, port)).await.ok()?;
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.ok()?;
            let mut start = [0; ALERT.len()];
            stream.read_exact(&mut start).await.ok()?;
            Some(start)
        };
        timeout(PATIENCE, answer).await == Ok(Some(ALERT))
    }

    /// Whether the service is on this machine, by its name or address.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let address = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}
