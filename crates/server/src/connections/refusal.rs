//! What a connection without a place gets: a short answer, and the end.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Semaphore;

use super::stream::Stream;

/// How many are told why at a time; the others are closed without an answer.
const AT_A_TIME: usize = 256;
/// How long they wait for it: clients that come back at once would cost more than those that are
/// answered.
const PAUSE: Duration = Duration::from_millis(200);
/// How long one of them may take to receive it. A connection that is closed on unread bytes may
/// lose what was written.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 64 << 10;

/// Turns connections away.
pub(super) struct Refusals(Arc<Semaphore>);

impl Refusals {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_A_TIME)))
    }

    /// Closes a connection in the background, after this answer if there is time for it.
    pub(super) fn close(&self, stream: Stream, answer: Option<Vec<u8>>) {
        let turn = Arc::clone(&self.0).try_acquire_owned();
        if let (Ok(turn), Some(answer)) = (turn, answer) {
            tokio::spawn(async move {
                let _turn = turn;
                tokio::time::sleep(PAUSE).await;
                // Whether or not it is received, this is the end.
                let _ = tokio::time::timeout(LINGER, tell(stream, &answer)).await;
            });
        }
    }
}

/// An answer in HTTP/1.1 that ends its connection; further headers end with CRLF each.
pub(super) fn answer(status: StatusCode, headers: &str, text: &str) -> Vec<u8> {
    let length = text.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n\
         connection: close\r\n{headers}\r\n{text}"
    )
    .into_bytes()
}

/// Writes an answer and waits for the peer to close.
pub(super) async fn tell(mut stream: Stream, answer: &[u8]) -> std::io::Result<()> {
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    let mut rest = stream.take(LINGER_BYTES);
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    Ok(())
}
