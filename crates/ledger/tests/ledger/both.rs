//! What holds of a ledger in either database.

use std::time::Duration;

use veilcast_ledger::{Credential, LedgerError, Location, Models, Range, Secret, Spending, Used};

use crate::common::postgres::Postgres;
use crate::common::{TODAY, add, charge, charged, file, new_token, noon, open};

/// Runs scenarios on a SQLite file each, and on a PostgreSQL database each.
macro_rules! on_both {
    ($($scenario:ident)*) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $scenario() {
                    let (_folder, location) = super::file();
                    super::$scenario(&location).await;
                }
            )*
        }

        /// One server for all of them: starting it takes longer than they do.
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn all_of_these_on_postgres() {
            let server = Postgres::start();
            $(
                let name = stringify!($scenario);
                println!("{name}");
                $scenario(&server.database(name).parse().unwrap()).await;
            )*
        }
    };
}

on_both! {
    tokens_are_added_found_and_revoked
    names_and_certificates_are_taken_once
    quotas_refuse_what_they_do_not_hold
    a_quota_renews_with_its_period
    one_of_two_gets_the_last_record
    services_that_share_a_ledger_never_overdraw_it
    a_token_revoked_meanwhile_is_charged_nothing
    usage_is_by_token_model_and_day
    several_begin_at_once
    tests_at_the_top_of_numbers
    vouchers_are_used_once_and_in_order
    of_many_at_once_one_uses_a_voucher
}

fn spending(begun: &[&str], ended: &[&str]) -> Spending {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Spending {
        secret: "s".to_owned(),
        begun: names(begun),
        ended: names(ended),
    }
}

async fn vouchers_are_used_once_and_in_order(location: &Location) {
    let ledger = open(location).await;
    let other = open(location).await;
    let spent = |result| assert!(matches!(result, Err(LedgerError::Spent)), "{result:?}");
    let not_begun = |result| assert!(matches!(result, Err(LedgerError::NotBegun)), "{result:?}");
    not_begun(ledger.spend(&spending(&[], &["a"])).await);
    ledger.spend(&spending(&["a", "b"], &[])).await.unwrap();
    // As a whole or not at all, whichever service asks.
    spent(other.spend(&spending(&["c", "b"], &[])).await);
    not_begun(other.spend(&spending(&["d"], &["a", "c"])).await);
    spent(ledger.spend(&spending(&["c", "c"], &[])).await);
    spent(ledger.spend(&spending(&[], &["a", "a"])).await);
    other.spend(&spending(&["c", "d"], &["a"])).await.unwrap();
    spent(ledger.spend(&spending(&[], &["a"])).await);
    ledger.close().await;
    // Another service, later.
    let again = open(location).await;
    spent(again.spend(&spending(&["a"], &[])).await);
    again.spend(&spending(&[], &["d", "b"])).await.unwrap();
    // Another secret's have nothing to do with these.
    let of_other = Spending {
        secret: "t".to_owned(),
        ..spending(&["a"], &[])
    };
    again.spend(&of_other).await.unwrap();
}

async fn of_many_at_once_one_uses_a_voucher(location: &Location) {
    let ledgers = [open(location).await, open(location).await];
    for round in 0..10 {
        let users: Vec<_> = (0..8)
            .map(|user| {
                let ledger = ledgers[user % 2].clone();
                tokio::spawn(async move {
                    let [first, second] = ["x", "y"].map(|name| format!("{name}{round}"));
                    // In two orders, which must not make them wait for each other for ever.
                    let mut begun = [first.as_str(), second.as_str()];
                    if user % 3 == 0 {
                        begun.reverse();
                    }
                    ledger.spend(&spending(&begun, &[])).await
                })
            })
            .collect();
        let mut won = 0;
        for user in users {
            match user.await.unwrap() {
                Ok(()) => won += 1,
                Err(error) => assert!(matches!(error, LedgerError::Spent), "{error:?}"),
            }
        }
        assert_eq!(won, 1);
    }
}

