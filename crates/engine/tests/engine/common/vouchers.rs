//! Vouchers as clients get them, and requests that somebody makes by hand.

use num_bigint::BigUint;
use veilcast_engine::{Evaluator, Session, Vouchers};
use veilcast_protocol::{
    ByteMatrix, Framing, InferRequest, Inference, Layout, Limits, MaskedRequest, MaskedResponse,
};

pub(crate) const FEATURES: usize = 4;
pub(crate) const OUTPUTS: usize = 2;

/// All weights as large as they can be, and of one sign.
pub(crate) fn heavy(sign: i32) -> (Session, Evaluator) {
    let weights = vec![vec![127 * sign; FEATURES]; OUTPUTS];
    super::sides(super::model(&weights, &[0; OUTPUTS], 8, 8))
}

/// Vouchers as a client gets them.
pub(crate) fn filled(session: &Session, evaluator: &Evaluator, count: usize) -> Vouchers {
    let (drawn, request) = session.draw_vouchers(count).unwrap();
    let answer = evaluator.evaluate(&request).unwrap();
    session.vouchers(drawn, &request, &answer).unwrap()
}

/// The request and the answer as they come through the wire.
pub(crate) fn exchanged(evaluator: &Evaluator, request: &MaskedRequest) -> MaskedResponse {
    let body = request.to_binary();
    let framing = Framing::HeaderLength(body.header_length);
    let limits = Limits::new(300, 2000);
    let received = Inference::decode(&body.bytes, framing, &limits).unwrap();
    let Inference::Masked(received) = received else {
        panic!("it is masked")
    };
    assert_eq!(&received, request);
    let json = Inference::decode(&request.to_json(), Framing::Json, &limits).unwrap();
    assert!(matches!(json, Inference::Masked(json) if json.records == request.records));
    let answer = evaluator.evaluate_masked(&received).unwrap();
    let body = answer.to_json();
    assert_eq!(
        MaskedResponse::decode(&body, Framing::Json, &limits).unwrap(),
        answer
    );
    let body = answer.to_binary();
    let framing = Framing::HeaderLength(body.header_length);
    MaskedResponse::decode(&body.bytes, framing, &limits).unwrap()
}

/// A request for vouchers that somebody makes by hand, each ciphertext holding what they like.
pub(crate) fn by_hand(evaluator: &Evaluator, row: &[BigUint], vouchers: usize) -> InferRequest {
    let key = super::key();
    let key = key.public_key();
    let ciphertexts = super::encrypted(row);
    let bytes = ciphertexts.iter().flat_map(|c| key.encode_ciphertext(c));
    let matrix = ByteMatrix::new([1, row.len()], key.ciphertext_bytes(), bytes.collect()).unwrap();
    super::request(evaluator, Layout::Vouchers, vouchers, matrix)
}
