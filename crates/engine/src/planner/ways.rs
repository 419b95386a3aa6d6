//! The ways of predicting side by side: what each takes before the records are known, and after.

mod sealed;

use veilcast_card::{Card, Way};
use veilcast_protocol::{IntegerType, Layout, VoucherId};

use super::effort::{Effort, WayCosts};
use super::{Candidate, Planner, sizes};
use crate::arrangement::Arrangement;

/// Seconds to draw, subtract and add the numbers that mask a feature or a score.
const SECONDS_PER_MASK: f64 = 2e-8;
/// Seconds of a product of a weight and a masked feature.
pub(crate) const SECONDS_PER_PLAIN_PRODUCT: f64 = 1e-9;

impl Planner<'_> {
    /// Every way that the card offers and the key has room for.
    pub fn ways(&self, records: usize) -> Vec<WayCosts> {
        let costs = |&way: &Way| match way {
            Way::Direct => {
                let best = self.best(records, 0).ok()?;
                Some(WayCosts {
                    way,
                    ahead: None,
                    online: best.effort(),
                })
            }
            Way::Vouchers => Some(WayCosts {
                way,
                ahead: Some(self.fill(records)?),
                online: masked(self.card, records),
            }),
            Way::Sealed => sealed::costs(self.card, &self.costs, records),
        };
        self.card.ways().iter().filter_map(costs).collect()
    }
}

impl Planner<'_> {
    /// What this many vouchers take, as a share of full ciphertexts of them: nobody makes fewer at once.
    fn fill(&self, vouchers: usize) -> Option<Effort> {
        let arrangement =
            Arrangement::new(self.card, Layout::Vouchers, self.costs.key_bits).ok()?;
        let full = vouchers.next_multiple_of(arrangement.records_per_row());
        let effort = self.candidate(Layout::Vouchers, false, full).ok()?.effort();
        let share = vouchers as f64 / full as f64;
        let bytes = |bytes: usize| (bytes as f64 * share) as usize;
        Some(Effort {
            client: effort.client * share,
            server: effort.server * share,
            bytes_up: bytes(effort.bytes_up),
            bytes_down: bytes(effort.bytes_down),
        })
    }
}

impl Candidate {
    fn effort(&self) -> Effort {
        Effort {
            client: self.encrypt + self.decrypt,
            server: self.server,
            bytes_up: self.bytes_up,
            bytes_down: self.bytes_down,
        }
    }
}

/// What records take that vouchers mask, in as many requests as the card requires.
fn masked(card: &Card, records: usize) -> Effort {
    let (features, outputs) = (card.features(), card.outputs());
    let numbers = |count: usize| (records * count) as f64;
    let requests = records.div_ceil(card.limits().max_records as usize);
    let datatype = IntegerType::for_bits(card.slot_bits().get());
    let width = datatype.bytes();
    let (request, answer) = (
        sizes::masked_header(card),
        sizes::masked_answer_header(card, datatype),
    );
    // A voucher's id in base64.
    let named = VoucherId::BYTES * 4 / 3;
    Effort {
        client: numbers(features + outputs) * SECONDS_PER_MASK,
        server: numbers(features * outputs) * SECONDS_PER_PLAIN_PRODUCT
            + numbers(outputs) * SECONDS_PER_MASK,
        bytes_up: requests * request + records * (features * width + named),
        bytes_down: requests * answer + records * outputs * width,
    }
}
