//! Seeded uploads that are not what the layout and the key ask for are refused with their reason.

use veilcast_card::Layouts;
use veilcast_engine::{EvaluateError, Evaluator, LayoutError, Session, SessionError};
use veilcast_paillier::CiphertextError;
use veilcast_protocol::{ByteMatrix, InferRequest, Layout, SeededUpload, Upload};

use crate::common;

/// Three ciphertexts per record in the layout `scalar`.
const FEATURES: usize = 3;

fn model(layouts: Layouts) -> veilcast_model::Model {
    common::model_with(&[vec![1, -1, 1], vec![1, 1, 0]], &[0, 0], 4, 2, layouts)
}

fn sides() -> (Session, Evaluator) {
    common::sides(model(common::all_layouts(vec![2])))
}

fn good(session: &Session) -> (InferRequest, SeededUpload) {
    let entries = common::entries(session, 1);
    let request = session
        .encrypt_seeded(&common::records(session.card(), [[1, 2, 3]]), entries)
        .unwrap();
    let Upload::Seeded(upload) = request.upload().clone() else {
        panic!("a seeded upload")
    };
    (request, upload)
}

fn refusal(evaluator: &Evaluator, layout: Layout, upload: SeededUpload) -> EvaluateError {
    let records = upload.corrections.rows();
    let request = common::request(evaluator, layout, records, Upload::Seeded(upload));
    evaluator.evaluate(&request).unwrap_err()
}

fn with_corrections(upload: &SeededUpload, columns: usize, bytes: Vec<u8>) -> SeededUpload {
    SeededUpload {
        corrections: ByteMatrix::new([1, columns], bytes.len() / columns, bytes).unwrap(),
        ..upload.clone()
    }
}

#[test]
fn corrections_of_another_size() {
    let (session, evaluator) = sides();
    let (request, upload) = good(&session);
    let bytes = upload.corrections.as_bytes();
    let expected = bytes.len();
    for (columns, length) in [
        (1, 1),
        (1, expected - 1),
        (1, expected + 1),
        (2, 2 * expected),
        (3, 3),
    ] {
        let bytes = bytes.iter().copied().cycle().take(length).collect();
        let upload = with_corrections(&upload, columns, bytes);
        let found = length / columns;
        let error = EvaluateError::Corrections {
            expected,
            columns,
            found,
        };
        assert_eq!(refusal(&evaluator, Layout::SCALAR, upload), error);
    }
    // The size for another number of scores per answer is different.
    let layout = Layout::Scalar {
        scores_per_answer: 2,
    };
    let error = refusal(&evaluator, layout, upload);
    assert!(matches!(error, EvaluateError::Corrections { found, .. } if found == expected));

    let answer = evaluator.evaluate(&request).unwrap();
    assert_eq!(
        session.decrypt(&answer).unwrap(),
        [[2, 3]],
        "it still serves"
    );
}

#[test]
fn bits_behind_the_last_correction() {
    let (mut session, evaluator) = sides();
    let mut padded = 0;
    for layout in common::layouts(&mut session) {
        session.set_layout(layout).unwrap();
        let Ok(groups) = session.entries_for(1) else {
            continue;
        };
        let geometry = common::geometry::Geometry::new(session.card(), layout, 1024);
        let n = common::geometry::modulus(common::key().public_key());
        let bits = groups * geometry.seeded_form(&n, 15).unwrap().correction_bits() as usize;
        let (_, upload) = good(&session);
        let bytes = upload.corrections.as_bytes();
        for bit in bits..8 * bytes.len() {
            padded += 1;
            let mut changed = bytes.to_vec();
            assert_eq!(changed[bit / 8] >> (bit % 8), 0);
            changed[bit / 8] |= 1 << (bit % 8);
            let upload = with_corrections(&upload, 1, changed);
            assert_eq!(
                refusal(&evaluator, layout, upload),
                EvaluateError::CorrectionPadding
            );
        }
    }
    assert!(padded > 0, "there is padding in some layout");
}

