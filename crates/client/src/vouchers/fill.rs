//! Vouchers made ahead of time: drawn here, answered by the service, kept in a directory.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt as _, stream};
use veilcast_engine::{Session, Vouchers};

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
    /// The most vouchers that are asked for at once: what is refused as too large is halved, and so is all that follows.
    most: AtomicUsize,
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
            most: AtomicUsize::new(usize::MAX),
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

    /// Adds this many vouchers, at once if their requests aren't too large.
    async fn part(&self, count: usize, group: usize) -> Result<Filled, FillError> {
        // A row of shares is as large for fewer vouchers, but a network's other requests aren't.
        let least = self.session.card().hidden().map_or(group, |_| 1);
        let mut filled = Filled::default();
        while filled.vouchers < count {
            let most = self.most.load(Ordering::Relaxed);
            let some = (count - filled.vouchers).min(most);
            let made = make(&self.client, &self.model, &self.session, some, &mut filled);
            let vouchers = match made.await {
                Err(FillError::Client(ClientError::RequestTooLarge { bytes, .. }))
                    if some > least =>
                {
                    filled.bytes_up += bytes;
                    let half = some / 2;
                    let half = half.max(least).max(half / group * group);
                    self.most.fetch_min(half, Ordering::Relaxed);
                    continue;
                }
                made => made?,
            };
            let directory = Arc::clone(&self.directory);
            let keep = move || directory.add(vouchers);
            self.client.threads().run(keep).await?;
            filled.vouchers += some;
        }
        Ok(filled)
    }
}

impl Client {
    /// Makes vouchers of a session's model, under its name at the service, all at once.
    ///
    /// # Errors
    /// A [`FillError`].
    ///
    /// # Panics
    /// If the operating system's generator fails, or outside of a tokio runtime.
    pub async fn make_vouchers(
        &self,
        model: &str,
        session: &Arc<Session>,
        count: NonZeroUsize,
    ) -> Result<Exchange<Vouchers>, FillError> {
        let mut filled = Filled::default();
        let vouchers = make(self, model, session, count.get(), &mut filled).await?;
        Ok(Exchange {
            answer: vouchers,
            bytes_up: filled.bytes_up,
            bytes_down: filled.bytes_down,
            tries: filled.requests,
        })
    }
}

/// Makes vouchers, all at once, and counts the requests.
async fn make(
    client: &Client,
    model: &str,
    session: &Arc<Session>,
    count: usize,
    filled: &mut Filled,
) -> Result<Vouchers, FillError> {
    match session.card().hidden() {
        None => affine(client, model, session, count, filled).await,
        Some(_) => layered(client, model, session, count, filled).await,
    }
}

/// Vouchers of an affine model, by one request.
async fn affine(
    client: &Client,
    model: &str,
    session: &Arc<Session>,
    count: usize,
    filled: &mut Filled,
) -> Result<Vouchers, FillError> {
    let threads = client.threads();
    let drawing = Arc::clone(session);
    let (drawn, request) = threads.run(move || drawing.draw_vouchers(count)).await?;
    let exchange = client.infer(model, &request).await?;
    filled.count(&exchange);
    let session = Arc::clone(session);
    let vouchers = threads.run(move || session.vouchers(drawn, &request, &exchange.answer));
    Ok(vouchers.await?)
}

/// Vouchers of a network with hidden layers, by a request for each of its affine parts and of its hidden layers.
async fn layered(
    client: &Client,
    model: &str,
    session: &Arc<Session>,
    count: usize,
    filled: &mut Filled,
) -> Result<Vouchers, FillError> {
    let threads = client.threads();
    let mut drawing = session.draw_for_network(count)?;
    loop {
        let owner = Arc::clone(session);
        let asked = threads.run(move || (drawing.request(&owner), drawing));
        let (request, after) = asked.await;
        drawing = after;
        let Some(request) = request? else {
            return Ok(drawing.finish(session));
        };
        let exchange = client.infer(model, &request).await?;
        filled.count(&exchange);
        let owner = Arc::clone(session);
        let receive = move || {
            let received = drawing.receive(&owner, &request, &exchange.answer);
            received.map(|()| drawing)
        };
        drawing = threads.run(receive).await?;
    }
}

impl std::fmt::Debug for Filler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filler({})", self.model)
    }
}
