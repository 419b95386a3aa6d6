//! What sealed models take.

use veilcast_card::{Card, Way};
use veilcast_protocol::IntegerType;

use crate::planner::effort::{Effort, WayCosts};
use crate::planner::{Costs, sizes};
use crate::sealed::SealedSlots;

/// Features that share a product, for each bit: see `FixedBases`.
const FEATURES_PER_PRODUCT: usize = 5;

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
    let request = sizes::sealed_header(card);
    let answer = sizes::masked_answer_header(card, IntegerType::Uint8);
    let online = Effort {
        client: (products + squarings) * seconds.product,
        server: seconds.of_opening(answers),
        bytes_up: requests * request + answers * (2 * key_bits as usize / 8 + sizes::PREFIX),
        bytes_down: requests * answer + records * slots.row_bytes(),
    };
    Some(WayCosts {
        way: Way::Sealed,
        ahead: Some(ahead),
        online,
    })
}
