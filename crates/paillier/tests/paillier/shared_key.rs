//! A key that several threads of one pool use for the first time at once: none waits for what another can't finish
//! without it.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rayon::ThreadPoolBuilder;
use veilcast_paillier::{KeyPolicy, SecretKey};

const KEY: &str = include_str!("../fixtures/keys/insecure-1024.json");

#[test]
fn a_proof_is_asked_for_by_several_threads_at_once() {
    let policy = KeyPolicy {
        allow_insecure_1024: true,
    };
    let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let (sender, done) = channel();
    thread::spawn(move || {
        for _ in 0..60 {
            let key = SecretKey::from_json(KEY, policy).unwrap();
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| pool.install(|| key.key_proof().as_bytes().len()));
                }
            });
        }
        sender.send(()).unwrap();
    });
    // It takes about a second.
    done.recv_timeout(Duration::from_secs(60)).unwrap();
}
