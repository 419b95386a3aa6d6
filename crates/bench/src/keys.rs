//! What do a key's proof and the checks of a stranger's key cost?
//!
//! A service pays for the checks once per key; a forged proof, a single wrong root, costs it less.

use std::hint::black_box;

use cpu_time::ThreadTime;
use veilcast_paillier::{KeyPolicy, KeyProof, PublicKey, SecretKey};

use crate::race::median;
use crate::table::{Table, time};

/// The number of rounds asked for is divided by this.
const ROUNDS_DIVISOR: u32 = 10;

pub(crate) fn run(bits: &[usize], rounds: u32) {
    let table = Table::start(
        "Keys that prove themselves",
        "Time of making a key's proof (once per key), and of what a service does with a new key: look at the modulus, \
         check the proof, or find that it is forged.",
        &["bits of n", "proof", "modulus", "check", "forged"],
    );
    let policy = KeyPolicy {
        allow_insecure_1024: true,
    };
    let rounds = rounds.div_ceil(ROUNDS_DIVISOR);
    for &bits in bits {
        let Ok(secret) = SecretKey::generate(bits as u32, policy) else {
            continue;
        };
        let file = secret.to_json("");
        let modulus = secret.public_key().modulus();
        let proof = secret.key_proof().clone();
        let mut forged = proof.as_bytes().to_vec();
        forged[100] ^= 1;
        let forged = KeyProof::from_bytes(forged);

        let mut times = [const { Vec::new() }; 4];
        for _ in 0..rounds {
            // A key makes its proof once.
            let fresh = SecretKey::from_json(&file, policy).expect("a sound key");
            times[0].push(timed(|| {
                black_box(fresh.key_proof());
            }));
            let key = || PublicKey::from_modulus(&modulus, policy).expect("a sound key");
            times[1].push(timed(|| drop(black_box(key()))));
            let key = key();
            times[2].push(timed(|| drop(black_box(key.prove(&proof)))));
            times[3].push(timed(|| drop(black_box(key.prove(&forged)))));
        }
        let [proof, modulus, check, forged] = times.map(|times| time(median(times)));
        table.row(&[bits.to_string(), proof, modulus, check, forged]);
    }
    table.end();
}

/// The CPU time of one call, in nanoseconds.
fn timed(call: impl FnOnce()) -> f64 {
    let start = ThreadTime::now();
    call();
    start.elapsed().as_nanos() as f64
}
