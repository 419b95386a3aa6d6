//! Numbers that Python's hashlib has computed: every client, and every replica, must get the same.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use serde_json::Value;
use veilcast_card::CardDigest;
use veilcast_card::hex::{self, Hex};
use veilcast_protocol::{BatchId, KeyFingerprint, VoucherId};
use zeroize::Zeroizing;

use super::secret::VoucherSecret;
use super::voucher::record;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../testdata/vectors/vouchers.json")).unwrap()
}

fn bytes<const N: usize>(value: &Value) -> [u8; N] {
    hex::parse(value.as_str().unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<u64> {
    let texts = value.as_array().unwrap().iter();
    texts
        .map(|text| text.as_str().unwrap().parse().unwrap())
        .collect()
}

fn slot_bits(case: &Value) -> u32 {
    case["slot_bits"].as_u64().unwrap().try_into().unwrap()
}

#[test]
fn records_are_those_of_their_seed() {
    let vectors = vectors();
    let seed = bytes(&vectors["seed"]);
    for case in vectors["records"].as_array().unwrap() {
        let expected = numbers(&case["record"]);
        assert_eq!(*record(&seed, slot_bits(case), expected.len()), expected);
    }
}

#[test]
fn masks_are_those_of_their_secret() {
    let vectors = vectors();
    let secret = VoucherSecret::new(Zeroizing::new(bytes(&vectors["secret"])));
    assert_eq!(
        secret.id().to_string(),
        vectors["secret_id"].as_str().unwrap()
    );
    let card = CardDigest::from(bytes::<32>(&vectors["card"]));
    let key: KeyFingerprint = Hex(&bytes::<32>(&vectors["key"]))
        .to_string()
        .parse()
        .unwrap();
    let voucher = VoucherId {
        batch: BatchId::from(bytes(&vectors["batch"])),
        number: 7,
    };
    for case in vectors["masks"].as_array().unwrap() {
        let expected = numbers(&case["masks"]);
        let masks = secret.masks(card, key, voucher, slot_bits(case), expected.len());
        assert_eq!(*masks, expected);
    }
}
