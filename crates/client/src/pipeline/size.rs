//! How many records go into a request.

use std::num::NonZeroUsize;

use veilcast_card::Card;
use veilcast_engine::Predictor;
use veilcast_protocol::IntegerType;

/// Most ciphertexts that one request of ours carries, unless a record has more: it bounds the memory
/// and the time that a request takes (6 MB under the default key), and lets long work show progress.
const REQUEST_CIPHERTEXTS: usize = 1 << 13;

/// How many records to send at once: as many whole rows of ciphertexts as we send and the card allows.
pub fn records_at_once(predictor: &Predictor) -> NonZeroUsize {
    let shared = predictor.records_per_group();
    let rows = (REQUEST_CIPHERTEXTS / predictor.card().features()).max(1);
    at_least_one(match (rows * shared).min(predictor.max_records()) {
        few if few < shared => few,
        many => many - many % shared,
    })
}

/// How many records to send at once if vouchers mask them: as many as fit the limit that proxies usually have, and as the card
/// allows.
pub fn masked_records_at_once(card: &Card) -> NonZeroUsize {
    const REQUEST_BYTES: usize = 512 << 10;
    let width = IntegerType::for_bits(card.slot_bits().get()).bytes();
    let most = card.limits().max_records as usize;
    at_least_one(most.min(REQUEST_BYTES / (card.features() * width)))
}

fn at_least_one(records: usize) -> NonZeroUsize {
    NonZeroUsize::new(records).unwrap_or(NonZeroUsize::MIN)
}
