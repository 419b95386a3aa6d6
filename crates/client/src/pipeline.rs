//! Records without end: groups of them on their way to a service and back, several at a time.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _, stream};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};
use veilcast_engine::{Session, SessionError};
use veilcast_protocol::InferRequest;

use crate::{Client, ClientError};

/// Sends group after group of records to a model, and decrypts the answers.
///
/// While the service computes a group, the next ones are encrypted and sent. At most
/// [`in_flight`](Self::in_flight) groups are in memory as ciphertexts, however many there are.
///
/// ```no_run
/// # async fn example(session: veilcast_engine::Session) -> Result<(), veilcast_client::PipelineError> {
/// # use std::sync::Arc;
/// use veilcast_client::{Client, Pipeline, PipelineError};
///
/// let client = Client::new("http://localhost:8080")?;
/// let groups = (0..1000).map(|_| Ok::<_, PipelineError>(vec![vec![0_u32; 784]; 10]));
/// let mut answers = Pipeline::new(client, "digits", Arc::new(session)).run(groups);
/// while let Some(answered) = answers.next().await {
///     let answered = answered?;
///     println!("{:?}", answered.scores);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Pipeline {
    client: Client,
    model: String,
    session: Arc<Session>,
    in_flight: NonZeroUsize,
}

/// A group of records, and the scores that came back for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered<G> {
    /// The group as it was given.
    pub group: G,
    /// For each of its records a score an output.
    pub scores: Vec<Vec<i64>>,
    /// Bytes of all bodies sent for it, counting each try's as a whole.
    pub bytes_up: u64,
    /// Bytes of all bodies received for it.
    pub bytes_down: u64,
    /// How often its request was sent; more than once if the service was busy or the connection broke.
    pub tries: u32,
    /// The time from the beginning of its encryption to its scores.
    pub elapsed: Duration,
}

/// Why a group of records brought no scores.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The records can't be encrypted for this model.
    #[error("the records can't be encrypted")]
    Encrypt(#[source] SessionError),
    /// The call brought no answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The answer is damaged, or another's.
    #[error("the service's answer can't be used")]
    Answer(#[source] SessionError),
}

impl Pipeline {
    /// How many groups are under way at a time if nothing else is said: one that is encrypted or decrypted here, one
    /// that travels, and one that the service computes.
    pub const IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(3).expect("it is not 0");

    /// A pipeline to the model of the session's card, under its name at the service.
    pub fn new(client: Client, model: impl Into<String>, session: Arc<Session>) -> Self {
        Self {
            client,
            model: model.into(),
            session,
            in_flight: Self::IN_FLIGHT,
        }
    }

    /// The pipeline with so many groups under way at a time.
    #[must_use]
    pub fn in_flight(self, groups: NonZeroUsize) -> Self {
        Self {
            in_flight: groups,
            ..self
        }
    }

    /// Starts on the groups, which must hold quantised records; gives their answers in the groups' order.
    ///
    /// The groups are asked for as they are needed, one at a time, on a thread that may block. The first error, be it
    /// theirs or the pipeline's, ends everything: it comes after the answers to all groups before it, and is the last.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn run<I, G, E>(self, groups: I) -> Answers<G, E>
    where
        I: IntoIterator<Item = Result<G, E>, IntoIter: Send + 'static>,
        G: AsRef<[Vec<u32>]> + Send + 'static,
        E: From<PipelineError> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(1);
        let mut driver = JoinSet::new();
        let groups = groups.into_iter();
        driver.spawn(async move {
            let in_flight = self.in_flight.get();
            let encrypted = encrypted(Arc::clone(&self.session), groups);
            let answers = encrypted
                .map(|group| self.answered(group))
                .buffered(in_flight);
            let mut answers = std::pin::pin!(answers);
            while let Some(answered) = answers.next().await {
                let failed = answered.is_err();
                if sender.send(answered).await.is_err() || failed {
                    break;
                }
            }
        });
        Answers { receiver, driver }
    }

    /// The scores of an encrypted group.
    async fn answered<G, E>(&self, encrypted: Result<Encrypted<G>, E>) -> Result<Answered<G>, E>
    where
        G: Send + 'static,
        E: From<PipelineError>,
    {
        let Encrypted {
            group,
            request,
            started,
        } = encrypted?;
        let exchange = self.client.infer(&self.model, &request).await;
        let exchange = exchange.map_err(PipelineError::Client)?;
        let session = Arc::clone(&self.session);
        let answer = exchange.answer;
        let scores = blocking(move || session.decrypt_answer_to(&request, &answer)).await;
        Ok(Answered {
            group,
            scores: scores.map_err(PipelineError::Answer)?,
            bytes_up: exchange.bytes_up,
            bytes_down: exchange.bytes_down,
            tries: exchange.tries,
            elapsed: started.elapsed(),
        })
    }
}

/// The answers to groups of records, in the groups' order.
///
/// When it is dropped, requests under way are broken off, and nothing more is sent.
#[derive(Debug)]
pub struct Answers<G, E> {
    receiver: mpsc::Receiver<Result<Answered<G>, E>>,
    /// The one task that sends the answers; it ends with the set.
    driver: JoinSet<()>,
}

impl<G, E> Answers<G, E> {
    /// Waits for the answer to the next group; nothing after the last one or an error.
    ///
    /// # Panics
    /// If the iterator of the groups does, or the operating system's generator fails.
    pub async fn next(&mut self) -> Option<Result<Answered<G>, E>> {
        let answered = self.receiver.recv().await;
        if answered.is_none()
            && let Some(Err(error)) = self.driver.join_next().await
            && let Ok(panic) = error.try_into_panic()
        {
            // An end that is none must not pass for one.
            resume_unwind(panic);
        }
        answered
    }
}

/// A group that is ready to be sent.
struct Encrypted<G> {
    group: G,
    request: InferRequest,
    started: Instant,
}

/// The groups as requests, made one after another as they are asked for: each encryption uses all cores. Ends after
/// the first error.
fn encrypted<G, E>(
    session: Arc<Session>,
    groups: impl Iterator<Item = Result<G, E>> + Send + 'static,
) -> impl Stream<Item = Result<Encrypted<G>, E>>
where
    G: AsRef<[Vec<u32>]> + Send + 'static,
    E: From<PipelineError> + Send + 'static,
{
    stream::unfold(Some(groups), move |groups| {
        let session = Arc::clone(&session);
        async move {
            let mut groups = groups?;
            blocking(move || {
                let encrypted = groups
                    .next()?
                    .and_then(|group| encrypt(&session, group));
                let rest = encrypted.is_ok().then_some(groups);
                Some((encrypted, rest))
            })
            .await
        }
    })
}

/// A group as a request.
fn encrypt<G, E>(session: &Session, group: G) -> Result<Encrypted<G>, E>
where
    G: AsRef<[Vec<u32>]>,
    E: From<PipelineError>,
{
    let started = Instant::now();
    let request = session.encrypt(group.as_ref());
    Ok(Encrypted {
        request: request.map_err(PipelineError::Encrypt)?,
        group,
        started,
    })
}

/// Does a piece of work on a thread that may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is ending, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}
