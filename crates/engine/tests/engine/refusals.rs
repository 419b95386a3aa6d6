//! Requests, answers, records and layouts that do not fit are refused with their reason, and change
//! nothing.

use veilcast_card::{Card, Layouts, OtherCard};
use veilcast_engine::{EvaluateError, Evaluator, LayoutError, Session, SessionError};
use veilcast_paillier::{CiphertextError, PublicKeyError};
use veilcast_protocol::{
    ByteMatrix, CardDigest, InferRequest, InferResponse, KeyFingerprint, Layout,
};

use crate::common;

/// A request as somebody may make it by hand.
fn request(key: &[u8], card: CardDigest, shape: [usize; 2], bytes: Vec<u8>) -> InferRequest {
    let ciphertexts = ByteMatrix::new(shape, 2 * key.len(), bytes).unwrap();
    InferRequest::new(key.to_vec(), Layout::SCALAR, shape[0], card, ciphertexts)
        .unwrap()
        .with_key_proof(common::KEY_PROOF.as_slice())
}

#[test]
fn requests_that_do_not_fit_are_refused_with_their_reason() {
    let (session, evaluator) = common::sides(common::model(&[vec![1, -1]], &[0], 4, 2));
    let good = session
        .encrypt(&common::records(session.card(), [[1, 2]]))
        .unwrap();
    let (key, card) = (good.public_key().to_vec(), evaluator.card_digest());
    let width = 2 * key.len();
    let bytes = good.upload().tensor().as_bytes().to_vec();
    let with_first = |first: Vec<u8>| [first, bytes[width..].to_vec()].concat();
    let padded = |n: &[u8]| [vec![0; width - n.len()], n.to_vec()].concat();

    let other = CardDigest::of(b"another");
    let error = evaluator
        .evaluate(&request(&key, other, [1, 2], bytes.clone()))
        .unwrap_err();
    assert_eq!(
        error,
        EvaluateError::CardDigest {
            found: other,
            expected: card
        }
    );

    let many = bytes.repeat(301);
    let error = evaluator
        .evaluate(&request(&key, card, [301, 2], many))
        .unwrap_err();
    let (found, limit) = (301, 300);
    assert_eq!(error, EvaluateError::TooManyRecords { found, limit });

    let error = evaluator
        .evaluate(&request(&key, card, [2, 1], bytes.clone()))
        .unwrap_err();
    assert_eq!(
        error,
        EvaluateError::Columns {
            expected: 2,
            found: 1
        }
    );

    for (bad, expected) in [
        (vec![0; width], CiphertextError::Range { index: 0 }),
        (vec![0xff; width], CiphertextError::Range { index: 0 }),
        (padded(&key), CiphertextError::NotAUnit),
    ] {
        let error = evaluator
            .evaluate(&request(&key, card, [1, 2], with_first(bad)))
            .unwrap_err();
        assert_eq!(error, EvaluateError::Ciphertext(expected));
    }

    let mut even = key.clone();
    *even.last_mut().unwrap() -= 1;
    let error = evaluator
        .evaluate(&request(&even, card, [1, 2], bytes.clone()))
        .unwrap_err();
    assert_eq!(error, EvaluateError::PublicKey(PublicKeyError::Even));

    // After all that, it still serves.
    let answer = evaluator.evaluate(&good).unwrap();
    assert_eq!(session.decrypt_answer_to(&good, &answer).unwrap(), [[-1]]);
}

#[test]
fn answers_to_something_else_are_refused() {
    let (session, evaluator) = common::sides(common::model(&[vec![1, -1]], &[0], 4, 2));
    let request = session
        .encrypt(&common::records(session.card(), [[1, 2]]))
        .unwrap()
        .with_id("a");
    let answer = evaluator.evaluate(&request).unwrap();
    session.decrypt_answer_to(&request, &answer).unwrap();

    let refused = |change: &dyn Fn(&mut InferResponse)| {
        let mut changed = answer.clone();
        change(&mut changed);
        session.decrypt_answer_to(&request, &changed).unwrap_err()
    };
    let other = CardDigest::of(b"another");
    assert_eq!(
        refused(&|a| a.card_digest = other),
        SessionError::OtherCard(other)
    );
    assert_eq!(
        refused(&|a| a.key_fingerprint = KeyFingerprint::of(b"another")),
        SessionError::OtherKey
    );
    assert_eq!(
        refused(&|a| a.id = Some("b".into())),
        SessionError::OtherRequest
    );
    let width = answer.scores.width();
    let twice = answer.scores.as_bytes().repeat(2);
    let two_rows = ByteMatrix::new([2, 1], width, twice.clone()).unwrap();
    assert_eq!(
        refused(&|a| a.scores = two_rows.clone()),
        SessionError::Shape {
            expected: [1, 1],
            found: [2, 1]
        }
    );
    let two_columns = ByteMatrix::new([1, 2], width, twice).unwrap();
    assert_eq!(
        refused(&|a| a.scores = two_columns.clone()),
        SessionError::Shape {
            expected: [1, 1],
            found: [1, 2]
        }
    );
    let zeros = ByteMatrix::new([1, 1], width, vec![0; width]).unwrap();
    assert_eq!(
        refused(&|a| a.scores = zeros.clone()),
        SessionError::Ciphertext(CiphertextError::Range { index: 0 })
    );
}

