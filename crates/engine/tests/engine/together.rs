//! Many requests and answers at once give what each gives by itself.

use veilcast_engine::{EvaluateError, SessionError, Stopped};
use veilcast_protocol::{ByteMatrix, InferRequest, InferResponse, Layout, Upload};

use crate::common::{heaviest, records, sides};

/// A request of the layout `records` and what the model says about its records in the clear.
type Asked = (InferRequest, Vec<Vec<i64>>);

fn asked(
    counts: &[usize],
) -> (
    veilcast_engine::Session,
    veilcast_engine::Evaluator,
    Vec<Asked>,
) {
    let (mut session, evaluator) = sides(heaviest());
    session.set_layout(Layout::Records).unwrap();
    let features = session.card().features() as u32;
    let mut next = 0;
    let mut of = |count: usize| {
        let integers = (0..count).map(|_| {
            next += 1;
            (0..features)
                .map(|f| (next * 37 + f * 101) % 256)
                .collect::<Vec<u32>>()
        });
        let records = records(session.card(), integers.collect::<Vec<_>>());
        let scores = records
            .iter()
            .map(|record| evaluator.model().evaluate(record).unwrap());
        (session.encrypt(&records).unwrap(), scores.collect())
    };
    let asked = counts.iter().map(|&count| of(count)).collect();
    (session, evaluator, asked)
}

fn requests(asked: &[Asked]) -> Vec<InferRequest> {
    asked.iter().map(|(request, _)| request.clone()).collect()
}

#[test]
fn scores_are_those_in_the_clear_whatever_the_sizes_of_requests() {
    let (session, ..) = asked(&[1]);
    let group = session.records_per_group();
    assert!(group > 2, "records share ciphertexts");
    // Whole groups, rows with room left among them, several rows, and more records than one request may have.
    let counts = [
        group,
        group,
        1,
        group,
        2 * group,
        group - 1,
        group,
        group,
        group,
        2 * group + 1,
        2,
    ];
    let (session, evaluator, asked) = asked(&counts);
    let mut pauses = 0;
    let answers = evaluator.evaluate_together(&requests(&asked), &mut || {
        pauses += 1;
        Ok(())
    });
    let answers: Vec<InferResponse> = answers.unwrap().into_iter().map(Result::unwrap).collect();
    assert!(pauses > 0);
    let scores = session.decrypt_together(&answers);
    assert_eq!(scores.len(), counts.len());
    for ((answer, scores), (request, expected)) in answers.iter().zip(scores).zip(&asked) {
        assert_eq!(answer.id.as_deref(), request.id());
        assert_eq!(&scores.unwrap(), expected);
        assert_eq!(
            &session.decrypt_answer_to(request, answer).unwrap(),
            expected
        );
    }
}

#[test]
fn a_fault_stays_with_its_request() {
    let (session, ..) = asked(&[1]);
    let group = session.records_per_group();
    let (session, evaluator, asked) = asked(&[group, group, group, 3]);
    let mut sent = requests(&asked);
    let Upload::Full(sound) = sent[1].upload().clone() else {
        unreachable!()
    };
    let zeros = ByteMatrix::new(
        sound.shape(),
        sound.width(),
        vec![0; sound.as_bytes().len()],
    );
    sent[1] = InferRequest::new(
        sent[1].public_key().to_vec(),
        Layout::Records,
        sent[1].records(),
        sent[1].card_digest(),
        zeros.unwrap(),
    )
    .unwrap();
    let answers = evaluator.evaluate_together(&sent, &mut || Ok(())).unwrap();
    assert!(matches!(answers[1], Err(EvaluateError::Ciphertext(_))));
    for (index, (_, expected)) in asked.iter().enumerate().filter(|(index, _)| *index != 1) {
        let answer = answers[index].as_ref().unwrap();
        assert_eq!(&session.decrypt(answer).unwrap(), expected);
    }

    let mut answers: Vec<_> = answers.into_iter().flatten().collect();
    answers[1].records += group;
    let scores = session.decrypt_together(&answers);
    assert!(matches!(scores[1], Err(SessionError::Shape { .. })));
    assert_eq!(scores[0].as_ref().unwrap(), &asked[0].1);
    assert_eq!(scores[2].as_ref().unwrap(), &asked[3].1);
}

#[test]
fn a_pause_ends_all() {
    let (_, evaluator, asked) = asked(&[2, 2]);
    let stopped = evaluator.evaluate_together(&requests(&asked), &mut || Err(Stopped));
    assert_eq!(stopped.err(), Some(Stopped));
    assert!(
        evaluator
            .evaluate_together(&[], &mut || Err(Stopped))
            .unwrap()
            .is_empty()
    );
}
