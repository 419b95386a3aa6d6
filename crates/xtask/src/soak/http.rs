//! HTTP/1.1 by hand: attackers don't use a library, and what is measured should not be one.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// A connection to the service.
pub(super) struct Connection(BufReader<TcpStream>);

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Seconds after which a client should come back.
    pub(super) retry_after: Option<u64>,
}

impl Connection {
    /// Connects from an address of this machine; nothing takes longer than `patience` from then on.
    pub(super) fn open(to: SocketAddr, from: Ipv4Addr, patience: Duration) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((from, 0)).into())?;
        socket.connect_timeout(&to.into(), patience)?;
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// Reads an answer, and throws its body away.
    pub(super) fn answer(&mut self) -> io::Result<Answer> {
        let bad = || io::Error::from(io::ErrorKind::InvalidData);
        let (mut status, mut retry_after, mut length) = (None, None, 0);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end();
            if status.is_none() {
                status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
                status.ok_or_else(bad)?;
            } else if line.is_empty() {
                break;
            } else if let Some((name, value)) = line.split_once(':') {
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().map_err(|_| bad())?,
                    "retry-after" => retry_after = value.trim().parse().ok(),
                    _ => {}
                }
            }
        }
        let body = io::copy(&mut (&mut self.0).take(length), &mut io::sink())?;
        if body < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Answer {
            status: status.ok_or_else(bad)?,
            retry_after,
        })
    }

    /// Sends as much as the other side takes without waiting; whether the connection is still there.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        let stream = self.0.get_mut();
        if stream.set_nonblocking(true).is_err() {
            return false;
        }
        loop {
            match stream.write(bytes) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }

    /// Whether the other side has not closed the connection.
    pub(super) fn is_open(&self) -> bool {
        let stream = self.0.get_ref();
        if stream.set_nonblocking(true).is_err() {
            return false;
        }
        match stream.peek(&mut [0]) {
            Ok(read) => read > 0,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}

/// One request and its answer on a connection of its own.
pub(super) fn once(
    to: SocketAddr,
    from: Ipv4Addr,
    patience: Duration,
    request: &[u8],
) -> io::Result<Answer> {
    let mut connection = Connection::open(to, from, patience)?;
    connection.send(request)?;
    connection.answer()
}

pub(super) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: service\r\n\r\n").into_bytes()
}

/// A prediction's request with this body.
pub(super) fn post(model: &str, body: &[u8]) -> Vec<u8> {
    [head(model, body.len()).as_slice(), body].concat()
}

/// The header of a prediction's request with a body of so many bytes.
pub(super) fn head(model: &str, bytes: usize) -> Vec<u8> {
    format!(
        "POST /v2/models/{model}/infer HTTP/1.1\r\nhost: service\r\n\
         content-type: application/octet-stream\r\ncontent-length: {bytes}\r\n\r\n"
    )
    .into_bytes()
}
