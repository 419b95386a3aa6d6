//! Seeded uploads: what is sent reveals nothing about the record, and the junk that the client
//! knows tells them nothing about the weights.

use num_bigint::{BigInt, BigUint};
use veilcast_engine::{Evaluator, SeededEntries, Session};
use veilcast_paillier::Ciphertext;
use veilcast_protocol::{InferRequest, Layout, Upload};

use crate::common;
use crate::common::geometry::{self, Geometry, SeededForm, number, plaintext, weighted_sum};
use crate::common::statistics::{are_alike, assert_fresh, is_uniform};

/// Bins of eight bits.
const BYTE: usize = 256;
const FEATURES: usize = 8;
const MAX_INPUT: u32 = 255;

const LAYOUTS: [Layout; 2] = [
    Layout::Scalar {
        scores_per_answer: 2,
    },
    Layout::Features {
        features_per_ciphertext: 2,
        scores_per_answer: 2,
    },
];

/// Two outputs with the largest weights, of one sign and in turn.
fn weights(sign: i32) -> Vec<Vec<i32>> {
    let turn = (0..FEATURES).map(|f| sign * (127 - 254 * (f % 2) as i32));
    vec![vec![127 * sign; FEATURES], turn.collect()]
}

fn sides(sign: i32) -> (Session, Evaluator) {
    common::sides(common::model(&weights(sign), &[0, 0], 8, 8))
}

fn modulus() -> BigUint {
    geometry::modulus(common::key().public_key())
}

/// Where numbers are in the requests of a session.
fn geometry(session: &Session) -> (Geometry, SeededForm) {
    let geometry = Geometry::new(session.card(), session.layout(), 1024);
    let form = geometry.seeded_form(&modulus(), MAX_INPUT).unwrap();
    (geometry, form)
}

/// The corrections of a request, one per ciphertext.
fn corrections(request: &InferRequest, form: &SeededForm, groups: usize) -> Vec<BigUint> {
    let width = form.correction_bits() as usize;
    let rows = request.upload().tensor().iter();
    let correction = |row: &[u8], g| {
        (BigUint::from_bytes_le(row) >> (g * width)) % (BigUint::from(1u8) << width)
    };
    rows.flat_map(|row| (0..groups).map(move |g| correction(row, g)))
        .collect()
}

/// The lowest, a middle and the highest byte of lo, and of top, scaled by how far it goes.
fn bytes(form: &SeededForm, n: &BigUint, correction: &BigUint) -> [usize; 6] {
    let (low, top) = form.parts(correction);
    let byte = |number: &BigUint, start| geometry::window(number, start, 8) as usize;
    let end = (n >> (form.low_bits + form.junk_bits)) + 1u8;
    [
        byte(&low, 0),
        byte(&low, form.low_bits / 2),
        byte(&low, form.low_bits - 8),
        byte(&top, 0),
        byte(&top, form.top_bits / 2),
        usize::try_from(top * BYTE / end).unwrap(),
    ]
}

#[test]
fn corrections_are_uniform_whatever_the_record() {
    let (mut session, _) = sides(1);
    let n = modulus();
    for layout in LAYOUTS {
        session.set_layout(layout).unwrap();
        let (geometry, form) = geometry(&session);
        let groups = FEATURES / geometry.k;
        let samples = |feature: u32| {
            let mut samples = vec![Vec::new(); 6];
            for _ in 0..geometry.k {
                let entries = common::entries(&session, 300);
                let records = common::records(session.card(), [[feature; FEATURES]; 300]);
                let request = session.encrypt_seeded(&records, entries).unwrap();
                for correction in corrections(&request, &form, groups) {
                    let bytes = bytes(&form, &n, &correction);
                    for (sample, byte) in samples.iter_mut().zip(bytes) {
                        sample.push(byte);
                    }
                }
            }
            samples
        };
        let (zeros, largest) = (samples(0), samples(MAX_INPUT));
        for (index, (zeros, largest)) in zeros.iter().zip(&largest).enumerate() {
            let what = format!("{layout:?}, byte {index}");
            assert_fresh(zeros, BYTE, &what);
            assert_fresh(largest, BYTE, &what);
            assert!(are_alike(zeros, largest, BYTE), "{what}");
        }
    }
}

/// Why entries are for one use: the lowest bits of two corrections tell the difference of records.
#[test]
fn entries_that_a_store_gives_twice_are_a_two_time_pad() {
    let (session, _) = sides(1);
    let (_, form) = geometry(&session);
    let stored = common::stored(common::entries(&session, 1));
    let key = common::key();
    let lows = |record: [u32; FEATURES]| {
        let mut store = common::MemoryStore::default();
        store.0.push(common::copy(&stored));
        let entries = SeededEntries::take(&mut store, key.public_key(), FEATURES).unwrap();
        let request = session
            .encrypt_seeded(&common::records(session.card(), [record]), entries.unwrap())
            .unwrap();
        let corrections = corrections(&request, &form, FEATURES);
        corrections
            .iter()
            .map(|c| form.parts(c).0)
            .collect::<Vec<_>>()
    };
    let (a, b) = ([200, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 255]);
    let slots = BigUint::from(1u8) << form.low_bits;
    for (index, (low_a, low_b)) in lows(a).iter().zip(lows(b)).enumerate() {
        let difference = (&slots + low_a - low_b) % &slots;
        let expected = (&slots + a[index] - b[index]) % &slots;
        assert_eq!(difference, expected);
    }
}

