//! Small messages that the tests share: a 3-byte modulus, so that ciphertexts have 6 bytes.

use veilcast_protocol::{
    ByteMatrix, CardDigest, ContentDigest, DecodeError, Encoding, Framing, InferRequest,
    InferResponse, KeyFingerprint, Layout, Limits,
};

pub(crate) const KEY: [u8; 3] = [0xc0, 0xff, 0xee];
/// Eight numbers of the key's length: 0, 1, … 23.
pub(crate) const KEY_PROOF: [u8; 24] = {
    let mut proof = [0; 24];
    let mut i = 0;
    while i < 24 {
        proof[i] = i as u8;
        i += 1;
    }
    proof
};
pub(crate) const DIGEST: &str =
    "sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

pub(crate) fn limits() -> Limits {
    Limits {
        max_body_bytes: 4096,
        max_records: 4,
        max_ciphertexts: 12,
        max_key_bytes: 8,
    }
}

/// Two rows of one ciphertext: 11…11 and 22…22.
pub(crate) fn pair() -> ByteMatrix {
    let bytes = [[0x11; 6], [0x22; 6]].concat();
    ByteMatrix::new([2, 1], 6, bytes).unwrap()
}

pub(crate) fn digest() -> CardDigest {
    DIGEST.parse().unwrap()
}

pub(crate) fn request() -> InferRequest {
    InferRequest::new(KEY.to_vec(), Layout::SCALAR, 2, digest(), pair())
        .unwrap()
        .with_id("7")
}

pub(crate) fn response() -> InferResponse {
    InferResponse {
        id: Some("7".to_owned()),
        model_name: "digits".to_owned(),
        model_version: "1".to_owned(),
        key_fingerprint: KeyFingerprint::of(&KEY),
        card_digest: digest(),
        layout: Layout::SCALAR,
        records: 2,
        request_digest: Some(ContentDigest::from([0xab; 32])),
        vouchers: None,
        scores: pair(),
    }
}

/// Bytes from annotated hexadecimal: a line in single quotes stands for its text, `#` starts a comment.
pub(crate) fn annotated(hex: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in hex.lines() {
        let line = line.trim();
        if let Some(text) = line
            .strip_prefix('\'')
            .and_then(|line| line.strip_suffix('\''))
        {
            bytes.extend_from_slice(text.as_bytes());
            continue;
        }
        let digits = line.split('#').next().unwrap();
        bytes.extend(
            digits
                .split_whitespace()
                .map(|byte| u8::from_str_radix(byte, 16).unwrap()),
        );
    }
    bytes
}

/// The binary request with one part of its header replaced.
pub(crate) fn binary_with(from: &str, to: &str) -> (Vec<u8>, usize) {
    let body = request().to_binary();
    let (header, raw) = body.bytes.split_at(body.header_length);
    let header = std::str::from_utf8(header).unwrap();
    assert!(header.contains(from), "{from} is not in {header}");
    let header = header.replace(from, to);
    ([header.as_bytes(), raw].concat(), header.len())
}

/// The error of the binary request with one part of its header replaced, which is the same with and without a header length.
#[track_caller]
pub(crate) fn binary_error(from: &str, to: &str) -> DecodeError {
    let (body, header_length) = binary_with(from, to);
    let framed = InferRequest::decode(&body, Framing::HeaderLength(header_length), &limits());
    let stored = InferRequest::decode(&body, Framing::SelfDelimiting, &limits());
    assert_eq!(framed, stored);
    framed.unwrap_err()
}

/// The error of the JSON request with one part replaced.
#[track_caller]
pub(crate) fn json_error(from: &str, to: &str) -> DecodeError {
    let text = String::from_utf8(request().with_answer(Encoding::Json).to_json()).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    let body = text.replace(from, to);
    InferRequest::decode(body.as_bytes(), Framing::Json, &limits()).unwrap_err()
}

#[track_caller]
pub(crate) fn json_message(from: &str, to: &str) -> String {
    match json_error(from, to) {
        DecodeError::Json(message) => message,
        other => panic!("{other:?} instead of a JSON error"),
    }
}
