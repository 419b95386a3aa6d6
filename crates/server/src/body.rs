//! Bodies: received within a size, a time and a minimum rate, or discarded.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use crate::buffer::Buffer;
use crate::config::Config;
use crate::fault::Fault;
use crate::pace::Pace;
use crate::uploads::{NoRoom, Upload};

/// How long and how much of a refused body is still received.
///
/// A connection that is closed on unread data may lose the refusal on its way to the client.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 16 << 20;
/// The memory that a body gets initially; it is doubled as the body grows.
const FIRST_BYTES: usize = 8 << 10;

/// The announced length of a body, or 0.
pub(crate) fn announced(body: &Body) -> usize {
    usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX)
}

/// Receives a body of at most `limit` bytes as fast as the configuration asks for, into memory that is reserved for it.
pub(crate) async fn receive(
    mut body: Body,
    limit: usize,
    config: &Config,
    upload: &mut Upload,
) -> Result<Buffer, Fault> {
    let received = if announced(&body) > limit {
        Err(Fault::BodyTooLarge { limit })
    } else {
        collect(&mut body, limit, config, upload).await
    };
    match received {
        Ok(bytes) => {
            upload.received();
            Ok(bytes)
        }
        Err(fault) => {
            if let Fault::BodyTooLarge { .. } | Fault::Busy { .. } = fault {
                discard(body).await;
            }
            Err(fault)
        }
    }
}

async fn collect(
    body: &mut Body,
    limit: usize,
    config: &Config,
    upload: &mut Upload,
) -> Result<Buffer, Fault> {
    let busy = |NoRoom| Fault::Busy {
        retry_after: config.retry_after,
    };
    let start = Instant::now();
    let end = start + config.body_timeout;
    let least = config.least_bytes_per_second;
    let mut pace = Pace::new(start, least, config.least_rate_grace, 0);
    let announced = announced(body);
    let mut bytes = Buffer::default();
    if announced > 0 {
        grow(&mut bytes, announced.min(FIRST_BYTES), upload).map_err(busy)?;
    }
    loop {
        let slow = pace.deadline().filter(|deadline| *deadline < end);
        let frame = timeout_at(slow.unwrap_or(end), body.frame()).await;
        let frame = frame.map_err(|_| match slow {
            Some(_) => Fault::BodyTooSlow {
                least,
                grace: config.least_rate_grace,
            },
            None => Fault::BodyTimeout(config.body_timeout),
        })?;
        let Some(frame) = frame else {
            return Ok(bytes);
        };
        let Ok(data) = frame.map_err(|_| Fault::BodyBroken)?.into_data() else {
            continue;
        };
        if data.len() > limit - bytes.len() {
            return Err(Fault::BodyTooLarge { limit });
        }
        let needed = bytes.len() + data.len();
        if needed > bytes.capacity() {
            let most = if announced > 0 { announced } else { limit };
            let doubled = (2 * bytes.capacity()).max(FIRST_BYTES);
            grow(&mut bytes, doubled.clamp(needed, most.max(needed)), upload).map_err(busy)?;
        }
        bytes.extend(&data);
        pace.add(Instant::now(), data.len());
    }
}

/// Makes room for a body of this many bytes in total: reserved first, then allocated.
fn grow(bytes: &mut Buffer, capacity: usize, upload: &mut Upload) -> Result<(), NoRoom> {
    upload.reserve(capacity)?;
    // If the operating system has none, the request fails, but not the service.
    bytes.grow(capacity).map_err(|_| NoRoom)
}

/// Receives a refused body for a while and discards it, so that the refusal reaches the client.
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
