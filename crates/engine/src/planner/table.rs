//! What a table takes whose groups of records are requests of their own, of which many are computed together.

use veilcast_protocol::Layout;

use super::count::Count;
use super::{Candidate, Planner, sizes};
use crate::arrangement::Arrangement;
use crate::error::LayoutError;

/// How many full groups are computed together, on each core. The costs are the same for any large number.
const TOGETHER: usize = 64;

impl Planner<'_> {
    /// What a table of records takes whose groups of records are requests of their own: with a proof of the key in each,
    /// and a check of each answer. The answers to groups that are as full as can be are computed and decrypted
    /// together. What preparing the records takes is in the time to encrypt.
    ///
    /// Not that of reading and writing files, nor of starting what does that.
    ///
    /// # Errors
    /// The card must allow the layout `records`, and the key have room for it.
    pub fn table(&self, records: usize) -> Result<Candidate, LayoutError> {
        let (card, key_bits, seconds) = (self.card, self.costs.key_bits, &self.costs.seconds);
        let arrangement = Arrangement::new(card, Layout::Records, key_bits)?;
        let per_row = arrangement.records_per_row();
        let group = arrangement.max_records(card.limits()).min(per_row);
        if group == 0 {
            return Err(LayoutError::NoneFits(key_bits));
        }
        let groups = records.div_ceil(group);
        // What isn't full is computed alone.
        let together = if group == per_row { TOGETHER } else { 1 };
        let together = together.min(groups).max(1);
        let count = Count {
            card,
            costs: &self.costs,
            products: self.products(arrangement.features_per_ciphertext() as u32),
            arrangement: &arrangement,
            form: None,
        };
        let some = count.request(together * group);
        let share = groups as f64 / together as f64;
        let answers = groups * arrangement.answers_per_row();
        let size = sizes::request(card, key_bits, &arrangement, None, group);
        let (bytes_up, bytes_down) = (
            groups * (size + sizes::key_proof(card, key_bits)),
            groups * sizes::answer(card, key_bits, &arrangement, group),
        );
        Ok(Candidate {
            layout: Layout::Records,
            is_seeded: false,
            requests: groups,
            ciphertexts_up: groups * arrangement.ciphertexts_per_row(),
            ciphertexts_down: answers,
            bytes_up,
            bytes_down,
            encrypt: share * some.encrypt + self.preparation(records),
            server: share * some.server,
            decrypt: groups as f64 * seconds.unit_check
                + answers as f64 * seconds.decoding
                + seconds.of_decryptions(answers),
            link: (bytes_up + bytes_down) as f64 / self.costs.link_bytes_per_second,
        })
    }

    /// The seconds that it takes to make numbers of the cells of records.
    pub fn preparation(&self, records: usize) -> f64 {
        (records * self.card.raw_features()) as f64 * self.costs.seconds.cell
    }
}
