//! The sizes of messages, without making their ciphertexts.

use veilcast_card::Card;
use veilcast_protocol::{
    ByteMatrix, CardDigest, ContentDigest, InferRequest, InferResponse, KeyFingerprint, Layout,
    SeededUpload, Upload,
};

use crate::arrangement::Arrangement;
use crate::id::new_id;
use crate::seeded::SeededForm;

/// Bytes of the length before each element of a tensor.
const PREFIX: usize = 4;

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
