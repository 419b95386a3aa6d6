//! [`Planner`]: which layout serves a number of records in the least time.
//!
//! Layouts trade the client's work and the bytes against the service's work: `features` sends a
//! fraction of `scalar`'s ciphertexts at the price of squarings; packed answers take squarings, but
//! save randomisers and decryptions; `records` costs as much for one record as for a hundred;
//! seeded uploads cost next to nothing once their entries are made.
//!
//! The planner counts the operations of each [`Candidate`] and multiplies by [`Costs`]. It adds the
//! times to encrypt, to send, to compute, to send back and to decrypt, each on one core. A pipeline
//! of many requests overlaps them, and services have more cores, but that hardly changes the order
//! of the candidates. What a service does once per key, and what is made ahead of time, is not
//! counted.

mod costs;
mod count;
mod effort;
mod measured;
mod scheme;
mod sizes;
mod table;
mod ways;

use std::cmp::Ordering;

use veilcast_card::Card;
use veilcast_model::Model;
use veilcast_protocol::Layout;

pub use self::costs::{Costs, CostsError, DECRYPTIONS_AT_ONCE, RANDOMIZERS_AT_ONCE, Seconds};
use self::count::{Count, Request};
pub use self::effort::{Effort, WayCosts};
pub use self::scheme::Paillier;
pub(crate) use self::ways::{SECONDS_PER_PLAIN_PRODUCT, SECONDS_PER_WIDE_PRODUCT};
use crate::arrangement::{Arrangement, most_slots, products_for_part};
use crate::error::LayoutError;
use crate::mask::power_of_two;
use crate::seeded::SeededForm;

/// Predicts what each layout of a model costs under keys of a given size, and chooses.
#[derive(Clone, Debug)]
pub struct Planner<'a> {
    card: &'a Card,
    model: Option<&'a Model>,
    costs: Costs,
}

/// A way to send records, and its predicted cost for all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The layout, with its numbers.
    pub layout: Layout,
    /// Whether the upload is seeded, with entries made ahead of time.
    pub is_seeded: bool,
    /// How many requests the records take.
    pub requests: usize,
    /// Ciphertexts sent, or entries used.
    pub ciphertexts_up: usize,
    /// Ciphertexts received.
    pub ciphertexts_down: usize,
    /// Bytes of the requests as binary bodies.
    pub bytes_up: usize,
    /// Bytes of the answers as binary bodies.
    pub bytes_down: usize,
    /// The client's time for the requests, in seconds.
    pub encrypt: f64,
    /// The service's time, in seconds.
    pub server: f64,
    /// The client's time for the answers, in seconds.
    pub decrypt: f64,
    /// The time on the link, both ways, in seconds.
    pub link: f64,
}

impl Candidate {
    /// All times together, in seconds: candidates are compared by this.
    pub fn total(&self) -> f64 {
        self.encrypt + self.server + self.decrypt + self.link
    }

    /// Less time first; then fewer bytes, then a full upload.
    fn order(&self, other: &Self) -> Ordering {
        let bytes = |candidate: &Self| candidate.bytes_up + candidate.bytes_down;
        (self.total().total_cmp(&other.total()))
            .then(bytes(self).cmp(&bytes(other)))
            .then(self.is_seeded.cmp(&other.is_seeded))
    }
}

impl<'a> Planner<'a> {
    /// A planner for a model's card and keys of this size, with the [built-in](Costs::built_in)
    /// costs and an estimate of the products that the model takes; the real number is the service's
    /// secret.
    pub fn new(card: &'a Card, key_bits: u32) -> Self {
        Self {
            card,
            model: None,
            costs: Costs::built_in(key_bits),
        }
    }

    /// A planner that knows the model, and counts its programs' products.
    pub fn of_model(model: &'a Model, key_bits: u32) -> Self {
        Self {
            model: Some(model),
            ..Self::new(model.card(), key_bits)
        }
    }

    /// The planner with other costs, such as those of this machine, for keys of the same size as before.
    #[must_use]
    pub fn with_costs(self, costs: &Costs) -> Self {
        let costs = costs.for_key_bits(self.costs.key_bits);
        Self { costs, ..self }
    }

    /// Every layout that the card and the key allow and that has room for a record, with full and
    /// with seeded uploads, best first. The numbers of scores per answer are those that fill the
    /// answers most evenly. Empty if there are no records.
    pub fn candidates(&self, records: usize) -> Vec<Candidate> {
        if records == 0 {
            return Vec::new();
        }
        let uploads = self
            .layouts()
            .into_iter()
            .flat_map(|layout| [(layout, false), (layout, true)]);
        let mut candidates: Vec<Candidate> = uploads
            .filter_map(|(layout, is_seeded)| self.candidate(layout, is_seeded, records).ok())
            .collect();
        candidates.sort_by(Candidate::order);
        candidates
    }

    /// The fastest candidate among those that need no more seeded entries than have been made
    /// already.
    ///
    /// # Errors
    /// There must be records, and the card allow a request with one of them under a key of this size.
    pub fn best(&self, records: usize, entries: usize) -> Result<Candidate, LayoutError> {
        let mut candidates = self.candidates(records).into_iter();
        let affordable =
            |candidate: &Candidate| !candidate.is_seeded || candidate.ciphertexts_up <= entries;
        let key_bits = self.costs.key_bits;
        candidates
            .find(affordable)
            .ok_or(LayoutError::NoneFits(key_bits))
    }

