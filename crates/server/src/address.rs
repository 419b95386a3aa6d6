//! Where to listen, as an operator writes it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use thiserror::Error;

/// The prefix of a unix socket's path.
const UNIX: &str = "unix:";

/// An address to listen on: `127.0.0.1:8080`, `[::1]:80`, `localhost:8095`, `:8095` for all addresses of the machine, or
/// `unix:/run/veilcast.sock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// An IP address and a port; port 0 takes a free one.
    Ip(SocketAddr),
    /// A host's name and a port: every address that the name has.
    Name {
        /// The name.
        host: String,
        /// The port.
        port: u16,
    },
    /// Every address of this machine, of both versions of IP.
    Every {
        /// The port.
        port: u16,
    },
    /// A unix socket.
    Unix(PathBuf),
}

/// A text that isn't an address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` isn't an address to listen on: write it like 127.0.0.1:8080, localhost:8080, :8080 for all addresses, \
     [::1]:8080, or unix:/run/veilcast.sock"
)]
pub struct AddressError(String);

impl FromStr for ListenAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let unfit = || AddressError(text.to_owned());
        if let Some(path) = text.strip_prefix(UNIX) {
            // An empty path would be a socket that no client could find.
            return (!path.is_empty())
                .then(|| Self::Unix(path.into()))
                .ok_or_else(unfit);
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(unfit)?;
        let port = port.parse().map_err(|_| unfit())?;
        if host.is_empty() {
            return Ok(Self::Every { port });
        }
        let in_names = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        // A name of digits and dots is a mistaken address, which some resolvers would take for another.
        let is_name =
            host.chars().all(in_names) && host.contains(|c: char| c.is_ascii_alphabetic());
        is_name
            .then(|| Self::Name {
                host: host.to_owned(),
                port,
            })
            .ok_or_else(unfit)
    }
}

impl ListenAddress {
    /// Whether only this machine can reach it.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Ip(address) => address.ip().is_loopback(),
            Self::Name { host, .. } => host == "localhost",
            Self::Every { .. } => false,
            Self::Unix(_) => true,
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => write!(f, "{address}"),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
            Self::Every { port } => write!(f, ":{port}"),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

/// One address, or a list of them.
pub(crate) fn one_or_several<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<ListenAddress>, D::Error> {
    struct Addresses;

    impl<'de> Visitor<'de> for Addresses {
        type Value = Vec<ListenAddress>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an address such as \"127.0.0.1:8080\", or a list of them")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            // Environment variables hold no lists.
            let addresses = text.split(',').map(|text| text.trim().parse());
            addresses.collect::<Result<_, _>>().map_err(E::custom)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut addresses = Vec::new();
            while let Some(text) = list.next_element::<String>()? {
                addresses.push(text.parse().map_err(A::Error::custom)?);
            }
            Ok(addresses)
        }
    }

    deserializer.deserialize_any(Addresses)
}

impl Serialize for ListenAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_operators_write_them() {
        let name = |host: &str, port| ListenAddress::Name {
            host: host.to_owned(),
            port,
        };
        for (text, expected) in [
            (
                "127.0.0.1:8080",
                ListenAddress::Ip("127.0.0.1:8080".parse().unwrap()),
            ),
            ("[::1]:80", ListenAddress::Ip("[::1]:80".parse().unwrap())),
            ("localhost:8095", name("localhost", 8095)),
            ("a-b.example:1", name("a-b.example", 1)),
            (":8095", ListenAddress::Every { port: 8095 }),
            (
                "unix:/run/veilcast.sock",
                ListenAddress::Unix("/run/veilcast.sock".into()),
            ),
            ("unix:here.sock", ListenAddress::Unix("here.sock".into())),
        ] {
            let read: ListenAddress = text.parse().unwrap();
            assert_eq!(read, expected);
            assert_eq!(read.to_string(), text);
        }
        for text in [
            "",
            "8080",
            "localhost",
            "localhost:",
            "localhost:65536",
            "127.0.0.1",
            "127.0.1:80",
            "::1:80",
            "http://localhost:80",
            "a b:80",
            "unix:",
        ] {
            let error = text.parse::<ListenAddress>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` isn't an address")));
        }
    }
}
