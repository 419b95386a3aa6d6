//! Which keys a service accepts: proven ones, and those that it knows.

use std::sync::Arc;

use veilcast_engine::{EvaluateError, Evaluator, Keys, Session};
use veilcast_paillier::{KeyProofError, PublicKeyError, SecretKey};
use veilcast_protocol::{ByteMatrix, InferRequest, Layout, Upload};

use crate::common;

/// A small model's two sides, under a key of its own.
fn sides() -> (Session, Evaluator) {
    common::sides(common::model(&[vec![1, -1]], &[0], 4, 2))
}

/// The same request without its proof, or with another one.
fn with_proof(request: &InferRequest, proof: Option<&[u8]>) -> InferRequest {
    let again = InferRequest::new(
        request.public_key().to_vec(),
        request.layout(),
        request.records(),
        request.card_digest(),
        request.upload().clone(),
    );
    match proof {
        Some(proof) => again.unwrap().with_key_proof(proof),
        None => again.unwrap(),
    }
}

#[test]
fn a_key_is_proven_once() {
    let (session, evaluator) = sides();
    let request = session
        .encrypt(&common::records(session.card(), [[1, 2]]))
        .unwrap();
    let without = with_proof(&request, None);
    assert!(!evaluator.keys().knows(request.public_key()));
    assert_eq!(
        evaluator.evaluate(&without),
        Err(EvaluateError::KeyProofNeeded)
    );
    evaluator.evaluate(&request).unwrap();
    assert!(evaluator.keys().knows(request.public_key()));
    let answer = evaluator.evaluate(&without).unwrap();
    assert_eq!(session.decrypt(&answer).unwrap(), [[-1]]);
    // A key that is known needs none, so that a wrong one does no harm.
    let wrong = with_proof(&request, Some(&[1; 1024]));
    evaluator.evaluate(&wrong).unwrap();
}

#[test]
fn models_of_a_service_share_their_keys() {
    let keys = Arc::new(Keys::new(common::TESTS_ONLY));
    let (session, first) = sides();
    let (_, second) = sides();
    let [first, second] = [first, second].map(|evaluator| evaluator.with_keys(Arc::clone(&keys)));
    let request = session
        .encrypt(&common::records(session.card(), [[1, 2]]))
        .unwrap();
    first.evaluate(&request).unwrap();
    second.evaluate(&with_proof(&request, None)).unwrap();
}

#[test]
fn a_wrong_proof_keeps_nobodys_key_from_being_accepted() {
    let (session, evaluator) = sides();
    let request = session
        .encrypt(&common::records(session.card(), [[1, 2]]))
        .unwrap();
    let good = request.key_proof().unwrap().to_vec();
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    for _ in 0..2 {
        assert_eq!(
            evaluator.evaluate(&with_proof(&request, Some(&forged))),
            Err(KeyProofError::Root(7).into())
        );
    }
    let expected = 8 * request.public_key().len();
    for length in [0, 1, expected - 1, expected + 1] {
        let proof = vec![1; length];
        assert_eq!(
            evaluator.evaluate(&with_proof(&request, Some(&proof))),
            Err(EvaluateError::KeyProof(KeyProofError::Length {
                expected,
                found: length
            }))
        );
    }
    let other = SecretKey::generate(1024, common::TESTS_ONLY).unwrap();
    let foreign = with_proof(&request, Some(other.key_proof().as_bytes()));
    assert!(matches!(
        evaluator.evaluate(&foreign),
        Err(EvaluateError::KeyProof(_))
    ));
    evaluator.evaluate(&request).unwrap();
}

/// What is refused for less is refused before any arithmetic is done with the modulus: a number that
/// is no modulus at all gets the same refusals.
#[test]
fn sizes_and_shapes_are_looked_at_before_the_key() {
    let (session, evaluator) = sides();
    let good = session
        .encrypt(&common::records(session.card(), [[1, 2]]))
        .unwrap();
    let even = [vec![0x80], vec![0; good.public_key().len() - 1]].concat();
    let under = |layout: Layout, records: usize, upload: Upload| {
        InferRequest::new(even.clone(), layout, records, good.card_digest(), upload)
            .unwrap()
            .with_key_proof(good.key_proof().unwrap())
    };
    let refusal = |request: InferRequest| evaluator.evaluate(&request).unwrap_err();

    let upload = good.upload().clone();
    let layout = Layout::Scalar {
        scores_per_answer: 9,
    };
    let error = refusal(under(layout, 1, upload.clone()));
    assert!(matches!(error, EvaluateError::Layout(_)), "{error:?}");
    let bytes = upload.tensor().as_bytes();
    let wide = ByteMatrix::new([1, 4], upload.tensor().width(), bytes.repeat(2));
    let error = refusal(under(Layout::SCALAR, 1, wide.unwrap().into()));
    assert!(matches!(error, EvaluateError::Columns { .. }), "{error:?}");
    let entries = common::entries(&session, 1);
    let seeded = session
        .encrypt_seeded(&common::records(session.card(), [[1, 2]]), entries)
        .unwrap();
    let Upload::Seeded(mut seeded) = seeded.upload().clone() else {
        panic!("a seeded upload")
    };
    seeded.corrections = ByteMatrix::new([1, 1], 3, vec![0; 3]).unwrap();
    let seeded = Upload::Seeded(seeded);
    let error = refusal(under(Layout::SCALAR, 1, seeded));
    assert!(
        matches!(error, EvaluateError::Corrections { .. }),
        "{error:?}"
    );

    // Sound otherwise, it is the modulus's turn.
    let error = refusal(under(Layout::SCALAR, 1, upload));
    assert_eq!(error, PublicKeyError::Even.into());
    let short = vec![0xff; 100];
    let tensor = ByteMatrix::new([1, 2], 200, vec![1; 400]).unwrap();
    let request = InferRequest::new(short, Layout::SCALAR, 1, good.card_digest(), tensor).unwrap();
    assert_eq!(refusal(request), PublicKeyError::Size(800).into());
}

/// No thread is started for keys that come once: it takes several requests that were computed.
#[test]
fn randomizers_are_made_ahead_for_keys_that_return() {
    let keys = Keys::new(common::TESTS_ONLY).with_randomizers_ahead(2);
    let (session, evaluator) = sides();
    let evaluator = evaluator.with_keys(Arc::new(keys));
    for computed in 0..5 {
        assert_eq!(evaluator.keys().pools(), usize::from(computed > 3));
        let request = session
            .encrypt(&common::records(session.card(), [[1, 2]]))
            .unwrap();
        let answer = evaluator.evaluate(&request).unwrap();
        assert_eq!(session.decrypt(&answer).unwrap(), [[-1]]);
    }
}
