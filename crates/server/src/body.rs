//! Bodies: received up to a limit and a time, or thrown away.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use http_body_util::BodyExt as _;

use crate::fault::Fault;

/// How long and how much of a refused body is still received.
///
/// A connection that is closed on unread data may lose the refusal on its way to the client.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 16 << 20;

/// Receives a body of at most `limit` bytes within `time`.
pub(crate) async fn receive(
    mut body: Body,
    limit: usize,
    time: Duration,
) -> Result<Vec<u8>, Fault> {
    let announced = body.size_hint().lower();
    let announced = usize::try_from(announced)
        .ok()
        .filter(|&bytes| bytes <= limit);
    let received = match announced {
        Some(bytes) => tokio::time::timeout(time, collect(&mut body, bytes, limit)).await,
        None => Ok(Err(Fault::BodyTooLarge { limit })),
    };
    let received = received.unwrap_or(Err(Fault::BodyTimeout(time)));
    if let Err(Fault::BodyTooLarge { .. }) = received {
        discard(body).await;
    }
    received
}

async fn collect(body: &mut Body, announced: usize, limit: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Fault::BodyBroken)?.into_data() else {
            continue;
        };
        if data.len() > limit - bytes.len() {
            return Err(Fault::BodyTooLarge { limit });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Receives a refused body for a while and forgets it, so that the refusal reaches the client.
pub(crate) async fn discard(mut body: Body) {
    let drain = async {
        let mut discarded = 0;
        while let Some(Ok(frame)) = body.frame().await {
            discarded += frame.data_ref().map_or(0, |data| data.len());
            if discarded > LINGER_BYTES {
                break;
            }
        }
    };
    // Whether it ends or not, the refusal goes out now.
    let _ = tokio::time::timeout(LINGER, drain).await;
}
