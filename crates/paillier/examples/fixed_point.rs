//! A weighted average of encrypted fractions, with the exponents in the clear.
//!
//! `cargo run --release -p veilcast-paillier --example fixed_point`

#![allow(clippy::print_stdout, reason = "an example prints what it finds")]

use veilcast_paillier::{DEFAULT_KEY_BITS, EncodedNumber, KeyPolicy, SecretKey};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = SecretKey::generate(DEFAULT_KEY_BITS, KeyPolicy::default())?;
    let key = secret.public_key();

    // The owner encrypts measurements to a thousandth. All have the same exponent, which says
    // nothing about them.
    let encode = |value| EncodedNumber::from_f64_with_precision(key, value, 1e-3);
    let measurements = [21.37, -4.812, 19.05].map(encode);
    let measurements = measurements.into_iter().collect::<Result<Vec<_>, _>>()?;
    let exponent = measurements[0].exponent();
    let encrypted: Vec<_> = measurements
        .iter()
        .map(|number| secret.encrypt(number.plaintext()))
        .collect();

    // Someone with the public key weights and adds them. Multiplying adds exponents, and numbers
    // with the same exponent can be added.
    let weights = [0.5, 0.3, 0.2].map(encode);
    let weights = weights.into_iter().collect::<Result<Vec<_>, _>>()?;
    let terms = encrypted
        .iter()
        .zip(&weights)
        .map(|(c, weight)| key.mul_vartime(c, weight.plaintext()));
    let average = terms
        .reduce(|a, b| key.add(&a, &b))
        .ok_or("no measurements")?;
    let exponent = exponent + weights[0].exponent();
    // The sum would tell the key's owner how it was computed.
    let average = key.rerandomize(&average, key.randomizer());

    let average = EncodedNumber::from_plaintext(secret.decrypt(&average)?, exponent);
    let average = average.to_f64(key)?;
    println!("weighted average: {average:.3}");
    assert!((average - (0.5 * 21.37 - 0.3 * 4.812 + 0.2 * 19.05)).abs() < 0.01);
    Ok(())
}

#[test]
fn runs() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
