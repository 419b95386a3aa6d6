//! One small model, and a key for it: always the same, so that an input means the same each time.

use std::sync::LazyLock;

use veilcast_card::{
    Activation, Card, FeaturesLayout, Input, InputBits, InputKind, Layouts, Limits, PerFeature,
    Preprocessing, Quantization, QuantizedRecord, RecordsLayout, ScalarLayout, SeededUploads, Way,
};
use veilcast_engine::{
    Evaluator, KeyPolicy, SealedModel, Session, VoucherSecret, VoucherSecrets, seal,
};
use veilcast_model::{Blueprint, FloatMap, FloatNetwork, Model};
use veilcast_paillier::SecretKey;

/// Accepts keys of 1024 bits, which are faster.
pub const POLICY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};

/// The key file.
const KEY: &str = include_str!("../../crates/paillier/tests/fixtures/keys/insecure-1024.json");

/// The key.
pub fn key() -> SecretKey {
    SecretKey::from_json(KEY, POLICY).expect("the fixture is a key")
}

/// What the model's card says: three columns, two classes, every layout.
pub fn blueprint() -> Blueprint {
    Blueprint {
        name: "fuzz".to_owned(),
        version: "1".to_owned(),
        description: "A model for fuzzing.".to_owned(),
        input: Input {
            kind: InputKind::Table,
            description: String::new(),
            shape: vec![3],
            features: Some(["age", "dose", "weight"].map(str::to_owned).to_vec()),
            fit: None,
            about: Default::default(),
            preprocessing: Preprocessing::new(Vec::new()),
        },
        public_part: None,
        quantization: Quantization {
            bits: InputBits::of::<4>(),
            step: PerFeature::All(1.0),
            zero: PerFeature::All(0.0),
        },
        labels: vec!["no".to_owned(), "yes".to_owned()],
        activation: Activation::Softmax,
        units: None,
        threshold: None,
        task: None,
        layouts: Layouts {
            scalar: Some(ScalarLayout {}),
            records: Some(RecordsLayout {}),
            features: Some(FeaturesLayout {
                features_per_ciphertext: vec![2, 3],
            }),
            seeded: Some(SeededUploads {}),
        },
        ways: None,
        limits: Limits {
            max_records: 8,
            max_ciphertexts: 24,
        },
        max_weight: 7,
    }
}

/// The model.
pub fn model() -> Model {
    let weights = vec![7.0, -3.0, 1.0, -7.0, 0.0, 2.0];
    let map = FloatMap::new(3, 2, weights, vec![1.0, -3.0]).expect("2 × 3 weights");
    blueprint().build(map).expect("the blueprint is sound")
}

/// The service's side.
pub static EVALUATOR: LazyLock<Evaluator> = LazyLock::new(|| Evaluator::new(model(), POLICY));

/// Both sides of a network with a hidden layer of the same columns and classes. Its vouchers' secret is fixed too.
pub static NETWORK: LazyLock<(Session, Evaluator)> = LazyLock::new(|| {
    let first = vec![7.0, -3.0, 1.0, -7.0, 0.0, 2.0];
    let first = FloatMap::new(3, 2, first, vec![1.0, -3.0]).expect("2 × 3 weights");
    let last = FloatMap::new(2, 2, vec![7.0, -2.0, 1.0, 7.0], vec![0.0, 5.0]);
    let parts = vec![first, last.expect("2 × 2 weights")];
    let network = FloatNetwork::new(parts).expect("the parts follow on each other");
    let network = blueprint()
        .build_network(network)
        .expect("the blueprint is sound");
    let session = Session::new(network.card().clone(), key()).expect("the key has room");
    let secret = VoucherSecret::new([7; 32].into());
    let secrets = VoucherSecrets::new(secret, Vec::new());
    let evaluator = Evaluator::new(network, POLICY).with_voucher_secrets(secrets.into());
    (session, evaluator)
});

/// Both sides of the model, sealed under the key.
pub static SEALED: LazyLock<(SealedModel, Evaluator)> = LazyLock::new(|| {
    let sealed = seal(model(), &key(), vec![Way::Sealed]).expect("the key has room");
    let file = sealed.sealed_file().expect("it is sealed");
    let client = SealedModel::open(sealed.card().clone(), file, POLICY).expect("it is sound");
    let evaluator = Evaluator::new(sealed, POLICY).with_sealing_key(key().into());
    (client, evaluator.expect("it is the key"))
});

/// Records of these integers, for the model.
pub fn records(integers: &[[u32; 3]]) -> Vec<QuantizedRecord> {
    records_for(EVALUATOR.card(), integers)
}

/// Records of these integers, for a card.
pub fn records_for(card: &Card, integers: &[[u32; 3]]) -> Vec<QuantizedRecord> {
    let record = |integers: &[u32; 3]| QuantizedRecord::new(card, integers.to_vec());
    let records = integers.iter().map(record).collect::<Result<_, _>>();
    records.expect("the integers are fit")
}

/// The client's side.
pub fn session() -> Session {
    let card = Card::parse(model().card_json()).expect("a model's card is sound");
    Session::new(card, key()).expect("the key has room")
}
