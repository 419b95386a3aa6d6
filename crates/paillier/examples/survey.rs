//! A survey in which nobody sees a single answer: participants encrypt, a collector adds, and the
//! analyst, who has the secret key, decrypts the total.
//!
//! `cargo run --release -p veilcast-paillier --example survey`

#![allow(clippy::print_stdout, reason = "an example prints what it finds")]

use veilcast_paillier::{DEFAULT_KEY_BITS, KeyPolicy, KeyedCiphertexts, PublicKey, SecretKey};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The analyst makes a key and publishes its public part.
    let secret = SecretKey::generate(DEFAULT_KEY_BITS, KeyPolicy::default())?;
    let published = serde_json::to_string(secret.public_key())?;

    // Each participant reads the key, which checks it, and sends one ciphertext.
    let answers = [7, 3, 9, 4, 8];
    let sent: Vec<Vec<u8>> = answers
        .iter()
        .map(|&answer| participant(&published, answer))
        .collect::<Result<_, _>>()?;

    // The collector checks the ciphertexts and adds them. It sees no answer.
    let key: PublicKey = serde_json::from_str(&published)?;
    let ciphertexts = key.decode_ciphertexts(sent.iter().map(Vec::as_slice))?;
    let zero = key.encrypt(&key.encode(0));
    let total = ciphertexts.iter().fold(zero, |sum, c| key.add(&sum, c));
    let message = serde_json::to_string(&KeyedCiphertexts::new(key, vec![total]))?;

    // The analyst decrypts the total alone.
    let received: KeyedCiphertexts = serde_json::from_str(&message)?;
    let total = secret.decrypt(&received.ciphertexts()[0])?;
    let total = secret
        .public_key()
        .decode(&total)
        .ok_or("the total is too large")?;
    println!("{} answers, {total} in total", answers.len());
    assert_eq!(total, answers.iter().sum::<i128>());
    Ok(())
}

fn participant(published: &str, answer: i128) -> Result<Vec<u8>, serde_json::Error> {
    let key: PublicKey = serde_json::from_str(published)?;
    Ok(key.encode_ciphertext(&key.encrypt(&key.encode(answer))))
}

#[test]
fn runs() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