async fn tokens_are_added_found_and_revoked(location: &Location) {
    let ledger = open(location).await;
    let clinic = add(
        &ledger,
        "clinic",
        &["digits", "risk"],
        &["100/day", "60s/month", "5000"],
    )
    .await;
    let other = add(&ledger, "other", &[], &[]).await;

    let found = ledger.find(&clinic).await.unwrap();
    assert_eq!(found.name, "clinic");
    assert_eq!(found.models.to_string(), "digits, risk");
    let quotas: Vec<_> = found.quotas.iter().map(ToString::to_string).collect();
    assert_eq!(quotas, ["5000", "100/day", "60s/month"]);
    assert_eq!((found.created, found.last_used), (noon(TODAY), None));
    assert!(found.check_model("risk").is_ok());
    assert!(matches!(
        found.check_model("secret"),
        Err(LedgerError::ModelNotAllowed { .. })
    ));
    assert_eq!(ledger.find(&other).await.unwrap().models, Models::All);

    // One that nobody has, and a secret's digest in place of a certificate's.
    let guessed = Credential::of_secret(Secret::generate().unwrap().text()).unwrap();
    let as_certificate = Credential::of_certificate(*clinic.digest());
    for nobodys in [guessed, as_certificate] {
        assert!(matches!(
            ledger.find(&nobodys).await,
            Err(LedgerError::UnknownToken)
        ));
    }

    ledger.revoke("clinic", noon(TODAY)).await.unwrap();
    ledger.revoke("clinic", noon("2026-12-01")).await.unwrap();
    assert!(matches!(
        ledger.find(&clinic).await,
        Err(LedgerError::Revoked)
    ));
    assert!(ledger.find(&other).await.is_ok());
    let unknown = ledger.revoke("nobody", noon(TODAY)).await;
    assert!(matches!(unknown, Err(LedgerError::NoSuchName { .. })));
    let tokens = ledger.tokens().await.unwrap();
    let listed: Vec<_> = tokens
        .iter()
        .map(|token| (&*token.name, token.revoked))
        .collect();
    assert_eq!(listed, [("clinic", Some(noon(TODAY))), ("other", None)]);
    assert_eq!(tokens[0].quotas.len(), 3);
}

async fn names_and_certificates_are_taken_once(location: &Location) {
    let ledger = open(location).await;
    let certificate = Credential::of_certificate([7; 32]);
    let now = noon(TODAY);
    ledger
        .add(&new_token("one", &[], &[]), &certificate, now)
        .await
        .unwrap();
    assert!(ledger.find(&certificate).await.unwrap().is_certificate);
    let again = ledger
        .add(&new_token("other", &[], &[]), &certificate, now)
        .await;
    assert!(matches!(again, Err(LedgerError::CertificateTaken)));
    let secret = Credential::of_secret(Secret::generate().unwrap().text()).unwrap();
    let again = ledger
        .add(&new_token("one", &["m"], &["1/day"]), &secret, now)
        .await;
    assert!(matches!(again, Err(LedgerError::NameTaken { .. })));
    // Nothing of it was added.
    assert!(matches!(
        ledger.find(&secret).await,
        Err(LedgerError::UnknownToken)
    ));
    assert_eq!(ledger.find(&certificate).await.unwrap().models, Models::All);
    for name in ["", "a b", "a,b", "a\n", "ä", &"x".repeat(65)] {
        let refused = ledger.add(&new_token(name, &[], &[]), &secret, now).await;
        assert!(matches!(refused, Err(LedgerError::Name { .. })), "{name:?}");
    }
    let twice = new_token("twice", &[], &["1/day", "2/day"]);
    let refused = ledger.add(&twice, &secret, now).await;
    assert!(matches!(refused, Err(LedgerError::TwoQuotas { .. })));
}

