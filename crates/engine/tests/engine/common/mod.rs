//! Small models, a key, and what a client does by hand, for tests.

pub(crate) mod geometry;
pub(crate) mod rounds;
pub(crate) mod sealed;
pub(crate) mod statistics;
pub(crate) mod vouchers;

use std::sync::LazyLock;

use num_bigint::BigUint;
use veilcast_card::{
    Activation, Card, FeaturesLayout, Input, InputBits, InputKind, Layouts, Limits, PerFeature,
    Preprocessing, Quantization, QuantizedRecord, RecordsLayout, ScalarLayout, SeededUploads, Way,
    WeightBits,
};
use veilcast_engine::{EntryStore, Evaluator, KeyPolicy, SeededEntries, Session, StoredEntries};
use veilcast_model::{Blueprint, FloatMap, FloatNetwork, Model};
use veilcast_paillier::{Ciphertext, SecretKey};
use veilcast_protocol::{ByteMatrix, InferRequest, InferResponse, Layout, Upload};

/// Keys of 1024 bits are only for tests.
pub(crate) const TESTS_ONLY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};

/// A key file of 1024 bits. It is always the same: what an answer holds without its mask depends on n
/// too, and a test that tells such answers apart must not do so by luck.
pub(crate) const KEY: &str =
    include_str!("../../../../paillier/tests/fixtures/keys/insecure-1024.json");

/// Its proof.
pub(crate) static KEY_PROOF: LazyLock<Vec<u8>> =
    LazyLock::new(|| key().key_proof().as_bytes().to_vec());

pub(crate) fn key() -> SecretKey {
    SecretKey::from_json(KEY, TESTS_ONLY).unwrap()
}

/// A model that computes the integer map with exactly these weights (their largest magnitude in
/// each row must be 2^(`weight_bits` − 1) − 1) and biases, on features of `input_bits` bits.
pub(crate) fn model(
    weights: &[Vec<i32>],
    biases: &[i64],
    input_bits: u32,
    weight_bits: u32,
) -> Model {
    let most = weights[0].len().min(4) as u32;
    let layouts = all_layouts((2..=most).collect());
    model_with(weights, biases, input_bits, weight_bits, layouts)
}

/// Weights as heavy as they can be, of all signs, for inputs and weights of eight bits; and biases.
pub(crate) fn heaviest() -> Model {
    let weights = [
        vec![127, -127, 127, -90],
        vec![-127, -127, -127, -127],
        vec![127; 4],
    ];
    model(&weights, &[-5000, 17, 9000], 8, 8)
}

/// Records for it: inputs at both bounds, and between.
pub(crate) fn heavy_records(count: u32) -> Vec<Vec<u32>> {
    let record = |i: u32| vec![255, i % 256, i * 37 % 256, 255 * (i % 2)];
    (0..count).map(record).collect()
}

/// All layouts, with these numbers of features per ciphertext.
pub(crate) fn all_layouts(features_per_ciphertext: Vec<u32>) -> Layouts {
    Layouts {
        scalar: Some(ScalarLayout {}),
        records: Some(RecordsLayout {}),
        features: (!features_per_ciphertext.is_empty()).then_some(FeaturesLayout {
            features_per_ciphertext,
        }),
        seeded: Some(SeededUploads {}),
    }
}

/// The same model with these layouts on its card.
pub(crate) fn model_with(
    weights: &[Vec<i32>],
    biases: &[i64],
    input_bits: u32,
    weight_bits: u32,
    layouts: Layouts,
) -> Model {
    model_from(weights, biases, input_bits, weight_bits, layouts, None)
}

/// The same model in all layouts, offered in these ways.
pub(crate) fn model_of_ways(
    weights: &[Vec<i32>],
    biases: &[i64],
    input_bits: u32,
    weight_bits: u32,
    ways: Vec<Way>,
) -> Model {
    let layouts = all_layouts(vec![2]);
    model_from(
        weights,
        biases,
        input_bits,
        weight_bits,
        layouts,
        Some(ways),
    )
}

