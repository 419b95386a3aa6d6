//! Any number of records: groups of them on their way to a service and back, several at a time.

mod answered;
mod current;
mod group;
mod reply;
mod size;

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Arc;

use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use veilcast_card::QuantizedRecord;
use veilcast_engine::Predictor;

pub use self::answered::Answered;
use self::current::Current;
use self::group::{Arrived, Encrypted, Sender};
pub use self::size::{masked_records_at_once, records_at_once};
use crate::{Client, PipelineError, Threads};

/// Sends group after group of records to a model, and decrypts the answers.
///
/// While the service computes a group, the next ones are encrypted and sent. At most
/// [`in_flight`](Self::in_flight) groups are under way, however many there are; at most as many again and two wait to be
/// decrypted or taken.
///
/// # What is sent does not depend on what is decrypted
///
/// A party that computes on ciphertexts can change them. A malicious service that answers c·(1+n)^s
/// in place of c moves a score by s, and so chooses which scores fall outside their bounds. If the
/// client then did anything that the service can see, such as stopping, the service would learn
/// whether a record has a certain score. So the pipeline keeps this invariant: **which requests are
/// sent, how many, of what size and in which order never depends on decrypted values.**
///
/// - An answer that can't be used fails only its own group ([`Answered::scores`]).
/// - Nothing is sent again because of what an answer holds. A request is repeated only when it got
///   no answer: the connection broke, or the service said that it is busy.
/// - What the service or a proxy refuses as too large (413) is sent again in halves, and later
///   requests have that size.
/// - When the service says that its model was replaced, the new card is fetched. If it takes the
///   same integers and predicts in the same form, records are encrypted again for it and sent; if
///   not, the run ends.
/// - A group is encrypted and sent as soon as an earlier answer has *arrived*. Answers are
///   decrypted alongside, by arithmetic whose time does not depend on the values.
///
/// The rest is up to the caller. Take every answer, whatever it holds, and report failures once all
/// have arrived. Dropping the [`Answers`] stops the sending. Since memory is bounded, sending also
/// waits for a caller who lags behind by more than `in_flight` groups, and the caller's work takes
/// cores from the encryption: let the time that an answer takes depend on its scores as little as
/// possible. And a caller who asks again about certain records, complains about them, or goes
/// elsewhere because of them reveals something about them to the service.
///
/// ```no_run
/// # use veilcast_card::QuantizedRecord;
/// # async fn example(session: veilcast_engine::Session, group: Vec<QuantizedRecord>) -> Result<(), veilcast_client::PipelineError> {
/// # use std::sync::Arc;
/// use veilcast_client::{Client, Pipeline, PipelineError};
///
/// let client = Client::new("http://localhost:8080")?;
/// let groups = (0..1000).map(move |_| Ok::<_, PipelineError>(group.clone()));
/// let mut answers = Pipeline::new(client, "digits", Arc::new(session)).run(groups);
/// while let Some(answered) = answers.next().await {
///     let answered = answered?;
///     match answered.scores {
///         Ok(scores) => println!("{scores:?}"),
///         Err(fault) => println!("no scores: {fault}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Pipeline {
    client: Client,
    model: String,
    predictor: Predictor,
    in_flight: NonZeroUsize,
}

impl Pipeline {
    /// How many groups are under way at a time by default: one that is encrypted or decrypted here,
    /// one that travels, and one that the service computes.
    pub const IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(3).expect("it is not 0");

    /// A pipeline to the model of the card that a session or a sealed model has, under its name at the service.
    pub fn new(client: Client, model: impl Into<String>, predictor: impl Into<Predictor>) -> Self {
        Self {
            client,
            model: model.into(),
            predictor: predictor.into(),
            in_flight: Self::IN_FLIGHT,
        }
    }

    /// The pipeline with this many groups under way at a time.
    #[must_use]
    pub fn in_flight(self, groups: NonZeroUsize) -> Self {
        Self {
            in_flight: groups,
            ..self
        }
    }

