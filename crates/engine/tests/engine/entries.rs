//! Entries of seeded uploads: each for one use, of one key, and out of stores that may be damaged.

use std::sync::Mutex;

use veilcast_engine::{
    EntryError, EntryStore, Evaluator, SeededEntries, Session, SessionError, StoredEntries,
};
use veilcast_paillier::SecretKey;
use veilcast_protocol::{InferRequest, Upload};

use crate::common;
use crate::common::MemoryStore;

/// Does not compile for a type that is `Clone`, and so for one that is `Copy`: there would be two
/// implementations to choose from.
macro_rules! assert_not_clone {
    ($type:ty) => {
        const _: fn() = || {
            trait AmbiguousIfClone<A> {
                fn only_once() {}
            }
            impl<T> AmbiguousIfClone<()> for T {}
            impl<T: Clone> AmbiguousIfClone<u8> for T {}
            <$type as AmbiguousIfClone<_>>::only_once();
        };
    };
}
assert_not_clone!(SeededEntries);
assert_not_clone!(StoredEntries);

fn sides() -> (Session, Evaluator) {
    common::sides(common::model(&[vec![1, -1, 1]], &[0], 4, 2))
}

fn scores(session: &Session, evaluator: &Evaluator, request: &InferRequest) -> Vec<Vec<i64>> {
    let answer = evaluator.evaluate(request).unwrap();
    session.decrypt_answer_to(request, &answer).unwrap()
}

/// The seed, and the numbers of its ciphertexts that a request uses.
fn used(request: &InferRequest) -> ([u8; 32], std::ops::Range<u64>) {
    let Upload::Seeded(upload) = request.upload() else {
        panic!("a seeded upload")
    };
    let count = 3 * upload.corrections.rows() as u64;
    (upload.seed, upload.first..upload.first + count)
}

#[test]
fn entries_of_a_wrong_number_or_another_key_are_refused() {
    let (session, _) = sides();
    let other = SecretKey::generate(1024, common::TESTS_ONLY).unwrap();
    let record = common::records(session.card(), [[1, 2, 3]]);
    let refused = |key: &SecretKey, count| {
        let entries = SeededEntries::generate(key, count).unwrap();
        assert_eq!(entries.len(), count);
        session.encrypt_seeded(&record, entries).unwrap_err()
    };
    for found in [0, 2, 4] {
        let error = SessionError::Entries { expected: 3, found };
        assert_eq!(refused(&common::key(), found), error);
    }
    assert_eq!(refused(&other, 3), SessionError::EntriesOfOtherKey);
}

#[test]
fn split_entries_serve_one_request_each() {
    let (session, evaluator) = sides();
    let mut entries = common::entries(&session, 3);
    assert!(entries.split_off(10).is_none(), "there are nine");
    let (last, middle) = (entries.split_off(3).unwrap(), entries.split_off(3).unwrap());
    assert_eq!([entries.len(), middle.len(), last.len()], [3, 3, 3]);
    let requests = [entries, middle, last].map(|entries| {
        let request = session
            .encrypt_seeded(&common::records(session.card(), [[1, 2, 15]]), entries)
            .unwrap();
        assert_eq!(scores(&session, &evaluator, &request), [[14]]);
        request
    });
    let numbers = requests.each_ref().map(|request| used(request).1);
    assert_eq!(numbers, [0..3, 3..6, 6..9]);

    let first = common::entries(&session, 1);
    let second = common::entries(&session, 1);
    let [first, second] = [first, second].map(|entries| common::stored(entries).seed);
    assert_ne!(first, second, "each generation has a seed of its own");
}

#[test]
fn entries_out_of_a_store_are_what_was_put_in() {
    let (session, evaluator) = sides();
    let key = common::key();
    let mut store = MemoryStore::default();
    common::entries(&session, 2).keep(&mut store).unwrap();
    let mut take = || SeededEntries::take(&mut store, key.public_key(), 3).unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let request = session
            .encrypt_seeded(
                &common::records(session.card(), [[1, 2, 15]]),
                take().unwrap(),
            )
            .unwrap();
        assert_eq!(scores(&session, &evaluator, &request), [[14]]);
        seen.push(used(&request));
    }
    assert_eq!((&seen[0].1, &seen[1].1), (&(0..3), &(3..6)));
    assert!(take().is_none(), "all are used");
}