fn model_from(
    weights: &[Vec<i32>],
    biases: &[i64],
    input_bits: u32,
    weight_bits: u32,
    layouts: Layouts,
    ways: Option<Vec<Way>>,
) -> Model {
    let (inputs, outputs) = (weights[0].len(), weights.len());
    let map = float_map(weights, biases);
    let blueprint = Blueprint {
        layouts,
        ways,
        ..blueprint([inputs, outputs], input_bits, weight_bits)
    };
    let model = blueprint.build(map).unwrap();
    assert_eq!(
        model.affine().unwrap().integer_map().weights(),
        weights.concat(),
        "the weights are integers already"
    );
    assert_eq!(model.affine().unwrap().integer_map().biases(), biases);
    model
}

/// A network of these integers, whose largest magnitudes are as for [`model`].
pub(crate) fn network(
    parts: &[(Vec<Vec<i32>>, Vec<i64>)],
    input_bits: u32,
    weight_bits: u32,
) -> Model {
    let (first, last) = (&parts[0].0, &parts[parts.len() - 1].0);
    let maps = parts
        .iter()
        .map(|(weights, biases)| float_map(weights, biases));
    let blueprint = blueprint([first[0].len(), last.len()], input_bits, weight_bits);
    let model = blueprint.build_network(FloatNetwork::new(maps.collect()).unwrap());
    let model = model.unwrap();
    let integers = model.layered().unwrap().integers().parts();
    for (part, (weights, biases)) in integers.iter().zip(parts) {
        assert_eq!(part.weights(), weights.concat());
        assert!(
            part.biases()
                .iter()
                .copied()
                .eq(biases.iter().map(|&b| b.into()))
        );
    }
    model
}

fn float_map(weights: &[Vec<i32>], biases: &[i64]) -> FloatMap {
    let flat = weights.iter().flatten().map(|&w| f64::from(w)).collect();
    let biases = biases.iter().map(|&b| b as f64).collect();
    FloatMap::new(weights[0].len(), weights.len(), flat, biases).unwrap()
}

fn blueprint([inputs, outputs]: [usize; 2], input_bits: u32, weight_bits: u32) -> Blueprint {
    Blueprint {
        name: "test".into(),
        version: "1".into(),
        description: "A model for tests.".into(),
        input: Input {
            kind: InputKind::Table,
            description: String::new(),
            shape: vec![inputs],
            features: Some((0..inputs).map(|i| format!("x{i}")).collect()),
            fit: None,
            about: Default::default(),
            preprocessing: Preprocessing::new(Vec::new()),
        },
        public_part: None,
        quantization: Quantization {
            bits: InputBits::new(input_bits).unwrap(),
            step: PerFeature::All(1.0),
            zero: PerFeature::All(0.0),
        },
        labels: (0..outputs.max(2)).map(|o| format!("class {o}")).collect(),
        activation: if outputs == 1 {
            Activation::Sigmoid
        } else {
            Activation::Softmax
        },
        units: None,
        threshold: None,
        task: None,
        layouts: Layouts::scalar(),
        ways: None,
        limits: Limits {
            max_records: 300,
            max_ciphertexts: 2000,
        },
        max_weight: WeightBits::new(weight_bits).unwrap().max_weight(),
    }
}

/// Both sides of a model under the test key, in the layout `scalar`.
pub(crate) fn sides(model: Model) -> (Session, Evaluator) {
    let card = Card::parse(model.card_json()).unwrap();
    let mut session = Session::new(card, key()).unwrap();
    session.set_layout(Layout::SCALAR).unwrap();
    (session, Evaluator::new(model, TESTS_ONLY))
}

/// Records of these integers, for the model of this card.
pub(crate) fn records<R: Into<Vec<u32>>>(
    card: &Card,
    integers: impl IntoIterator<Item = R>,
) -> Vec<QuantizedRecord> {
    let record = |integers: R| QuantizedRecord::new(card, integers.into()).unwrap();
    integers.into_iter().map(record).collect()
}

