//! The `scalar` layout: one feature a ciphertext, one score a ciphertext.
//!
//! The textbook protocol, equation by equation, which any Paillier client can speak. For a record
//! x with cᵢ = Enc(xᵢ), 0 ≤ xᵢ < 2^bits, the answer for output o decrypts to
//!
//! > Σᵢ w_oi·xᵢ + b_o + 2^(S−1) + 2^S·ρ
//!
//! with the card's S = `slot_bits` and a uniform ρ that hides everything above the slot. So the
//! score is (answer mod 2^S) − 2^(S−1), exactly.

use veilcast_model::{Card, Model};
use veilcast_paillier::{Ciphertext, Plaintext, PublicKey, Randomizer};

use crate::key_cache::CheckedKey;
use crate::mask;

/// Ciphertexts that a record takes.
pub(crate) fn ciphertexts_per_record(card: &Card) -> usize {
    card.features()
}

/// The plaintexts of a quantised record.
pub(crate) fn plaintexts<'a>(
    key: &'a PublicKey,
    record: &'a [u32],
) -> impl Iterator<Item = Plaintext> + 'a {
    record.iter().map(|&x| {
        key.plaintext(&[u64::from(x)])
            .expect("a feature is far below n")
    })
}

/// The encrypted scores of an encrypted record: masked above the slot and re-randomised.
///
/// Every answer is multiplied by a fresh ρⁿ, for the key's owner knows the randomness that he
/// encrypted with, and could read Π rᵢ^wᵢ off an answer that kept it.
pub(crate) fn evaluate(
    checked: &CheckedKey,
    model: &Model,
    record: &[Ciphertext],
) -> Vec<Ciphertext> {
    let key = &checked.key;
    let slot_bits = model.card().slot_bits();
    let results: Vec<_> = model
        .program()
        .outputs()
        .iter()
        .map(|o| [o.plus, o.minus])
        .collect();
    let sums = key.run_program_vartime(record, model.program().steps(), &results);
    let randomizers = checked.randomizers(sums.len());
    let answer = |((sum, &bias), randomizer): ((&Ciphertext, &i64), Randomizer)| {
        let slot = bias + (1 << (slot_bits - 1));
        let low = u64::try_from(slot).expect("the certificate bounds the bias by the slot");
        let masked = key.add_plaintext(sum, &mask::bounded(key, slot_bits, low));
        key.rerandomize(&masked, randomizer)
    };
    sums.iter()
        .zip(model.integer_map().biases())
        .zip(randomizers)
        .map(answer)
        .collect()
}

/// The score in a decrypted answer.
pub(crate) fn score(slot_bits: u32, answer: &Plaintext) -> i64 {
    let slot = answer.limbs()[0] & ((1 << slot_bits) - 1);
    slot as i64 - (1 << (slot_bits - 1))
}
