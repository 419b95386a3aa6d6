//! Sealed models: exact, and refused when something doesn't fit.

use std::num::NonZeroUsize;
use std::sync::Arc;

use num_bigint::BigUint;
use num_traits::{One as _, Zero as _};
use proptest::prelude::*;
use veilcast_card::Way;
use veilcast_engine::{
    EvaluateError, Evaluator, KeyPolicy, LayoutError, Opening, Predictor, Prepared, SealedError,
    SealedModel, SessionError, StoredOpening, seal,
};
use veilcast_model::{Model, ModelError};
use veilcast_paillier::SecretKey;
use veilcast_protocol::{
    ByteMatrix, CardDigest, IntegerMatrix, IntegerType, MaskedResponse, SealedRequest,
};

use crate::common;
use crate::common::TESTS_ONLY;
use crate::common::sealed::{ALL, by_hand, exchanged, sides, sides_under};

fn small() -> Model {
    let weights = vec![vec![3, -1, 2, -7, 5, 4], vec![7, 5, 0, -6, 1, -2]];
    common::model(&weights, &[3, -2], 4, 4)
}

fn expected(model: &Model, integers: &[Vec<u32>]) -> Vec<Vec<i64>> {
    let records = common::records(model.card(), integers.to_vec());
    let scores = records.iter().map(|record| model.evaluate(record).unwrap());
    scores.collect()
}

fn check_scores(model: Model, integers: Vec<Vec<u32>>) {
    let expected = expected(&model, &integers);
    let (client, evaluator) = sides(model);
    let records = common::records(client.card(), integers);
    let (request, opening) = client.prepare(&records).unwrap();
    let answer = exchanged(&evaluator, &request);
    assert_eq!(opening.scores(&answer).unwrap(), expected);
}

