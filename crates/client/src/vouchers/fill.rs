//! Vouchers made ahead of time: drawn here, answered by the service, kept in a directory.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt as _, stream};
use veilcast_engine::Session;

use super::VoucherDirectory;
use crate::{Client, ClientError, Exchange, FillError};

/// Rows of a request for vouchers: their answers fill the lanes of a processor, and a proxy's usual limits allow them.
const ROWS: usize = 4;

/// What filling a directory took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Vouchers that were added.
    pub vouchers: usize,
    /// Requests that they took.
    pub requests: u32,
    /// Bytes of all bodies sent, counting each try's as a whole.
    pub bytes_up: u64,
    /// Bytes of all bodies received.
    pub bytes_down: u64,
}

impl Filled {
    fn count<T>(&mut self, exchange: &Exchange<T>) {
        self.requests += 1;
        self.bytes_up += exchange.bytes_up;
        self.bytes_down += exchange.bytes_down;
    }
}

/// Makes vouchers of a session's model, under its name at the service, and keeps them in a directory of the session's key.
pub struct Filler {
    client: Client,
    model: String,
    session: Arc<Session>,
    directory: Arc<VoucherDirectory>,
    /// The most rows that a request has: what is refused as too large is halved, and so is all that follows.
    most_rows: AtomicUsize,
}

impl Filler {
    /// A filler for a directory of the session's key.
    pub fn new(
        client: Client,
        model: impl Into<String>,
        session: Arc<Session>,
        directory: Arc<VoucherDirectory>,
    ) -> Self {
        Self {
            client,
            model: model.into(),
            session,
            directory,
            most_rows: AtomicUsize::new(ROWS),
        }
    }

    /// Adds vouchers. While the service computes some, the next are drawn.
    ///
    /// Each request's vouchers are kept as soon as its answer is here: `on_progress` is told how many they are. An interruption
    /// loses those under way.
    ///
    /// # Errors
    /// A [`FillError`]; vouchers kept before it stay.
    ///
    /// # Panics
    /// If the operating system's generator fails, or outside of a tokio runtime.
    pub async fn fill(
        &self,
        count: NonZeroUsize,
        mut on_progress: impl FnMut(usize),
    ) -> Result<Filled, FillError> {
        let group = self.session.vouchers_per_group()?;
        let at_once = (ROWS * group).min(self.session.max_vouchers()?.max(1));
        let count = count.get();
        let starts = (0..count).step_by(at_once);
        let counts = starts.map(|start| at_once.min(count - start));
        let mut parts = stream::iter(counts)
            .map(|count| self.part(count, group))
            .buffered(2);
        let mut filled = Filled::default();
        while let Some(part) = parts.next().await {
            let part = part?;
            on_progress(part.vouchers);
            filled.vouchers += part.vouchers;
            filled.requests += part.requests;
            filled.bytes_up += part.bytes_up;
            filled.bytes_down += part.bytes_down;
        }
        Ok(filled)
    }

    /// Adds this many vouchers, in one request if it isn't too large.
    async fn part(&self, count: usize, group: usize) -> Result<Filled, FillError> {
        let mut filled = Filled::default();
        while filled.vouchers < count {
            let rows = self.most_rows.load(Ordering::Relaxed);
            let some = (count - filled.vouchers).min(rows * group);
            let made = match self.session.card().hidden() {
                None => self.affine(some, &mut filled).await,
                Some(_) => self.layered(some, &mut filled).await,
            };
            match made {
                Err(FillError::Client(ClientError::RequestTooLarge { bytes, .. }))
                    if rows > 1 && some > group =>
                {
                    filled.bytes_up += bytes;
                    self.most_rows.fetch_min(rows / 2, Ordering::Relaxed);
                    continue;
                }
                made => made?,
            }
            filled.vouchers += some;
        }
        Ok(filled)
    }

    /// Adds vouchers of an affine model, by one request.
    async fn affine(&self, count: usize, filled: &mut Filled) -> Result<(), FillError> {
        let threads = self.client.threads();
        let session = Arc::clone(&self.session);
        let (drawn, request) = threads.run(move || session.draw_vouchers(count)).await?;
        let exchange = self.client.infer(&self.model, &request).await?;
        filled.count(&exchange);
        let (session, directory) = (Arc::clone(&self.session), Arc::clone(&self.directory));
        let keep = move || -> Result<(), FillError> {
            let vouchers = session.vouchers(drawn, &request, &exchange.answer)?;
            Ok(directory.add(vouchers)?)
        };
        threads.run(keep).await
    }

    /// Adds vouchers of a network with hidden layers, by a request for each of its affine parts and of its hidden layers.
    async fn layered(&self, count: usize, filled: &mut Filled) -> Result<(), FillError> {
        let threads = self.client.threads();
        let mut drawing = self.session.draw_for_network(count)?;
        loop {
            let session = Arc::clone(&self.session);
            let (request, asked) = threads
                .run(move || (drawing.request(&session), drawing))
                .await;
            drawing = asked;
            let Some(request) = request? else { break };
            let exchange = self.client.infer(&self.model, &request).await?;
            filled.count(&exchange);
            let session = Arc::clone(&self.session);
            let receive = move || {
                let received = drawing.receive(&session, &request, &exchange.answer);
                received.map(|()| drawing)
            };
            drawing = threads.run(receive).await?;
        }
        let (session, directory) = (Arc::clone(&self.session), Arc::clone(&self.directory));
        let keep = move || directory.add(drawing.finish(&session));
        Ok(threads.run(keep).await?)
    }
}

impl std::fmt::Debug for Filler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filler({})", self.model)
    }
}