#[test]
fn numbers_behind_the_end_of_a_seed() {
    let (session, evaluator) = sides();
    let (_, upload) = good(&session);
    let most = u64::MAX - FEATURES as u64 + 1;
    for first in [most + 1, u64::MAX] {
        let upload = SeededUpload {
            first,
            ..upload.clone()
        };
        let error = EvaluateError::Ciphertext(CiphertextError::SeedUsedUp);
        assert_eq!(refusal(&evaluator, Layout::SCALAR, upload), error);
    }
    let last = Upload::Seeded(SeededUpload {
        first: most,
        ..upload
    });
    let request = common::request(&evaluator, Layout::SCALAR, 1, last);
    assert!(evaluator.evaluate(&request).is_ok());
}

#[test]
fn a_card_or_layout_without_seeded_uploads() {
    let (mut session, evaluator) = sides();
    let (_, upload) = good(&session);
    let refused = EvaluateError::Layout(LayoutError::SeededNotAllowed);
    assert_eq!(
        refusal(&evaluator, Layout::Records, upload.clone()),
        refused
    );

    let entries = common::entries(&session, 1);
    session.set_layout(Layout::Records).unwrap();
    assert_eq!(session.entries_for(1), Err(LayoutError::SeededNotAllowed));
    let error = session
        .encrypt_seeded(&common::records(session.card(), [[1, 2, 3]]), entries)
        .unwrap_err();
    assert_eq!(error, SessionError::Layout(LayoutError::SeededNotAllowed));

    let entries = common::entries(&sides().0, 1);
    let layouts = Layouts {
        seeded: None,
        ..common::all_layouts(vec![2])
    };
    let (session, evaluator) = common::sides(model(layouts));
    assert_eq!(refusal(&evaluator, Layout::SCALAR, upload), refused);
    assert_eq!(session.entries_for(1), Err(LayoutError::SeededNotAllowed));
    let error = session
        .encrypt_seeded(&common::records(session.card(), [[1, 2, 3]]), entries)
        .unwrap_err();
    assert_eq!(error, SessionError::Layout(LayoutError::SeededNotAllowed));
}

#[test]
fn a_key_without_room_for_junk() {
    // 122 scores of eight bits fit an answer, with bits above them to hide in, and none for junk.
    let weights = vec![vec![127]; 122];
    let model = common::model_with(&weights, &[0; 122], 1, 8, common::all_layouts(vec![]));
    assert_eq!(model.card().slot_bits().get(), 8);
    let (mut session, evaluator) = common::sides(model);
    let entries = common::entries(&session, 1);
    let request = session
        .encrypt_seeded(&common::records(session.card(), [[1]]), entries)
        .unwrap();
    let Upload::Seeded(upload) = request.upload().clone() else {
        panic!("a seeded upload")
    };
    let layout = Layout::Scalar {
        scores_per_answer: 122,
    };
    session.set_layout(layout).unwrap();
    assert_eq!(session.entries_for(1), Err(LayoutError::NoRoomForSeeded));
    let error = EvaluateError::Layout(LayoutError::NoRoomForSeeded);
    assert_eq!(refusal(&evaluator, layout, upload), error);
}

#[test]
fn one_correction_changed_changes_the_score() {
    let (session, evaluator) = sides();
    let (_, upload) = good(&session);
    let mut bytes = upload.corrections.as_bytes().to_vec();
    // lo of the first feature is in the lowest bits; its lowest bit is worth one.
    bytes[0] ^= 1;
    let changed = Upload::Seeded(with_corrections(&upload, 1, bytes));
    let request = common::request(&evaluator, Layout::SCALAR, 1, changed);
    let answer = evaluator.evaluate(&request).unwrap();
    let scores = session.decrypt(&answer).unwrap();
    assert!(
        [[1, 2], [3, 4]].iter().any(|other| scores == [*other]),
        "{scores:?}"
    );
}
