//! A database that goes away, comes back, or is of another version.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use veilcast_ledger::{Credential, Ledger, LedgerError, Location, Models, NewToken, Secret};

use crate::common::postgres::Postgres;
use crate::common::{TODAY, add, charge, charged, file, noon, open};

#[tokio::test]
async fn a_server_that_comes_back_is_used_again() {
    let server = Postgres::start();
    let location: Location = server.database("ledger").parse().unwrap();
    let ledger = open(&location).await;
    let clinic = add(&ledger, "clinic", &[], &["3/day"]).await;
    ledger
        .charge(&charge("clinic", 1), noon(TODAY))
        .await
        .unwrap();

    server.stop();
    assert!(matches!(
        ledger.charge(&charge("clinic", 1), noon(TODAY)).await,
        Err(LedgerError::Away(_))
    ));
    assert!(matches!(
        ledger.find(&clinic).await,
        Err(LedgerError::Away(_))
    ));
    assert!(matches!(ledger.ping().await, Err(LedgerError::Away(_))));
    assert!(matches!(
        Ledger::open(&location).await,
        Err(LedgerError::Away(_))
    ));

    server.start_again();
    ledger.ping().await.unwrap();
    ledger
        .charge(&charge("clinic", 2), noon(TODAY))
        .await
        .unwrap();
    assert_eq!(charged(&ledger, "clinic").await, (2, 3));
}

#[tokio::test]
async fn what_is_no_ledger_is_not_taken_for_one() {
    let (folder, location) = file();
    fs::write(
        folder.path().join("ledger.db"),
        "something else, and long enough to be read as a header",
    )
    .unwrap();
    assert!(matches!(
        Ledger::open(&location).await,
        Err(LedgerError::Away(_))
    ));
    let nowhere = Location::Sqlite(folder.path().join("ledger.db/ledger.db"));
    assert!(matches!(
        Ledger::open(&nowhere).await,
        Err(LedgerError::Away(_))
    ));
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let (folder, location) = file();
    open(&location).await.close().await;
    let path = folder.path().join("ledger.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let newer =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (1000, '', TRUE, x'00', 0)";
    sqlx::query(newer).execute(&pool).await.unwrap();
    pool.close().await;
    assert!(matches!(
        Ledger::open(&location).await,
        Err(LedgerError::Newer)
    ));
}

#[tokio::test]
async fn a_file_is_its_owners_alone_and_holds_no_secret() {
    let (folder, location) = file();
    let ledger = open(&location).await;
    let secret = Secret::generate().unwrap();
    let token = NewToken {
        name: "clinic".to_owned(),
        models: Models::All,
        quotas: vec![],
    };
    let credential = Credential::of_secret(secret.text()).unwrap();
    ledger.add(&token, &credential, noon(TODAY)).await.unwrap();
    ledger
        .charge(&charge("clinic", 1), noon(TODAY))
        .await
        .unwrap();
    let mut has_name = false;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600,
            "{path:?}"
        );
        let bytes = fs::read(&path).unwrap();
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        };
        has_name |= holds("clinic");
        assert!(
            !holds(secret.text()) && !holds(&secret.text()["veilcast_".len()..]),
            "{path:?}"
        );
    }
    assert!(has_name);
}
