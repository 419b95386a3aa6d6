//! A pool on disk gives each entry once, whatever happens.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use veilcast_client::{EntryDirectory, StoreError};
use veilcast_engine::{EntryError, EntryStore as _, KeyPolicy, SeededEntries};
use veilcast_paillier::SecretKey;

const TESTS_ONLY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};

fn key() -> SecretKey {
    SecretKey::generate(1024, TESTS_ONLY).unwrap()
}

/// The only file of a pool.
fn file(pool: &Path) -> std::path::PathBuf {
    let files: Vec<_> = fs::read_dir(pool).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].as_ref().unwrap().path()
}

#[test]
fn entries_are_given_once_and_leave_nothing_behind() {
    let (directory, key) = (tempfile::tempdir().unwrap(), key());
    let path = directory.path().join("pool");
    let mut pool = EntryDirectory::open(&path, key.public_key()).unwrap();
    SeededEntries::generate(&key, 10)
        .unwrap()
        .keep(&mut pool)
        .unwrap();
    assert_eq!(pool.count().unwrap(), 10);
    let whole = fs::read(file(&path)).unwrap();

    // From the end: numbers 7, 8, 9; then 4, 5, 6.
    let first = pool.take(3).unwrap().unwrap();
    assert_eq!((first.first, first.numbers.len()), (7, 3 * 128));
    let second = pool.take(3).unwrap().unwrap();
    assert_eq!(second.first, 4);
    assert_eq!(first.seed, second.seed);
    assert_eq!(pool.count().unwrap(), 4);
    let left = fs::read(file(&path)).unwrap();
    assert_eq!(left.len(), whole.len() - 6 * 144);
    for taken in [&first, &second] {
        for number in taken.numbers.chunks(128) {
            assert!(whole.windows(128).any(|window| window == number));
            assert!(!left.windows(128).any(|window| window == number));
        }
    }

    // Too many are not given, and nothing is lost by asking.
    assert!(pool.take(5).unwrap().is_none());
    assert_eq!(pool.count().unwrap(), 4);
    assert_eq!(pool.take(4).unwrap().unwrap().first, 0);
    assert_eq!(
        fs::read_dir(&path).unwrap().count(),
        0,
        "an empty file is removed"
    );
    assert!(pool.take(1).unwrap().is_none());
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_a_pool() {
    use std::os::unix::fs::PermissionsExt as _;
    let (directory, key) = (tempfile::tempdir().unwrap(), key());
    let path = directory.path().join("pool");
    let mut pool = EntryDirectory::open(&path, key.public_key()).unwrap();
    SeededEntries::generate(&key, 1)
        .unwrap()
        .keep(&mut pool)
        .unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&file(&path)), 0o600);
}

/// An interruption between the mark and the cut leaves entries behind, which are used all the same.
#[test]
fn entries_that_were_marked_are_never_given() {
    let (directory, key) = (tempfile::tempdir().unwrap(), key());
    let mut pool = EntryDirectory::open(directory.path(), key.public_key()).unwrap();
    SeededEntries::generate(&key, 5)
        .unwrap()
        .keep(&mut pool)
        .unwrap();
    let path = file(directory.path());
    let before = fs::read(&path).unwrap();
    let used = pool.take(2).unwrap().unwrap();
    let header = fs::read(&path).unwrap()[..128].to_vec();
    // As if the process had ended right after the mark.
    fs::write(&path, [&header, &before[128..]].concat()).unwrap();

    assert_eq!(pool.count().unwrap(), 3);
    let next = pool.take(1).unwrap().unwrap();
    assert_eq!(next.first, used.first - 1);
    let after = fs::read(&path).unwrap();
    assert_eq!(after.len(), 128 + 2 * 144, "leftovers are cut");
    assert_eq!(pool.take(2).unwrap().unwrap().first, 0);
}

#[test]
fn damage_and_other_keys_are_told() {
    let (directory, key) = (tempfile::tempdir().unwrap(), key());
    let mut pool = EntryDirectory::open(directory.path(), key.public_key()).unwrap();
    SeededEntries::generate(&key, 3)
        .unwrap()
        .keep(&mut pool)
        .unwrap();
    let path = file(directory.path());
    let good = fs::read(&path).unwrap();

    let other = self::key();
    let mut others = EntryDirectory::open(directory.path(), other.public_key()).unwrap();
    let error = SeededEntries::take(&mut others, other.public_key(), 1).unwrap_err();
    assert!(
        matches!(error, EntryError::Store(StoreError::OtherKey { .. })),
        "{error}"
    );

    // A zero block in place of an entry, as a crash of the machine may leave it: an upload made
    // with it would show the record.
    let mut zeros = fs::OpenOptions::new().write(true).open(&path).unwrap();
    zeros.seek(SeekFrom::End(-144)).unwrap();
    zeros.write_all(&[0; 144]).unwrap();
    assert!(matches!(pool.take(1), Err(StoreError::Damaged { .. })));
    // The damaged one is gone, the others are whole.
    assert_eq!(pool.take(1).unwrap().unwrap().first, 1);

    for bad in [
        &good[..100],
        &good[..127],
        b"",
        &[b"x", &good[1..]].concat(),
        &[&good[..96], &[0xff; 8], &good[104..]].concat(),
        &good[..200],
    ] {
        fs::write(&path, bad).unwrap();
        assert!(matches!(pool.take(1), Err(StoreError::Damaged { .. })));
        assert!(matches!(pool.count(), Err(StoreError::Damaged { .. })));
    }
}

/// Takes entries without end and tells which, as a process of its own; see below.
#[test]
fn child_takes_entries() {
    let Ok(path) = std::env::var("VEILCAST_TEST_POOL") else {
        return;
    };
    let key = std::env::var("VEILCAST_TEST_KEY").unwrap();
    let key = SecretKey::from_json(&key, TESTS_ONLY).unwrap();
    let mut pool = EntryDirectory::open(path, key.public_key()).unwrap();
    while let Some(taken) = pool.take(2).unwrap() {
        println!("taken {:02x?} {}", &taken.seed[..4], taken.first);
    }
}

#[test]
fn killed_processes_use_no_entry_twice() {
    let (directory, key) = (tempfile::tempdir().unwrap(), key());
    let mut pool = EntryDirectory::open(directory.path(), key.public_key()).unwrap();
    SeededEntries::generate(&key, 400)
        .unwrap()
        .keep(&mut pool)
        .unwrap();
    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "pool::child_takes_entries", "--nocapture"])
            .env("VEILCAST_TEST_POOL", directory.path())
            .env("VEILCAST_TEST_KEY", &*key.to_json("test"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut given = HashSet::new();
    let mut rounds = 0;
    while pool.count().unwrap() > 0 {
        // Two at a time, killed without warning a little after the first has taken something.
        let mut children = [start(), start()];
        let mut first = BufReader::new(children[0].stdout.take().unwrap());
        let mut second = BufReader::new(children[1].stdout.take().unwrap());
        let mut text = String::new();
        while !text.contains("taken") && first.read_line(&mut text).unwrap() > 0 {}
        std::thread::sleep(Duration::from_micros(700 * (rounds % 10)));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        first.read_to_string(&mut text).unwrap();
        second.read_to_string(&mut text).unwrap();
        for line in text.lines().filter(|line| line.starts_with("taken")) {
            assert!(given.insert(line.to_owned()), "{line} twice");
        }
        rounds += 1;
        assert!(rounds < 1000, "the pool gets empty");
    }
    assert!(given.len() > 20, "{} given in {rounds} rounds", given.len());
}
