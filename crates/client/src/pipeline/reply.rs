//! What a service answers to records, encrypted or masked.

use veilcast_engine::{Opening, Predictor, Prepared, SessionError, Unmasking};
use veilcast_protocol::{InferRequest, InferResponse, MaskedResponse};

use crate::{AnswerError, Client, ClientError, Exchange};

/// A request and its answer, which nobody has read yet.
pub(super) enum Reply {
    Encrypted(Box<InferRequest>, Result<InferResponse, AnswerError>),
    Masked(Unmasking, Result<MaskedResponse, AnswerError>),
    Sealed(Opening, Result<MaskedResponse, AnswerError>),
    /// The scores of records that went through all layers of a network, encrypted.
    Layered(Result<Vec<Vec<i64>>, AnswerError>),
    /// The scores of this many records, after the last of a network's rounds.
    Rounds(usize, Result<Vec<Vec<i64>>, AnswerError>),
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
            Prepared::Layered(request, layers) => {
                match client.exchange_layers(model, request, layers).await {
                    Ok(exchange) => Ok(exchange.map(Self::Layered)),
                    Err((first, error)) => Err((first, error)),
                }
            }
            Prepared::Masked(request, unmasking) => {
                match client.exchange_masked(model, &request).await {
                    Ok(exchange) => Ok(exchange.map(|answer| Self::Masked(unmasking, answer))),
                    Err(error) => Err((Prepared::Masked(request, unmasking), error)),
                }
            }
            Prepared::Round(request, rounds) => {
                let records = rounds.records();
                match client.exchange_rounds(model, request, rounds).await {
                    Ok(exchange) => Ok(exchange.map(|scores| Self::Rounds(records, scores))),
                    Err((first, error)) => Err((first, error)),
                }
            }
            Prepared::Sealed(request, opening) => {
                match client.exchange_sealed(model, &request).await {
                    Ok(exchange) => Ok(exchange.map(|answer| Self::Sealed(opening, answer))),
                    Err(error) => Err((Prepared::Sealed(request, opening), error)),
                }
            }
        }
    }

    /// The scores of the request's records.
    pub(super) fn scores(self, predictor: &Predictor) -> Result<Vec<Vec<i64>>, AnswerError> {
        match (self, predictor) {
            (Self::Encrypted(request, answer), Predictor::Session(session)) => {
                Ok(session.decrypt_answer_to(&request, &answer?)?)
            }
            (Self::Encrypted(..), Predictor::Sealed(_)) => {
                unreachable!("records for a sealed model aren't encrypted")
            }
            (Self::Masked(unmasking, answer), _) => {
                Ok(unmasking.scores(&answer?).map_err(SessionError::from)?)
            }
            (Self::Sealed(opening, answer), _) => Ok(opening.scores(&answer?)?),
            (Self::Layered(scores) | Self::Rounds(_, scores), _) => scores,
        }
    }

    /// How many records it has answered by vouchers.
    pub(super) fn masked(&self) -> u64 {
        match self {
            Self::Encrypted(..) | Self::Layered(_) | Self::Sealed(..) => 0,
            Self::Masked(unmasking, _) => unmasking.records() as u64,
            Self::Rounds(records, _) => *records as u64,
        }
    }
}
