//! Computations cut into the smallest slices: the same scores, and an end at any pause.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[allow(dead_code, reason = "the other tests use all of it")]
#[path = "../../tests/engine/common/mod.rs"]
mod common;

use veilcast_paillier::CiphertextError;
use veilcast_protocol::{ByteMatrix, InferRequest, Layout, Upload};

use crate::error::EvaluateError;
use crate::evaluator::Evaluator;
use crate::planner::Costs;
use crate::session::Session;
use crate::slices::Stopped;

/// Costs of a machine so slow that every slice holds no more than an operation per thread.
fn slow(key_bits: u32) -> Costs {
    let usual = Costs::built_in(key_bits);
    let seconds = usual.seconds.zip(&usual.seconds, |each, _| 1e6 * each);
    Costs { seconds, ..usual }
}

/// More rows than threads, whatever the machine.
fn rows() -> usize {
    3 * rayon::current_num_threads() + 1
}

fn sides() -> (Session, Evaluator) {
    common::sides(common::model(
        &[vec![3, -1, 2], vec![0, 3, -3]],
        &[5, -5],
        4,
        3,
    ))
}

fn records(session: &Session, count: usize) -> Vec<veilcast_card::QuantizedRecord> {
    let record = |i: usize| [(i % 16) as u32, (i / 16 % 16) as u32, (i * 7 % 16) as u32];
    common::records(session.card(), (0..count).map(record))
}

/// Computes a request in the smallest slices, with a stop at a pause if that is given; also returns
/// the number of pauses.
fn in_slices(
    evaluator: &Evaluator,
    request: &InferRequest,
    stop: Option<usize>,
) -> (
    Result<veilcast_protocol::InferResponse, EvaluateError>,
    usize,
) {
    let mut pauses = 0;
    let mut pause = || {
        pauses += 1;
        if stop == Some(pauses) {
            Err(Stopped)
        } else {
            Ok(())
        }
    };
    let answer = evaluator.compute(request, slow, &mut pause);
    (answer, pauses)
}

#[test]
fn slices_make_the_same_scores() {
    let (mut session, evaluator) = sides();
    for layout in common::layouts(&mut session) {
        session.set_layout(layout).unwrap();
        let most = session.card().limits().max_records as usize;
        let records = records(&session, (rows() * session.records_per_group()).min(most));
        let mut requests = vec![session.encrypt(&records).unwrap()];
        if session.entries_for(1).is_ok() {
            let entries = common::entries(&session, records.len());
            requests.push(session.encrypt_seeded(&records, entries).unwrap());
        }
        for request in requests {
            let whole = evaluator.evaluate(&request).unwrap();
            let (sliced, pauses) = in_slices(&evaluator, &request, None);
            let scores = session.decrypt_answer_to(&request, &sliced.unwrap());
            let expected = session.decrypt_answer_to(&request, &whole);
            assert_eq!(scores.unwrap(), expected.unwrap(), "{layout:?}");
            // Slices that read rows, and that add up; and some that put together and mask.
            let slices = request
                .upload()
                .rows()
                .div_ceil(rayon::current_num_threads());
            assert!(
                pauses > 2 * slices,
                "{pauses} pauses, {slices} slices of rows"
            );
        }
    }
}

#[test]
fn computation_ends_at_any_pause() {
    let (session, evaluator) = sides();
    let request = session.encrypt(&records(&session, rows())).unwrap();
    let (answer, pauses) = in_slices(&evaluator, &request, None);
    assert!(answer.is_ok());
    for stop in 1..=pauses {
        // The key is known by now: its check is no longer a slice.
        let (answer, seen) = in_slices(&evaluator, &request, Some(stop));
        if stop < pauses {
            assert_eq!(answer.err(), Some(Stopped.into()));
            assert_eq!(seen, stop);
        }
    }
}

#[test]
fn bad_ciphertexts_are_found_in_any_slice_before_anything_is_computed() {
    let (session, evaluator) = sides();
    let request = session.encrypt(&records(&session, rows())).unwrap();
    let Upload::Full(good) = request.upload() else {
        panic!("it is full");
    };
    let (count, width) = (good.len(), good.width());
    for index in 0..count {
        let mut bytes = good.as_bytes().to_vec();
        bytes[index * width..(index + 1) * width].fill(0);
        let bad = ByteMatrix::new(good.shape(), width, bytes).unwrap();
        let request = common::request(&evaluator, Layout::SCALAR, rows(), bad);
        let (answer, pauses) = in_slices(&evaluator, &request, None);
        let expected = EvaluateError::Ciphertext(CiphertextError::Range { index });
        assert_eq!(answer.err(), Some(expected));
        assert!(pauses <= rows() + 1, "found while the ciphertexts are read");
    }
}

#[test]
fn cost_grows_with_records_and_with_a_new_key() {
    let (session, evaluator) = sides();
    let cost = |count| {
        let request = session.encrypt(&records(&session, count)).unwrap();
        (evaluator.cost(&request).unwrap(), request)
    };
    let (new, request) = cost(1);
    evaluator.evaluate(&request).unwrap();
    let (one, hundred) = (cost(1).0, cost(100).0);
    assert!(one > 0.0 && new > 1.5 * one, "{one} and {new} seconds");
    assert!(
        (10.0 * one..=100.0 * one).contains(&hundred),
        "{hundred} and {one} seconds"
    );
}
