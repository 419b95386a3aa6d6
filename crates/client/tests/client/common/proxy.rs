//! A TCP proxy that misbehaves: it breaks, delays, repeats and mixes up what passes through it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What goes wrong with a connection, which carries one request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Nothing,
    /// It closes as soon as it is open.
    Before,
    /// It breaks after a part of the request, which the service sees too.
    InRequest,
    /// It breaks when the service has answered, and nothing of that arrives.
    BeforeAnswer,
    /// It breaks within the answer's header.
    InHeader,
    /// It breaks within the answer's body.
    InAnswer,
    /// The answer comes late.
    Late(Duration),
    /// Everything comes in small pieces.
    Slow,
    /// The request reaches the service twice; the second answer arrives.
    Twice,
    /// An answer arrives that an earlier request had already.
    Stale,
    /// Larger bodies, in bytes, are refused, as nginx refuses those above a megabyte by default.
    Limit(usize),
    /// Something before the service answers: a status line, headers and a body.
    Instead(&'static str),
}

/// What nginx answers to a body above its limit.
const TOO_LARGE: &[u8] =
    b"HTTP/1.1 413 Request Entity Too Large\r\nserver: nginx\r\ncontent-type: text/html\r\n\
    content-length: 57\r\nconnection: close\r\n\r\n\
    <html><h1>413 Request Entity Too Large</h1>nginx   </html>";

/// What a proxy saw.
#[derive(Default)]
pub(crate) struct Log {
    /// Connections opened.
    pub(crate) connections: usize,
    /// Numbers of the connections whose answers were sent whole, in that order.
    pub(crate) answered: Vec<usize>,
    /// The most connections that were open at a time.
    pub(crate) most: usize,
    open: usize,
    last_answer: Vec<u8>,
}

/// A proxy before a service; dropped, it closes all connections and listens no longer.
pub(crate) struct Proxy {
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    pub(crate) log: Arc<Mutex<Log>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A proxy whose n-th connection, from 0, suffers what `fault` says.
    pub(crate) async fn start(
        service: &str,
        fault: impl Fn(usize) -> Fault + Send + 'static,
    ) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), service, fault).await
    }

    pub(crate) async fn start_at(
        address: SocketAddr,
        service: &str,
        fault: impl Fn(usize) -> Fault + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let service: SocketAddr = service.strip_prefix("http://").unwrap().parse().unwrap();
        let log = Arc::<Mutex<Log>>::default();
        let shared = Arc::clone(&log);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = {
                    let mut log = shared.lock().unwrap();
                    log.connections += 1;
                    log.open += 1;
                    log.most = log.most.max(log.open);
                    log.connections - 1
                };
                let (fault, log) = (fault(number), Arc::clone(&shared));
                connections.spawn(async move {
                    let sent = pass(stream, service, fault, &log).await;
                    let mut log = log.lock().unwrap();
                    log.open -= 1;
                    if matches!(sent, Ok(true)) {
                        log.answered.push(number);
                    }
                });
            }
        });
        Self {
            url: format!("http://{address}"),
            address,
            log,
            task,
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.log.lock().unwrap().connections
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes a request and its answer on, as far as the fault allows; tells whether the answer was sent whole.
async fn pass(
    mut client: TcpStream,
    service: SocketAddr,
    fault: Fault,
    log: &Mutex<Log>,
) -> io::Result<bool> {
    match fault {
        Fault::Before => return Ok(false),
        Fault::InRequest => {
            let mut start = vec![0; 300];
            client.read_exact(&mut start).await?;
            TcpStream::connect(service).await?.write_all(&start).await?;
            return Ok(false);
        }
        _ => {}
    }
    let request = read_request(&mut client).await?;
    if let Fault::Instead(answer) = fault {
        client.write_all(answer.as_bytes()).await?;
        client.shutdown().await?;
        return Ok(false);
    }
    if let Fault::Limit(bytes) = fault {
        let head = request.windows(4).position(|part| part == b"\r\n\r\n");
        if request.len() - (head.unwrap() + 4) > bytes {
            client.write_all(TOO_LARGE).await?;
            client.shutdown().await?;
            return Ok(false);
        }
    }
    if matches!(fault, Fault::Twice) {
        ask(service, &request, false).await?;
    }
    let slow = matches!(fault, Fault::Slow);
    let own = ask(service, &request, slow).await?;
    let last = std::mem::replace(&mut log.lock().unwrap().last_answer, own.clone());
    let answer = if matches!(fault, Fault::Stale) {
        last
    } else {
        own
    };
    let (whole, part) = (answer.len(), answer.len() / 2);
    let end = match fault {
        Fault::BeforeAnswer => 0,
        Fault::InHeader => 20,
        // The body is far longer than the header.
        Fault::InAnswer => part,
        _ => whole,
    };
    if let Fault::Late(time) = fault {
        tokio::time::sleep(time).await;
    }
    write(&mut client, &answer[..end], slow).await?;
    client.shutdown().await?;
    Ok(end == whole)
}

/// A request with its body, which must be of a length known beforehand.
async fn read_request(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let head = loop {
        if client.read_buf(&mut request).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let header = String::from_utf8(request[..head].to_vec()).unwrap();
    let length: usize = header
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap()
        .parse()
        .unwrap();
    while request.len() < head + length {
        if client.read_buf(&mut request).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(request)
}

/// What the service answers to a request, on a connection for this one alone.
async fn ask(service: SocketAddr, request: &[u8], slow: bool) -> io::Result<Vec<u8>> {
    let mut service = TcpStream::connect(service).await?;
    let first_line = request.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    service.write_all(&request[..first_line]).await?;
    service.write_all(b"connection: close\r\n").await?;
    write(&mut service, &request[first_line..], slow).await?;
    let mut answer = Vec::new();
    service.read_to_end(&mut answer).await?;
    Ok(answer)
}

async fn write(stream: &mut TcpStream, bytes: &[u8], slow: bool) -> io::Result<()> {
    if !slow {
        return stream.write_all(bytes).await;
    }
    stream.set_nodelay(true)?;
    for piece in bytes.chunks(97) {
        stream.write_all(piece).await?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