/// The ciphertexts of a seeded request, and what they hold.
fn received(
    request: &InferRequest,
    form: &SeededForm,
    groups: usize,
) -> (Vec<Ciphertext>, Vec<BigUint>) {
    let Upload::Seeded(upload) = request.upload() else {
        panic!("a seeded request")
    };
    let (secret, n) = (common::key(), modulus());
    let key = secret.public_key();
    let corrections = corrections(request, form, groups);
    let randoms = (key.seeded_ciphertexts(&upload.seed, upload.first, corrections.len())).unwrap();
    let corrected: Vec<Ciphertext> = randoms
        .iter()
        .zip(&corrections)
        .map(|(z, correction)| {
            let shift = form.plaintext(&BigUint::ZERO, correction, &n);
            key.add_plaintext(z, &plaintext(key, &shift))
        })
        .collect();
    let holds = secret.decrypt_many(&corrected).unwrap();
    (corrected, holds.iter().map(number).collect())
}

/// Σ W_g·u_g: what the weights make of junk.
fn weighted_junk(weights: &[BigInt], junk: &[BigUint]) -> BigInt {
    let terms = weights.iter().zip(junk);
    terms.map(|(w, u)| w * BigInt::from(u.clone())).sum()
}

#[test]
fn junk_tells_nothing_of_the_weights() {
    for layout in LAYOUTS {
        check_junk(layout);
    }
}

const ROWS: usize = 250;
/// Answers of each model: ten per bin.
const EVALUATIONS: usize = 10;

fn check_junk(layout: Layout) {
    let ((mut session, plus), (_, minus)) = (sides(1), sides(-1));
    assert_eq!(plus.card_digest(), minus.card_digest(), "one card");
    session.set_layout(layout).unwrap();
    let (geometry, form) = geometry(&session);
    let (n, groups) = (modulus(), FEATURES / geometry.k);
    let records = common::records(session.card(), [[MAX_INPUT; FEATURES]; ROWS]);
    let entries = common::entries(&session, ROWS);
    let request = session.encrypt_seeded(&records, entries).unwrap();
    let (ciphertexts, holds) = received(&request, &form, groups);

    // Each ciphertext holds its features and junk of U bits.
    let feature = |j: usize| BigUint::from(MAX_INPUT) << (geometry.unit as usize * j);
    let features: BigUint = (0..geometry.k).map(feature).sum();
    let slots = BigUint::from(1u8) << form.low_bits;
    let junk: Vec<BigUint> = holds.iter().map(|held| held >> form.low_bits).collect();
    for (held, junk) in holds.iter().zip(&junk) {
        assert_eq!(held % &slots, features);
        assert!(junk.bits() <= u64::from(form.junk_bits));
    }
    let top = |junk: &BigUint| usize::try_from((junk * BYTE) >> form.junk_bits).unwrap();
    assert!(junk.len() < 9 * BYTE || is_uniform(&junk.iter().map(top).collect::<Vec<_>>(), BYTE));

    let of_answer = [1, -1].map(|sign| geometry.weights(&weights(sign), 0));
    let junk_of = |row: usize| {
        of_answer
            .each_ref()
            .map(|w| weighted_junk(w, &junk[row * groups..][..groups]))
    };

    // Without a mask the client reads Σ W_g·u_g exactly, and so which weights they are.
    let secret = common::key();
    let key = secret.public_key();
    for (row, ciphertexts) in ciphertexts.chunks(groups).enumerate().take(5) {
        let unmasked = geometry.unmasked(key, &weights(1), 0, ciphertexts);
        let unmasked = number(&secret.decrypt(&unmasked).unwrap());
        let of_features = weighted_sum(&of_answer[0], &vec![features.clone(); groups], &n);
        let read = (&n + &unmasked - of_features) % &n;
        let [right, wrong] = junk_of(row).map(|junk| {
            let n = BigInt::from(n.clone());
            (((junk << form.low_bits) % &n) + &n) % &n
        });
        assert_eq!(BigInt::from(read.clone()), right);
        assert_ne!(BigInt::from(read), wrong);
    }

    // With it, what lies above the slots has one distribution for both, even for one who subtracts
    // what the junk would make of the weights.
    let quotient = &n >> form.low_bits;
    let samples = |evaluator: &Evaluator, sum: i64| {
        let mut samples = vec![Vec::new(); 5];
        for _ in 0..EVALUATIONS {
            let answer = evaluator.evaluate(&request).unwrap();
            for (row, answer) in common::opened(&answer)[0].iter().enumerate() {
                for (slot, score) in [sum, 0].into_iter().enumerate() {
                    let value = geometry::window(answer, geometry.slot(slot), geometry.slot_bits);
                    assert_eq!(value as i64 - (1 << (geometry.slot_bits - 1)), score);
                }
                let above = answer >> form.low_bits;
                assert!(above < quotient, "nothing passes n");
                let byte = |start| geometry::window(&above, start, 8) as usize;
                let highest =
                    |number: &BigUint| usize::try_from(number * BYTE / &quotient).unwrap();
                let [guess, other] = junk_of(row).map(|junk| {
                    let q = BigInt::from(quotient.clone());
                    let rest = (BigInt::from(above.clone()) - junk) % &q;
                    highest(&((rest + &q) % &q).to_biguint().unwrap())
                });
                let bytes = [byte(0), byte(200), highest(&above), guess, other];
                for (sample, byte) in samples.iter_mut().zip(bytes) {
                    sample.push(byte);
                }
            }
        }
        samples
    };
    let sum = 127 * i64::from(MAX_INPUT) * FEATURES as i64;
    let (plus, minus) = (samples(&plus, sum), samples(&minus, -sum));
    for (index, (plus, minus)) in plus.iter().zip(&minus).enumerate() {
        let what = format!("{layout:?}, sample {index}");
        assert_fresh(plus, BYTE, &what);
        assert_fresh(minus, BYTE, &what);
        assert!(are_alike(plus, minus, BYTE), "{what}");
    }
}
