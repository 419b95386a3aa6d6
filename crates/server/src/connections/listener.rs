//! A socket that is listened on.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket};

use super::stream::Stream;
#[cfg(unix)]
use super::unix::UnixSocket;
use crate::address::ListenAddress;

/// How much of an answer the operating system buffers before the client has it.
///
/// By default it would buffer megabytes for each client, and it would take minutes to tell a slow
/// client from one that doesn't read at all. At a round trip of 100 ms this still allows a megabyte
/// per second.
pub(super) const SEND_BUFFER_BYTES: u32 = 64 << 10;
/// Connections that the operating system holds until they are accepted.
const BACKLOG: u32 = 1024;

/// A socket that is listened on.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixSocket),
}

/// Where a service is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundAddress {
    /// An IP address, with the port that was taken.
    Ip(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

impl fmt::Display for BoundAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Why a service can't listen on an address.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Another program has it.
    #[error(
        "can't listen on {address}: another program listens there; stop it, or choose another address (port 0 takes a free one)"
    )]
    Taken {
        /// The address.
        address: ListenAddress,
    },
    /// The user of the process isn't permitted to.
    #[error(
        "can't listen on {address}: this user isn't allowed to; ports below 1024 need root or the capability \
         CAP_NET_BIND_SERVICE, and unix sockets a directory that may be written to"
    )]
    Forbidden {
        /// The address.
        address: ListenAddress,
    },
    /// The machine has no such address.
    #[error("can't listen on {address}: this machine has no such address")]
    NotHere {
        /// The address.
        address: ListenAddress,
    },
    /// There is another kind of file at the unix socket's path.
    #[error(
        "can't listen on {address}: there is a file that isn't a socket; move it away, or choose another path"
    )]
    NoSocket {
        /// The address.
        address: ListenAddress,
    },
    /// Anything else.
    #[error("can't listen on {address}")]
    Other {
        /// The address.
        address: ListenAddress,
        /// What the operating system says.
        source: io::Error,
    },
}

impl ListenError {
    pub(super) fn new(address: &ListenAddress, source: io::Error) -> Self {
        let address = address.clone();
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken { address },
            io::ErrorKind::PermissionDenied => Self::Forbidden { address },
            io::ErrorKind::AddrNotAvailable => Self::NotHere { address },
            _ => Self::Other { address, source },
        }
    }
}

impl Listener {
    /// Listens on an address, which may be several: all that a name has, and all that the machine has.
    pub(super) async fn bind(
        address: &ListenAddress,
        #[cfg_attr(not(unix), expect(unused_variables))] unix_mode: u32,
    ) -> Result<Vec<Self>, ListenError> {
        let failed = |error| ListenError::new(address, error);
        match address {
            ListenAddress::Ip(ip) => Ok(vec![tcp(*ip).map_err(failed)?]),
            ListenAddress::Name { host, port } => {
                let found = tokio::net::lookup_host((host.as_str(), *port)).await;
                all(found.map_err(failed)?).map_err(failed)
            }
            ListenAddress::Every { port } => {
                // On most systems the first one also takes IPv4, and so the second is in use
                // already.
                let addresses = [
                    SocketAddr::from((Ipv6Addr::UNSPECIFIED, *port)),
                    SocketAddr::from((Ipv4Addr::UNSPECIFIED, *port)),
                ];
                all(addresses.into_iter()).map_err(failed)
            }
            #[cfg(unix)]
            ListenAddress::Unix(path) => UnixSocket::bind(path, unix_mode)
                .map(|socket| vec![Self::Unix(socket)])
                .map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists => ListenError::NoSocket {
                        address: address.clone(),
                    },
                    _ => failed(error),
                }),
            #[cfg(not(unix))]
            ListenAddress::Unix(_) => Err(failed(io::ErrorKind::Unsupported.into())),
        }
    }

    /// The next connection, and where it comes from if it came over IP.
    pub(super) async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are sent whole; waiting for more to send would only delay them.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no TCP_NODELAY");
                }
                Ok((Stream::Tcp(stream), Some(peer)))
            }
            #[cfg(unix)]
            Self::Unix(socket) => Ok((Stream::Unix(socket.accept().await?), None)),
        }
    }

    pub(super) fn address(&self) -> io::Result<BoundAddress> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(BoundAddress::Ip),
            #[cfg(unix)]
            Self::Unix(socket) => Ok(BoundAddress::Unix(socket.path().to_owned())),
        }
    }
}

fn tcp(address: SocketAddr) -> io::Result<Listener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A service that restarts needn't wait for the end of old connections. On Windows this option
    // means something else.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit the listener's size.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG).map(Listener::Tcp)
}

/// Listens on all of these addresses that the machine has, on one port.
fn all(addresses: impl Iterator<Item = SocketAddr>) -> io::Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    let mut port = None;
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for mut address in addresses {
        address.set_port(port.unwrap_or(address.port()));
        match tcp(address) {
            Ok(listener) => {
                if let Ok(BoundAddress::Ip(bound)) = listener.address() {
                    port = Some(bound.port());
                }
                listeners.push(listener);
            }
            Err(error) => failure = error,
        }
    }
    if listeners.is_empty() {
        return Err(failure);
    }
    Ok(listeners)
}
