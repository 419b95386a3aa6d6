//! What a malicious service can see of a client: the same, whatever its answers decrypt to.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::liar::{Liar, Seen, betray, damage};
use crate::common::proxy::{Fault, Proxy};
use crate::common::service::{model, records, session, start_service};
use veilcast_card::QuantizedRecord;
use veilcast_client::{AnswerError, Answered, Client, Pipeline, PipelineError};
use veilcast_engine::{PublicKey, Session, SessionError};
use veilcast_protocol::InferResponse;

type Group = Vec<QuantizedRecord>;

const GROUPS: usize = 9;

/// Groups of one to three records; the person aged 40 with a dose of 7 is in every second one.
fn groups() -> Vec<Group> {
    let group = |group: usize| {
        let record = |record| {
            [
                40,
                7,
                if group.is_multiple_of(2) {
                    5
                } else {
                    6 + record
                },
            ]
        };
        records((0..=group as u32 % 3).map(record))
    };
    (0..GROUPS).map(group).collect()
}

/// The score that the service wants to know of: that of a record in every second group.
fn wanted() -> i64 {
    model().evaluate(&records([[40, 7, 5]])[0]).unwrap()[0]
}

fn pipeline(client: Client, session: &Arc<Session>, in_flight: usize) -> Pipeline {
    Pipeline::new(client, "risk", Arc::clone(session))
        .in_flight(NonZeroUsize::new(in_flight).unwrap())
}

/// A service, and a session with its model.
async fn place() -> (String, Arc<Session>) {
    let service = start_service().await;
    let session = session(&Client::new(&service).unwrap()).await;
    (service, Arc::new(session))
}

/// All answers to all groups by a service that lies so, and what it sees.
///
/// It has accepted the key before: of several first requests chance decides how many bring the proof.
async fn run(
    service: &str,
    session: &Arc<Session>,
    in_flight: usize,
    lie: impl Fn(usize, &PublicKey, &mut InferResponse) + Send + Sync + 'static,
) -> (Vec<Answered<Group>>, Vec<Seen>) {
    let liar = Liar::start(service, move |number, key, answer| match number {
        0 => (),
        _ => lie(number - 1, key, answer),
    });
    let client = Client::new(&liar.url).unwrap();
    let first = session.encrypt(&records([[0, 0, 0]])).unwrap();
    client.infer("risk", &first).await.unwrap();
    let groups = groups().into_iter().map(Ok::<_, PipelineError>);
    let mut answers = pipeline(client, session, in_flight).run(groups);
    let mut all = Vec::new();
    while let Some(answered) = answers.next().await {
        all.push(answered.unwrap());
    }
    (all, liar.seen().split_off(1))
}

/// Whether each record of an answer has a prediction.
fn predicted(session: &Session, answered: &Answered<Group>) -> Vec<bool> {
    let scores = answered.scores.as_ref().unwrap();
    let fits = |scores: &Vec<i64>| session.card().predict(scores).is_ok();
    scores.iter().map(fits).collect()
}

#[tokio::test]
async fn a_service_that_moves_scores_sees_what_an_honest_one_sees() {
    let (service, session) = place().await;
    let (slot_bits, guess) = (session.card().slot_bits().get(), wanted());
    for in_flight in [1, 3] {
        let (honest, expected) = run(&service, &session, in_flight, |_, _, _| ()).await;
        assert_eq!(expected.len(), GROUPS);
        let everyone = honest.iter().flat_map(|group| predicted(&session, group));
        assert!(everyone.clone().all(|predicted| predicted));

        let betrayed = move |_, key: &PublicKey, answer: &mut InferResponse| {
            betray(guess, slot_bits, key, answer);
        };
        let (answers, seen) = run(&service, &session, in_flight, betrayed).await;
        assert_same(&seen, &expected, in_flight);
        for (group, answered) in groups().iter().zip(&answers) {
            assert_eq!(&answered.group, group);
            let predicted = predicted(&session, answered);
            // The guess holds: the record gives itself away, to its owner alone.
            if group[0].values() == [40, 7, 5] {
                assert!(predicted.iter().all(|predicted| !predicted));
            }
        }
        assert_eq!(answers.len(), GROUPS);
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_used_fails_its_group_alone() {
    let (service, session) = place().await;
    let (_, expected) = run(&service, &session, 1, |_, _, _| ()).await;
    type Change = fn(&mut InferResponse);
    type IsExpected = fn(&AnswerError) -> bool;
    let cases: [(Change, IsExpected); 5] = [
        (
            |answer| answer.request_digest = Some([1; 32].into()),
            |error| matches!(error, AnswerError::Content(SessionError::OtherRequest)),
        ),
        (damage, |error| {
            matches!(error, AnswerError::Content(SessionError::Ciphertext(_)))
        }),
        (
            |answer| answer.id = Some("another's".to_owned()),
            |error| matches!(error, AnswerError::Content(SessionError::OtherRequest)),
        ),
        (
            |answer| answer.card_digest = [1; 32].into(),
            |error| matches!(error, AnswerError::Content(SessionError::OtherCard(_))),
        ),
        (
            |answer| answer.key_fingerprint = veilcast_protocol::KeyFingerprint::of(&[1; 128]),
            |error| matches!(error, AnswerError::Content(SessionError::OtherKey)),
        ),
    ];
    for (change, is_expected) in cases {
        // The first, the last and one between.
        let bad = [0, 4, GROUPS - 1];
        let lie = move |number, _: &PublicKey, answer: &mut InferResponse| {
            if bad.contains(&number) {
                change(answer);
            }
        };
        let (answers, seen) = run(&service, &session, 1, lie).await;
        assert_eq!(seen, expected);
        assert_eq!(answers.len(), GROUPS);
        for (number, answered) in answers.iter().enumerate() {
            assert_eq!(answered.tries, 1);
            match &answered.scores {
                Ok(_) => assert!(!bad.contains(&number)),
                Err(error) => assert!(bad.contains(&number) && is_expected(error), "{error}"),
            }
        }
    }
    // Several at a time, and all of them bad.
    let (answers, seen) = run(&service, &session, 4, |_, _, answer| damage(answer)).await;
    assert_same(&seen, &expected, 4);
    assert!(answers.iter().all(|answered| answered.scores.is_err()));
}

/// The service sees the same; of several requests at a time the order is chance.
#[track_caller]
fn assert_same(seen: &[Seen], expected: &[Seen], in_flight: usize) {
    let (mut seen, mut expected) = (seen.to_vec(), expected.to_vec());
    if in_flight > 1 {
        seen.sort();
        expected.sort();
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn sending_goes_on_while_answers_wait_to_be_taken() {
    let (service, session) = place().await;
    let proxy = Proxy::start(&service, |_| Fault::Nothing).await;
    let in_flight = 3;
    let endless = (0..).map(|n| Ok::<_, PipelineError>(records([[n % 256, 0, 0]])));
    let mut answers = pipeline(Client::new(&proxy.url).unwrap(), &session, in_flight).run(endless);
    // Nobody takes an answer.
    let started = Instant::now();
    while proxy.connections() < 2 * in_flight {
        assert!(started.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // But memory is bounded.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let connections = proxy.connections();
    assert!(connections <= 2 * in_flight + 2, "{connections}");
    for number in 0..20 {
        let answered = answers.next().await.unwrap().unwrap();
        assert_eq!(answered.group[0].values()[0], number);
    }
}
