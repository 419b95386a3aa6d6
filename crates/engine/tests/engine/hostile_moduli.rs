//! Moduli that read a model's weights past every mask, and a service that asks for proofs of them.
//!
//! An answer is Π cᵢ^wᵢ·(1 + n)^M·ρⁿ. Neither (1 + n)^M nor ρⁿ changes the class of Π cᵢ^wᵢ among the
//! units modulo n-th powers. Where gcd(n, φ(n)) > 1 there is more than one class; the maker of n
//! sends elements of chosen classes in place of ciphertexts and takes the answer's logarithm.

use std::collections::HashMap;

use num_bigint::{BigInt, BigUint};
use num_integer::Integer as _;
use num_traits::{One as _, ToPrimitive as _, Zero as _};
use veilcast_engine::{EvaluateError, Evaluator, KeyPolicy};
use veilcast_paillier::KeyProofError;
use veilcast_protocol::{ByteMatrix, InferRequest, InferResponse, Layout};

use crate::common;
use crate::common::statistics::is_uniform;

/// Bits between weights in a logarithm: they are below 2⁷ in magnitude.
const SPACING: u32 = 12;

fn weights() -> Vec<Vec<i32>> {
    vec![vec![3, -1, 2, -7, 5, 4], vec![7, 5, 0, -6, 1, -2]]
}

fn evaluator() -> Evaluator {
    let model = common::model(&weights(), &[3, -2], 4, 4);
    Evaluator::new(model, KeyPolicy::default())
}

/// A modulus that anyone may have made, and its factors.
struct Hostile {
    n: BigUint,
    primes: Vec<BigUint>,
}

impl Hostile {
    fn named(name: &str) -> Self {
        let path = "../paillier/tests/fixtures/hostile-moduli.json";
        let file: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let number = |text: &serde_json::Value| {
            BigUint::parse_bytes(text.as_str().unwrap().as_bytes(), 16).unwrap()
        };
        let mut moduli = file["moduli"].as_array().unwrap().iter();
        let modulus = moduli.find(|modulus| modulus["name"] == name).unwrap();
        let factors = modulus["factors"].as_array().unwrap().iter();
        Self {
            n: number(&modulus["n"]),
            primes: factors.map(|factor| number(&factor[0])).collect(),
        }
    }

    /// A request with these numbers in place of the ciphertexts of this many records.
    fn request(&self, evaluator: &Evaluator, row: &[BigUint], rows: usize) -> InferRequest {
        let width = 2 * 256;
        let row: Vec<u8> = row.iter().flat_map(|c| padded(c, width)).collect();
        let shape = [rows, weights()[0].len()];
        let ciphertexts = ByteMatrix::new(shape, width, row.repeat(rows)).unwrap();
        let (n, card) = (self.n.to_bytes_be(), evaluator.card_digest());
        InferRequest::new(n, Layout::SCALAR, rows, card, ciphertexts).unwrap()
    }

    /// The proof that is possible: roots by an exponent that is n's inverse modulo as much of the
    /// units' order as has no factor in common with n.
    fn proof(&self, order: &BigUint) -> Vec<u8> {
        let mut coprime = order.clone();
        while !coprime.gcd(&self.n).is_one() {
            coprime /= coprime.gcd(&self.n);
        }
        let exponent = self.n.modinv(&coprime).unwrap();
        let root = |i| padded(&challenge(&self.n, i).modpow(&exponent, &self.n), 256);
        (0..8).flat_map(root).collect()
    }

    /// A masked, re-randomised answer as the service makes it, by hand.
    fn answer(&self, row: &[BigUint], weights: &[i32]) -> BigUint {
        let square = self.n.pow(2);
        let product = row
            .iter()
            .zip(weights)
            .fold(BigUint::one(), |product, (c, &w)| {
                let power = c.modpow(&w.unsigned_abs().into(), &square);
                let power = if w < 0 {
                    power.modinv(&square).unwrap()
                } else {
                    power
                };
                product * power % &square
            });
        let (mask, rho) = (self.random(), self.random());
        let masked = product * (BigUint::one() + mask * &self.n) % &square;
        masked * rho.modpow(&self.n, &square) % square
    }

