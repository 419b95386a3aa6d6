//! A directory gives each voucher once, whatever happens.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use veilcast_card::{
    Activation, Card, Input, InputBits, InputKind, Layouts, Limits, PerFeature, Preprocessing,
    Quantization,
};
use veilcast_client::{StoreError, VoucherCount, VoucherDirectory};
use veilcast_engine::{Evaluator, KeyPolicy, Session, StoredVouchers, Vouchers};
use veilcast_model::{Blueprint, FloatMap};
use veilcast_paillier::SecretKey;

const TESTS_ONLY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};
const KEY: &str = include_str!("../../../paillier/tests/fixtures/keys/insecure-1024.json");

fn key() -> SecretKey {
    SecretKey::from_json(KEY, TESTS_ONLY).unwrap()
}

/// A model of this name, and its owner's side.
fn sides(name: &str) -> (Session, Evaluator) {
    let blueprint = Blueprint {
        name: name.to_owned(),
        version: "1".to_owned(),
        description: String::new(),
        input: Input {
            kind: InputKind::Table,
            description: String::new(),
            shape: vec![2],
            features: Some(vec!["a".to_owned(), "b".to_owned()]),
            fit: None,
            about: Default::default(),
            preprocessing: Preprocessing::new(vec![]),
        },
        public_part: None,
        quantization: Quantization {
            bits: InputBits::of::<4>(),
            step: PerFeature::All(1.0),
            zero: PerFeature::All(0.0),
        },
        labels: vec!["no".to_owned(), "yes".to_owned()],
        activation: Activation::Sigmoid,
        units: None,
        threshold: None,
        task: None,
        layouts: Layouts::scalar(),
        ways: None,
        limits: Limits {
            max_records: 500,
            max_ciphertexts: 1000,
        },
        max_weight: 7,
    };
    let model = blueprint
        .build(FloatMap::new(2, 1, vec![7.0, -3.0], vec![1.0]).unwrap())
        .unwrap();
    let session = Session::new(model.card().clone(), key()).unwrap();
    (session, Evaluator::new(model, TESTS_ONLY))
}

static SIDES: LazyLock<(Session, Evaluator)> = LazyLock::new(|| sides("first"));

fn card() -> &'static Card {
    SIDES.0.card()
}

fn made(count: usize) -> Vouchers {
    made_by(&SIDES, count)
}

fn made_by((session, evaluator): &(Session, Evaluator), count: usize) -> Vouchers {
    let (drawn, request) = session.draw_vouchers(count).unwrap();
    let answer = evaluator.evaluate(&request).unwrap();
    session.vouchers(drawn, &request, &answer).unwrap()
}

fn directory(path: &Path) -> VoucherDirectory {
    VoucherDirectory::open(path, key().public_key()).unwrap()
}

