//! Records into plaintexts, and decrypted answers into scores.

use veilcast_card::QuantizedRecord;
use veilcast_paillier::{Plaintext, PublicKey};
use zeroize::Zeroizing;

use crate::arrangement::Arrangement;
use crate::bits;

impl Arrangement {
    /// The plaintexts of records that were quantised for this card, row by row.
    pub(crate) fn plaintexts(
        &self,
        key: &PublicKey,
        records: &[QuantizedRecord],
    ) -> Vec<Plaintext> {
        let values: Vec<&[u32]> = records.iter().map(QuantizedRecord::values).collect();
        self.pack(key, &values)
    }

    /// The plaintexts of records with a number for each feature, of S bits at most; row by row.
    pub(crate) fn pack<N: Copy + Into<u128>>(
        &self,
        key: &PublicKey,
        records: &[&[N]],
    ) -> Vec<Plaintext> {
        let k = self.features_per_ciphertext();
        let rows = records.chunks(self.records_per_row());
        let groups = rows.flat_map(|row| (0..self.ciphertexts_per_row()).map(move |g| (row, g)));
        let plaintext = |(row, group): (&[&[N]], usize)| {
            let mut limbs = Zeroizing::new(vec![0; key.limbs()]);
            for (t, record) in row.iter().enumerate() {
                let features = record.iter().skip(group * k).take(k);
                for (j, &x) in features.enumerate() {
                    // Only one of the two occurs more than once.
                    let unit = t + j;
                    bits::add_wide(&mut limbs, self.unit() * unit as u32, x.into());
                }
            }
            key.plaintext(&limbs).expect("an arrangement fits the key")
        };
        groups.map(plaintext).collect()
    }

    /// The scores of each record, from the plaintexts of its answers, row by row.
    pub(crate) fn scores(&self, answers: &[Plaintext], records: usize) -> Vec<Vec<i64>> {
        let edge = 1 << (self.slot_bits() - 1);
        let scores = |slots: Vec<u128>| slots.into_iter().map(|value| value as i64 - edge);
        let records = self.slots(answers, records).into_iter();
        records.map(|slots| scores(slots).collect()).collect()
    }

    /// What the slots of each record hold, for each output, by the plaintexts of its answers, row by row.
    pub(crate) fn slots(&self, answers: &[Plaintext], records: usize) -> Vec<Vec<u128>> {
        let slot = |answer: &Plaintext, slot: usize| {
            bits::get_wide(answer.limbs(), self.slot(slot), self.slot_bits())
        };
        let per_row = self.records_per_row();
        let of_record = |record: usize| {
            let row = &answers[record / per_row * self.answers_per_row()..];
            let answers = row.iter().take(self.answers_per_row()).enumerate();
            answers
                .flat_map(|(index, answer)| {
                    let outputs = self.outputs_of(index).len();
                    (0..outputs).map(move |i| slot(answer, record % per_row + i))
                })
                .collect()
        };
        (0..records).map(of_record).collect()
    }

    /// What an answer of a row with this many records holds in its slots for records of zeros: the
    /// biases, made non-negative.
    pub(crate) fn bases(&self, biases: &[i64], answer: usize, records: usize) -> Vec<u128> {
        let base = |bias: i64| {
            u128::try_from(bias + (1 << (self.slot_bits() - 1)))
                .expect("the certificate bounds the bias by the slot")
        };
        // Several outputs and one record, or one output and several records.
        let biases = &biases[self.outputs_of(answer)];
        let repeated = std::iter::repeat_n(biases, records).flatten();
        repeated.map(|&bias| base(bias)).collect()
    }
}
