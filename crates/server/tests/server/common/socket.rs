//! A service on real sockets, and what is said to it.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use veilcast_protocol::{HEADER_LENGTH, InferRequest};
use veilcast_server::{BoundAddress, Config, ListenAddress, Listeners, serve};

use super::{INFER, app};

/// A service on free ports, which ends when told to.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    /// All of the operators'.
    pub(crate) operator: Vec<BoundAddress>,
    pub(crate) app: std::sync::Arc<veilcast_server::App>,
    pub(crate) end: oneshot::Sender<()>,
    pub(crate) task: JoinHandle<()>,
}

impl Service {
    /// One on a free port of this machine, unless the configuration has other addresses than the default.
    pub(crate) async fn start(mut config: Config) -> Self {
        if config.listen == Config::default().listen {
            config.listen = vec![free()];
        }
        let listeners = Listeners::bind(&config).await.unwrap();
        let (public, operator) = (listeners.public(), listeners.operator());
        let address = public.iter().find_map(|address| match address {
            BoundAddress::Ip(address) => Some(*address),
            BoundAddress::Unix(_) => None,
        });
        let app = app(config);
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(serve(listeners, app.clone(), async {
            ended.await.unwrap();
        }));
        Self {
            address: address.unwrap_or_else(|| ([0, 0, 0, 0], 0).into()),
            operator,
            app,
            end,
            task,
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// A free port of this machine.
pub(crate) fn free() -> ListenAddress {
    "127.0.0.1:0".parse().unwrap()
}

/// The head of the next answer, in lower case, and its body; nothing if the connection is closed instead.
pub(crate) async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head
        .split("\r\ncontent-length: ")
        .nth(1)
        .unwrap()
        .split("\r\n")
        .next()
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

/// The status of the next answer; nothing if the connection is closed instead.
pub(crate) async fn status(stream: &mut (impl AsyncRead + Unpin)) -> Option<u16> {
    let (head, _) = answer(stream).await?;
    Some(head.split(' ').nth(1).unwrap().parse().unwrap())
}

pub(crate) const LIVE: &[u8] = b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n";

pub(crate) async fn live(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Option<u16> {
    stream.write_all(LIVE).await.ok()?;
    status(stream).await
}

/// The bytes of a request on the wire.
pub(crate) fn infer(request: &InferRequest) -> Vec<u8> {
    let body = request.to_binary();
    let head = format!(
        "POST {INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n{HEADER_LENGTH}: {}\r\n\r\n",
        body.bytes.len(),
        body.header_length,
    );
    [head.as_bytes(), &body.bytes].concat()
}