async fn quotas_refuse_what_they_do_not_hold(location: &Location) {
    let ledger = open(location).await;
    // 10 ms a record: the cost allows 15 of them.
    add(&ledger, "clinic", &[], &["20/day", "0.15s/month"]).await;
    let now = noon(TODAY);
    ledger.charge(&charge("clinic", 12), now).await.unwrap();
    let Err(LedgerError::QuotaUsedUp(used_up)) = ledger.charge(&charge("clinic", 4), now).await
    else {
        panic!("it was charged");
    };
    assert_eq!(used_up.quota.to_string(), "0.15s/month");
    assert_eq!(used_up.left.to_string(), "0.03 s of computation");
    assert_eq!(
        used_up.renews,
        Some(
            "2026-12-01"
                .parse::<veilcast_ledger::Day>()
                .unwrap()
                .start()
        )
    );
    // Nothing was charged for it.
    assert_eq!(charged(&ledger, "clinic").await, (1, 12));
    assert!(ledger.would_hold(&charge("clinic", 3), now).await.is_ok());
    assert!(ledger.would_hold(&charge("clinic", 4), now).await.is_err());
    ledger.charge(&charge("clinic", 3), now).await.unwrap();
    assert_eq!(charged(&ledger, "clinic").await, (2, 15));
    // Even the smallest is one too many now.
    assert!(ledger.charge(&charge("clinic", 1), now).await.is_err());
    // A token without quotas may go on, and one that there isn't may not.
    add(&ledger, "free", &[], &[]).await;
    ledger
        .charge(&charge("free", 1_000_000), now)
        .await
        .unwrap();
    assert!(matches!(
        ledger.charge(&charge("nobody", 1), now).await,
        Err(LedgerError::Revoked)
    ));
}

async fn a_quota_renews_with_its_period(location: &Location) {
    let ledger = open(location).await;
    add(&ledger, "daily", &[], &["10/day"]).await;
    add(&ledger, "monthly", &[], &["10/month"]).await;
    add(&ledger, "once", &[], &["10"]).await;
    let may =
        async |token: &str, day: &str| ledger.charge(&charge(token, 10), noon(day)).await.is_ok();
    for (day, expected) in [
        ("2026-11-29", [true, true, true]),
        ("2026-11-29", [false, false, false]),
        ("2026-11-30", [true, false, false]),
        ("2026-12-01", [true, true, false]),
        ("2026-12-31", [true, false, false]),
        ("2027-01-01", [true, true, false]),
    ] {
        let held = [
            may("daily", day).await,
            may("monthly", day).await,
            may("once", day).await,
        ];
        assert_eq!(held, expected, "{day}");
    }
}

async fn one_of_two_gets_the_last_record(location: &Location) {
    let services = [open(location).await, open(location).await];
    for round in 0..20 {
        let name = format!("token-{round}");
        add(&services[0], &name, &[], &["5/day"]).await;
        services[0]
            .charge(&charge(&name, 4), noon(TODAY))
            .await
            .unwrap();
        let race = services.clone().map(|service| {
            let name = name.clone();
            tokio::spawn(async move { service.charge(&charge(&name, 1), noon(TODAY)).await })
        });
        let mut won = 0;
        for racer in race {
            match racer.await.unwrap() {
                Ok(()) => won += 1,
                Err(LedgerError::QuotaUsedUp(_)) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(won, 1);
        assert_eq!(charged(&services[1], &name).await, (2, 5));
    }
}

async fn services_that_share_a_ledger_never_overdraw_it(location: &Location) {
    const QUOTA: u64 = 300;
    let services = [
        open(location).await,
        open(location).await,
        open(location).await,
    ];
    add(&services[0], "clinic", &[], &["300/day"]).await;
    add(&services[0], "other", &[], &[]).await;
    let mut clients = Vec::new();
    for client in 0..12_u64 {
        let service = services[client as usize % services.len()].clone();
        clients.push(tokio::spawn(async move {
            let mut outcomes = Vec::new();
            for request in 0..12 {
                // Other tokens' charges are none of its business.
                service
                    .charge(&charge("other", 1), noon(TODAY))
                    .await
                    .unwrap();
                let records = 1 + (client * 7 + request * 5) % 9;
                let outcome = service
                    .charge(&charge("clinic", records), noon(TODAY))
                    .await;
                match outcome {
                    Ok(()) => outcomes.push((records, true)),
                    Err(LedgerError::QuotaUsedUp(_)) => outcomes.push((records, false)),
                    Err(other) => panic!("{other:?}"),
                }
            }
            outcomes
        }));
    }
    let (mut requests, mut records, mut refused) = (0, 0, Vec::new());
    for client in clients {
        for (number, was_charged) in client.await.unwrap() {
            match was_charged {
                true => (requests, records) = (requests + 1, records + number),
                false => refused.push(number),
            }
        }
    }
    // All that was said to be charged is, nothing else is, and what was refused would not have fitted.
    assert_eq!(charged(&services[1], "clinic").await, (requests, records));
    assert!(records <= QUOTA);
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|number| records + number > QUOTA));
    assert_eq!(charged(&services[2], "other").await, (144, 144));
}

