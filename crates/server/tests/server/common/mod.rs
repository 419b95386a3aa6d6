//! A small model, a key that is unfit for use, and requests for the router without a socket.

pub(crate) mod socket;

use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::{Router, response::Response};
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use num_bigint::BigUint;
use tower::ServiceExt as _;
use veilcast_card::{
    Activation, Input, InputBits, InputKind, Layouts, Limits, PerFeature, Preprocessing,
    Quantization, ScalarLayout, Way,
};
use veilcast_engine::{Evaluator, KeyPolicy, SealedModel, seal};
use veilcast_model::{Blueprint, FloatMap, FloatNetwork, Model, PublicPartFile};
use veilcast_paillier::{PublicKey, SecretKey};
use veilcast_protocol::{
    BinaryBody, ByteMatrix, CardDigest, HEADER_LENGTH, InferRequest, Layout, MEDIA_BINARY, Problem,
};
use veilcast_server::{App, Config, router};

/// Primes of 512 bits, published here and small: unfit for use.
pub(crate) const P: &str = "cfe0e58d17de75a36bff2d1fd1400defd9f7f90dd2b2fd528cd7228a043c71c1\
    0428cb8412ed4d0d85d22adc032586337c470a4462a55d08b0018f3db335d02f";
pub(crate) const Q: &str = "f8b362687f0aafa9ecbd4f62abcedfe4deb81d1b77ed73b47863f683855c7cb3\
    4d1ac2de6928afbbd2db7aba1d0005641f1e858dbb7f5a400cc6dbd3fc81a623";
/// A prime of 1024 bits.
pub(crate) const PRIME: &str = "d7debff5d023d44a916b730ef61073ff7732402d74e733a54c761a3b6cfec536\
    5544fdf06242af60b1d977f52dd9eec05aa98b8b349bb1f3290d1c10548b0a54\
    dcfabb0983b5e970273508d97818913747b2f77e8d113cc7bd51175d0862dc64\
    0211d3c7b28d2a0e5386696c3612174feedcd7b670421ecd78fcb1b445841bf7";

pub(crate) const FEATURES: usize = 4;
pub(crate) const OUTPUTS: usize = 3;
/// Enough that a computation is still under way when another request is in.
pub(crate) const MAX_RECORDS: u32 = 1500;
/// The scores of the model `costly`.
const COSTLY_OUTPUTS: usize = 100 * OUTPUTS;
const POLICY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};

pub(crate) fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).unwrap()
}

pub(crate) fn modulus() -> BigUint {
    number(P) * number(Q)
}

