//! Does the time of operations on secrets depend on them?
//!
//! The method is dudect's: each operation is timed with secrets of two classes in random order, and
//! [`welch`](crate::welch) decides whether the classes' times differ. The first class is one
//! secret, or all of one extreme shape; the second is drawn at random. A difference shows a leak;
//! that there is none shows only that this many times didn't reveal one. A power in variable time
//! is timed too, and must be detected.
//!
//! The kernels that valgrind can't follow are those that matter here: each of the processor's is
//! tested in a separate process.

use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use veilcast_arith::{FixedBase, Power, Residue, pow_many};
use veilcast_paillier::{Ciphertext, KeyPolicy, SecretKey};

use crate::operands::{Numbers, Operands};
use crate::table::{Table, time};
use crate::welch::{Finding, Sample, THRESHOLD, largest};

/// The environment variable that keeps to a kernel.
const KERNEL: &str = "VEILCAST_KERNEL";

/// Bits of n; p and q have half.
const BITS: usize = 2048;
const HALF: usize = BITS / 2 / 64;

/// Powers at once.
const LANES: usize = 8;

/// Number of ciphertexts from which one is picked at random.
const POOL: usize = 64;

/// Keys of each class: where a key's tables lie in memory changes times too, by more than anything
/// else here, and many places even that out.
const KEYS: usize = 8;

/// Times that are taken first, and discarded.
const WARM_UP: usize = 50;

/// Fewer times than this show nothing.
const FEWEST: usize = 500;