/// Every layout, with every number of features and scores, that the session's card and key allow.
pub(crate) fn layouts(session: &mut Session) -> Vec<Layout> {
    let outputs = session.card().outputs() as u32;
    let scalars = (1..=outputs).map(|scores_per_answer| Layout::Scalar { scores_per_answer });
    let grouped = session.card().layouts().features.clone();
    let grouped = grouped.map_or(vec![], |features| features.features_per_ciphertext);
    let features = grouped.iter().flat_map(|&features_per_ciphertext| {
        (1..=outputs).map(move |scores_per_answer| Layout::Features {
            features_per_ciphertext,
            scores_per_answer,
        })
    });
    let all: Vec<Layout> = scalars.chain([Layout::Records]).chain(features).collect();
    all.into_iter()
        .filter(|&layout| session.set_layout(layout).is_ok())
        .collect()
}

/// Entries for a seeded upload of this many records.
pub(crate) fn entries(session: &Session, records: usize) -> SeededEntries {
    SeededEntries::generate(&key(), session.entries_for(records).unwrap()).unwrap()
}

/// A request that somebody makes by hand: the same row of ciphertexts, repeated.
pub(crate) fn repeated(
    evaluator: &Evaluator,
    layout: Layout,
    row: &[Ciphertext],
    rows: usize,
) -> InferRequest {
    let key = key();
    let key = key.public_key();
    let bytes: Vec<u8> = row.iter().flat_map(|c| key.encode_ciphertext(c)).collect();
    let shape = [rows, row.len()];
    let ciphertexts = ByteMatrix::new(shape, key.ciphertext_bytes(), bytes.repeat(rows)).unwrap();
    request(evaluator, layout, rows, ciphertexts)
}

/// A request with any content.
pub(crate) fn request(
    evaluator: &Evaluator,
    layout: Layout,
    records: usize,
    upload: impl Into<Upload>,
) -> InferRequest {
    let modulus = key().public_key().modulus();
    InferRequest::new(modulus, layout, records, evaluator.card_digest(), upload)
        .unwrap()
        .with_key_proof(KEY_PROOF.as_slice())
}

/// What the ciphertexts of an answer hold, for each column.
pub(crate) fn opened(answer: &InferResponse) -> Vec<Vec<BigUint>> {
    let key = key();
    let ciphertexts = (key.public_key().decode_ciphertexts(&answer.scores)).unwrap();
    let numbers = key.decrypt_many(&ciphertexts).unwrap();
    let columns = answer.scores.columns();
    let column = |column| numbers.iter().skip(column).step_by(columns);
    (0..columns)
        .map(|index| column(index).map(geometry::number).collect())
        .collect()
}

/// Encryptions of these numbers.
pub(crate) fn encrypted(numbers: &[BigUint]) -> Vec<Ciphertext> {
    let key = key();
    let plaintext = |number| geometry::plaintext(key.public_key(), number);
    key.encrypt_many(&numbers.iter().map(plaintext).collect::<Vec<_>>())
}

/// A store in memory, which keeps its promises.
#[derive(Default)]
pub(crate) struct MemoryStore(pub(crate) Vec<StoredEntries>);

impl EntryStore for MemoryStore {
    type Error = std::convert::Infallible;

    fn add(&mut self, entries: StoredEntries) -> Result<(), Self::Error> {
        self.0.push(entries);
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<Option<StoredEntries>, Self::Error> {
        let bytes = 8 * key().public_key().limbs() * count;
        let enough = self
            .0
            .iter()
            .position(|stored| stored.numbers.len() >= bytes);
        Ok(enough.map(|index| {
            let stored = &mut self.0[index];
            let taken = StoredEntries {
                seed: stored.seed,
                first: stored.first,
                numbers: stored.numbers[..bytes].to_vec().into(),
            };
            stored.first += count as u64;
            stored.numbers.drain(..bytes);
            taken
        }))
    }
}

/// What entries hold.
pub(crate) fn stored(entries: SeededEntries) -> StoredEntries {
    let mut store = MemoryStore::default();
    entries.keep(&mut store).unwrap();
    store.0.remove(0)
}

/// The same entries again, as a store that breaks its promises gives them.
pub(crate) fn copy(stored: &StoredEntries) -> StoredEntries {
    StoredEntries {
        seed: stored.seed,
        first: stored.first,
        numbers: stored.numbers.clone(),
    }
}
