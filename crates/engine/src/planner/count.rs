//! What one request takes: operations times their costs.

use veilcast_card::Card;

use super::costs::Costs;
use super::sizes;
use crate::arrangement::Arrangement;
use crate::seeded::SeededForm;

/// Everything that the count depends on.
pub(super) struct Count<'a> {
    pub(super) card: &'a Card,
    pub(super) costs: &'a Costs,
    /// Products of the program that computes a row's weighted sums.
    pub(super) products: usize,
    pub(super) arrangement: &'a Arrangement,
    /// How a seeded upload is written; none if it is full.
    pub(super) form: Option<&'a SeededForm>,
}

/// What a request takes.
pub(super) struct Request {
    pub(super) ciphertexts_up: usize,
    pub(super) ciphertexts_down: usize,
    pub(super) bytes_up: usize,
    pub(super) bytes_down: usize,
    pub(super) encrypt: f64,
    pub(super) server: f64,
    pub(super) decrypt: f64,
}

impl Count<'_> {
    /// A request with this many records.
    pub(super) fn request(&self, records: usize) -> Request {
        let (arrangement, seconds) = (self.arrangement, &self.costs.seconds);
        let rows = arrangement.rows(records);
        let up = rows * arrangement.ciphertexts_per_row();
        let down = rows * arrangement.answers_per_row();
        let encrypt = match self.form {
            None => seconds.encryption,
            Some(_) => seconds.correction,
        };
        Request {
            ciphertexts_up: up,
            ciphertexts_down: down,
            bytes_up: sizes::request(
                self.card,
                self.costs.key_bits,
                arrangement,
                self.form,
                records,
            ),
            bytes_down: sizes::answer(self.card, self.costs.key_bits, arrangement, records),
            encrypt: up as f64 * encrypt,
            server: self.server(records),
            decrypt: self.decoded(down, seconds.decoding) + seconds.of_decryptions(down),
        }
    }

    /// The service's seconds for this many records.
    pub(super) fn server(&self, records: usize) -> f64 {
        let (arrangement, seconds) = (self.arrangement, &self.costs.seconds);
        let rows = arrangement.rows(records);
        let up = rows * arrangement.ciphertexts_per_row();
        let down = rows * arrangement.answers_per_row();
        let receive = match self.form {
            None => seconds.decoding,
            Some(_) => seconds.expansion,
        };
        // A mask and a randomiser take one product each.
        let conceal = seconds.of_randomizers(down) + (2 * down) as f64 * seconds.product;
        self.decoded(up, receive) + rows as f64 * self.weighted_sums() + conceal
    }

    fn decoded(&self, ciphertexts: usize, each: f64) -> f64 {
        self.costs.seconds.unit_check + ciphertexts as f64 * each
    }

    /// The seconds that a row's weighted sums take, including putting them together into answers.
    fn weighted_sums(&self) -> f64 {
        let (arrangement, seconds) = (self.arrangement, &self.costs.seconds);
        let sums = arrangement.features_per_ciphertext() * arrangement.outputs();
        // Differences of two sums are quotients of ciphertexts: one inversion for all, with four
        // products each.
        let products = self.products + 4 * sums;
        let program = products as f64 * seconds.product + seconds.inversion;
        // Horner's rule shifts the content of each unit of an answer except the highest, by
        // squarings that the answer's randomiser takes anyway.
        let units =
            |answer| arrangement.features_per_ciphertext() * arrangement.outputs_of(answer).len();
        let shifts: usize = (0..arrangement.answers_per_row())
            .map(|answer| units(answer) - 1)
            .sum();
        program + shifts as f64 * seconds.product
    }
}
