//! The ways of predicting side by side: what each takes before the records are known, and after.

mod sealed;

use veilcast_card::{Card, Hidden, Way};
use veilcast_protocol::{IntegerType, Layout, VoucherId};

use super::effort::{Effort, WayCosts};
use super::{Candidate, Planner, sizes};
use crate::arrangement::{Arrangement, voucher_layouts};

/// Seconds to draw, subtract and add the numbers that mask a feature or a score.
const SECONDS_PER_MASK: f64 = 2e-8;
/// Seconds of a product of a weight and a masked feature.
pub(crate) const SECONDS_PER_PLAIN_PRODUCT: f64 = 1e-9;
/// The same in a ring of up to 126 bits.
pub(crate) const SECONDS_PER_WIDE_PRODUCT: f64 = 2e-9;

impl Planner<'_> {
    /// Every way that the card offers and the key has room for.
    pub fn ways(&self, records: usize) -> Vec<WayCosts> {
        let costs = |&way: &Way| match way {
            Way::Direct => Some(WayCosts {
                way,
                ahead: None,
                online: match self.card.hidden() {
                    None => self.best(records, 0).ok()?.effort(),
                    Some(hidden) => self.layers(hidden, records)?,
                },
            }),
            Way::Vouchers => Some(WayCosts {
                way,
                ahead: Some(self.fill(records)?),
                online: match self.card.hidden() {
                    None => masked(self.card, records),
                    Some(hidden) => rounds(self.card, hidden, records),
                },
            }),
            Way::Sealed => sealed::costs(self.card, &self.costs, records),
        };
        self.card.ways().iter().filter_map(costs).collect()
    }
}

impl Planner<'_> {
    /// All layers of a network, one after another.
    fn layers(&self, hidden: &Hidden, records: usize) -> Option<Effort> {
        let parts = 0..=hidden.sizes.len() as u32;
        let efforts = parts.map(|part| {
            let candidate = self.candidate(Layout::Layer { part }, false, records);
            Some(candidate.ok()?.effort())
        });
        efforts.sum()
    }

    /// What this many vouchers take, as a share of full ciphertexts of them: nobody makes fewer at once.
    fn fill(&self, vouchers: usize) -> Option<Effort> {
        let efforts = voucher_layouts(self.card).into_iter().map(|layout| {
            let arrangement = Arrangement::new(self.card, layout, self.costs.key_bits).ok()?;
            let full = vouchers.next_multiple_of(arrangement.records_per_row());
            let effort = self.candidate(layout, false, full).ok()?.effort();
            let share = vouchers as f64 / full as f64;
            let bytes = |bytes: usize| (bytes as f64 * share) as usize;
            Some(Effort {
                client: effort.client * share,
                server: effort.server * share,
                bytes_up: bytes(effort.bytes_up),
                bytes_down: bytes(effort.bytes_down),
            })
        });
        efforts.sum()
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

/// What records take in the rounds of a network with hidden layers.
fn rounds(card: &Card, hidden: &Hidden, records: usize) -> Effort {
    let width = hidden.ring_bits.get().div_ceil(8) as usize;
    let requests = records.div_ceil(card.limits().max_records as usize);
    let (request, answer) = (
        sizes::masked_header(card),
        sizes::masked_answer_header(card, IntegerType::Uint8),
    );
    let shapes = hidden.shapes(card.features(), card.outputs());
    let (mut effort, last) = (Effort::default(), shapes.len() - 1);
    for (part, [inputs, outputs]) in shapes.into_iter().enumerate() {
        // The first round has no answer to return, and the last none to mask.
        let sent = if part == 0 { inputs } else { 2 * inputs };
        let ids = 1 + usize::from(part > 0) + usize::from(part < last);
        let named = ids * VoucherId::BYTES * 4 / 3;
        let masked = (records * (sent + outputs)) as f64 * SECONDS_PER_MASK;
        effort.client += masked;
        effort.server += (records * inputs * outputs) as f64 * SECONDS_PER_WIDE_PRODUCT + masked;
        effort.bytes_up += requests * request + records * (sent * width + named);
        effort.bytes_down += requests * answer + records * outputs * width;
    }
    effort
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