#[test]
fn records_that_were_not_quantised_for_the_card_are_refused() {
    let (session, _) = common::sides(common::model(&[vec![1, -1]], &[0], 4, 2));
    assert_eq!(session.encrypt(&[]).unwrap_err(), SessionError::NoRecords);
    let other = common::model(&[vec![1, -1]], &[0], 5, 2);
    let [found, expected] = [other.card_digest(), session.card().digest()];
    assert_ne!(found, expected);
    // Even one whose integers would be fit.
    for foreign in [[1, 2], [1, 16]] {
        let mut records = common::records(session.card(), [[1, 2], [15, 0]]);
        records.extend(common::records(other.card(), [foreign]));
        let error = SessionError::RecordOfOtherCard {
            index: 2,
            found,
            expected,
        };
        assert_eq!(session.encrypt(&records).unwrap_err(), error);
        let entries = common::entries(&session, 3);
        let refused = session.encrypt_seeded(&records, entries);
        assert_eq!(refused.unwrap_err(), error);
        assert!(session.encrypt(&records[..2]).is_ok());
        let evaluated = other.evaluate(&records[0]);
        let [found, expected] = [expected, found];
        assert_eq!(evaluated, Err(OtherCard { found, expected }));
    }
}

fn features(features_per_ciphertext: u32, scores_per_answer: u32) -> Layout {
    Layout::Features {
        features_per_ciphertext,
        scores_per_answer,
    }
}

/// Layouts that a model of two outputs refuses, each with its reason.
fn bad_layouts() -> [(Layout, LayoutError); 6] {
    let scalar = |scores_per_answer| Layout::Scalar { scores_per_answer };
    let too_many = |found, limit| LayoutError::ScoresPerAnswer { found, limit };
    [
        (scalar(0), too_many(0, 2)),
        (scalar(3), too_many(3, 2)),
        (features(2, 0), too_many(0, 2)),
        (features(2, u32::MAX), too_many(u32::MAX, 2)),
        (features(1, 1), LayoutError::FeaturesPerCiphertext(1)),
        (features(5, 1), LayoutError::FeaturesPerCiphertext(5)),
    ]
}

#[test]
fn layouts_that_do_not_fit_are_refused_and_change_nothing() {
    let weights = vec![vec![1, -1, 1], vec![1, 1, 0]];
    let (mut session, evaluator) = common::sides(common::model(&weights, &[0, 0], 4, 2));
    let record = common::records(session.card(), [[1, 2, 3]]);
    for chosen in [Layout::SCALAR, Layout::Records, features(3, 2)] {
        session.set_layout(chosen).unwrap();
        let group = session.records_per_group();
        let good = session.encrypt(&record).unwrap();
        let answer = evaluator.evaluate(&good).unwrap();
        for (bad, reason) in bad_layouts() {
            assert_eq!(session.set_layout(bad), Err(reason));
            // Neither does the service take it, nor the session an answer in it.
            let upload = good.upload().clone();
            let sent = common::request(&evaluator, bad, 1, upload);
            let error = evaluator.evaluate(&sent).unwrap_err();
            assert_eq!(error, EvaluateError::Layout(reason));
            let layout = bad;
            let error = session.decrypt(&InferResponse {
                layout,
                ..answer.clone()
            });
            assert_eq!(error, Err(SessionError::Layout(reason)));

            assert_eq!(
                (session.layout(), session.records_per_group()),
                (chosen, group)
            );
        }
        let request = session.encrypt(&record).unwrap();
        assert_eq!(request.layout(), chosen);
        let answer = evaluator.evaluate(&request).unwrap();
        let scores = session.decrypt_answer_to(&request, &answer).unwrap();
        assert_eq!(scores, [[2, 3]]);
    }
}