async fn a_token_revoked_meanwhile_is_charged_nothing(location: &Location) {
    let services = [open(location).await, open(location).await];
    let clinic = add(&services[0], "clinic", &[], &[]).await;
    let token = services[0].find(&clinic).await.unwrap();
    services[1].revoke("clinic", noon(TODAY)).await.unwrap();
    let late = services[0]
        .charge(&charge(&token.name, 1), noon(TODAY))
        .await;
    assert!(matches!(late, Err(LedgerError::Revoked)));
    assert_eq!(charged(&services[0], "clinic").await, (0, 0));
}

async fn usage_is_by_token_model_and_day(location: &Location) {
    let ledger = open(location).await;
    for name in ["a", "b"] {
        add(&ledger, name, &[], &[]).await;
    }
    for (token, model, records, day) in [
        ("a", "digits", 1, "2026-10-31"),
        ("a", "digits", 2, "2026-11-01"),
        ("a", "digits", 3, "2026-11-30"),
        ("a", "risk", 4, "2026-11-15"),
        ("b", "digits", 5, "2026-11-15"),
        ("b", "digits", 6, "2026-12-01"),
    ] {
        let one = veilcast_ledger::Charge {
            model,
            ..charge(token, records)
        };
        ledger.charge(&one, noon(day)).await.unwrap();
    }
    let used = |token: &str, model: &str, requests, records: u64| Used {
        token: token.to_owned(),
        model: model.to_owned(),
        requests,
        records,
        cost: Duration::from_millis(10 * records),
    };
    let november = Range {
        from: Some("2026-11-01".parse().unwrap()),
        to: Some("2026-11-30".parse().unwrap()),
    };
    assert_eq!(
        ledger.usage(november, None).await.unwrap(),
        [
            used("a", "digits", 2, 5),
            used("a", "risk", 1, 4),
            used("b", "digits", 1, 5)
        ]
    );
    assert_eq!(
        ledger.usage(Range::default(), Some("b")).await.unwrap(),
        [used("b", "digits", 2, 11)]
    );
    assert_eq!(ledger.usage(november, Some("nobody")).await.unwrap(), []);
    let last = ledger.tokens().await.unwrap()[0].last_used;
    assert_eq!(last, Some(noon("2026-11-15")));
}

async fn several_begin_at_once(location: &Location) {
    let openers: Vec<_> = (0..6)
        .map(|_| {
            let location = location.clone();
            tokio::spawn(async move { veilcast_ledger::Ledger::open(&location).await.map(drop) })
        })
        .collect();
    for opener in openers {
        opener.await.unwrap().unwrap();
    }
    open(location).await.ping().await.unwrap();
}

async fn tests_at_the_top_of_numbers(location: &Location) {
    let ledger = open(location).await;
    add(&ledger, "clinic", &[], &["1125899906842623"]).await;
    let much = veilcast_ledger::Charge {
        records: u64::MAX,
        cost: Duration::MAX,
        ..charge("clinic", 1)
    };
    assert!(matches!(
        ledger.charge(&much, noon(TODAY)).await,
        Err(LedgerError::QuotaUsedUp(_))
    ));
    ledger
        .charge(&charge("clinic", 1), noon(TODAY))
        .await
        .unwrap();
    assert_eq!(charged(&ledger, "clinic").await, (1, 1));
}
