//! The sizes of messages, without making their ciphertexts.

use veilcast_card::Card;
use veilcast_protocol::{
    BatchId, ByteMatrix, CardDigest, ContentDigest, Encoding, InferRequest, InferResponse,
    IntegerMatrix, IntegerType, KeyFingerprint, Layout, MaskedRequest, MaskedResponse,
    SealedRequest, SeededUpload, Upload, VoucherId, VoucherSecretId,
};

use crate::arrangement::Arrangement;
use crate::id::new_id;
use crate::seeded::SeededForm;

/// Bytes of the length before each element of a tensor.
pub(super) const PREFIX: usize = 4;
/// The roots in a key's proof, each as long as the modulus.
const ROOTS: usize = 8;

/// The bytes of a request to a service that knows its key, up to a few digits of its numbers; the
/// first request holds the proof too.
pub(super) fn request(
    card: &Card,
    key_bits: u32,
    arrangement: &Arrangement,
    form: Option<&SeededForm>,
    records: usize,
) -> usize {
    let key = largest_key(key_bits);
    let (rows, ciphertext) = (arrangement.rows(records), 2 * key.len());
    let (upload, tensor) = match form {
        None => {
            let elements = rows * arrangement.ciphertexts_per_row();
            (
                Upload::Full(one_of(ciphertext)),
                elements * (PREFIX + ciphertext),
            )
        }
        Some(form) => {
            let upload = SeededUpload {
                seed: [0; 32],
                first: 0,
                corrections: one_of(form.row_bytes()),
            };
            (Upload::Seeded(upload), rows * (PREFIX + form.row_bytes()))
        }
    };
    let (layout, digest) = (arrangement.layout(), CardDigest::of(card.json()));
    let request = InferRequest::new(key, layout, named(layout, records), digest, upload);
    let request = request
        .expect("one element of the right width, and a record for it")
        .with_id(new_id());
    request.to_binary().header_length + tensor
}

/// The bytes that the proof of the key adds to a request.
pub(super) fn key_proof(card: &Card, key_bits: u32) -> usize {
    let key = largest_key(key_bits);
    let (upload, digest) = (
        Upload::Full(one_of(2 * key.len())),
        CardDigest::of(card.json()),
    );
    let proof = vec![u8::MAX; ROOTS * key.len()];
    let request = InferRequest::new(key, Layout::Records, 1, digest, upload);
    let request = request.expect("one element of the right width, and a record for it");
    let without = request.to_binary().header_length;
    request.with_key_proof(proof).to_binary().header_length - without
}

/// The bytes of the header of a request that vouchers mask, without their ids, up to a few digits of its numbers.
pub(super) fn masked_header(card: &Card) -> usize {
    let datatype = IntegerType::for_bits(card.slot_bits().get());
    let request = MaskedRequest {
        id: Some(new_id()),
        card_digest: CardDigest::of(card.json()),
        key_fingerprint: KeyFingerprint::of(&[]),
        secret: VoucherSecretId::from([0; 8]),
        vouchers: vec![VoucherId {
            batch: BatchId::from([0; 16]),
            number: 0,
        }],
        records: one_number(datatype),
        answer: Encoding::Binary,
        timeout: None,
    };
    // A voucher's id in base64.
    request.to_binary().header_length - VoucherId::BYTES * 4 / 3
}

/// The bytes of the header of a request to a sealed model, up to a few digits of its numbers.
pub(super) fn sealed_header(card: &Card) -> usize {
    let request = SealedRequest {
        id: Some(new_id()),
        card_digest: CardDigest::of(card.json()),
        records: 1,
        ciphertexts: one_of(1),
        answer: Encoding::Binary,
        timeout: None,
    };
    request.to_binary().header_length
}

/// The bytes of the header of masked scores of this type, up to a few digits of its numbers.
pub(super) fn masked_answer_header(card: &Card, datatype: IntegerType) -> usize {
    let answer = MaskedResponse {
        id: Some(new_id()),
        model_name: card.name().to_owned(),
        model_version: card.version().to_owned(),
        card_digest: CardDigest::of(card.json()),
        request_digest: Some(ContentDigest::of(&[])),
        scores: one_number(datatype),
    };
    answer.to_binary().header_length
}

fn one_number(datatype: IntegerType) -> IntegerMatrix {
    IntegerMatrix::new([1, 1], datatype, vec![0]).expect("it is a number")
}

/// The bytes of an answer, up to a few digits of its numbers.
pub(super) fn answer(
    card: &Card,
    key_bits: u32,
    arrangement: &Arrangement,
    records: usize,
) -> usize {
    let key = largest_key(key_bits);
    let ciphertext = 2 * key.len();
    let answer = InferResponse {
        id: Some(new_id()),
        model_name: card.name().to_owned(),
        model_version: card.version().to_owned(),
        key_fingerprint: KeyFingerprint::of(&key),
        card_digest: CardDigest::of(card.json()),
        layout: arrangement.layout(),
        records: named(arrangement.layout(), records),
        request_digest: Some(ContentDigest::of(&[])),
        vouchers: None,
        scores: one_of(ciphertext),
    };
    let elements = arrangement.rows(records) * arrangement.answers_per_row();
    answer.to_binary().header_length + elements * (PREFIX + ciphertext)
}

/// A number of this many bits.
fn largest_key(key_bits: u32) -> Vec<u8> {
    vec![u8::MAX; key_bits as usize / 8]
}

/// A tensor of one element: its header is like a larger tensor's.
fn one_of(width: usize) -> ByteMatrix {
    ByteMatrix::new([1, 1], width, vec![0; width]).expect("one element that is not empty")
}

/// The number of records that a message with one row can name.
fn named(layout: Layout, records: usize) -> usize {
    if layout.is_grouped() { records } else { 1 }
}