    fn random(&self) -> BigUint {
        let mut bytes = [0; 272];
        getrandom::fill(&mut bytes).unwrap();
        BigUint::from_bytes_be(&bytes) % &self.n
    }

    /// Reads all weights of each output off the logarithms of the first record's answers.
    fn refused_or_read(
        &self,
        order: &BigUint,
        row: &[BigUint],
        logarithm: impl Fn(&BigUint) -> BigInt,
    ) {
        for weights in weights() {
            let read = weights_in(logarithm(&self.answer(row, &weights)));
            assert_eq!(read, weights, "the attack works, masks or not");
        }

        let evaluator = evaluator();
        let request = self.request(&evaluator, row, 1);
        let read = |answer: InferResponse| {
            let answers = answer.scores.iter().map(BigUint::from_bytes_be);
            let read: Vec<_> = answers.map(|c| weights_in(logarithm(&c))).collect();
            panic!("the service was robbed of its weights {read:?}");
        };
        match evaluator.evaluate(&request) {
            Err(EvaluateError::KeyProofNeeded) => {}
            other => read(other.unwrap()),
        }
        match evaluator.evaluate(&request.with_key_proof(self.proof(order))) {
            Err(EvaluateError::KeyProof(KeyProofError::Root(_) | KeyProofError::Range(_))) => {}
            other => read(other.unwrap()),
        }
    }
}

/// Where an output's weights are in a logarithm: the i-th at bit 12·i, signs and all.
fn weights_in(mut logarithm: BigInt) -> Vec<i32> {
    let unit = BigInt::one() << SPACING;
    let digit = |_| {
        let half = &unit / 2;
        let above: BigInt = &logarithm + &half;
        let digit: BigInt = above.mod_floor(&unit) - half;
        logarithm = (&logarithm - &digit) / &unit;
        digit.to_i32().unwrap()
    };
    (0..weights()[0].len()).map(digit).collect()
}

/// 2^(12·i) for each feature.
fn exponents() -> impl Iterator<Item = BigUint> {
    (0..weights()[0].len() as u32).map(|i| BigUint::one() << (SPACING * i))
}

/// Of a number modulo m the one between −m/2 and m/2.
fn centred(x: BigUint, m: &BigUint) -> BigInt {
    if &x * 2u8 > *m {
        BigInt::from(x) - BigInt::from(m.clone())
    } else {
        x.into()
    }
}

fn padded(number: &BigUint, width: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    [vec![0; width - bytes.len()], bytes].concat()
}

