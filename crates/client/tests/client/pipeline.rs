//! Many groups through a real service, behind a proxy that does what networks do: each is answered once, in order.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::common::proxy::{Fault, Proxy};
use crate::common::service::{model, named, records, session, start_service};
use veilcast_card::QuantizedRecord;
use veilcast_client::{Answered, Answers, Client, ClientError, Options, Pipeline, PipelineError};
use veilcast_engine::{Session, SessionError};

type Group = Vec<QuantizedRecord>;

/// This many groups of one to three records, no two records alike.
fn groups(count: u32) -> impl Iterator<Item = Group> + Send {
    (0..count).map(|group| {
        let record = |record| [group, 7 * (group % 30) + record, 255 - group];
        records((0..=group % 3).map(record))
    })
}

/// A client that tries again soon, and often enough.
fn client(url: &str) -> Client {
    let options = Options {
        request_timeout: Duration::from_secs(60),
        tries: 6,
        longest_pause: Duration::from_millis(50),
        ..Options::default()
    };
    Client::with_options(url, options).unwrap()
}

/// A service behind a proxy, a client of the proxy, and a session.
struct Place {
    service: String,
    proxy: Proxy,
    client: Client,
    session: Arc<Session>,
}

impl Place {
    async fn new(fault: impl Fn(usize) -> Fault + Send + 'static) -> Self {
        let service = start_service().await;
        let proxy = Proxy::start(&service, fault).await;
        Self {
            client: client(&proxy.url),
            session: Arc::new(session(&client(&service)).await),
            service,
            proxy,
        }
    }

    fn pipeline(&self, in_flight: usize) -> Pipeline {
        Pipeline::new(self.client.clone(), "risk", Arc::clone(&self.session))
            .in_flight(NonZeroUsize::new(in_flight).unwrap())
    }

    fn run(&self, in_flight: usize, count: u32) -> Answers<Group, PipelineError> {
        self.pipeline(in_flight).run(groups(count).map(Ok))
    }
}

/// All answers, and the error that ended them.
async fn collect<G, E>(mut answers: Answers<G, E>) -> (Vec<Answered<G>>, Option<E>) {
    let mut all = Vec::new();
    while let Some(answered) = answers.next().await {
        match answered {
            Ok(answered) => all.push(answered),
            Err(error) => {
                assert!(answers.next().await.is_none());
                return (all, Some(error));
            }
        }
    }
    assert!(answers.next().await.is_none());
    (all, None)
}

/// Checks that these are the answers to the first groups, each once, in order, exact; gives the number of tries.
#[track_caller]
fn check(answers: &[Answered<Group>], count: u32) -> u32 {
    let model = model();
    assert_eq!(answers.len(), count as usize);
    for (answered, group) in answers.iter().zip(groups(count)) {
        assert_eq!(answered.group, group);
        let exact = group.iter().map(|record| model.evaluate(record).unwrap());
        assert_eq!(answered.scores, Ok(exact.collect::<Vec<_>>()));
        assert!(answered.bytes_up > 0 && answered.bytes_down > 0);
    }
    answers.iter().map(|answered| answered.tries).sum()
}

#[tokio::test]
async fn groups_are_answered_in_order() {
    let place = Place::new(|_| Fault::Nothing).await;
    for in_flight in [1, 2, 3, 8, 100] {
        let (answers, error) = collect(place.run(in_flight, 20)).await;
        assert!(error.is_none());
        assert_eq!(check(&answers, 20), 20);
    }
    let (answers, error) = collect(place.run(3, 0)).await;
    assert!(answers.is_empty() && error.is_none());
}

#[tokio::test]
async fn order_is_kept_when_answers_overtake() {
    let late = |n| match n % 4 {
        0 => Fault::Late(Duration::from_millis(300)),
        1 => Fault::Slow,
        _ => Fault::Nothing,
    };
    let place = Place::new(late).await;
    let (answers, error) = collect(place.run(4, 12)).await;
    assert!(error.is_none());
    assert_eq!(check(&answers, 12), 12);
    let order = place.proxy.log.lock().unwrap().answered.clone();
    assert!(!order.is_sorted(), "{order:?}");
}

#[tokio::test]
async fn broken_connections_are_mended() {
    for fault in [
        Fault::Before,
        Fault::InRequest,
        Fault::BeforeAnswer,
        Fault::InHeader,
        Fault::InAnswer,
    ] {
        let broken = [0, 1, 2, 5, 8];
        let place = Place::new(move |n| match broken.contains(&n) {
            true => fault,
            false => Fault::Nothing,
        })
        .await;
        let (answers, error) = collect(place.run(3, 8)).await;
        assert!(error.is_none(), "{fault:?}: {error:?}");
        assert_eq!(check(&answers, 8), 8 + 5, "{fault:?}");
        assert_eq!(place.proxy.connections(), 8 + 5, "{fault:?}");
    }
}

