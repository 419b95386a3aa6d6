//! A connection from an address of this machine, and HTTP on it.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// The least that a system allows for what is received and not read.
const SMALL: usize = 4096;

/// A connection.
pub(super) struct Wire(TcpStream);

impl Wire {
    /// Connects from an address.
    pub(super) fn connect(from: Ipv4Addr, to: SocketAddr) -> Option<Self> {
        Self::try_connect(from, to, None).ok()
    }

    /// The same, with next to no room for what isn't read.
    pub(super) fn connect_narrow(from: Ipv4Addr, to: SocketAddr) -> Option<Self> {
        Self::try_connect(from, to, Some(SMALL)).ok()
    }

    fn try_connect(
        from: Ipv4Addr,
        to: SocketAddr,
        received: Option<usize>,
    ) -> std::io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if let Some(bytes) = received {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.bind(&SocketAddr::from((from, 0)).into())?;
        socket.connect_timeout(&to.into(), CONNECT)?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Sends what the other side takes within a time; gives whether it took all.
    pub(super) fn send(&mut self, bytes: &[u8], time: Duration) -> bool {
        let _ = self.0.set_write_timeout(Some(time));
        self.0.write_all(bytes).is_ok()
    }

    /// Reads a few bytes if they come within a time; gives whether the connection is still there.
    pub(super) fn sip(&mut self, bytes: usize, time: Duration) -> bool {
        let _ = self.0.set_read_timeout(Some(time));
        match self.0.read(&mut vec![0; bytes]) {
            Ok(read) => read > 0,
            Err(error) => matches!(
                error.kind(),
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
            ),
        }
    }

    /// The status of the next answer, read to its end within a time.
    pub(super) fn status(&mut self, time: Duration) -> Option<u16> {
        let end = Instant::now() + time;
        let mut bytes = Vec::new();
        loop {
            if let Some((status, length)) = head(&bytes)
                && bytes.len() >= length
            {
                return Some(status);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.0.set_read_timeout(Some(left)).is_err() {
                return None;
            }
            let mut piece = [0; 16 << 10];
            match self.0.read(&mut piece) {
                Ok(0) | Err(_) => return None,
                Ok(read) => bytes.extend_from_slice(&piece[..read]),
            }
        }
    }
}

/// An answer's status, and the length of it all, once its head is here.
fn head(bytes: &[u8]) -> Option<(u16, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.split("content-length: ").nth(1)?;
    let length: usize = length.split("\r\n").next()?.trim().parse().ok()?;
    Some((status, end + 4 + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_end_where_they_say() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        assert_eq!(head(text), Some((200, text.len())));
        assert_eq!(head(&text[..20]), None);
    }
}