    /// What a layout is predicted to cost.
    ///
    /// # Errors
    /// The card must allow the layout, seeded if asked for, and a request with one record of it; and
    /// the key have room.
    pub fn candidate(
        &self,
        layout: Layout,
        is_seeded: bool,
        records: usize,
    ) -> Result<Candidate, LayoutError> {
        let key_bits = self.costs.key_bits;
        let arrangement = Arrangement::new(self.card, layout, key_bits)?;
        // The smallest modulus: what has room under it has room under all.
        let n = power_of_two(key_bits, key_bits - 1);
        let form = is_seeded
            .then(|| SeededForm::under(self.card, &arrangement, &n))
            .transpose()?;
        let most = arrangement.max_records(self.card.limits());
        if most == 0 {
            return Err(LayoutError::NoneFits(key_bits));
        }
        // If there are several requests, all but the last hold full rows where possible.
        let per_row = arrangement.records_per_row();
        let at_once = if records > most && most > per_row {
            most / per_row * per_row
        } else {
            most
        };
        let count = Count {
            card: self.card,
            costs: &self.costs,
            products: match layout {
                Layout::Shares { .. } | Layout::Products { .. } | Layout::Layer { .. } => {
                    products_for_part(&arrangement)
                }
                _ => self.products(arrangement.features_per_ciphertext() as u32),
            },
            arrangement: &arrangement,
            form: form.as_ref(),
        };
        let requests = records.div_ceil(at_once);
        let (full, last) = (at_once.min(records), records - (requests - 1) * at_once);
        let [full, last] = [full, last].map(|records| count.request(records));
        let times = |of: fn(&Request) -> usize| (requests - 1) * of(&full) + of(&last);
        let seconds = |of: fn(&Request) -> f64| (requests - 1) as f64 * of(&full) + of(&last);
        let (bytes_up, bytes_down) = (times(|r| r.bytes_up), times(|r| r.bytes_down));
        Ok(Candidate {
            layout,
            is_seeded,
            requests,
            ciphertexts_up: times(|r| r.ciphertexts_up),
            ciphertexts_down: times(|r| r.ciphertexts_down),
            bytes_up,
            bytes_down,
            encrypt: seconds(|r| r.encrypt),
            server: seconds(|r| r.server),
            decrypt: seconds(|r| r.decrypt),
            link: (bytes_up + bytes_down) as f64 / self.costs.link_bytes_per_second,
        })
    }

    /// The layouts to consider.
    fn layouts(&self) -> Vec<Layout> {
        let (card, key_bits) = (self.card, self.costs.key_bits);
        let scores = |k: u32| {
            let most = most_slots(card.slot_bits().get(), k, key_bits);
            scores_per_answer(card.outputs() as u32, most)
        };
        let scalar = scores(1).map(|scores_per_answer| Layout::Scalar { scores_per_answer });
        let features = card.layouts().grouped().iter().flat_map(|&k| {
            scores(k).map(move |scores_per_answer| Layout::Features {
                features_per_ciphertext: k,
                scores_per_answer,
            })
        });
        scalar.chain([Layout::Records]).chain(features).collect()
    }

    /// The products of the program for k features per ciphertext, or an estimate of them.
    fn products(&self, k: u32) -> usize {
        let affine = self.model.and_then(Model::affine);
        let program = affine.and_then(|affine| match k {
            1 => Some(affine.program()),
            k => affine.grouped_program(k),
        });
        program.map_or_else(
            || estimated_products(self.card),
            |program| program.steps().len(),
        )
    }
}

/// The seconds that a request takes the service on one core, for a key that it knows: by the products that a row's sums take, and the number of
/// records.
pub(crate) fn server_seconds(
    card: &Card,
    costs: &Costs,
    arrangement: &Arrangement,
    form: Option<&SeededForm>,
    (products, records): (usize, usize),
) -> f64 {
    let count = Count {
        card,
        costs,
        products,
        arrangement,
        form,
    };
    count.server(records)
}

/// The numbers of scores per answer, up to `most`, that give different numbers of answers: of those
/// that give the same, the smallest.
fn scores_per_answer(outputs: u32, most: u32) -> impl Iterator<Item = u32> {
    (1..=most.min(outputs))
        .filter(move |&m| m == 1 || outputs.div_ceil(m) < outputs.div_ceil(m - 1))
}

/// About how many products a model with this card takes.
///
/// A score of S bits and features of b bits leave Σ|w| < 2^(S−b) per output, so that weights have
/// S − b − log₂(features) bits on average, about one bit less than the largest. The programs of the digit
/// model, quantised to 4 to 8 bits, take about 0.15 products per weight for each bit of the
/// largest, and at least half a product.
fn estimated_products(card: &Card) -> usize {
    let weights = card.features() * card.outputs();
    let bits = f64::from(card.slot_bits().get()) - f64::from(card.quantization().bits.get());
    let bits = (bits - (card.features() as f64).log2() + 1.0).max(1.0);
    (weights as f64 * (0.15 * bits).max(0.5)) as usize
}