/// ρᵢ of a key's proof.
fn challenge(n: &BigUint, i: u64) -> BigUint {
    use shake::{ExtendableOutput as _, Update as _, XofReader as _};
    let bytes = n.to_bytes_be();
    let mut absorbed = shake::Shake256::default();
    absorbed.update(b"veilcast key proof v1");
    absorbed.update(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
    absorbed.update(&bytes);
    absorbed.update(&i.to_be_bytes());
    let mut output = vec![0; bytes.len() + 16];
    absorbed.finalize_xof().read(&mut output);
    BigUint::from_bytes_be(&output) % n
}

/// The number that is `x` modulo `p` and 1 modulo `q`.
fn one_elsewhere(x: &BigUint, p: &BigUint, q: &BigUint) -> BigUint {
    let difference = (x + p - BigUint::one() % p) % p;
    BigUint::one() + q * (difference * q.modinv(p).unwrap() % p)
}

/// x with gˣ = y modulo m, for an order of at most 24 bits, by baby steps and giant steps.
fn small_logarithm(y: &BigUint, g: &BigUint, m: &BigUint, order: u64) -> u64 {
    let steps = 1 << 12;
    let mut baby = HashMap::new();
    let mut power = BigUint::one();
    for i in 0..steps {
        baby.insert(power.clone(), i);
        power = power * g % m;
    }
    let giant = power.modinv(m).unwrap();
    let mut left = y.clone();
    for j in 0..=steps {
        if let Some(i) = baby.get(&left) {
            return (j * steps + i) % order;
        }
        left = left * &giant % m;
    }
    panic!("y is no power of g");
}

/// n = p³¹·q: modulo n-th powers the units have p³⁰ elements, and logarithms in base p.
#[test]
fn a_power_of_a_prime_reads_nothing() {
    let hostile = Hostile::named("prime-power");
    let [p, q] = [&hostile.primes[0], &hostile.primes[1]];
    let power = p.pow(31);
    let order = p.pow(30) * (p - 1u8) * (q - 1u8);
    // log(1 + z) = z − z²/2 + z³/3 … ends after 30 terms modulo p³¹ for a multiple z of p.
    let log = |y: &BigUint| {
        let z = BigInt::from(y.clone()) - 1;
        let modulus = BigInt::from(power.clone());
        let (mut sum, mut term) = (BigInt::zero(), BigInt::one());
        for k in 1..=30 {
            term = (&term * &z) % &modulus;
            let inverse = BigInt::from(BigUint::from(k as u32).modinv(&power).unwrap());
            let signed = if k % 2 == 0 { -inverse } else { inverse };
            sum += &term * signed;
        }
        sum.mod_floor(&modulus).to_biguint().unwrap() / p
    };
    // 1 + p generates the classes; the (p − 1)-th power leaves nothing else.
    let generator = BigUint::one() + p;
    let unit = log(&generator.modpow(&(p - 1u8), &power));
    let order_of_classes = p.pow(30);
    let logarithm = |answer: &BigUint| {
        let class = (answer % &power).modpow(&(p - 1u8), &power);
        let x = log(&class) * unit.modinv(&order_of_classes).unwrap() % &order_of_classes;
        centred(x, &order_of_classes)
    };
    let element = |e| one_elsewhere(&generator.modpow(&e, &power), &power, q);
    let row: Vec<BigUint> = exponents().map(element).collect();
    hostile.refused_or_read(&order, &row, logarithm);
}

/// n = Π pᵢ·q with pᵢ | q − 1, pᵢ small: as many classes as Π pᵢ, one small logarithm for each pᵢ.
#[test]
fn a_square_free_modulus_reads_nothing() {
    let hostile = Hostile::named("square-free");
    let (q, small) = hostile.primes.split_last().unwrap();
    let product: BigUint = small.iter().product();
    let order = small.iter().fold(q - 1u8, |order, p| order.lcm(&(p - 1u8)));
    // An element whose class has the full order.
    let generator = (2u32..)
        .map(BigUint::from)
        .find(|g| {
            small
                .iter()
                .all(|p| !g.modpow(&((q - 1u8) / p), q).is_one())
        })
        .unwrap();
    let logarithm = |answer: &BigUint| {
        let x = small.iter().fold(BigUint::zero(), |x, p| {
            let exponent = (q - 1u8) / p;
            let class = (answer % q).modpow(&exponent, q);
            let base = generator.modpow(&exponent, q);
            let digit = small_logarithm(&class, &base, q, p.to_u64().unwrap());
            let others = &product / p;
            (x + &others * others.modinv(p).unwrap() * digit) % &product
        });
        centred(x, &product)
    };
    let element = |e| one_elsewhere(&generator.modpow(&e, q), q, &product);
    let row: Vec<BigUint> = exponents().map(element).collect();
    hostile.refused_or_read(&order, &row, logarithm);
}

/// n = p·q with p | q − 1: one character, of order p, which is 1 on every n-th power.
#[test]
fn a_prime_that_divides_the_other_less_one_is_refused() {
    let hostile = Hostile::named("one-divides-the-other");
    let [p, q] = [&hostile.primes[0], &hostile.primes[1]];
    let character = |c: &BigUint| (c % q).modpow(&((q - 1u8) / p), q);
    assert!(character(&hostile.random().modpow(&hostile.n, &hostile.n)).is_one());

    // It reveals whose weights are 0: those are the outputs whose answers lie in the first class.
    let generator = BigUint::from(2u8);
    assert!(!character(&generator).is_one());
    let marked = one_elsewhere(&generator, q, p);
    let evaluator = evaluator();
    for feature in 0..6 {
        let mut row = vec![BigUint::one(); 6];
        row[feature] = marked.clone();
        for weights in weights() {
            let answer = hostile.answer(&row, &weights);
            assert_eq!(character(&answer).is_one(), weights[feature] == 0);
        }
        let request = hostile.request(&evaluator, &row, 1);
        let proof = hostile.proof(&((p - 1u8).lcm(&(q - 1u8))));
        let error = evaluator
            .evaluate(&request.with_key_proof(proof))
            .unwrap_err();
        assert!(matches!(error, EvaluateError::KeyProof(_)), "{error:?}");
    }
}

/// Logarithms modulo 11 of an answer to each of 32 primes, of units whose order 11 divides.
fn logarithms(answer: &BigUint, primes: &[BigUint]) -> Vec<usize> {
    let logarithm = |p: &BigUint| {
        let exponent = (p - 1u8) / 11u8;
        let class = (answer % p).modpow(&exponent, p);
        let mut generators = (2u32..).map(|g| BigUint::from(g).modpow(&exponent, p));
        let generator = generators.find(|power| !power.is_one()).unwrap();
        let mut power = BigUint::one();
        (0..11)
            .find(|_| {
                let found = power == class;
                power = &power * &generator % p;
                found
            })
            .unwrap()
    };
    primes.iter().map(logarithm).collect()
}

/// The dimension that vectors span modulo 11.
fn rank(mut rows: Vec<Vec<usize>>) -> usize {
    let inverse = |x: usize| (1..11).find(|y| x * y % 11 == 1).unwrap();
    let mut rank = 0;
    for column in 0..rows[0].len() {
        let Some(pivot) = (rank..rows.len()).find(|&row| rows[row][column] != 0) else {
            continue;
        };
        rows.swap(rank, pivot);
        let factor = inverse(rows[rank][column]);
        let pivot: Vec<usize> = rows[rank].iter().map(|x| x * factor % 11).collect();
        for row in &mut rows[rank + 1..] {
            let factor = 11 - row[column];
            for (x, p) in row.iter_mut().zip(&pivot) {
                *x = (*x + factor * p) % 11;
            }
        }
        rank += 1;
    }
    rank
}

/// With gcd(n, φ(n)) = 1 a modulus of many small primes is nothing to a service: its owner takes
/// logarithms of the answers' randomness, and finds them uniform and without any relation. From
/// randomness of a table they would have one.
#[test]
fn many_primes_tell_nothing_of_answers() {
    let hostile = Hostile::named("multi-prime");
    let order = hostile
        .primes
        .iter()
        .fold(BigUint::one(), |order, p| order.lcm(&(p - 1u8)));
    let proof = hostile.proof(&order);
    let evaluator = evaluator();
    let row: Vec<BigUint> = (2u32..8).map(BigUint::from).collect();
    let request = hostile.request(&evaluator, &row, 200).with_key_proof(proof);
    let answer = evaluator.evaluate(&request).unwrap();
    let vectors: Vec<Vec<usize>> = answer
        .scores
        .iter()
        .map(|c| logarithms(&BigUint::from_bytes_be(c), &hostile.primes))
        .collect();
    assert_eq!(vectors.len(), 400);
    assert_eq!(rank(vectors.clone()), 32);
    for output in 0..2 {
        for dimension in 0..32 {
            let of_output = vectors.iter().skip(output).step_by(2);
            let values: Vec<usize> = of_output.map(|vector| vector[dimension]).collect();
            assert!(
                is_uniform(&values, 11),
                "output {output}, prime {dimension}"
            );
        }
    }

    // A product of some of twenty residues that were made ahead, in place of a fresh ρⁿ.
    let table: Vec<BigUint> = (0..20).map(|_| hostile.random()).collect();
    let from_table = |_| {
        let picked = hostile.random();
        let product = (0..20)
            .filter(|&i| picked.bit(i))
            .fold(BigUint::one(), |product, i| {
                product * &table[i as usize] % &hostile.n
            });
        logarithms(&product, &hostile.primes)
    };
    assert!(rank((0..200).map(from_table).collect()) <= 20);
}
