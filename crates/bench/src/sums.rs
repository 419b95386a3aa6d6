//! How fast are weighted sums of ciphertexts by a compiled program, and packing them by Horner's
//! rule, compared with the same products one after another?

use std::hint::black_box;

use veilcast_arith::{Residue, SquareModulus};
use veilcast_model::{IntegerMap, Program};
use veilcast_paillier::{Ciphertext, KeyPolicy, SecretKey};

use crate::operands::Numbers;
use crate::race::Race;
use crate::table::{Table, ratio, time};

const ONE_BY_ONE: &str = "one by one";

/// A matrix takes milliseconds: fewer rounds than a product.
const ROUNDS_DIVISOR: u32 = 5;

/// Inputs and outputs of the matrices: digits, digits with twelve pixels per ciphertext, and a
/// table.
const SHAPES: [(usize, usize); 3] = [(784, 10), (66, 120), (64, 10)];

/// Weights have this many bits, including the sign.
const WEIGHT_BITS: u32 = 6;

/// Answers, sums per answer and bits between them.
const ANSWERS: [(usize, usize, u32); 3] = [(10, 12, 57), (16, 12, 57), (1, 10, 20)];

pub(crate) fn run(bits: &[usize], rounds: u32) {
    let table = Table::start(
        "Weighted sums",
        "Time of all weighted sums of a record's ciphertexts by a compiled program, and of packing \
         sums into answers by Horner's rule, also divided by the time of the same products one \
         after another, without the divisions that the sums need.",
        &["bits of n", "operation", "products", "time", "÷ one by one"],
    );
    let rounds = rounds.div_ceil(ROUNDS_DIVISOR);
    for &bits in bits {
        let policy = KeyPolicy {
            allow_insecure_1024: true,
        };
        let Ok(secret) = SecretKey::generate(bits as u32, policy) else {
            continue; // Not a size that keys have.
        };
        for (inputs, outputs) in SHAPES {
            weighted_sums(&table, &secret, [inputs, outputs], rounds);
        }
        for answer in ANSWERS {
            packed_answers(&table, &secret, answer, rounds);
        }
    }
    table.end();
}

fn weighted_sums(table: &Table, secret: &SecretKey, [inputs, outputs]: [usize; 2], rounds: u32) {
    let key = secret.public_key();
    let weights = (Numbers::seeded(7).limbs(inputs * outputs).into_iter())
        .map(|x| (x >> (64 - WEIGHT_BITS)) as i32 - (1 << (WEIGHT_BITS - 1)))
        .collect();
    let map = IntegerMap::new(inputs, outputs, weights, vec![0; outputs]).expect("the sizes fit");
    let program = Program::compile(&map);
    let results: Vec<_> = (program.outputs().iter())
        .map(|output| [output.plus, output.minus])
        .collect();
    let ciphertexts = ciphertexts(secret, inputs);
    let (ring, residues) = residues(secret, &ciphertexts);

    let raced = Race::new(|| {
        black_box(key.run_program_vartime(&ciphertexts, program.steps(), &results));
    })
    .against(ONE_BY_ONE, || {
        let mut registers = residues.clone();
        for &[a, b] in program.steps() {
            let mut product = registers[a as usize].clone();
            match a == b {
                true => ring.square_assign(&mut product),
                false => ring.mul_assign(&mut product, &registers[b as usize]),
            }
            registers.push(product);
        }
        black_box(registers);
    })
    .run(rounds);
    table.row(&[
        key.bits().to_string(),
        format!("sums of {inputs}×{outputs} weights"),
        program.steps().len().to_string(),
        time(raced.ours()),
        ratio(raced.ratio_to(ONE_BY_ONE)),
    ]);
}

fn packed_answers(
    table: &Table,
    secret: &SecretKey,
    (answers, sums, shift): (usize, usize, u32),
    rounds: u32,
) {
    let key = secret.public_key();
    let lists = vec![ciphertexts(secret, sums); answers];
    let (ring, residues) = residues(secret, &lists[0]);
    let raced = Race::new(|| drop(black_box(key.horner_vartime(&lists, shift))))
        .against(ONE_BY_ONE, || {
            for _ in 0..answers {
                let mut total = residues[0].clone();
                for sum in &residues[1..] {
                    (0..shift).for_each(|_| ring.square_assign(&mut total));
                    ring.mul_assign(&mut total, sum);
                }
                black_box(total);
            }
        })
        .run(rounds);
    table.row(&[
        key.bits().to_string(),
        format!("{answers} answers of {sums} sums, {shift} bits apart"),
        (answers * (sums - 1) * (shift as usize + 1)).to_string(),
        time(raced.ours()),
        ratio(raced.ratio_to(ONE_BY_ONE)),
    ]);
}

fn ciphertexts(secret: &SecretKey, count: usize) -> Vec<Ciphertext> {
    let number = |i: usize| secret.public_key().encode(i as i128);
    secret.encrypt_many(&(0..count).map(number).collect::<Vec<_>>())
}

/// The same numbers in our own ring.
fn residues(secret: &SecretKey, ciphertexts: &[Ciphertext]) -> (SquareModulus, Vec<Residue>) {
    let key = secret.public_key();
    let ring = SquareModulus::new(key.modulus_limbs()).expect("it is a key's");
    let residue = |c: &Ciphertext| {
        let limbs: Vec<u64> = (key.encode_ciphertext(c).rchunks(8))
            .map(|limb| limb.iter().fold(0, |x, &byte| (x << 8) | u64::from(byte)))
            .collect();
        ring.residue(&limbs)
    };
    let residues = ciphertexts.iter().map(residue).collect();
    (ring, residues)
}
