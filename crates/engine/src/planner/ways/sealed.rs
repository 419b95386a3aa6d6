//! What sealed models take.

use veilcast_card::{Card, Way};
use veilcast_protocol::{
    ByteMatrix, CardDigest, ContentDigest, Encoding, IntegerMatrix, IntegerType, MaskedResponse,
    SealedRequest,
};

use crate::id::new_id;
use crate::planner::Costs;
use crate::planner::effort::{Effort, WayCosts};
use crate::sealed::SealedSlots;

/// Features that share a product, for each bit: see `FixedBases`.
const FEATURES_PER_PRODUCT: usize = 5;
/// Bytes of the length before an element of a binary tensor.
const PREFIX_BYTES: usize = 4;

/// What a number of records takes: ahead of time the file, its table, and the randomisers.
pub(super) fn costs(card: &Card, costs: &Costs, records: usize) -> Option<WayCosts> {
    let sealed = card.sealed()?;
    let key_bits = sealed.key_bits();
    let slots = SealedSlots::of_card(card).ok()?;
    let seconds = costs.for_key_bits(key_bits).seconds;
    let inputs = card.features() + 1;
    let answers = slots.answers(records);
    let groups = inputs.div_ceil(FEATURES_PER_PRODUCT) as f64;
    let bits = f64::from(card.quantization().bits.get());
    let table = inputs as f64 * (seconds.decoding + 5.0 * seconds.product);
    let ahead = Effort {
        client: seconds.of_key_check() + table + seconds.of_randomizers(answers),
        server: 0.0,
        bytes_up: 0,
        bytes_down: sealed.file_bytes(card.features()),
    };
    let products = records as f64 * groups * bits;
    // Each record but the first of an answer is shifted by those before it.
    let squarings = records.saturating_sub(answers) as f64 * f64::from(slots.record_bits());
    let requests = records.div_ceil(card.limits().max_records as usize);
    let (request, answer) = headers(card);
    let online = Effort {
        client: (products + squarings) * seconds.product,
        server: seconds.of_opening(answers),
        bytes_up: requests * request + answers * (2 * key_bits as usize / 8 + PREFIX_BYTES),
        bytes_down: requests * answer + records * slots.row_bytes(),
    };
    Some(WayCosts {
        way: Way::Sealed,
        ahead: Some(ahead),
        online,
    })
}

/// The bytes of a request's and of an answer's header, up to a few digits of their numbers.
fn headers(card: &Card) -> (usize, usize) {
    let digest = CardDigest::of(card.json());
    let one = ByteMatrix::new([1, 1], 1, vec![0]).expect("it is a byte");
    let request = SealedRequest {
        id: Some(new_id()),
        card_digest: digest,
        records: 1,
        ciphertexts: one,
        answer: Encoding::Binary,
        timeout: None,
    };
    let one = IntegerMatrix::new([1, 1], IntegerType::Uint8, vec![0]).expect("it is a byte");
    let answer = MaskedResponse {
        id: Some(new_id()),
        model_name: card.name().to_owned(),
        model_version: card.version().to_owned(),
        card_digest: digest,
        request_digest: Some(ContentDigest::of(&[])),
        scores: one,
    };
    (
        request.to_binary().header_length,
        answer.to_binary().header_length,
    )
}
