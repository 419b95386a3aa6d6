//! What a service answers to records, encrypted or masked.

use veilcast_engine::{Prepared, Session, SessionError, Unmasking};
use veilcast_protocol::{InferRequest, InferResponse, MaskedResponse};

use crate::{AnswerError, Client, ClientError, Exchange};

/// A request and its answer, which nobody has read yet.
pub(super) enum Reply {
    Encrypted(Box<InferRequest>, Result<InferResponse, AnswerError>),
    Masked(Unmasking, Result<MaskedResponse, AnswerError>),
}

impl Reply {
    /// The answer to a request; the request again, if there is none.
    pub(super) async fn to(
        request: Prepared,
        client: &Client,
        model: &str,
    ) -> Result<Exchange<Self>, (Prepared, ClientError)> {
        match request {
            Prepared::Encrypted(request) => match client.exchange(model, &request).await {
                Ok(exchange) => {
                    Ok(exchange.map(|answer| Self::Encrypted(Box::new(request), answer)))
                }
                Err(error) => Err((Prepared::Encrypted(request), error)),
            },
            Prepared::Masked(request, unmasking) => {
                match client.exchange_masked(model, &request).await {
                    Ok(exchange) => Ok(exchange.map(|answer| Self::Masked(unmasking, answer))),
                    Err(error) => Err((Prepared::Masked(request, unmasking), error)),
                }
            }
        }
    }

    /// The scores of the request's records.
    pub(super) fn scores(self, session: &Session) -> Result<Vec<Vec<i64>>, AnswerError> {
        match self {
            Self::Encrypted(request, answer) => Ok(session.decrypt_answer_to(&request, &answer?)?),
            Self::Masked(unmasking, answer) => {
                Ok(unmasking.scores(&answer?).map_err(SessionError::from)?)
            }
        }
    }

    /// How many records it has answered by vouchers.
    pub(super) fn masked(&self) -> u64 {
        match self {
            Self::Encrypted(..) => 0,
            Self::Masked(unmasking, _) => unmasking.records() as u64,
        }
    }
}
