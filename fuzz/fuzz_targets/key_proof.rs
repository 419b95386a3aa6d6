//! Proofs of a key, as a service gets them from strangers.
//!
//! A sound key has one n-th root of each number, so that it has one proof: nothing else proves it, and nothing at all
//! proves another modulus.
#![no_main]

use std::cell::LazyCell;

use libfuzzer_sys::fuzz_target;
use veilcast_fuzz::memory::{MIB, within};
use veilcast_fuzz::{fixed, seeds};
use veilcast_paillier::{KeyProof, PublicKey};

struct Keys {
    own: PublicKey,
    proof: KeyProof,
    /// Of the same size, and nobody's.
    other: Option<PublicKey>,
}

thread_local! {
    static KEYS: LazyCell<Keys> = LazyCell::new(|| {
        let key = fixed::key();
        let own = key.public_key().clone();
        let mut modulus = own.modulus();
        let other = (0..=u8::MAX).find_map(|byte| {
            modulus[1] = byte;
            let other = PublicKey::from_modulus(&modulus, fixed::POLICY).ok()?;
            (other != own).then_some(other)
        });
        Keys {
            own,
            proof: key.key_proof().clone(),
            other,
        }
    });
}

fuzz_target!(
    init: seeds::write(|| [fixed::key().key_proof().as_bytes().to_vec()]),
    |bytes: &[u8]| KEYS.with(|keys| {
        let memory = 8 * bytes.len() + MIB;
        let proof = KeyProof::from_bytes(bytes);
        assert_eq!(proof.as_bytes(), bytes);
        let proven = within(memory, || keys.own.prove(&proof));
        assert_eq!(proven.is_ok(), proof == keys.proof);
        if let Some(other) = &keys.other {
            assert!(within(memory, || other.prove(&proof)).is_err());
        }
    })
);
