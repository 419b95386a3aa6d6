//! The measurements: CPU time of one thread, medians.

mod cells;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Context as _;
use cpu_time::ThreadTime;
use indicatif::ProgressBar;
use veilcast_card::QuantizedRecord;
use veilcast_engine::planner::Seconds;
use veilcast_engine::{Planner, SeededEntries, Session};
use veilcast_paillier::{Ciphertext, Plaintext, SecretKey};

use crate::builtin::Builtin;
use crate::keys;
use crate::output::Output;

/// How often each measurement is repeated at least, and at most if it is short.
const ROUNDS: [usize; 2] = [5, 50];
/// Seconds after which a measurement is not repeated further.
const ENOUGH: f64 = 0.2;
/// Ciphertexts of measurements of many.
const MANY: usize = 64;
/// Steps of the program that is measured.
const STEPS: usize = 10 * MANY;

/// Measures all operations under a fresh key.
///
/// Each runs on one thread, and its CPU time is measured: other work on the machine hardly disturbs
/// it. The other processors encrypt meanwhile, as they do in earnest: what they share, memory and caches above all, makes an
/// encryption take up to half as long again.
pub(super) fn seconds(key_bits: u32, output: Output) -> anyhow::Result<Seconds> {
    let key = Arc::new(keys::generate(key_bits, output)?);
    let bar = output.progress(Some(19), "measured");
    let own = alone()?;
    let others = thread::available_parallelism().map_or(0, |count| count.get() - 1);
    let others: Vec<_> = (0..others).map(|_| alone()).collect::<Result<_, _>>()?;
    let is_done = AtomicBool::new(false);
    let measured = thread::scope(|scope| {
        for other in &others {
            scope.spawn(|| other.install(|| encrypt_until(&is_done, &key)));
        }
        // They end even if this one panics.
        let _ending = Ending(&is_done);
        own.install(|| measure(&key, &bar))
    });
    bar.finish_and_clear();
    measured
}

/// A pool of one thread, in which everything is computed that is called in it.
fn alone() -> anyhow::Result<rayon::ThreadPool> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.context("can't start a thread to measure in")
}

/// Says that it is done when it is dropped.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn encrypt_until(is_done: &AtomicBool, secret: &SecretKey) {
    let plaintexts: Vec<Plaintext> = (0..MANY)
        .map(|_| secret.public_key().random_plaintext())
        .collect();
    while !is_done.load(Ordering::Relaxed) {
        drop(secret.encrypt_many(&plaintexts));
    }
}

/// Everything, one after the other.
fn measure(secret: &Arc<SecretKey>, bar: &ProgressBar) -> anyhow::Result<Seconds> {
    let median = |work: &mut dyn FnMut()| {
        let time = median(work);
        bar.inc(1);
        time
    };
    let key = secret.public_key();
    let plaintexts: Vec<Plaintext> = (0..MANY).map(|_| key.random_plaintext()).collect();
    let encrypt = || encoded(secret, &secret.encrypt_many(&plaintexts));
    // The first encryptions make tables.
    drop(encrypt());
    let encryption = median(&mut || drop(encrypt())) / MANY as f64;
    let ciphertexts = secret.encrypt_many(&plaintexts);
    let encodings = encoded(secret, &ciphertexts);
    let decode =
        |count: usize| key.decode_ciphertexts(encodings[..count].iter().map(Vec::as_slice));
    decode(MANY).context("fresh ciphertexts are refused")?;
    let (all, one) = (
        median(&mut || drop(decode(MANY))),
        median(&mut || drop(decode(1))),
    );
    let decoding = positive((all - one) / (MANY - 1) as f64);

    let program: Vec<[u32; 2]> = (0..STEPS as u32)
        .map(|step| [step % MANY as u32, (7 * step + 1) % MANY as u32])
        .collect();
    let product = median(&mut || drop(key.run_program_vartime(&ciphertexts, &program, &[])));
    let product = product / STEPS as f64;
    let quotient = median(&mut || drop(key.sub(&ciphertexts[0], &ciphertexts[1])));
    let expand = || {
        let made = key
            .seeded_ciphertexts(&[0; 32], 0, MANY)
            .unwrap_or_default();
        for (z, m) in made.iter().zip(&plaintexts) {
            key.add_plaintext(z, m);
        }
    };
    let expansion = median(&mut || expand()) / MANY as f64;
    let randomizers = std::array::from_fn(|i| median(&mut || drop(key.randomizers(i + 1))));
    let decryptions =
        std::array::from_fn(|i| median(&mut || drop(secret.decrypt_many(&ciphertexts[..=i]))));
    Ok(Seconds {
        product,
        inversion: positive(quotient - product),
        decoding,
        unit_check: positive(one - decoding),
        encryption,
        expansion,
        randomizers,
        decryptions,
        correction: correction(secret)?,
        cell: cells::seconds(median)?,
    })
}

/// The time of a correction: in a seeded upload to the built-in model with as few ciphertexts as
/// possible, since each takes an entry, which takes a decryption.
fn correction(secret: &Arc<SecretKey>) -> anyhow::Result<f64> {
    let card = Builtin::Digits.load()?.card().clone();
    let seeded = Planner::new(&card, secret.public_key().bits()).candidates(1);
    let seeded = seeded.iter().filter(|candidate| candidate.is_seeded);
    let candidate = seeded.min_by_key(|candidate| candidate.ciphertexts_up);
    let candidate = candidate.context("the built-in model takes no seeded uploads")?;
    let largest = vec![card.quantization().max(); card.features()];
    let records = [QuantizedRecord::new(&card, largest)?];
    let mut entries = Vec::new();
    for _ in 0..ROUNDS[0] {
        entries.push(SeededEntries::generate(secret, candidate.ciphertexts_up)?);
    }
    let mut session = Session::new(card, Arc::clone(secret))?;
    session.set_layout(candidate.layout)?;
    let mut times = Vec::new();
    for entries in entries {
        let start = ThreadTime::now();
        session.encrypt_seeded(&records, entries)?;
        times.push(start.elapsed().as_secs_f64());
    }
    let upload = middle(times);
    Ok(upload / candidate.ciphertexts_up as f64)
}

/// Ciphertexts as bytes.
fn encoded(secret: &SecretKey, ciphertexts: &[Ciphertext]) -> Vec<Vec<u8>> {
    let key = secret.public_key();
    ciphertexts
        .iter()
        .map(|c| key.encode_ciphertext(c))
        .collect()
}

/// A difference of measurements, which noise may make negative.
fn positive(seconds: f64) -> f64 {
    seconds.max(1e-9)
}

/// The median CPU time of a piece of work, in seconds.
fn median(work: &mut dyn FnMut()) -> f64 {
    let mut times = Vec::new();
    while times.len() < ROUNDS[0] || times.len() < ROUNDS[1] && times.iter().sum::<f64>() < ENOUGH {
        let start = ThreadTime::now();
        work();
        times.push(start.elapsed().as_secs_f64());
    }
    middle(times)
}

/// The middle of some numbers.
fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