/// The vouchers as they are in files.
fn entries(vouchers: Vouchers) -> Vec<Vec<u8>> {
    let each = |part: StoredVouchers| {
        let entries = part.vouchers.chunks_exact(part.width);
        entries.map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    vouchers.into_stored().into_iter().flat_map(each).collect()
}

fn bytes_in(path: &Path) -> Vec<u8> {
    let files = fs::read_dir(path).unwrap();
    files
        .flat_map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn vouchers_are_given_once_and_leave_nothing_behind() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vouchers");
    let store = directory(&path);
    // Two batches, which one request may share.
    store.add(made(5)).unwrap();
    store.add(made(4)).unwrap();
    let good = |good| VoucherCount { good, others: 0 };
    assert_eq!(store.count(card().digest()).unwrap(), good(9));
    let before = bytes_in(&path);

    let mut seen = HashSet::new();
    for count in [3, 4, 2] {
        let taken = store.take(card(), count).unwrap().unwrap();
        assert_eq!(taken.len(), count);
        let left = bytes_in(&path);
        for entry in entries(taken) {
            assert!(before.windows(entry.len()).any(|bytes| bytes == entry));
            assert!(!left.windows(entry.len()).any(|bytes| bytes == entry));
            assert!(seen.insert(entry), "a voucher was given twice");
        }
    }
    assert_eq!(store.count(card().digest()).unwrap(), good(0));
    assert!(store.take(card(), 1).unwrap().is_none());
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vouchers");
    directory(&path).add(made(1)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for file in fs::read_dir(&path).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn too_many_are_not_given_and_others_are_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let store = directory(place.path());
    let others = sides("second");
    store.add(made(3)).unwrap();
    store.add(made_by(&others, 5)).unwrap();
    // Of another secret: a request has vouchers of one only.
    let restarted = sides("first");
    store.add(made_by(&restarted, 2)).unwrap();
    assert!(store.take(card(), 4).unwrap().is_none());
    let count = VoucherCount { good: 5, others: 5 };
    assert_eq!(store.count(card().digest()).unwrap(), count);
    let taken = store.take(card(), 3).unwrap().unwrap();
    assert_eq!(taken.card(), card().digest());

    // What is refused is dropped, and nothing else.
    let old = taken.into_stored()[0].secret;
    store.add(made(4)).unwrap();
    store.discard(card().digest(), old).unwrap();
    let count = VoucherCount { good: 2, others: 5 };
    assert_eq!(store.count(card().digest()).unwrap(), count);
}

#[test]
fn damaged_files_and_other_keys_are_told() {
    let place = tempfile::tempdir().unwrap();
    let store = directory(place.path());
    store.add(made(3)).unwrap();
    let other = SecretKey::generate(1024, TESTS_ONLY).unwrap();
    let of_other = VoucherDirectory::open(place.path(), other.public_key()).unwrap();
    let told = of_other.count(card().digest());
    assert!(matches!(told, Err(StoreError::OtherKey { .. })), "{told:?}");

    let file = fs::read_dir(place.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = fs::read(&file).unwrap();
    // A flipped bit in an entry, in its batch, in its count; a file cut short.
    for place in [whole.len() - 40, whole.len() - 1, 104, 96, 88] {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(&file, bytes).unwrap();
        let told = store.take(card(), 1);
        assert!(
            matches!(told, Err(StoreError::Damaged { .. })),
            "{place}: {told:?}"
        );
    }
    fs::write(&file, &whole[..100]).unwrap();
    let told = store.count(card().digest());
    assert!(matches!(told, Err(StoreError::Damaged { .. })), "{told:?}");
}

/// Takes vouchers one by one and prints each, when the test below starts it for that.
#[test]
fn taker() {
    let Some(path) = std::env::var_os("VEILCAST_TEST_VOUCHERS") else {
        return;
    };
    let store = directory(Path::new(&path));
    while let Some(taken) = store.take(card_in(&path), 1).unwrap() {
        let entry = entries(taken).remove(0);
        let digits: String = entry.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("taken {digits}");
    }
}

/// The card is the same in every process: it depends on nothing random.
fn card_in(_: &std::ffi::OsStr) -> &'static Card {
    card()
}

#[test]
fn killed_processes_use_no_voucher_twice() {
    let place = tempfile::tempdir().unwrap();
    let store = directory(place.path());
    for _ in 0..4 {
        store.add(made(100)).unwrap();
    }
    let mut seen = HashSet::new();
    for round in 0..6 {
        let mut takers: Vec<_> = (0..3)
            .map(|_| {
                Command::new(std::env::current_exe().unwrap())
                    .args(["vouchers::taker", "--exact", "--nocapture"])
                    .env("VEILCAST_TEST_VOUCHERS", place.path())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        // Until one has begun; then all are killed at some moment.
        let mut first = BufReader::new(takers[0].stdout.take().unwrap());
        let mut printed = String::new();
        while !printed.contains("taken") && first.read_line(&mut printed).unwrap() > 0 {}
        std::thread::sleep(Duration::from_millis(3 * round));
        for taker in &mut takers {
            taker.kill().unwrap();
        }
        first.read_to_string(&mut printed).unwrap();
        for taker in &mut takers {
            if let Some(mut rest) = taker.stdout.take() {
                rest.read_to_string(&mut printed).unwrap();
            }
            taker.wait().unwrap();
        }
        // The last line of a killed process may be cut.
        for line in printed.lines().filter(|line| line.len() == 6 + 2 * 40) {
            if let Some(entry) = line.strip_prefix("taken ") {
                assert!(seen.insert(entry.to_owned()), "a voucher was given twice");
            }
        }
    }
    assert!(!seen.is_empty());
    let left = store.count(card().digest()).unwrap().good;
    assert!(seen.len() + left <= 400, "{} and {left}", seen.len());
}
