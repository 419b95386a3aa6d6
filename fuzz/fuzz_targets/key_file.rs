//! Key files, public and secret.
//!
//! A key that is read has a size that the policy allows, and is the same when it is written and read again. The
//! public part of a secret key's file is that key's.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use veilcast_fuzz::fixed::POLICY;
use veilcast_fuzz::memory::{MIB, within};
use veilcast_paillier::{PublicKey, SecretKey};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Corpus::Reject;
    };
    let memory = 8 * text.len() + 4 * MIB;
    let public = within(memory, || PublicKey::from_json(text, POLICY));
    if let Ok(public) = &public {
        assert!(POLICY.allows(public.bits()));
        let again = PublicKey::from_json(&public.to_json("again"), POLICY);
        let again = again.expect("what is written can be read");
        assert_eq!(again.modulus(), public.modulus());
    }
    let secret = within(memory, || SecretKey::from_json(text, POLICY));
    if let Ok(secret) = secret {
        let own = secret.public_key();
        let public = public.expect("a secret key's file has a public part");
        assert_eq!(public.fingerprint(), own.fingerprint());
        let again = SecretKey::from_json(&secret.to_json("again"), POLICY);
        let again = again.expect("what is written can be read");
        assert_eq!(again.public_key().fingerprint(), own.fingerprint());
    }
    Corpus::Keep
});
