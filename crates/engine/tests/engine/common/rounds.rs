//! Networks with hidden layers, their vouchers, and their rounds.

use num_bigint::BigUint;
use veilcast_card::{Card, QuantizedRecord};
use veilcast_engine::{Evaluator, Round, Session, Vouchers};
use veilcast_model::Model;
use veilcast_protocol::{
    ByteMatrix, Framing, InferRequest, Inference, Layout, Limits, MaskedResponse, RoundRequest,
};

use super::TESTS_ONLY;

/// Weights by rows, and biases.
pub(crate) type Part = (Vec<Vec<i32>>, Vec<i64>);

/// A part with weights from `row`, the first of each row as large as it can be, in turns of both signs.
pub(crate) fn part(inputs: usize, outputs: usize, bits: u32, fill: impl Fn(usize) -> i32) -> Part {
    let most = (1 << (bits - 1)) - 1;
    let rows = (0..outputs).map(|output| {
        let first = if output % 2 == 0 { most } else { -most };
        let rest = (1..inputs).map(|input| fill(output * inputs + input));
        std::iter::once(first).chain(rest).collect()
    });
    let biases = (0..outputs as i64).map(|output| 17 * output - 5).collect();
    (rows.collect(), biases)
}

/// What the network below takes, and what its hidden layer has.
pub(crate) const FEATURES: usize = 3;
pub(crate) const HIDDEN: usize = 2;

/// A network with one hidden layer.
pub(crate) fn network() -> Model {
    let first = (vec![vec![7, -3, 2], vec![-5, 7, 1]], vec![4, -9]);
    let last = (vec![vec![7, -2], vec![3, -7]], vec![-1, 30]);
    super::network(&[first, last], 4, 4)
}

/// A request with one row of these numbers, whatever they are.
pub(crate) fn by_hand(evaluator: &Evaluator, layout: Layout, row: &[BigUint]) -> InferRequest {
    let key = super::key();
    let ciphertexts = super::encrypted(row);
    let bytes = ciphertexts
        .iter()
        .flat_map(|c| key.public_key().encode_ciphertext(c));
    let width = key.public_key().ciphertext_bytes();
    let matrix = ByteMatrix::new([1, row.len()], width, bytes.collect()).unwrap();
    super::request(evaluator, layout, 1, matrix)
}

/// Both sides of a network under the test key.
pub(crate) fn sides(model: Model) -> (Session, Evaluator) {
    let card = Card::parse(model.card_json()).unwrap();
    let session = Session::new(card, super::key()).unwrap();
    (session, Evaluator::new(model, TESTS_ONLY))
}

/// Vouchers as a client gets them.
pub(crate) fn filled(session: &Session, evaluator: &Evaluator, count: usize) -> Vouchers {
    let mut drawing = session.draw_for_network(count).unwrap();
    while let Some(request) = drawing.request(session).unwrap() {
        let body = request.to_binary();
        let framing = Framing::HeaderLength(body.header_length);
        let limits = Limits::new(300, 100_000);
        let received = Inference::decode(&body.bytes, framing, &limits).unwrap();
        let Inference::Encrypted(received) = received else {
            panic!("it is encrypted")
        };
        assert_eq!(received, request);
        let answer = evaluator.evaluate(&received).unwrap();
        drawing.receive(session, &request, &answer).unwrap();
    }
    drawing.finish(session)
}

/// The request and the answer as they come through the wire.
pub(crate) fn exchanged(evaluator: &Evaluator, request: &RoundRequest) -> MaskedResponse {
    let body = request.to_binary();
    let framing = Framing::HeaderLength(body.header_length);
    let limits = Limits::new(300, 2000);
    let decode = |body: &[u8], framing| match Inference::decode(body, framing, &limits).unwrap() {
        Inference::Round(round) => round,
        other => panic!("{other:?} is no round"),
    };
    let received = decode(&body.bytes, framing);
    assert_eq!(&received, request);
    let json = decode(&request.to_json(), Framing::Json);
    assert_eq!(json.numbers, request.numbers);
    evaluator.check_round(&received).unwrap();
    let answer = evaluator.evaluate_round(&received).unwrap();
    let body = answer.to_binary();
    let framing = Framing::HeaderLength(body.header_length);
    MaskedResponse::decode(&body.bytes, framing, &limits).unwrap()
}

/// The scores of records by vouchers.
pub(crate) fn scores(
    evaluator: &Evaluator,
    session: &Session,
    vouchers: Vouchers,
    records: &[QuantizedRecord],
) -> Vec<Vec<i64>> {
    let (mut request, mut rounds) = vouchers.begin(session.card(), records).unwrap();
    loop {
        match rounds.receive(&exchanged(evaluator, &request)).unwrap() {
            Round::Next(next, after) => (request, rounds) = (next, after),
            Round::Scores(scores) => return scores,
        }
    }
}
