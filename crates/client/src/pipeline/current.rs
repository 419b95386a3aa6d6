//! The current session: it is replaced when the service's model is.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex;
use veilcast_card::{Card, CardDigest, QuantizedRecord};
use veilcast_engine::{LayoutError, Prepared, Session, SessionError};

use crate::{Client, ClientError, PipelineError, ReplacedError};

/// The session that records are encrypted with.
pub(super) struct Current {
    /// The card that the caller's records are quantised for.
    own: Card,
    session: RwLock<Arc<Session>>,
    /// Held by the task that looks for a new card.
    renewal: Mutex<()>,
}

impl Current {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self {
            own: session.card().clone(),
            session: RwLock::new(session),
            renewal: Mutex::default(),
        }
    }

    pub(super) fn session(&self) -> Arc<Session> {
        let session = self.session.read();
        Arc::clone(&session.unwrap_or_else(PoisonError::into_inner))
    }

    /// Records as a request, and the session that its answer is read with.
    pub(super) fn prepare(
        &self,
        records: &[QuantizedRecord],
    ) -> Result<(Arc<Session>, Prepared), SessionError> {
        let session = self.session();
        let card = session.card();
        if card.digest() == self.own.digest() {
            let request = session.prepare(records)?;
            return Ok((session, request));
        }
        let moved = records.iter().map(|record| {
            // A record for another card than the caller's is refused below.
            record.moved(&self.own, card).unwrap_or(record.clone())
        });
        let request = session.prepare(&moved.collect::<Vec<_>>())?;
        Ok((session, request))
    }

    /// Gets the card with which the service has replaced the one with this digest, unless another
    /// task has done so already; returns whether there is a new one.
    ///
    /// The records stay as they are, so the card must take the same integers, and predict in the
    /// same form.
    pub(super) async fn renew(
        &self,
        client: &Client,
        model: &str,
        old: CardDigest,
    ) -> Result<bool, PipelineError> {
        let _one_at_a_time = self.renewal.lock().await;
        let session = self.session();
        if session.card().digest() != old {
            return Ok(true);
        }
        let answer = client.card(model).await?.answer;
        let replaced = |fault| PipelineError::Replaced {
            model: model.to_owned(),
            fault,
        };
        let card = Card::parse(&answer).map_err(|error| replaced(ReplacedError::Card(error)))?;
        if card.digest() == old {
            return Ok(false);
        }
        if card.name() != session.card().name() {
            return Err(unclear(client).into());
        }
        if !card.takes_records_of(&self.own) {
            return Err(replaced(ReplacedError::Records));
        }
        if !card.predicts_as(&self.own) {
            return Err(replaced(ReplacedError::Predictions));
        }
        let renewed = session.for_card(card);
        let renewed =
            renewed.map_err(|error: LayoutError| replaced(ReplacedError::Layout(error)))?;
        tracing::info!(card = %renewed.card().digest(), "the model was replaced: continuing with the new card");
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(renewed);
        Ok(true)
    }
}

/// The service contradicts itself.
pub(super) fn unclear(client: &Client) -> ClientError {
    let url = client.base().to_string();
    ClientError::CardUnclear { url }
}
