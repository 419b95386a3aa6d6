//! A connection's requests, passed to the routes with what is known about their sender.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, Version};
use hyper::body::{Frame, Incoming, SizeHint};
use tower::ServiceExt as _;

use super::activity::{self, Activity, UnderWay};
use crate::extract::HalfClosed;
use crate::tls::ClientCertificate;

/// Who is at the other end of a connection.
#[derive(Clone, Default)]
pub(super) struct Peer {
    /// Where it comes from, over IP.
    pub(super) address: Option<SocketAddr>,
    /// Its certificate, over TLS.
    pub(super) certificate: Option<ClientCertificate>,
}

/// Answers a connection's requests.
pub(super) struct Requests {
    pub(super) router: Router,
    pub(super) peer: Peer,
    pub(super) activity: Arc<Activity>,
}

impl hyper::service::Service<Request<Incoming>> for Requests {
    type Response = Response<Held>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let under_way = self.activity.request();
        let extensions = request.extensions_mut();
        if let Some(address) = self.peer.address {
            extensions.insert(ConnectInfo(address));
        }
        if let Some(certificate) = self.peer.certificate {
            extensions.insert(certificate);
        }
        extensions.insert(HalfClosed(self.activity.half_closed()));
        if request.version() == Version::HTTP_2 {
            self.activity.set_http2();
        }
        let request = request.map(|body| {
            // Many have none.
            let incoming = (!body.is_end_stream()).then(|| self.activity.body());
            Body::new(Asked { body, incoming })
        });
        let answer = self.router.clone().oneshot(request);
        Box::pin(async move {
            let answer = answer.await?;
            Ok(answer.map(|body| Held {
                body,
                _under_way: under_way,
            }))
        })
    }
}

/// A request's body: it counts as coming in until its end has been read, or nobody reads it any
/// more.
struct Asked {
    body: Incoming,
    incoming: Option<activity::Incoming>,
}

impl HttpBody for Asked {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.incoming = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body: the request is under way until it has been handed over.
pub(super) struct Held {
    body: Body,
    _under_way: UnderWay,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
