//! A request and its answer, sound in form only.

use veilcast_protocol::{
    ByteMatrix, CardDigest, ContentDigest, InferRequest, InferResponse, KeyFingerprint, Layout,
};

pub(crate) fn request() -> InferRequest {
    let ciphertexts = ByteMatrix::new([1, 2], 6, vec![7; 12]).unwrap();
    InferRequest::new(
        vec![9, 9, 9],
        Layout::SCALAR,
        1,
        CardDigest::of(b"card"),
        ciphertexts,
    )
    .unwrap()
}

pub(crate) fn response() -> InferResponse {
    InferResponse {
        id: None,
        model_name: "m".to_owned(),
        model_version: "1".to_owned(),
        key_fingerprint: KeyFingerprint::of(&[9, 9, 9]),
        card_digest: CardDigest::of(b"card"),
        layout: Layout::SCALAR,
        records: 1,
        request_digest: Some(ContentDigest::of(&request().to_binary().bytes)),
        vouchers: None,
        scores: ByteMatrix::new([1, 1], 6, vec![8; 6]).unwrap(),
    }
}
