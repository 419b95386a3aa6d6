//! Records on their way through a network with hidden layers, round by round.

use veilcast_engine::{Prepared, Round, Rounds, SessionError};
use veilcast_protocol::RoundRequest;

use crate::exchange::Taken;
use crate::{AnswerError, Client, ClientError, Exchange};

impl Client {
    /// The scores of records that vouchers mask, after as many rounds as the network takes.
    ///
    /// # Errors
    /// As for [`infer`](Self::infer). [`ClientError::Refused`] with the code `voucher_spent` says that the service has answered a round of one of the
    /// vouchers before. The vouchers are used up in any case.
    pub async fn infer_rounds(
        &self,
        model: &str,
        first: RoundRequest,
        rounds: Rounds,
    ) -> Result<Exchange<Vec<Vec<i64>>>, ClientError> {
        let exchange = self.exchange_rounds(model, first, rounds).await;
        let exchange = exchange.map_err(|(_, error)| error)?;
        exchange.try_map(|scores| self.usable(scores))
    }

    /// The scores of records, after as many rounds as the network takes; the first request again, if it got no answer.
    ///
    /// What has been sent once is never sent for other records: after the first answer there is no way back, and an error of a later
    /// round is one of the whole, whose vouchers are used up.
    pub(crate) async fn exchange_rounds(
        &self,
        model: &str,
        first: RoundRequest,
        rounds: Rounds,
    ) -> Result<Exchange<Result<Vec<Vec<i64>>, AnswerError>>, (Prepared, ClientError)> {
        let (mut request, mut rounds) = (first, rounds);
        let mut taken = Taken::default();
        loop {
            let exchange = self
                .masked_answer(model, request.to_binary(), request.records())
                .await;
            let answer = match exchange {
                Ok(exchange) => taken.add(exchange),
                Err(error) => return Err((Prepared::Round(request, rounds), error)),
            };
            let received = answer.and_then(|answer| {
                let round = rounds.receive(&answer).map_err(SessionError::from);
                round.map_err(AnswerError::from)
            });
            let answer = match received {
                Ok(Round::Next(next, after)) => {
                    (request, rounds) = (next, after);
                    continue;
                }
                Ok(Round::Scores(scores)) => Ok(scores),
                Err(error) => Err(error),
            };
            return Ok(taken.exchange(answer));
        }
    }
}