#[test]
fn a_layout_that_the_card_does_not_name_is_refused() {
    let all = [Layout::SCALAR, Layout::Records, features(2, 1)];
    for only in all {
        let mut layouts = common::all_layouts(vec![2]);
        match only {
            Layout::Scalar { .. } => (layouts.records, layouts.features) = (None, None),
            Layout::Records => {
                (layouts.scalar, layouts.features, layouts.seeded) = (None, None, None);
            }
            _ => (layouts.scalar, layouts.records) = (None, None),
        }
        let model = common::model_with(&[vec![1, -1], vec![1, 1]], &[0, 0], 4, 2, layouts);
        let card = Card::parse(model.card_json()).unwrap();
        let mut session = Session::new(card, common::key()).unwrap();
        let evaluator = Evaluator::new(model, common::TESTS_ONLY);
        session.set_layout(only).unwrap();
        let upload = session
            .encrypt(&common::records(session.card(), [[1, 2]]))
            .unwrap()
            .upload()
            .clone();
        for layout in all.into_iter().filter(|&layout| layout != only) {
            let reason = LayoutError::NotAllowed(layout);
            assert_eq!(session.set_layout(layout), Err(reason));
            let sent = common::request(&evaluator, layout, 1, upload.clone());
            let error = evaluator.evaluate(&sent).unwrap_err();
            assert_eq!(error, EvaluateError::Layout(reason));
            assert_eq!(session.layout(), only);
        }
    }
}

#[test]
fn a_layout_without_room_under_the_key_is_refused() {
    let model = |layouts| common::model_with(&[vec![1; 20]], &[0], 4, 2, layouts);
    let (mut session, _) = common::sides(model(common::all_layouts(vec![20])));
    let error = LayoutError::ScoresPerAnswer { found: 1, limit: 0 };
    assert_eq!(session.set_layout(features(20, 1)), Err(error));
    assert_eq!(session.layout(), Layout::SCALAR);

    let alone = model(Layouts {
        scalar: None,
        records: None,
        ..common::all_layouts(vec![20])
    });
    let card = Card::parse(alone.card_json()).unwrap();
    let error = Session::new(card, common::key()).unwrap_err();
    assert_eq!(error, LayoutError::NoneFits(1024));
}

#[test]
fn rows_and_columns_must_be_those_of_the_layout() {
    let weights = vec![vec![1, -1, 1], vec![1, 1, 0]];
    let (mut session, evaluator) = common::sides(common::model(&weights, &[0, 0], 4, 2));
    for (layout, columns) in [
        (Layout::SCALAR, 3),
        (Layout::Records, 3),
        (features(2, 1), 2),
    ] {
        session.set_layout(layout).unwrap();
        let good = session
            .encrypt(&common::records(session.card(), [[1, 2, 3]]))
            .unwrap();
        let (width, bytes) = (
            good.upload().tensor().width(),
            good.upload().tensor().as_bytes(),
        );
        let refused = |records: usize, shape: [usize; 2]| {
            let bytes = bytes[..width].repeat(shape[0] * shape[1]);
            let upload = ByteMatrix::new(shape, width, bytes).unwrap();
            let request = common::request(&evaluator, layout, records, upload);
            evaluator.evaluate(&request).unwrap_err()
        };
        for found in [1, columns - 1, columns + 1] {
            let error = EvaluateError::Columns {
                expected: columns,
                found,
            };
            assert_eq!(refused(1, [1, found]), error, "{layout}");
        }
        if layout == Layout::Records {
            let group = session.records_per_group();
            for (records, expected, found) in [(group + 1, 2, 1), (group, 1, 2), (3, 1, 3)] {
                let error = EvaluateError::Rows { expected, found };
                assert_eq!(refused(records, [found, columns]), error);
            }
        }
        let answer = evaluator.evaluate(&good).unwrap();
        assert_eq!(
            session.decrypt(&answer).unwrap(),
            [[2, 3]],
            "it still serves"
        );
    }
}

#[test]
fn requests_may_hold_no_more_ciphertexts_than_the_card_says() {
    let weights = vec![vec![1; 40]];
    let model = common::model_with(&weights, &[0], 1, 2, common::all_layouts(vec![2]));
    let limit = model.card().limits().max_ciphertexts as usize;
    assert_eq!(limit, 2000);
    let (mut session, evaluator) = common::sides(model);
    for (layout, columns) in [(Layout::SCALAR, 40), (features(2, 1), 20)] {
        session.set_layout(layout).unwrap();
        let most = limit / columns;
        assert_eq!(session.max_records(), most);
        let records = common::records(session.card(), vec![[0; 40]; most + 1]);
        let found = (most + 1) * columns;
        let error = EvaluateError::TooManyCiphertexts { found, limit };
        let request = session.encrypt(&records).unwrap();
        assert_eq!(evaluator.evaluate(&request), Err(error.clone()));
        let entries = common::entries(&session, records.len());
        let request = session.encrypt_seeded(&records, entries).unwrap();
        assert_eq!(evaluator.evaluate(&request), Err(error));
        let request = session.encrypt(&records[..most]).unwrap();
        assert!(evaluator.evaluate(&request).is_ok());
    }
}
