//! Networks with hidden layers through a pipeline: vouchers from a directory, and answers that are lost on the way.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tempfile::TempDir;
use veilcast_card::QuantizedRecord;
use veilcast_client::{Answered, Client, Filler, PipelineError, VoucherDirectory};
use veilcast_engine::Session;

use crate::common::client;
use crate::common::proxy::{Fault, Proxy};
use crate::common::service::{Kind, answers, session, start_with};

type Group = Vec<QuantizedRecord>;

/// A session whose vouchers are in a directory.
struct Owner {
    session: Arc<Session>,
    directory: Arc<VoucherDirectory>,
    _folder: TempDir,
}

impl Owner {
    /// With this many vouchers of a service.
    async fn with_vouchers(client: &Client, count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let session = session(client).await;
        let directory = VoucherDirectory::open(folder.path(), session.public_key()).unwrap();
        let directory = Arc::new(directory);
        let session = Arc::new(session.with_vouchers(Arc::clone(&directory) as _));
        let filler = Filler::new(
            client.clone(),
            "risk",
            Arc::clone(&session),
            Arc::clone(&directory),
        );
        let count = NonZeroUsize::new(count).unwrap();
        let filled = filler.fill(count, |_| {}).await.unwrap();
        assert_eq!(filled.vouchers, count.get());
        Self {
            session,
            directory,
            _folder: folder,
        }
    }

    fn left(&self) -> usize {
        let count = self.directory.count(self.session.card().digest());
        count.unwrap().good
    }

    /// Groups of four records, no two alike.
    fn groups(&self, count: u32) -> Vec<Group> {
        let record = |group: u32, record: u32| {
            let integers = vec![group, 40 * record, 255 - group];
            QuantizedRecord::new(self.session.card(), integers).unwrap()
        };
        let group = |group| (0..4).map(|r| record(group, r)).collect();
        (0..count).map(group).collect()
    }

    async fn predicted(
        &self,
        client: &Client,
        groups: u32,
    ) -> Result<Vec<Answered<Group>>, PipelineError> {
        let groups = self.groups(groups).into_iter();
        answers(client, Arc::clone(&self.session), groups).await
    }
}

fn check(answered: &[Answered<Group>]) {
    check_masked(answered, 4);
}

fn check_masked(answered: &[Answered<Group>], masked: u64) {
    let model = Kind::USUAL.network();
    for answered in answered {
        let exact = answered
            .group
            .iter()
            .map(|record| model.evaluate(record).unwrap());
        assert_eq!(answered.scores, Ok(exact.collect::<Vec<_>>()));
        assert_eq!(answered.masked, masked);
    }
}

#[tokio::test]
async fn scores_are_those_of_the_network() {
    let client = client(&start_with(Kind::USUAL.network()).await);
    let owner = Owner::with_vouchers(&client, 13).await;
    let answered = owner.predicted(&client, 3).await.unwrap();
    check(&answered);
    assert_eq!(answered.len(), 3);
    assert_eq!(owner.left(), 1);
    // Records for which there aren't enough go encrypted, and what is left isn't touched.
    let answered = owner.predicted(&client, 2).await.unwrap();
    check_masked(&answered, 0);
    assert_eq!(owner.left(), 1);
}

/// Encrypted records whose answers never arrive, at any layer, or whose requests arrive twice, begin anew.
#[tokio::test]
async fn lost_answers_cost_encrypted_records_nothing() {
    let service = start_with(Kind::USUAL.network()).await;
    let direct = client(&service);
    for fault in [Fault::BeforeAnswer, Fault::InAnswer, Fault::Twice] {
        for lost in [0, 1, 2] {
            let owner = Owner::with_vouchers(&direct, 1).await;
            let proxy = Proxy::start(&service, move |connection| match connection == lost {
                true => fault,
                false => Fault::Nothing,
            })
            .await;
            let answered = owner.predicted(&client(&proxy.url), 2).await.unwrap();
            check_masked(&answered, 0);
            assert_eq!(answered.len(), 2, "{fault:?} in connection {lost}");
        }
    }
}

/// An answer that never arrives, to either round, or a request that arrives twice: other vouchers are used, and none twice.
#[tokio::test]
async fn lost_answers_cost_vouchers_and_nothing_else() {
    let service = start_with(Kind::USUAL.network()).await;
    let direct = client(&service);
    for fault in [Fault::BeforeAnswer, Fault::InAnswer, Fault::Twice] {
        for lost in [0, 1, 2] {
            let owner = Owner::with_vouchers(&direct, 16).await;
            let proxy = Proxy::start(&service, move |connection| match connection == lost {
                true => fault,
                false => Fault::Nothing,
            })
            .await;
            let answered = owner.predicted(&client(&proxy.url), 2).await.unwrap();
            check(&answered);
            assert_eq!(answered.len(), 2);
            // Two groups of four, and one that was lost on the way.
            assert_eq!(owner.left(), 16 - 12, "{fault:?} in connection {lost}");
        }
    }
}
