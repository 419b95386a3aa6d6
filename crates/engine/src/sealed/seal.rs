//! [`seal`]: the weights, encrypted.

use veilcast_card::{Sealed, Way};
use veilcast_model::{IntegerMap, Model};
use veilcast_paillier::{Plaintext, PublicKey, SecretKey};

use super::error::SealedError;
use super::slots::SealedSlots;
use crate::bits;

/// Encrypts a model's weights under a key of the service's, which must seal no other model; returns the same model with a card that
/// names them and offers these ways.
///
/// # Errors
/// [`SealedError`] if the model has hidden layers, a record's scores don't fit the key, or `ways` don't include [`Way::Sealed`].
///
/// # Panics
/// If the operating system's generator fails.
pub fn seal(model: Model, key: &SecretKey, ways: Vec<Way>) -> Result<Model, SealedError> {
    let map = model.affine().ok_or(SealedError::Hidden)?.integer_map();
    let public = key.public_key();
    let slots = SealedSlots::new(model.card(), public.bits())?;
    let ciphertexts = key.encrypt_many(&plaintexts(map, &slots, public));
    let file: Vec<u8> = ciphertexts
        .iter()
        .flat_map(|ciphertext| public.encode_ciphertext(ciphertext))
        .collect();
    let sealed = Sealed::of(&file, &public.modulus(), key.key_proof().as_bytes());
    model.sealed(sealed, file, ways).map_err(SealedError::Model)
}

/// For each feature its weights side by side, and then the biases with the offsets.
fn plaintexts(map: &IntegerMap, slots: &SealedSlots, key: &PublicKey) -> Vec<Plaintext> {
    let outputs = 0..map.outputs();
    let of_feature = |feature: usize| {
        let weights = outputs.clone().map(|output| map.row(output)[feature]);
        plaintext(slots, key, weights.map(i64::from))
    };
    let offset = slots.offset() as i64;
    let biases = map.biases().iter().map(|bias| bias + offset);
    let mut plaintexts: Vec<Plaintext> = (0..map.inputs()).map(of_feature).collect();
    plaintexts.push(plaintext(slots, key, biases));
    plaintexts
}

/// Σ_o numbers\[o\]·2^(S·o) modulo n.
fn plaintext(
    slots: &SealedSlots,
    key: &PublicKey,
    numbers: impl Iterator<Item = i64>,
) -> Plaintext {
    let (mut positive, mut negative) = (vec![0; key.limbs()], vec![0; key.limbs()]);
    for (output, number) in numbers.enumerate() {
        let side = match number < 0 {
            true => &mut negative,
            false => &mut positive,
        };
        bits::add_at(side, slots.slot(output), number.unsigned_abs());
    }
    if bits::subtract(&mut positive, &negative) {
        bits::add(&mut positive, key.modulus_limbs());
    }
    key.plaintext(&positive)
        .expect("certified weights are far below n")
}