    /// Starts sending the groups, which must hold quantised records; returns their answers in the
    /// groups' order.
    ///
    /// The groups are taken as they are needed, one at a time, on a thread that may block. The
    /// first error, whether theirs or the pipeline's, ends everything: it comes after the answers
    /// to all groups before it, and is the last. An answer that can't be used isn't such an error:
    /// it fails only its group.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn run<I, G, E>(self, groups: I) -> Answers<G, E>
    where
        I: IntoIterator<Item = Result<G, E>, IntoIter: Send + 'static>,
        G: AsRef<[QuantizedRecord]> + Send + 'static,
        E: From<PipelineError> + Send + 'static,
    {
        let in_flight = self.in_flight.get();
        let current = Arc::new(Current::new(self.predictor));
        // Sending waits for decryption only once all of these are full.
        let (arrived, mut arrivals) = mpsc::channel(in_flight);
        let (answers, receiver) = mpsc::channel(1);
        let groups = groups.into_iter();
        let threads = self.client.threads().clone();
        let mut tasks = JoinSet::new();
        let encrypting = threads.clone();
        tasks.spawn(async move {
            let sender = Sender::new(self.client, self.model, Arc::clone(&current));
            let exchanges = encrypted(current, encrypting, groups)
                .map(async |group: Result<_, E>| Ok(sender.send(group?).await?))
                .buffered(in_flight);
            let mut exchanges = std::pin::pin!(exchanges);
            while let Some(exchange) = exchanges.next().await {
                let failed = exchange.is_err();
                if arrived.send(exchange).await.is_err() || failed {
                    break;
                }
            }
        });
        tasks.spawn(async move {
            while let Some(arrival) = arrivals.recv().await {
                let answered: Result<_, E> = match arrival {
                    Ok(arrived) => Ok(Arrived::decrypted(arrived, &threads).await),
                    Err(error) => Err(error),
                };
                if answers.send(answered).await.is_err() {
                    break;
                }
            }
        });
        Answers { receiver, tasks }
    }
}

/// The answers to groups of records, in the groups' order.
///
/// When it is dropped, requests under way are aborted, and nothing more is sent.
#[derive(Debug)]
pub struct Answers<G, E> {
    receiver: mpsc::Receiver<Result<Answered<G>, E>>,
    /// One task that sends groups, and one that decrypts their answers; they end when the set is
    /// dropped.
    tasks: JoinSet<()>,
}

impl<G, E> Answers<G, E> {
    /// Waits for the answer to the next group; nothing after the last one or an error.
    ///
    /// # Panics
    /// If the iterator of the groups panics, or the operating system's generator fails.
    pub async fn next(&mut self) -> Option<Result<Answered<G>, E>> {
        let answered = self.receiver.recv().await;
        if answered.is_none() {
            while let Some(ended) = self.tasks.join_next().await {
                if let Err(error) = ended
                    && let Ok(panic) = error.try_into_panic()
                {
                    // A premature end must not pass for the regular one.
                    resume_unwind(panic);
                }
            }
        }
        answered
    }
}

/// The groups as requests, made one after another as they are needed: each encryption uses all
/// cores. Ends after the first error.
fn encrypted<G, E>(
    current: Arc<Current>,
    threads: Threads,
    groups: impl Iterator<Item = Result<G, E>> + Send + 'static,
) -> impl Stream<Item = Result<Encrypted<G>, E>>
where
    G: AsRef<[QuantizedRecord]> + Send + 'static,
    E: From<PipelineError> + Send + 'static,
{
    stream::unfold(Some(groups), move |groups| {
        let (current, threads) = (Arc::clone(&current), threads.clone());
        async move {
            let mut groups = groups?;
            let encrypt = move || {
                let encrypted = groups
                    .next()?
                    .and_then(|group| Encrypted::new(&current, group));
                let rest = encrypted.is_ok().then_some(groups);
                Some((encrypted, rest))
            };
            threads.run(encrypt).await
        }
    })
}
