//! A real service with a small model, and sessions with it.

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use axum::Router;
use tokio::net::TcpListener;
use veilcast_card::{
    Activation, Card, Input, InputBits, InputKind, Layouts, Limits, PerFeature, Preprocessing,
    Quantization, QuantizedRecord, ScalarLayout, Way,
};
use veilcast_client::{Answered, Client, Pipeline, PipelineError};
use veilcast_engine::{Evaluator, KeyPolicy, Predictor, SealedModel, Session, seal};
use veilcast_model::{Blueprint, FloatMap, FloatNetwork, Model};
use veilcast_paillier::SecretKey;
use veilcast_server::{App, Config, router, serve};

const POLICY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};

static CARD: LazyLock<Card> = LazyLock::new(|| model().card().clone());

/// Three numbers of 8 bits to two scores.
pub(crate) fn model() -> Model {
    named("risk")
}

/// The same model with another name on its card.
pub(crate) fn named(name: &'static str) -> Model {
    Kind {
        name,
        ..Kind::USUAL
    }
    .model()
}

/// What models that replace each other differ in.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) bias: f64,
    /// What an integer of a record is worth.
    pub(crate) step: f64,
    pub(crate) labels: [&'static str; 2],
    pub(crate) max_records: u32,
}

impl Kind {
    pub(crate) const USUAL: Self = Self {
        name: "risk",
        version: "2024-05",
        bias: 1.5,
        step: 1.0,
        labels: ["low", "high"],
        max_records: 10,
    };

    pub(crate) fn model(self) -> Model {
        let weights = vec![1.0, -2.0, 0.5, -0.25, 0.0, 2.0];
        let map = FloatMap::new(3, 2, weights, vec![-7.0, self.bias]).unwrap();
        self.blueprint().build(map).unwrap()
    }

    /// A network with a hidden layer, from the same numbers to as many scores.
    pub(crate) fn network(self) -> Model {
        let first = vec![1.0, -2.0, 0.5, -0.25, 0.0, 2.0];
        let first = FloatMap::new(3, 2, first, vec![-7.0, self.bias]).unwrap();
        let last = FloatMap::new(2, 2, vec![1.0, -0.5, 0.25, 1.0], vec![3.0, 0.0]).unwrap();
        let network = FloatNetwork::new(vec![first, last]).unwrap();
        self.blueprint().build_network(network).unwrap()
    }

    fn blueprint(self) -> Blueprint {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Blueprint {
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            description: "Two scores of three numbers.".to_owned(),
            input: Input {
                kind: InputKind::Table,
                description: String::new(),
                shape: vec![3],
                features: Some(texts(&["age", "dose", "days"])),
                fit: None,
                about: Default::default(),
                preprocessing: Preprocessing::new(vec![]),
            },
            public_part: None,
            quantization: Quantization {
                bits: InputBits::of::<8>(),
                step: PerFeature::All(self.step),
                zero: PerFeature::All(0.0),
            },
            labels: texts(&self.labels),
            activation: Activation::Softmax,
            units: None,
            threshold: None,
            task: None,
            layouts: Layouts {
                scalar: Some(ScalarLayout {}),
                ..Layouts::default()
            },
            ways: None,
            limits: Limits {
                max_records: self.max_records,
                max_ciphertexts: 1000,
            },
            max_weight: 127,
        }
    }
}

/// Records of these integers, for the model.
pub(crate) fn records<R: Into<Vec<u32>>>(
    integers: impl IntoIterator<Item = R>,
) -> Vec<QuantizedRecord> {
    let record = |integers: R| QuantizedRecord::new(&CARD, integers.into()).unwrap();
    integers.into_iter().map(record).collect()
}

/// The URL of a service with the model.
pub(crate) async fn start_service() -> String {
    start_with(model()).await
}

/// The URL of a service with a model.
pub(crate) async fn start_with(model: Model) -> String {
    let app = App::new([Evaluator::new(model, POLICY)], Config::default()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(listener.into(), app, std::future::pending()));
    url
}

/// The application of a service with this model alone.
pub(crate) fn application(kind: Kind) -> Router {
    router(App::new([Evaluator::new(kind.model(), POLICY)], Config::default()).unwrap())
}

/// The application of a service with this model, sealed under a key.
pub(crate) fn sealed_application(kind: Kind, key: SecretKey) -> Router {
    let model = seal(kind.model(), &key, vec![Way::Sealed]).unwrap();
    let evaluator = Evaluator::new(model, POLICY).with_sealing_key(key.into());
    router(App::new([evaluator.unwrap()], Config::default()).unwrap())
}

/// A key for tests.
pub(crate) fn sealing_key() -> SecretKey {
    SecretKey::generate(1024, POLICY).unwrap()
}

/// The sealed model of a service.
pub(crate) async fn sealed_model(client: &Client) -> SealedModel {
    let card = Card::parse(&client.card("risk").await.unwrap().answer).unwrap();
    let file = client.sealed_file("risk", &card).await.unwrap().answer;
    SealedModel::open(card, &file, POLICY).unwrap()
}

/// A session with the model of a service, under a key of its own.
pub(crate) async fn session(client: &Client) -> Session {
    let card = Card::parse(&client.card("risk").await.unwrap().answer).unwrap();
    Session::new(card, SecretKey::generate(1024, POLICY).unwrap()).unwrap()
}

/// The answers to groups of records, one at a time, or the error that ended them.
pub(crate) async fn answers<G>(
    client: &Client,
    predictor: impl Into<Predictor>,
    groups: impl Iterator<Item = G> + Send + 'static,
) -> Result<Vec<Answered<G>>, PipelineError>
where
    G: AsRef<[QuantizedRecord]> + Send + 'static,
{
    let pipeline = Pipeline::new(client.clone(), "risk", predictor).in_flight(NonZeroUsize::MIN);
    let mut answers = pipeline.run(groups.map(Ok::<_, PipelineError>));
    let mut all = Vec::new();
    while let Some(answered) = answers.next().await {
        all.push(answered?);
    }
    Ok(all)
}
