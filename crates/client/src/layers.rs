//! Records on their way through a network with hidden layers, encrypted, exchange by exchange.

use veilcast_engine::{Layered, Layers, Prepared};
use veilcast_protocol::InferRequest;

use crate::exchange::Taken;
use crate::{AnswerError, Client, ClientError, Exchange};

impl Client {
    /// The scores of records, after as many exchanges as the network takes; the present request again, if it got no answer.
    ///
    /// A later exchange is never begun again by itself: the service goes on from each of its answers once.
    pub(crate) async fn exchange_layers(
        &self,
        model: &str,
        first: InferRequest,
        layers: Layers,
    ) -> Result<Exchange<Result<Vec<Vec<i64>>, AnswerError>>, (Prepared, ClientError)> {
        let mut request = first;
        let mut taken = Taken::default();
        loop {
            let answer = match self.exchange(model, &request).await {
                Ok(exchange) => taken.add(exchange),
                Err(error) => return Err((Prepared::Layered(request, layers), error)),
            };
            // What is sent next has a size of its own, whatever the answer holds.
            let received = match answer {
                Ok(answer) => {
                    let layers = layers.clone();
                    let receive = move || {
                        let received = layers.receive(&request, &answer);
                        received.map_err(AnswerError::from)
                    };
                    self.threads().run(receive).await
                }
                Err(error) => Err(error),
            };
            let answer = match received {
                Ok(Layered::Next(next)) => {
                    request = *next;
                    continue;
                }
                Ok(Layered::Scores(scores)) => Ok(scores),
                Err(error) => Err(error),
            };
            return Ok(taken.exchange(answer));
        }
    }
}