/// The proof of n = p·q: eight n-th roots.
pub(crate) fn key_proof(p: &BigUint, q: &BigUint) -> Vec<u8> {
    use shake::{ExtendableOutput as _, Update as _, XofReader as _};
    let n = p * q;
    let bytes = n.to_bytes_be();
    let exponent = n.modinv(&((p - 1u8) * (q - 1u8))).unwrap();
    let root = |i: u64| {
        let mut absorbed = shake::Shake256::default();
        absorbed.update(b"veilcast key proof v1");
        absorbed.update(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
        absorbed.update(&bytes);
        absorbed.update(&i.to_be_bytes());
        let mut output = vec![0; bytes.len() + 16];
        absorbed.finalize_xof().read(&mut output);
        let root = (BigUint::from_bytes_be(&output) % &n).modpow(&exponent, &n);
        fixed_width(&root, bytes.len())
    };
    (0..8).flat_map(root).collect()
}

/// The proof of the key of [`modulus`].
static KEY_PROOF: LazyLock<Vec<u8>> = LazyLock::new(|| key_proof(&number(P), &number(Q)));

/// A number as exactly this many big-endian bytes.
pub(crate) fn fixed_width(number: &BigUint, width: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    [vec![0; width - bytes.len()], bytes].concat()
}

/// The model `sums` of a version: 4 features of 4 bits, 3 scores.
pub(crate) fn evaluator(version: &str) -> Evaluator {
    named_evaluator("sums", version)
}

/// The same under a name.
pub(crate) fn named_evaluator(name: &str, version: &str) -> Evaluator {
    evaluator_of(OUTPUTS, None, name, version)
}

/// The model `costly`, with a hundred times the scores: [`MAX_RECORDS`] take half a minute or more on two cores.
/// Who doesn't need the answer abandons it.
pub(crate) fn costly_evaluator() -> Evaluator {
    evaluator_of(COSTLY_OUTPUTS, None, "costly", "1")
}

/// A public part, which no service reads.
pub(crate) const ONNX: &[u8] = b"not read here";

/// The same model behind a public part.
pub(crate) fn hybrid_evaluator(name: &str, version: &str) -> Evaluator {
    let public_part = PublicPartFile {
        onnx: ONNX.to_vec(),
        shape: vec![FEATURES],
        description: "Its input.".to_owned(),
    };
    evaluator_of(OUTPUTS, Some(public_part), name, version)
}

/// Three sums, over and over if there are more outputs.
fn evaluator_of(
    outputs: usize,
    public_part: Option<PublicPartFile>,
    name: &str,
    version: &str,
) -> Evaluator {
    Evaluator::new(model_of(outputs, public_part, name, version), POLICY)
}

/// The model of a name and version, sealed under the key of [`P`] and [`Q`], for its clients and for the service, which has yet to be
/// given the key.
pub(crate) fn sealed(name: &str, version: &str) -> (SealedModel, Evaluator) {
    let model = model_of(OUTPUTS, None, name, version);
    let model = seal(model, &sealing_key(), vec![Way::Direct, Way::Sealed]).unwrap();
    let file = model.sealed_file().unwrap();
    let client = SealedModel::open(model.card().clone(), file, POLICY).unwrap();
    (client, Evaluator::new(model, POLICY))
}

pub(crate) fn sealing_key() -> SecretKey {
    let [p, q] = [P, Q].map(|prime| number(prime).to_bytes_be());
    SecretKey::from_primes(&p, &q, POLICY).unwrap()
}

/// The model `sums` itself.
pub(crate) fn model() -> Model {
    model_of(OUTPUTS, None, "sums", "1")
}

/// A network with a hidden layer of three numbers, `bent`, and the scores of the model `sums`.
pub(crate) fn network() -> Evaluator {
    let first = FloatMap::new(FEATURES, 3, WEIGHTS.to_vec(), vec![1.0, 0.0, -1.0]).unwrap();
    let last = vec![1.0, -0.5, 0.25, 0.0, 1.0, 1.0, -1.0, 0.5, 0.0];
    let last = FloatMap::new(3, OUTPUTS, last, vec![2.0, 0.0, -3.0]).unwrap();
    let network = FloatNetwork::new(vec![first, last]).unwrap();
    let model = blueprint(OUTPUTS, None, "bent", "1").build_network(network);
    Evaluator::new(model.unwrap(), POLICY)
}

const WEIGHTS: [f64; 12] = [
    1.0, -2.0, 0.5, 0.0, 0.25, 0.25, 0.25, 0.25, -1.0, 0.0, 1.0, 2.0,
];

fn model_of(
    outputs: usize,
    public_part: Option<PublicPartFile>,
    name: &str,
    version: &str,
) -> Model {
    let repeated = |values: &[f64], count| values.iter().copied().cycle().take(count).collect();
    let weights = repeated(&WEIGHTS, outputs * FEATURES);
    let bias = repeated(&[0.0, 1.0, -1.0], outputs);
    let map = FloatMap::new(FEATURES, outputs, weights, bias).unwrap();
    let blueprint = blueprint(outputs, public_part, name, version);
    blueprint.build(map).unwrap()
}

fn blueprint(
    outputs: usize,
    public_part: Option<PublicPartFile>,
    name: &str,
    version: &str,
) -> Blueprint {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let labels = match outputs {
        OUTPUTS => names(&["x", "y", "z"]),
        _ => (0..outputs).map(|output| format!("x{output}")).collect(),
    };
    Blueprint {
        name: name.to_owned(),
        version: version.to_owned(),
        description: "Three sums of four numbers.".to_owned(),
        input: Input {
            kind: InputKind::Table,
            description: String::new(),
            shape: vec![FEATURES],
            features: Some(names(&["a", "b", "c", "d"])),
            fit: None,
            about: Default::default(),
            preprocessing: Preprocessing::new(vec![]),
        },
        public_part,
        quantization: Quantization {
            bits: InputBits::of::<4>(),
            step: PerFeature::All(1.0),
            zero: PerFeature::All(0.0),
        },
        labels,
        activation: Activation::None,
        units: None,
        threshold: None,
        task: None,
        layouts: Layouts {
            scalar: Some(ScalarLayout {}),
            ..Layouts::default()
        },
        ways: None,
        limits: Limits {
            max_records: MAX_RECORDS,
            max_ciphertexts: MAX_RECORDS * FEATURES as u32,
        },
        max_weight: 31,
    }
}

pub(crate) fn app(config: Config) -> std::sync::Arc<App> {
    App::new([evaluator("1")], config).unwrap()
}

pub(crate) fn service() -> Router {
    router(app(Config::default()))
}

pub(crate) fn card_digest() -> CardDigest {
    evaluator("1").card_digest()
}

/// The ciphertexts of one record, one after the other.
pub(crate) fn record() -> Vec<u8> {
    let key = PublicKey::from_modulus(&modulus().to_bytes_be(), POLICY).unwrap();
    let encrypt = |x| key.encode_ciphertext(&key.encrypt(&key.encode(x)));
    [3, 0, 15, 7].into_iter().flat_map(encrypt).collect()
}

/// A sound request, which holds the same record several times, and its key's proof.
pub(crate) fn request(records: usize) -> InferRequest {
    unproven_request(records).with_key_proof(KEY_PROOF.as_slice())
}

/// The same without the proof.
pub(crate) fn unproven_request(records: usize) -> InferRequest {
    request_of(records, card_digest())
}

fn request_of(records: usize, card: CardDigest) -> InferRequest {
    let ciphertexts = ByteMatrix::new([records, FEATURES], 256, record().repeat(records)).unwrap();
    let modulus = modulus().to_bytes_be();
    InferRequest::new(modulus, Layout::SCALAR, records, card, ciphertexts).unwrap()
}

pub(crate) const INFER: &str = "/v2/models/sums/infer";

/// A binary request as HTTP.
pub(crate) fn post(request: &InferRequest) -> Request<Body> {
    post_to(INFER, request)
}

/// As many records as may be for the model `costly`, as HTTP.
pub(crate) fn post_costly() -> Request<Body> {
    let request = request_of(MAX_RECORDS as usize, costly_evaluator().card_digest());
    let proven = request.with_key_proof(KEY_PROOF.as_slice());
    post_to("/v2/models/costly/infer", &proven)
}

fn post_to(path: &str, request: &InferRequest) -> Request<Body> {
    post_body(path, request.to_binary())
}

/// A binary body as HTTP.
pub(crate) fn post_body(path: &str, body: BinaryBody) -> Request<Body> {
    Request::post(path)
        .header(CONTENT_TYPE, MEDIA_BINARY)
        .header(HEADER_LENGTH, body.header_length)
        .body(body.bytes.into())
        .unwrap()
}

/// A JSON body as HTTP.
pub(crate) fn post_json(body: impl Into<Body>) -> Request<Body> {
    Request::post(INFER)
        .header(CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// What the service answers.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The status and the stable code of a problem document.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert!(!problem.error.is_empty());
        (self.status.as_u16(), problem.code.into_owned())
    }
}

pub(crate) async fn call(service: &Router, request: Request<Body>) -> Answer {
    let response: Response = service.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

/// A body in pieces, of unknown length.
pub(crate) fn pieces(
    pieces: impl Iterator<Item = io::Result<Vec<u8>>> + Send + Unpin + 'static,
) -> Body {
    struct Pieces<I>(I);

    impl<I: Iterator<Item = io::Result<Vec<u8>>> + Unpin> HttpBody for Pieces<I> {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
            Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece?.into()))))
        }
    }

    Body::new(Pieces(pieces))
}

/// A body that never comes.
pub(crate) fn stalled() -> Body {
    struct Stalled;

    impl HttpBody for Stalled {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
            Poll::Pending
        }
    }

    Body::new(Stalled)
}
