//! Charges against a plain account of them.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use veilcast_ledger::{Charge, Day, LedgerError, Range};

use crate::common::{add, file, open};

/// A day of December or January, records, hundredths of a second, and the model.
type Request = (u64, u64, u64, bool);

/// What a ledger should hold, kept in the simplest way.
#[derive(Default)]
struct Account(Vec<(Day, u64, u64)>);

impl Account {
    fn used(&self, counts: impl Fn(Day) -> bool) -> (u64, u64) {
        let counted = self.0.iter().filter(|(day, ..)| counts(*day));
        counted.fold((0, 0), |(records, cost), (_, r, c)| (records + r, cost + c))
    }

    /// Charges if the quotas 30/day, 0.9s/month and 120 hold it.
    fn charge(&mut self, day: Day, records: u64, cost: u64) -> bool {
        let held = self.used(|other| other == day).0 + records <= 30
            && self.used(|other| other.month() == day.month()).1 + cost <= 90
            && self.used(|_| true).0 + records <= 120;
        if held {
            self.0.push((day, records, cost));
        }
        held
    }
}

async fn agree(requests: Vec<Request>) {
    let (_folder, location) = file();
    let ledger = open(&location).await;
    add(&ledger, "clinic", &[], &["30/day", "0.9s/month", "120"]).await;
    let mut account = Account::default();
    let mut day: Day = "2026-12-29".parse().unwrap();
    for (days, records, cost, is_other) in requests {
        for _ in 0..days {
            day = day.next();
        }
        let charge = Charge {
            token: "clinic",
            model: if is_other { "risk" } else { "digits" },
            records,
            cost: Duration::from_millis(10 * cost),
        };
        let would_hold = ledger.would_hold(&charge, day.start()).await.is_ok();
        let held = match ledger.charge(&charge, day.start()).await {
            Ok(()) => true,
            Err(LedgerError::QuotaUsedUp(_)) => false,
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(held, account.charge(day, records, cost));
        assert_eq!(held, would_hold);
    }
    let used = ledger.usage(Range::default(), None).await.unwrap();
    let records: u64 = used.iter().map(|used| used.records).sum();
    let cost: Duration = used.iter().map(|used| used.cost).sum();
    let expected = account.used(|_| true);
    assert_eq!(
        (records, cost.as_millis()),
        (expected.0, u128::from(10 * expected.1))
    );
}

#[test]
fn charges_are_those_of_a_plain_account() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let request = (0..2_u64, 1..12_u64, 0..20_u64, any::<bool>());
    let requests = prop::collection::vec(request, 1..40);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 24,
        ..ProptestConfig::default()
    });
    runner
        .run(&requests, |requests| {
            runtime.block_on(agree(requests));
            Ok(())
        })
        .unwrap();
}