#[tokio::test]
async fn everything_at_once() {
    let faults = [
        Fault::Nothing,
        Fault::InAnswer,
        Fault::Slow,
        Fault::Instead(BUSY),
        Fault::Twice,
        Fault::Before,
        Fault::Late(Duration::from_millis(100)),
        Fault::Instead(LIMITED),
        Fault::Nothing,
        Fault::InRequest,
        Fault::Twice,
        Fault::BeforeAnswer,
        Fault::Nothing,
        Fault::Instead(GATEWAY),
        Fault::InHeader,
    ];
    let mut place = Place::new(move |n| faults[n % faults.len()]).await;
    // A group may meet one after another.
    let options = Options {
        tries: 100,
        longest_pause: Duration::from_millis(20),
        ..Options::default()
    };
    place.client = Client::with_options(&place.proxy.url, options).unwrap();
    let (answers, error) = collect(place.run(5, 40)).await;
    assert!(error.is_none(), "{error:?}");
    let tries = check(&answers, 40) as usize;
    assert!(tries > 60, "{tries}");
    assert_eq!(tries, place.proxy.connections());
}

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\nconnection: close\r\n\
    content-length: 42\r\n\r\n{\"error\":\"come back later\",\"code\":\"busy\"} ";
const LIMITED: &str = "HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\n\
    content-length: 37\r\n\r\n{\"error\":\"slow down\",\"code\":\"quota\"}  ";
const GATEWAY: &str = "HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n<h1>Bad Gateway</h1>";

#[tokio::test]
async fn a_service_that_asks_for_patience_gets_it() {
    const WAIT: &str =
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\r\n";
    let place = Place::new(|n| match n {
        1 | 2 => Fault::Instead(WAIT),
        _ => Fault::Nothing,
    })
    .await;
    let options = Options {
        longest_pause: Duration::from_secs(3),
        ..Options::default()
    };
    let patient = Client::with_options(&place.proxy.url, options).unwrap();
    let started = Instant::now();
    let pipeline = Pipeline::new(patient, "risk", Arc::clone(&place.session));
    let answers = pipeline.run(groups(4).map(Ok::<_, PipelineError>));
    let (answers, error) = collect(answers).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(check(&answers, 4), 6);
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn answers_of_others_are_refused() {
    let place = Place::new(|n| match n {
        3 => Fault::Stale,
        _ => Fault::Nothing,
    })
    .await;
    // One at a time, so that it is known whose answer is the last; of one size, so that only its name tells it apart.
    let input = (0..9).map(|n| Ok::<_, PipelineError>(records([[n, n, n]])));
    let (answers, error) = collect(place.pipeline(1).run(input)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(answers.len(), 9);
    for (number, answered) in answers.iter().enumerate() {
        match number {
            3 => assert_eq!(answered.scores, Err(SessionError::OtherRequest.into())),
            _ => assert!(answered.scores.is_ok()),
        }
    }
    assert_eq!(place.proxy.connections(), 9);
}

#[tokio::test]
async fn refusals_end_it_after_what_came_before() {
    let bad = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n\
        {\"error\":\"no\",\"code\":\"invalid_ciphertext\"}";
    let place = Place::new(move |n| match n {
        2 => Fault::Instead(bad),
        0 | 1 => Fault::Late(Duration::from_millis(200)),
        _ => Fault::Nothing,
    })
    .await;
    let (answers, error) = collect(place.run(4, 50)).await;
    // Which group had the third connection is chance, but those before it are answered.
    assert!(answers.len() <= 3, "{}", answers.len());
    check(&answers, answers.len() as u32);
    let Some(PipelineError::Client(ClientError::Refused { status: 400, .. })) = error else {
        panic!("{error:?}")
    };
    assert!(place.proxy.connections() < 10);
}

#[tokio::test]
async fn errors_of_the_input_come_after_what_was_before() {
    #[derive(Debug)]
    enum Failed {
        Input(&'static str),
        #[expect(dead_code, reason = "shown if the test fails")]
        Pipeline(PipelineError),
    }
    impl From<PipelineError> for Failed {
        fn from(error: PipelineError) -> Self {
            Self::Pipeline(error)
        }
    }

    let place = Place::new(|_| Fault::Late(Duration::from_millis(100))).await;
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&pulled);
    let input = groups(9).map(move |group| match counter.fetch_add(1, Ordering::SeqCst) {
        5 => Err(Failed::Input("line 6 is no record")),
        _ => Ok(group),
    });
    let (answers, error) = collect(place.pipeline(3).run(input)).await;
    check(&answers, 5);
    assert!(matches!(error, Some(Failed::Input("line 6 is no record"))));
    assert_eq!(pulled.load(Ordering::SeqCst), 6);
    assert_eq!(place.proxy.connections(), 5);
}

#[tokio::test]
async fn records_of_another_model_are_refused() {
    let place = Place::new(|_| Fault::Nothing).await;
    let mut bad = records([[1, 2, 3]]);
    bad.push(QuantizedRecord::new(named("another").card(), vec![1, 2, 3]).unwrap());
    let input = groups(2).chain([bad]).chain(groups(2));
    let answers = place.pipeline(3).run(input.map(Ok::<_, PipelineError>));
    let (answers, error) = collect(answers).await;
    check(&answers, 2);
    let Some(PipelineError::Encrypt(SessionError::RecordOfOtherCard { index: 1, .. })) = error
    else {
        panic!("{error:?}")
    };
}

#[tokio::test]
async fn a_service_that_is_gone_for_good_is_an_error() {
    let Place {
        proxy,
        client,
        session,
        ..
    } = Place::new(|_| Fault::Nothing).await;
    let url = proxy.url.clone();
    let mut answers =
        Pipeline::new(client, "risk", session).run(groups(30).map(Ok::<_, PipelineError>));
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(answers.next().await.unwrap().unwrap());
    }
    drop(proxy);
    let (rest, error) = collect(answers).await;
    all.extend(rest);
    assert!(all.len() < 30);
    check(&all, all.len() as u32);
    assert_eq!(
        error.unwrap().to_string(),
        format!(
            "{url} refuses connections, after 6 tries: is the service running, and is its port right?"
        )
    );
}

#[tokio::test]
async fn a_service_that_restarts_is_waited_for() {
    let Place {
        service,
        proxy,
        session,
        ..
    } = Place::new(|_| Fault::Nothing).await;
    let patient = Options {
        longest_pause: Duration::from_secs(1),
        ..Options::default()
    };
    let client = Client::with_options(&proxy.url, patient).unwrap();
    let mut answers =
        Pipeline::new(client, "risk", session).run(groups(30).map(Ok::<_, PipelineError>));
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(answers.next().await.unwrap().unwrap());
    }
    let address = proxy.address;
    drop(proxy);
    tokio::time::sleep(Duration::from_millis(700)).await;
    let _proxy = Proxy::start_at(address, &service, |_| Fault::Nothing).await;
    let (rest, error) = collect(answers).await;
    assert!(error.is_none(), "{error:?}");
    all.extend(rest);
    assert!(check(&all, 30) > 30);
}

/// A group that is counted as long as it lives.
struct Counted(Group, Arc<AtomicUsize>);

impl AsRef<[QuantizedRecord]> for Counted {
    fn as_ref(&self) -> &[QuantizedRecord] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn few_groups_live_at_a_time() {
    let place = Place::new(|_| Fault::Late(Duration::from_millis(30))).await;
    let (alive, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counter, maximum) = (Arc::clone(&alive), Arc::clone(&most));
    let input = groups(60).map(move |group| {
        let now = counter.fetch_add(1, Ordering::SeqCst) + 1;
        maximum.fetch_max(now, Ordering::SeqCst);
        Ok::<_, PipelineError>(Counted(group, Arc::clone(&counter)))
    });
    let mut answers = place.pipeline(3).run(input);
    for number in 0..60 {
        let answered = answers.next().await.unwrap().unwrap();
        assert_eq!(answered.group.0[0].values()[0], number);
        drop(answered);
        if number == 20 {
            // A reader that takes its time.
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
    }
    assert!(answers.next().await.is_none());
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    let most = most.load(Ordering::SeqCst);
    // Three under way, three whose answers wait, and what is being encrypted, decrypted and taken.
    assert!((3..=9).contains(&most), "{most}");
    assert_eq!(place.proxy.log.lock().unwrap().most, 3);
}

#[tokio::test]
async fn nothing_goes_on_when_the_answers_are_dropped() {
    let Place {
        proxy,
        client,
        session,
        ..
    } = Place::new(|_| Fault::Late(Duration::from_millis(50))).await;
    let (alive, weak): (_, Weak<Session>) =
        (Arc::new(AtomicUsize::new(0)), Arc::downgrade(&session));
    let counter = Arc::clone(&alive);
    let input = groups(255).map(move |group| {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok::<_, PipelineError>(Counted(group, Arc::clone(&counter)))
    });
    let mut answers = Pipeline::new(client, "risk", session).run(input);
    answers.next().await.unwrap().unwrap();
    drop(answers);
    // What a thread was computing at that moment it finishes.
    let started = Instant::now();
    while weak.upgrade().is_some() || alive.load(Ordering::SeqCst) > 0 {
        assert!(started.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let connections = proxy.connections();
    assert!(connections < 10, "{connections}");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(proxy.connections(), connections);
}

#[tokio::test]
#[should_panic(expected = "the input is broken")]
async fn a_panic_does_not_pass_for_the_end() {
    let place = Place::new(|_| Fault::Nothing).await;
    let input = groups(5).map(|group| match group[0].values()[0] {
        3 => panic!("the input is broken"),
        _ => Ok::<_, PipelineError>(group),
    });
    let mut answers = place.pipeline(2).run(input);
    while answers.next().await.is_some() {}
}
