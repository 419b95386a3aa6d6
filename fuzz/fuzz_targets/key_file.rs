//! Key files, public and secret.
//!
//! A key that is read has a size that the policy allows, and is the same, with its proof, when it is written and read
//! again. The public part of a secret key's file is that key's.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use veilcast_fuzz::fixed::POLICY;
use veilcast_fuzz::memory::{MIB, within};
use veilcast_fuzz::{fixed, seeds};
use veilcast_paillier::{PublicKeyFile, SecretKey};

fuzz_target!(
    init: seeds::write(|| {
        let key = fixed::key();
        let public = PublicKeyFile::from(&key).to_json("public");
        [public.into_bytes(), key.to_json("secret").as_bytes().to_vec()]
    }),
    |bytes: &[u8]| -> Corpus {
        match std::str::from_utf8(bytes) {
            Ok(text) => check(text),
            Err(_) => return Corpus::Reject,
        }
        Corpus::Keep
    }
);

fn check(text: &str) {
    let memory = 8 * text.len() + 4 * MIB;
    let public = within(memory, || PublicKeyFile::from_json(text, POLICY));
    if let Ok(public) = &public {
        assert!(POLICY.allows(public.key.bits()));
        let again = PublicKeyFile::from_json(&public.to_json("again"), POLICY);
        assert_eq!(again.as_ref().ok(), Some(public));
    }
    let secret = within(memory, || SecretKey::from_json(text, POLICY));
    if let Ok(secret) = secret {
        let own = secret.public_key();
        if let Ok(public) = public {
            assert_eq!(&public.key, own);
        }
        let again = SecretKey::from_json(&secret.to_json("again"), POLICY);
        let again = again.expect("what is written can be read");
        assert_eq!(again.public_key(), own);
    }
}
