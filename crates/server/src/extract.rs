//! What handlers learn about a request besides its body: the model that it asks for, and who sent
//! it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::extract::{ConnectInfo, FromRequestParts, Path};
use axum::http::request::Parts;

use crate::accounts::Identity;
use crate::app::App;
use crate::fault::Fault;
use crate::lifecycle::Phase;
use crate::models::ServedModel;
use crate::quota::Caller;

/// The model that a request's path names, and who asks for it.
pub(crate) struct Requested(pub(crate) Arc<ServedModel>, pub(crate) Identity);

impl FromRequestParts<Arc<App>> for Requested {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Fault> {
        let identity = Identity::from_request_parts(parts, app).await?;
        // A path that isn't text after decoding names no model, just like an unknown name.
        let path = Path::<BTreeMap<String, String>>::from_request_parts(parts, app).await;
        let path = path.map(|Path(path)| path).unwrap_or_default();
        let name = path.get("model").map_or("", String::as_str);
        identity.check_model(name)?;
        let models = app.models();
        let model = match models.get(name, path.get("version").map(String::as_str)) {
            Err(_) if app.lifecycle.phase() == Phase::Loading => Err(Fault::Loading {
                retry_after: app.config().retry_after,
            }),
            Err(Fault::UnknownModel { .. }) => {
                let known = models.names().filter(|name| identity.may_ask(name));
                let known = known.collect::<Vec<_>>().join(", ");
                Err(Fault::UnknownModel { known })
            }
            found => found,
        }?;
        tracing::Span::current().record("model", model.name());
        Ok(Self(model, identity))
    }
}

impl FromRequestParts<Arc<App>> for Identity {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Fault> {
        let Ok(address) = Caller::from_request_parts(parts, app).await;
        Ok(app.accounts.identify(parts, address).await?)
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let forwarded = app.config().behind_proxy.then(|| forwarded_for(parts));
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = forwarded
            .flatten()
            .or(peer.map(|ConnectInfo(peer)| peer.ip()));
        // Without a connection there is one caller: whoever calls the router.
        Ok(Self::at(address.unwrap_or(Ipv4Addr::UNSPECIFIED.into())))
    }
}

/// Whether a request's client has closed its side of the connection: it may be gone, or only have
/// nothing more to send.
#[derive(Clone, Default)]
pub(crate) struct HalfClosed(pub(crate) Arc<AtomicBool>);

impl<S: Sync> FromRequestParts<S> for HalfClosed {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Without a connection there is nobody to close it.
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// The caller that the proxy in front names: the last one, since it was added by the proxy and those before it by anyone.
fn forwarded_for(parts: &Parts) -> Option<IpAddr> {
    let header = parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()?;
    let last = header.to_str().ok()?.rsplit(',').next()?.trim();
    let with_port = || last.parse().map(|address: SocketAddr| address.ip());
    last.parse().or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_name_callers_last() {
        let named = |values: &[&str]| {
            let mut request = axum::http::Request::builder();
            for value in values {
                request = request.header("x-forwarded-for", *value);
            }
            let address = forwarded_for(&request.body(()).unwrap().into_parts().0);
            address.map(|address| address.to_string())
        };
        assert_eq!(named(&[]), None);
        assert_eq!(named(&["192.0.2.1"]).unwrap(), "192.0.2.1");
        assert_eq!(named(&["forged, 192.0.2.1"]).unwrap(), "192.0.2.1");
        assert_eq!(
            named(&["192.0.2.9", "192.0.2.8,2001:db8::1"]).unwrap(),
            "2001:db8::1"
        );
        assert_eq!(named(&["192.0.2.1:4711"]).unwrap(), "192.0.2.1");
        assert_eq!(named(&["[2001:db8::1]:4711"]).unwrap(), "2001:db8::1");
        assert_eq!(named(&["192.0.2.1, unknown"]), None);
    }
}
