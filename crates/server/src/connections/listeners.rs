//! All sockets of a service: those of the public, and those of its operators.

use tokio::net::TcpListener;

use super::listener::{BoundAddress, ListenError, Listener};
use crate::address::ListenAddress;
use crate::config::Config;

/// The sockets that a service listens on.
#[derive(Debug)]
pub struct Listeners {
    pub(super) public: Vec<Listener>,
    pub(super) operator: Vec<Listener>,
}

impl Listeners {
    /// Listens where the configuration says.
    ///
    /// # Errors
    /// A [`ListenError`] for the first address where that is not possible.
    pub async fn bind(config: &Config) -> Result<Self, ListenError> {
        let mode = config.unix_socket_mode;
        Ok(Self {
            public: bind(&config.listen, mode).await?,
            operator: bind(&config.operator_listen, mode).await?,
        })
    }

    /// Where the public reaches the service.
    #[must_use]
    pub fn public(&self) -> Vec<BoundAddress> {
        addresses(&self.public)
    }

    /// Where its operators do.
    #[must_use]
    pub fn operator(&self) -> Vec<BoundAddress> {
        addresses(&self.operator)
    }
}

impl From<TcpListener> for Listeners {
    fn from(listener: TcpListener) -> Self {
        Self {
            public: vec![Listener::Tcp(listener)],
            operator: Vec::new(),
        }
    }
}

async fn bind(addresses: &[ListenAddress], mode: u32) -> Result<Vec<Listener>, ListenError> {
    let mut listeners = Vec::new();
    for address in addresses {
        listeners.extend(Listener::bind(address, mode).await?);
    }
    Ok(listeners)
}

/// A socket without an address can't be named, but serves.
fn addresses(listeners: &[Listener]) -> Vec<BoundAddress> {
    let addresses = listeners.iter().map(Listener::address);
    addresses.filter_map(Result::ok).collect()
}
