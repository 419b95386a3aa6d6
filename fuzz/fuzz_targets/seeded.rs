//! Corrections of seeded uploads, expanded and evaluated under a sound key and card.
//!
//! A request is refused with its fault, or gets an answer of as many rows as records, which the key's owner can
//! decrypt: every seed and every correction makes ciphertexts of something.
#![no_main]

use std::cell::LazyCell;

use libfuzzer_sys::{Corpus, fuzz_target};
use veilcast_engine::{SeededEntries, Session};
use veilcast_fuzz::memory::{MIB, within};
use veilcast_fuzz::{fixed, seeds};
use veilcast_protocol::{ByteMatrix, InferRequest, Layout, SeededUpload, Upload};

struct Sides {
    session: Session,
    modulus: Vec<u8>,
}

thread_local! {
    static SIDES: LazyCell<Sides> = LazyCell::new(|| {
        let session = fixed::session();
        // With the proof of the key, which isn't asked for again.
        let first = session.encrypt(&fixed::records(&[[1, 2, 3]])).expect("the record is sound");
        fixed::EVALUATOR.evaluate(&first).expect("the request is sound");
        Sides {
            session,
            modulus: first.public_key().to_vec(),
        }
    });
}

/// What comes before the corrections: layout, its numbers, rows, columns, records, the first
/// entry's number, seed.
const HEAD: usize = 6 + 8 + 32;

fuzz_target!(
    init: seeds::write(made),
    |bytes: &[u8]| -> Corpus { SIDES.with(|sides| check(bytes, sides)) }
);

fn check(bytes: &[u8], sides: &Sides) -> Corpus {
    let Some((request, size)) = request(bytes, &sides.modulus) else {
        return Corpus::Reject;
    };
    let answer = within(64 * size + 4 * MIB, || fixed::EVALUATOR.evaluate(&request));
    if let Ok(answer) = answer {
        assert_eq!(answer.records, request.records());
        assert_eq!(answer.scores.rows(), request.upload().rows());
        let scores = sides.session.decrypt_answer_to(&request, &answer);
        let scores = scores.expect("the service's own answer decrypts");
        assert_eq!(scores.len(), request.records());
    }
    Corpus::Keep
}

/// The request that these bytes describe, and how large it is; none if it can't be written.
fn request(bytes: &[u8], modulus: &[u8]) -> Option<(InferRequest, usize)> {
    let (head, corrections) = bytes.split_at_checked(HEAD)?;
    let &[kind, k, scores, rows, columns, records, ..] = head else {
        return None;
    };
    let scores_per_answer = u32::from(scores);
    let layout = match kind % 3 {
        0 => Layout::Scalar { scores_per_answer },
        1 => Layout::Records,
        _ => Layout::Features {
            features_per_ciphertext: u32::from(k),
            scores_per_answer,
        },
    };
    let (rows, columns) = (usize::from(rows), usize::from(columns));
    let width = corrections.len().checked_div(rows * columns)?;
    let corrections = corrections[..width * rows * columns].to_vec();
    let size = corrections.len();
    let upload = Upload::Seeded(SeededUpload {
        first: u64::from_be_bytes(head[6..14].try_into().ok()?),
        seed: head[14..].try_into().ok()?,
        corrections: ByteMatrix::new([rows, columns], width, corrections).ok()?,
    });
    let digest = fixed::EVALUATOR.card_digest();
    let records = match layout {
        Layout::Records => usize::from(records),
        _ => rows,
    };
    let request = InferRequest::new(modulus.to_vec(), layout, records, digest, upload).ok()?;
    Some((request, size))
}

/// Uploads in the layouts that have them.
fn made() -> Vec<Vec<u8>> {
    let mut session = fixed::session();
    let mut seeds = Vec::new();
    for (kind, k, scores) in [(0, 1, 1), (0, 1, 2), (2, 2, 1), (2, 3, 2)] {
        let layout = match kind {
            0 => Layout::Scalar {
                scores_per_answer: scores,
            },
            _ => Layout::Features {
                features_per_ciphertext: k,
                scores_per_answer: scores,
            },
        };
        session.set_layout(layout).expect("the card allows it");
        let records = fixed::records(&[[1, 2, 3], [15, 0, 7]]);
        let count = session.entries_for(2).expect("the card allows it");
        let entries = SeededEntries::generate(&fixed::key(), count).expect("no fault");
        let request = session.encrypt_seeded(&records, entries);
        let request = request.expect("there are as many entries as it takes");
        let Upload::Seeded(upload) = request.upload() else {
            unreachable!("it was seeded");
        };
        let mut seed = vec![kind, k as u8, scores as u8, 2, 1, 2];
        seed.extend_from_slice(&upload.first.to_be_bytes());
        seed.extend_from_slice(&upload.seed);
        seed.extend_from_slice(upload.corrections.as_bytes());
        seeds.push(seed);
    }
    seeds
}