/// More records than a ciphertext holds, so that some fill it partly; all weights and inputs at their bounds among them.
#[test]
fn scores_are_those_of_the_model() {
    let (client, _) = sides(common::heaviest());
    let group = client.records_per_group();
    assert!((5..40).contains(&group), "{group}");
    let records = common::heavy_records(2 * group as u32 + 3);
    check_scores(common::heaviest(), records);
    check_scores(common::heaviest(), vec![vec![255; 4], vec![0; 4]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn scores_are_exact(
        (input_bits, weight_bits) in (1u32..=12, 2u32..=12),
        seeds in prop::collection::vec(prop::collection::vec(any::<u32>(), 7), 1..4),
        records in prop::collection::vec(prop::collection::vec(any::<u32>(), 7), 1..30),
        biases in prop::collection::vec(-100_000i64..100_000, 4),
    ) {
        let most = (1 << (weight_bits - 1)) - 1;
        let row = |seeds: &Vec<u32>| -> Vec<i32> {
            let mut row: Vec<i32> = seeds.iter().map(|s| (s % (2 * most + 1)) as i32 - most as i32).collect();
            row[0] = most as i32;
            row
        };
        let weights: Vec<Vec<i32>> = seeds.iter().map(row).collect();
        let model = common::model(&weights, &biases[..weights.len()], input_bits, weight_bits);
        let records = records.iter().map(|record| record.iter().map(|x| x % (1 << input_bits)).collect());
        check_scores(model, records.collect());
    }
}

/// Randomisers made ahead of time serve the first ciphertexts, and new ones the others.
#[test]
fn scores_are_the_same_with_randomizers_ahead() {
    let integers: Vec<Vec<u32>> = (0..70).map(|i| vec![i % 16; 6]).collect();
    let expected = expected(&small(), &integers);
    let (client, evaluator) = sides(small());
    let client = client.with_randomizers_ahead(2).unwrap();
    let records = common::records(client.card(), integers);
    for _ in 0..5 {
        let (request, opening) = client.prepare(&records).unwrap();
        let answer = exchanged(&evaluator, &request);
        assert_eq!(opening.scores(&answer).unwrap(), expected);
    }
}

#[test]
fn parts_have_the_scores_of_their_records() {
    let integers: Vec<Vec<u32>> = (0..150).map(|i| vec![i % 16; 6]).collect();
    let expected = expected(&small(), &integers);
    let (client, evaluator) = sides(small());
    let records = common::records(client.card(), integers);
    let predictor = Predictor::from(Arc::new(client));
    for rows in [1, 2, 100] {
        let whole = predictor.prepare(&records).unwrap();
        assert!(whole.rows() > 2);
        let parts = predictor.in_parts(whole, NonZeroUsize::new(rows).unwrap());
        let mut ids = Vec::new();
        let scores = parts.into_iter().flat_map(|part| {
            let Prepared::Sealed(request, opening) = part else {
                panic!("it is for a sealed model")
            };
            assert!(request.ciphertexts.rows() <= rows);
            ids.push(request.id.clone());
            opening.scores(&exchanged(&evaluator, &request)).unwrap()
        });
        let scores: Vec<Vec<i64>> = scores.collect();
        assert_eq!(scores, expected, "{rows}");
        ids.dedup();
        assert_eq!(
            ids.len(),
            150_usize
                .div_ceil(rows * predictor.records_per_group())
                .max(1)
        );
    }
}

#[test]
fn openings_survive_a_file() {
    let integers: Vec<Vec<u32>> = (0..100).map(|i| vec![i % 16; 6]).collect();
    let (client, evaluator) = sides(small());
    let records = common::records(client.card(), integers.clone());
    let (request, opening) = client.prepare(&records).unwrap();
    let answer = exchanged(&evaluator, &request);
    let stored = opening.to_stored();
    let from = |stored: &StoredOpening| Opening::from_stored(stored, client.card()).unwrap();
    let read = from(&stored).unwrap();
    assert!(read.is_of(&request));
    assert_eq!(read.scores(&answer).unwrap(), expected(&small(), &integers));
    assert_eq!(
        format!("{read:?} {stored:?}"),
        "Opening(100 records) StoredOpening(100 records)"
    );

    let changed = |change: fn(&mut StoredOpening)| {
        let mut stored = opening.to_stored();
        change(&mut stored);
        from(&stored).is_none()
    };
    assert!(changed(|stored| stored.masks.truncate(8)));
    assert!(changed(|stored| stored.masks.extend([0; 8])));
    assert!(changed(|stored| stored.records = 10));
    assert!(changed(|stored| stored.records = 0));
    assert!(changed(|stored| stored.card = CardDigest::of(b"another")));
    let unsealed = small();
    let refused = Opening::from_stored(&stored, unsealed.card());
    assert!(matches!(refused, Err(SealedError::NotOffered)));
}

#[test]
fn answers_to_other_requests_are_refused() {
    let (client, evaluator) = sides(small());
    let records = common::records(client.card(), [vec![1; 6], vec![2; 6]]);
    let (request, opening) = client.prepare(&records).unwrap();
    let (other, _) = client.prepare(&records).unwrap();
    let answer = exchanged(&evaluator, &request);
    let refused = |answer: &MaskedResponse| {
        assert_eq!(opening.scores(answer), Err(SessionError::OtherRequest));
    };
    refused(&exchanged(&evaluator, &other));
    refused(&MaskedResponse {
        card_digest: CardDigest::of(b"another"),
        ..answer.clone()
    });
    let [rows, columns] = answer.scores.shape();
    let matrix =
        |shape: [usize; 2], values| IntegerMatrix::new(shape, IntegerType::Uint8, values).unwrap();
    let shorter = answer.scores.values()[columns..].to_vec();
    refused(&MaskedResponse {
        scores: matrix([rows - 1, columns], shorter),
        ..answer.clone()
    });
    // Two scores don't fill their bytes.
    let mut values = answer.scores.values().to_vec();
    values[0] |= 0x80;
    refused(&MaskedResponse {
        scores: matrix([rows, columns], values),
        ..answer.clone()
    });
    opening.scores(&answer).unwrap();
}

#[test]
fn what_no_model_can_be_sealed_with_is_refused() {
    let key = common::key();
    let without = seal(small(), &key, vec![Way::Direct]);
    assert!(matches!(
        without,
        Err(SealedError::Model(ModelError::Card(_)))
    ));
    // 30 scores of 30 bits don't fit 1024 − 128.
    let wide = common::model(&vec![vec![2047; 100]; 30], &[0; 30], 11, 12);
    let slot_bits = wide.card().slot_bits().get();
    let refused = seal(wide, &key, ALL.to_vec()).err().unwrap();
    let limit = 896 / slot_bits;
    let SealedError::Layout(layout) = refused else {
        panic!("{refused}")
    };
    assert_eq!(layout, LayoutError::ScoresPerAnswer { found: 30, limit });
}

#[test]
fn records_for_other_cards_are_refused() {
    let (client, _) = sides(small());
    assert!(matches!(client.prepare(&[]), Err(SessionError::NoRecords)));
    let other = common::records(small().card(), [vec![1; 6]]);
    let refused = client.prepare(&other).err();
    let expected = SessionError::RecordOfOtherCard {
        index: 0,
        found: small().card_digest(),
        expected: client.card().digest(),
    };
    assert_eq!(refused, Some(expected));
    let refused = SealedModel::open(small().card().clone(), &[], TESTS_ONLY);
    assert!(matches!(refused, Err(SealedError::NotOffered)));
}

/// The service's key must be the one, and the file hold the weights.
#[test]
fn a_key_opens_the_model_that_it_seals() {
    let other = || SecretKey::generate(1024, TESTS_ONLY).unwrap();
    let sealed = || seal(small(), &common::key(), ALL.to_vec()).unwrap();
    let evaluator = |model| Evaluator::new(model, TESTS_ONLY);
    let refused = evaluator(sealed())
        .with_sealing_key(other().into())
        .err()
        .unwrap();
    assert!(matches!(refused, SealedError::OtherKey { .. }), "{refused}");
    let refused = evaluator(small())
        .with_sealing_key(other().into())
        .err()
        .unwrap();
    assert!(matches!(refused, SealedError::NotOffered), "{refused}");

    // The file of other weights, under the same key, in a card that names it.
    let others = common::model(&[vec![7; 6], vec![-7; 6]], &[3, -2], 4, 4);
    let others = seal(others, &common::key(), ALL.to_vec()).unwrap();
    let named = others.card().sealed().unwrap().clone();
    let file = others.sealed_file().unwrap().to_vec();
    let exchanged = small().sealed(named, file, ALL.to_vec()).unwrap();
    let refused = evaluator(exchanged)
        .with_sealing_key(common::key().into())
        .err()
        .unwrap();
    assert!(matches!(refused, SealedError::SelfTest), "{refused}");
    assert!(!evaluator(sealed()).opens_sealed());
}

#[test]
fn requests_that_do_not_fit_are_refused() {
    let (client, evaluator) = sides(small());
    let records = common::records(client.card(), vec![vec![1; 6]; 3]);
    let (request, _) = client.prepare(&records).unwrap();
    let refusal = |request: &SealedRequest| {
        let cost = evaluator.sealed_cost(request).map(|_| ());
        let refused = evaluator.evaluate_sealed(request, &mut || Ok(())).err();
        assert!(cost.is_ok() || cost.err() == refused);
        refused.unwrap()
    };
    let found = CardDigest::of(b"another");
    let expected = evaluator.card_digest();
    assert_eq!(
        refusal(&SealedRequest {
            card_digest: found,
            ..request.clone()
        }),
        EvaluateError::CardDigest { found, expected }
    );
    let group = client.records_per_group();
    assert_eq!(
        refusal(&SealedRequest {
            records: group + 1,
            ..request.clone()
        }),
        EvaluateError::Rows {
            expected: 2,
            found: 1
        }
    );
    assert_eq!(
        refusal(&SealedRequest {
            records: 301,
            ..request.clone()
        }),
        EvaluateError::TooManyRecords {
            found: 301,
            limit: 300
        }
    );
    let narrow = ByteMatrix::new([1, 1], 255, vec![1; 255]).unwrap();
    let refused = refusal(&SealedRequest {
        ciphertexts: narrow,
        ..request.clone()
    });
    assert!(matches!(refused, EvaluateError::Ciphertext(_)), "{refused}");

    let key = common::key();
    let n = common::geometry::modulus(key.public_key());
    for number in [BigUint::zero(), n.clone(), &n * &n, &n * &n + 1u8, &n * 3u8] {
        let refused = refusal(&by_hand(&evaluator, &[number], 1));
        assert!(matches!(refused, EvaluateError::Ciphertext(_)), "{refused}");
    }
    let one = by_hand(&evaluator, &[BigUint::one()], 1);
    evaluator.evaluate_sealed(&one, &mut || Ok(())).unwrap();

    let (_, unsealed) = common::sides(small());
    let to_unsealed = SealedRequest {
        card_digest: unsealed.card_digest(),
        ..request.clone()
    };
    let refused = unsealed.evaluate_sealed(&to_unsealed, &mut || Ok(()));
    assert_eq!(refused.err(), Some(EvaluateError::NotSealed));
    let model = seal(small(), &key, ALL.to_vec()).unwrap();
    let without_key = Evaluator::new(model, TESTS_ONLY);
    let request = SealedRequest {
        card_digest: without_key.card_digest(),
        ..request
    };
    let refused = without_key.sealed_cost(&request);
    assert_eq!(refused.err(), Some(EvaluateError::NoSealingKey));
}

/// Keys of the sizes that clients accept, not only of tests.
#[test]
fn a_real_key_seals_too() {
    let key = SecretKey::generate(2048, KeyPolicy::default()).unwrap();
    let integers: Vec<Vec<u32>> = (0..100).map(|i| vec![i % 16; 6]).collect();
    let (client, evaluator) = sides_under(small(), key);
    let records = common::records(client.card(), integers.clone());
    let (request, opening) = client.prepare(&records).unwrap();
    let answer = exchanged(&evaluator, &request);
    assert_eq!(
        opening.scores(&answer).unwrap(),
        expected(&small(), &integers)
    );
}