/// Asks for every kernel of this processor, or for the one that the environment names.
pub(crate) fn run(seconds: u32) -> Result<ExitCode, Box<dyn std::error::Error>> {
    if std::env::var_os(KERNEL).is_some() {
        return Ok(run_kernel(seconds));
    }
    let best = Operands::of_bits(BITS / 2).ring.kernel_name();
    if best != "ifma" {
        println!("**This processor has no AVX-512 IFMA: the kernel `ifma` is not asked.**\n");
    }
    let mut is_constant = true;
    // An unknown name leaves all kernels on.
    let kernels: &[&str] = match best {
        "ifma" => &["best", "avx2", "adx"],
        _ => &["best", "adx"],
    };
    for kernel in kernels {
        let arguments = ["timing", "--seconds", &seconds.to_string()];
        let status = Command::new(std::env::current_exe()?)
            .args(arguments)
            .env(KERNEL, kernel)
            .status()?;
        is_constant &= status.success();
    }
    Ok(if is_constant {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What is expected of an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Constant,
    /// The control: its classes must be distinguished.
    Variable,
}

struct Timing {
    table: Table,
    seconds: u32,
    numbers: Numbers,
    is_as_expected: bool,
}

fn run_kernel(seconds: u32) -> ExitCode {
    let operands = Operands::of_bits(BITS / 2);
    let title = format!("Timing, kernel `{}`", operands.ring.kernel_name());
    let about = format!(
        "Times with secrets of two classes, at {BITS} bits of n; the largest |t| of Welch's tests over \
         all croppings. A difference is taken for shown above {THRESHOLD}."
    );
    let columns = [
        "operation",
        "classes",
        "times",
        "median",
        "largest |t|",
        "of",
        "verdict",
    ];
    let mut timing = Timing {
        table: Table::start(&title, &about, &columns),
        seconds,
        numbers: Numbers::seeded(1),
        is_as_expected: true,
    };
    powers(&mut timing, &operands);
    scheme(&mut timing);
    proof(&mut timing);
    timing.table.end();
    if timing.is_as_expected {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Timing {
    /// Times `call` with what `prepare` makes for each class, in random order.
    fn ask<I>(
        &mut self,
        names: [&str; 2],
        expected: Expected,
        mut prepare: impl FnMut(&mut Numbers, bool) -> I,
        mut call: impl FnMut(&I),
    ) {
        let mut samples: Vec<Sample> = Vec::new();
        let start = Instant::now();
        let limit = Duration::from_secs(self.seconds.into());
        while samples.len() < WARM_UP + FEWEST || start.elapsed() < limit {
            let class = self.numbers.limb() >> 63 == 1;
            let input = prepare(&mut self.numbers, class);
            let start = Instant::now();
            call(black_box(&input));
            samples.push((class, start.elapsed().as_nanos() as f64));
        }
        let samples = &samples[WARM_UP..];
        let mut times: Vec<f64> = samples.iter().map(|&(_, time)| time).collect();
        times.sort_by(f64::total_cmp);
        let Finding { t, test } = largest(samples).expect("both classes have enough times");
        let differs = t > THRESHOLD;
        let verdict = match (differs, expected) {
            (false, Expected::Constant) => "no difference",
            (true, Expected::Variable) => "differs, as it must",
            (true, Expected::Constant) => "**DIFFERS**",
            (false, Expected::Variable) => "**NOT TOLD**",
        };
        self.is_as_expected &= differs == (expected == Expected::Variable);
        let [operation, classes] = names.map(str::to_owned);
        self.table.row(&[
            operation,
            classes,
            samples.len().to_string(),
            time(times[times.len() / 2]),
            format!("{t:.2}"),
            test,
            verdict.into(),
        ]);
    }
}

/// Exponents of p's length: all zeros, or random. In either case they are written to memory again.
fn exponent(numbers: &mut Numbers, is_random: bool) -> Vec<u64> {
    let mask = black_box(if is_random { u64::MAX } else { 0 });
    let mut exponent = numbers.limbs(HALF);
    exponent.iter_mut().for_each(|limb| *limb &= mask);
    exponent
}

fn exponents(numbers: &mut Numbers, is_random: bool) -> Vec<Vec<u64>> {
    (0..LANES).map(|_| exponent(numbers, is_random)).collect()
}

fn powers(timing: &mut Timing, operands: &Operands) {
    let ring = &operands.ring;
    let base = &ring.residue(&operands.x);
    let classes = "exponent: zero, random";
    timing.ask(["`pow`", classes], Expected::Constant, exponent, |e| {
        drop(black_box(ring.pow(base, e)));
    });
    timing.ask(
        ["`pow_many` of 8", classes],
        Expected::Constant,
        exponents,
        |e| {
            let power = |exponent| Power {
                modulus: ring,
                base,
                exponent,
            };
            let powers: Vec<Power<'_>> = e.iter().map(|e| power(&e[..])).collect();
            drop(black_box(pow_many(&powers)));
        },
    );
    let table = FixedBase::new(ring, base, HALF);
    timing.ask(
        ["`FixedBase::pow`", classes],
        Expected::Constant,
        exponent,
        |e| {
            drop(black_box(table.pow(ring, e)));
        },
    );
    let table = FixedBase::for_many(ring, base, HALF);
    timing.ask(
        ["`FixedBase::pow_many` of 8", classes],
        Expected::Constant,
        exponents,
        |e| {
            let exponents: Vec<&[u64]> = e.iter().map(|e| &e[..]).collect();
            drop(black_box(table.pow_many(ring, &exponents)));
        },
    );
    let bases = |numbers: &mut Numbers, is_random: bool| -> (Residue, Vec<u64>) {
        let mask = black_box(if is_random { u64::MAX } else { 0 });
        let base: Vec<u64> = numbers
            .limbs(2 * HALF)
            .iter()
            .map(|limb| limb & mask)
            .collect();
        (ring.residue(&base), operands.exponent.clone())
    };
    let names = ["`pow`", "base: zero, random"];
    timing.ask(names, Expected::Constant, bases, |(base, exponent)| {
        drop(black_box(ring.pow(base, exponent)));
    });
    // As long as a random one, with fewer bits set.
    let sparse = |numbers: &mut Numbers, is_random: bool| {
        let mut exponent = exponent(numbers, is_random);
        exponent[HALF - 1] |= 1 << 63;
        exponent
    };
    let names = ["`pow_vartime` (control)", "exponent: one bit, random"];
    timing.ask(names, Expected::Variable, sparse, |e| {
        drop(black_box(ring.pow_vartime(base, e)));
    });
}

/// Two primes, 2¹⁰²⁴ − 105 with nearly all bits set and 2¹⁰²³ + 2¹⁰²² + 2087 with nearly none.
fn extreme_primes() -> [Vec<u8>; 2] {
    let mut p = vec![u8::MAX; 8 * HALF];
    let mut q = vec![0; 8 * HALF];
    p[8 * HALF - 1] = 0u8.wrapping_sub(105);
    q[0] = 0b1100_0000;
    q[8 * HALF - 2..].copy_from_slice(&2087u16.to_be_bytes());
    [p, q]
}

fn scheme(timing: &mut Timing) {
    let policy = KeyPolicy::default();
    let [p, q] = extreme_primes();
    let keys = [
        SecretKey::from_primes(&p, &q, policy).expect("these are primes"),
        SecretKey::generate(BITS as u32, policy).expect("an accepted size"),
    ];
    let ciphertexts = keys.each_ref().map(|key| {
        let plaintexts: Vec<_> = (0..POOL)
            .map(|_| key.public_key().random_plaintext())
            .collect();
        key.encrypt_many(&plaintexts)
    });

    // The inputs of both classes are copies, so that neither is nearer in the caches.
    let of_a_key = |numbers: &mut Numbers, is_random: bool| -> Ciphertext {
        let number = numbers.limb() as usize % POOL;
        ciphertexts[1][if is_random { number } else { 0 }].clone()
    };
    let names = ["`decrypt`", "ciphertext: fixed, random"];
    timing.ask(names, Expected::Constant, of_a_key, |c| {
        drop(black_box(keys[1].decrypt(c)));
    });
    let of_keys = |numbers: &mut Numbers, is_random: bool| -> (usize, Ciphertext) {
        let (key, number) = (usize::from(is_random), numbers.limb() as usize % POOL);
        (black_box(key), ciphertexts[key][number].clone())
    };
    let classes = "primes: extreme, random";
    timing.ask(
        ["`decrypt`", classes],
        Expected::Constant,
        of_keys,
        |(key, c)| {
            drop(black_box(keys[*key].decrypt(c)));
        },
    );
    let many: Vec<[SecretKey; 2]> = (0..KEYS)
        .map(|_| {
            [
                SecretKey::from_primes(&p, &q, policy).expect("these are primes"),
                SecretKey::generate(BITS as u32, policy).expect("an accepted size"),
            ]
        })
        .collect();
    for key in many.iter().flatten() {
        // Tables are made when enough randomisers were asked for.
        key.randomizers(POOL);
    }
    let key = |numbers: &mut Numbers, is_random: bool| {
        let number = numbers.limb() as usize % KEYS;
        black_box((number, usize::from(is_random)))
    };
    timing.ask(
        ["`randomizers`, 8", classes],
        Expected::Constant,
        key,
        |&(number, class)| {
            drop(black_box(many[number][class].randomizers(8)));
        },
    );
    let public = keys[1].public_key();
    let plaintext = |numbers: &mut Numbers, is_random: bool| {
        let mask = black_box(if is_random { u64::MAX } else { 0 });
        let number: Vec<u64> = numbers
            .limbs(2 * HALF - 1)
            .iter()
            .map(|limb| limb & mask)
            .collect();
        public
            .plaintext(&number)
            .expect("it has a limb less than n")
    };
    let names = [
        "`add_plaintext`, as in encrypting",
        "plaintext: zero, random",
    ];
    let c = &ciphertexts[1][0];
    timing.ask(names, Expected::Constant, plaintext, |m| {
        drop(black_box(public.add_plaintext(c, m)));
    });
}

/// The proof depends on nothing but the key, whose public part takes its own time in making it: so the
/// keys differ only in the order of their primes. It is made once per key, so each time takes a new
/// one.
fn proof(timing: &mut Timing) {
    let [p, q] = extreme_primes();
    let key = |_: &mut Numbers, is_exchanged: bool| {
        let (p, q) = if is_exchanged { (&q, &p) } else { (&p, &q) };
        SecretKey::from_primes(p, q, KeyPolicy::default()).expect("these are primes")
    };
    let names = ["`key_proof`", "primes: in either order"];
    timing.ask(names, Expected::Constant, key, |key| {
        black_box(key.key_proof());
    });
}