#[test]
fn a_session_uses_entries_while_they_last() {
    let (session, evaluator) = sides();
    let key = common::key();
    let store = Mutex::new(MemoryStore::default());
    common::entries(&session, 2)
        .keep(&mut *store.lock().unwrap())
        .unwrap();
    let session = session.with_entries(move |count| {
        let taken = SeededEntries::take(&mut *store.lock().unwrap(), key.public_key(), count);
        taken.map_err(|error| error.to_string())
    });
    for is_seeded in [true, true, false] {
        let request = session
            .encrypt(&common::records(session.card(), [[1, 2, 15]]))
            .unwrap();
        assert_eq!(matches!(request.upload(), Upload::Seeded(_)), is_seeded);
        assert_eq!(scores(&session, &evaluator, &request), [[14]]);
    }
    let session = sides().0.with_entries(|_| Err("the disk is gone".into()));
    let error = session
        .encrypt(&common::records(session.card(), [[1, 2, 15]]))
        .unwrap_err();
    assert_eq!(error, SessionError::EntrySource("the disk is gone".into()));
}

/// A store that returns what it was told to, once.
struct Giving(Option<Result<StoredEntries, &'static str>>);

impl EntryStore for Giving {
    type Error = &'static str;

    fn add(&mut self, _: StoredEntries) -> Result<(), Self::Error> {
        Err("full")
    }

    fn take(&mut self, _: usize) -> Result<Option<StoredEntries>, Self::Error> {
        self.0.take().transpose()
    }
}

#[test]
fn a_store_that_fails_says_why() {
    let (session, _) = sides();
    let mut store = Giving(Some(Err("unreadable")));
    let error = common::entries(&session, 1).keep(&mut store).unwrap_err();
    assert_eq!(error, "full");
    let key = common::key();
    let error = SeededEntries::take(&mut store, key.public_key(), 3).unwrap_err();
    assert!(matches!(error, EntryError::Store("unreadable")));
}

#[test]
fn what_can_not_be_entries_of_the_key_is_damaged() {
    let (session, _) = sides();
    let key = common::key();
    let good = common::stored(common::entries(&session, 1));
    let take = |change: &dyn Fn(&mut StoredEntries)| {
        let mut changed = common::copy(&good);
        change(&mut changed);
        let mut store = Giving(Some(Ok(changed)));
        SeededEntries::take(&mut store, key.public_key(), 3).map(Option::unwrap)
    };
    assert_eq!(take(&|_| ()).unwrap().len(), 3);
    let modulus = key.public_key().modulus();
    let width = modulus.len();
    let bad: [&dyn Fn(&mut StoredEntries); 7] = [
        &|stored| stored.numbers.truncate(3 * width - 1),
        &|stored| stored.numbers.truncate(2 * width),
        &|stored| stored.numbers.push(0),
        &|stored| stored.numbers.clear(),
        // A longer key's.
        &|stored| stored.numbers = [&stored.numbers[..], &stored.numbers[..]].concat().into(),
        // The least number that is none of the key's, in the middle.
        &|stored| stored.numbers[width..2 * width].copy_from_slice(&modulus),
        // They would go on beyond the last number of a seed.
        &|stored| stored.first = u64::MAX - 2,
    ];
    for (index, change) in bad.into_iter().enumerate() {
        let error = take(change).unwrap_err();
        assert!(matches!(error, EntryError::Damaged), "{index}");
    }
    let last = |stored: &mut StoredEntries| stored.first = u64::MAX - 3;
    assert_eq!(take(&last).unwrap().split_off(1).unwrap().len(), 1);
}

#[test]
fn entries_are_not_printed() {
    let (session, _) = sides();
    let entries = common::entries(&session, 1);
    assert_eq!(format!("{entries:?}"), "SeededEntries(3 from 0)");
    let stored = common::stored(entries);
    assert_eq!(format!("{stored:?}"), "StoredEntries(384 bytes)");
}
