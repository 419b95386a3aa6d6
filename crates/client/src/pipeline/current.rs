//! The current session or sealed model: it is replaced when the service's model is.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex;
use veilcast_card::{Card, CardDigest, QuantizedRecord};
use veilcast_engine::{Predictor, Prepared, SealedError, SessionError};

use crate::{Client, ClientError, PipelineError, ReplacedError};

/// What requests are made with.
pub(super) struct Current {
    /// The card that the caller's records are quantised for.
    own: Card,
    predictor: RwLock<Predictor>,
    /// Held by the task that looks for a new card.
    renewal: Mutex<()>,
}

impl Current {
    pub(super) fn new(predictor: Predictor) -> Self {
        Self {
            own: predictor.card().clone(),
            predictor: RwLock::new(predictor),
            renewal: Mutex::default(),
        }
    }

    pub(super) fn predictor(&self) -> Predictor {
        let predictor = self.predictor.read();
        predictor.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records as a request, and what its answer is read with.
    pub(super) fn prepare(
        &self,
        records: &[QuantizedRecord],
    ) -> Result<(Predictor, Prepared), SessionError> {
        let predictor = self.predictor();
        let card = predictor.card();
        if card.digest() == self.own.digest() {
            let request = predictor.prepare(records)?;
            return Ok((predictor, request));
        }
        let moved = records.iter().map(|record| {
            // A record for another card than the caller's is refused below.
            record.moved(&self.own, card).unwrap_or(record.clone())
        });
        let request = predictor.prepare(&moved.collect::<Vec<_>>())?;
        Ok((predictor, request))
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
        let predictor = self.predictor();
        if predictor.card().digest() != old {
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
        if card.name() != predictor.card().name() {
            return Err(unclear(client).into());
        }
        if !card.takes_records_of(&self.own) {
            return Err(replaced(ReplacedError::Records));
        }
        if !card.predicts_as(&self.own) {
            return Err(replaced(ReplacedError::Predictions));
        }
        let renewed: Predictor = match &predictor {
            Predictor::Session(session) => {
                let renewed = session.for_card(card);
                Arc::new(renewed.map_err(|error| replaced(ReplacedError::Layout(error)))?).into()
            }
            Predictor::Sealed(_) if card.sealed().is_none() => {
                return Err(replaced(ReplacedError::Sealed(SealedError::NotOffered)));
            }
            Predictor::Sealed(sealed) => {
                let file = client.sealed_file(model, &card).await?.answer;
                let sealed = Arc::clone(sealed);
                let open = move || sealed.for_card(card, &file);
                let renewed = client.threads().run(open).await;
                Arc::new(renewed.map_err(|error| replaced(ReplacedError::Sealed(error)))?).into()
            }
        };
        tracing::info!(card = %renewed.card().digest(), "the model was replaced: continuing with the new card");
        *self
            .predictor
            .write()
            .unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(true)
    }
}

/// The service contradicts itself.
pub(super) fn unclear(client: &Client) -> ClientError {
    let url = client.base().to_string();
    ClientError::CardUnclear { url }
}
