//! Sealed models as clients get them, and files that somebody makes by hand.

use num_bigint::BigUint;
use veilcast_card::{Card, Sealed, Way};
use veilcast_engine::{Evaluator, SealedError, SealedModel, seal};
use veilcast_model::Model;
use veilcast_paillier::SecretKey;
use veilcast_protocol::{
    ByteMatrix, Encoding, Framing, Inference, Limits, MaskedResponse, SealedRequest,
};

/// Every way of predicting.
pub(crate) const ALL: [Way; 3] = [Way::Direct, Way::Vouchers, Way::Sealed];

/// The client's and the service's side of a model that is sealed under the test key.
pub(crate) fn sides(model: Model) -> (SealedModel, Evaluator) {
    sides_under(model, super::key())
}

/// The same under another key.
pub(crate) fn sides_under(model: Model, key: SecretKey) -> (SealedModel, Evaluator) {
    let model = seal(model, &key, ALL.to_vec()).unwrap();
    let file = model.sealed_file().unwrap();
    let client = SealedModel::open(model.card().clone(), file, super::TESTS_ONLY).unwrap();
    let evaluator = Evaluator::new(model, super::TESTS_ONLY);
    (client, evaluator.with_sealing_key(key.into()).unwrap())
}

/// The client's side of a card like this one that names another file, modulus and proof.
pub(crate) fn open_other(
    card: &Card,
    file: &[u8],
    modulus: &[u8],
    proof: &[u8],
) -> Result<SealedModel, SealedError> {
    let mut spec = card.spec().clone();
    spec.sealed = Some(Sealed::of(file, modulus, proof));
    SealedModel::open(Card::new(spec).unwrap(), file, super::TESTS_ONLY)
}

/// The request and the answer as they come through the wire.
pub(crate) fn exchanged(evaluator: &Evaluator, request: &SealedRequest) -> MaskedResponse {
    let limits = Limits::new(300, 2000);
    let body = request.to_binary();
    let framing = Framing::HeaderLength(body.header_length);
    let received = Inference::decode(&body.bytes, framing, &limits).unwrap();
    assert_eq!(received.records(), request.records);
    let Inference::Sealed(received) = received else {
        panic!("it is for a sealed model")
    };
    assert_eq!(&received, request);
    let json = Inference::decode(&request.to_json(), Framing::Json, &limits).unwrap();
    assert!(matches!(json, Inference::Sealed(json) if json.ciphertexts == request.ciphertexts));
    let answer = evaluator
        .evaluate_sealed(&received, &mut || Ok(()))
        .unwrap();
    let json = MaskedResponse::decode(&answer.to_json(), Framing::Json, &limits).unwrap();
    assert_eq!(json, answer);
    let body = answer.to_binary();
    let framing = Framing::HeaderLength(body.header_length);
    MaskedResponse::decode(&body.bytes, framing, &limits).unwrap()
}

/// A request that somebody makes by hand, with these numbers in place of ciphertexts.
pub(crate) fn by_hand(evaluator: &Evaluator, numbers: &[BigUint], records: usize) -> SealedRequest {
    let width = super::key().public_key().ciphertext_bytes();
    let bytes = numbers.iter().flat_map(|number| {
        let bytes = number.to_bytes_be();
        [vec![0; width - bytes.len()], bytes].concat()
    });
    SealedRequest {
        id: None,
        card_digest: evaluator.card_digest(),
        records,
        ciphertexts: ByteMatrix::new([numbers.len(), 1], width, bytes.collect()).unwrap(),
        answer: Encoding::Binary,
        timeout: None,
    }
}

/// What the ciphertexts of a request hold.
pub(crate) fn plaintexts(request: &SealedRequest) -> Vec<BigUint> {
    let key = super::key();
    let ciphertexts = key.public_key().decode_ciphertexts(&request.ciphertexts);
    let plaintexts = key.decrypt_many(&ciphertexts.unwrap()).unwrap();
    plaintexts.iter().map(super::geometry::number).collect()
}
