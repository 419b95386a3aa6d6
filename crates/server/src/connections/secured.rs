//! The beginning of a connection that speaks TLS.

use std::io;

use axum::http::StatusCode;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::refusal::tell;
use super::stream::Stream;
use crate::tls::{ClientCertificate, Tls};

/// The first byte of a TLS connection: a record of the handshake.
const HANDSHAKE: u8 = 22;

/// A connection after its handshake.
pub(super) struct Secured<S> {
    pub(super) stream: TlsStream<S>,
    pub(super) certificate: Option<ClientCertificate>,
}

/// Why a connection doesn't speak TLS.
#[derive(Debug, Error)]
pub(super) enum Insecure {
    #[error("it was closed before it began")]
    Closed,
    #[error("the client speaks plain HTTP")]
    PlainHttp,
    #[error("the handshake failed")]
    Handshake(#[source] io::Error),
}

/// Makes a connection secure, with the current certificate.
///
/// A client that speaks plain HTTP is told so in plain HTTP.
pub(super) async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
    stream: Stream,
    tls: &Tls,
    watched: impl FnOnce(Stream) -> S,
) -> Result<Secured<S>, Insecure> {
    match stream.first_byte().await {
        Ok(Some(HANDSHAKE)) => {}
        Ok(Some(_)) => {
            // Whether or not it is received, this is the end.
            let _ = tell(stream, &plain_http()).await;
            return Err(Insecure::PlainHttp);
        }
        Ok(None) => return Err(Insecure::Closed),
        Err(error) => return Err(Insecure::Handshake(error)),
    }
    let accept = TlsAcceptor::from(tls.config()).accept(watched(stream));
    let stream = accept.await.map_err(Insecure::Handshake)?;
    let shown = stream.get_ref().1.peer_certificates();
    let certificate = shown
        .and_then(|chain| chain.first())
        .map(|certificate| ClientCertificate::of(certificate));
    Ok(Secured {
        stream,
        certificate,
    })
}

/// What clients that speak plain HTTP get.
fn plain_http() -> Vec<u8> {
    super::refusal::answer(
        StatusCode::BAD_REQUEST,
        "",
        "This service speaks HTTPS: use https:// in place of http://.\n",
    )
}
