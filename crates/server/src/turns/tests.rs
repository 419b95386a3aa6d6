//! Whose turn it is, without a clock or a thread: slices take the time that the tests set.

use std::collections::BTreeMap;

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const SLICE: f64 = 0.05;

/// Requests by callers' numbers, on one core with one slice at a time unless `bounds` says otherwise.
struct Queue {
    books: Books<u8>,
    /// The channel that tells each waiting request that its turn has come.
    waiting: BTreeMap<u64, Granted>,
    half_closed: BTreeMap<u64, Arc<AtomicBool>>,
}

fn bounds(running: usize, waiting: usize, wait: f64) -> Bounds {
    Bounds {
        running,
        waiting,
        wait: Duration::from_secs_f64(wait),
        cores: 1,
    }
}

impl Queue {
    fn new(bounds: Bounds) -> Self {
        Self {
            books: Books::new(bounds),
            waiting: BTreeMap::new(),
            half_closed: BTreeMap::new(),
        }
    }

    fn enter(&mut self, caller: u8, seconds: f64) -> Result<u64, Ended> {
        let (grant, granted) = oneshot::channel();
        let half_closed = Arc::new(AtomicBool::new(false));
        let entry = Entry::new(caller, seconds, grant, Arc::clone(&half_closed));
        let id = self.books.enter(entry)?;
        self.waiting.insert(id, granted);
        self.half_closed.insert(id, half_closed);
        Ok(id)
    }

    fn half_close(&self, id: u64) {
        self.half_closed[&id].store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// What a waiting request was told, if anything.
    fn told(&mut self, id: u64) -> Option<Result<(), Ended>> {
        let told = self.waiting.get_mut(&id)?.try_recv().ok()?;
        self.waiting.remove(&id);
        Some(told)
    }

    /// The requests whose turn has come just now.
    fn granted(&mut self) -> Vec<u64> {
        let ids: Vec<u64> = self.waiting.keys().copied().collect();
        ids.into_iter()
            .filter(|&id| self.told(id) == Some(Ok(())))
            .collect()
    }

    /// Computes slices of one request after another, as their turns come, and returns whose they were.
    fn run(&mut self, slices: usize) -> Vec<u64> {
        let mut order = Vec::new();
        let mut running = self.granted();
        while let Some(id) = running.pop() {
            order.push(id);
            if order.len() == slices {
                running.push(id);
                break;
            }
            match self.books.pause(id, SLICE, false) {
                Ok(None) => running.push(id),
                Ok(Some(granted)) => drop(self.waiting.insert(id, granted)),
                Err(_) => self.books.leave(id),
            }
            running.extend(self.granted());
        }
        order
    }
}

#[test]
fn cheap_request_overtakes_costly_ones_of_others() {
    let mut queue = Queue::new(bounds(1, 100, 1000.0));
    let costly: Vec<u64> = (0..5).map(|_| queue.enter(1, 30.0).unwrap()).collect();
    assert_eq!(queue.run(10), [costly[0]; 10]);
    let cheap = queue.enter(2, 0.1).unwrap();
    // The slice under way ends; the next ones are the newcomer's until it has used as much.
    assert_eq!(
        queue.books.pause(costly[0], SLICE, false).map(|_| ()),
        Ok(())
    );
    assert_eq!(queue.granted(), [cheap]);
}

#[test]
fn callers_share_equally_whatever_they_send() {
    let mut queue = Queue::new(bounds(1, 100, 10_000.0));
    for _ in 0..20 {
        queue.enter(1, 60.0).unwrap();
    }
    assert_eq!(queue.run(40).len(), 40);
    // A later caller gets no more and no less than those already here.
    let late = queue.enter(2, 60.0).unwrap();
    let running = *queue.books.running_ids().first().unwrap();
    let Some(granted) = queue.books.pause(running, SLICE, false).unwrap() else {
        panic!("others wait");
    };
    queue.waiting.insert(running, granted);
    let order = queue.run(100);
    let of_late = order.iter().filter(|&&id| id == late).count();
    assert!((49..=51).contains(&of_late), "{of_late} of 100 slices");
}

#[test]
fn own_requests_are_served_in_their_order() {
    let mut queue = Queue::new(bounds(2, 100, 1000.0));
    let ids: Vec<u64> = (0..4).map(|_| queue.enter(1, 0.1).unwrap()).collect();
    assert_eq!(queue.granted(), ids[..2]);
    queue.books.leave(ids[1]);
    assert_eq!(queue.granted(), [ids[2]]);
    queue.books.leave(ids[0]);
    assert_eq!(queue.granted(), [ids[3]]);
}

#[test]
fn costly_requests_run_alone() {
    let mut queue = Queue::new(bounds(2, 100, 1000.0));
    let [small, costly] = [(1, 0.1), (2, 30.0)].map(|(who, cost)| queue.enter(who, cost).unwrap());
    assert_eq!(queue.granted(), [small]);
    // A request that could continue next to the small one lets the costly one have its turn.
    let late = queue.enter(3, 0.1).unwrap();
    assert!(queue.granted().is_empty());
    queue.books.leave(small);
    assert_eq!(queue.granted(), [costly]);
    let granted = queue.books.pause(costly, SLICE, false).unwrap();
    queue.waiting.insert(costly, granted.unwrap());
    assert_eq!(queue.granted(), [late]);
    queue.books.leave(late);
    assert_eq!(queue.granted(), [costly]);
}

#[test]
fn full_queue_sends_the_greediest_away() {
    let mut queue = Queue::new(bounds(1, 3, 1000.0));
    let greedy: Vec<u64> = (0..4).map(|_| queue.enter(1, 1.0).unwrap()).collect();
    assert!(matches!(queue.enter(1, 1.0), Err(Ended::Full(_))));
    assert!(matches!(queue.books.check(&1), Err(Ended::Full(_))));
    assert_eq!(queue.books.check(&2), Ok(()));
    queue.enter(2, 1.0).unwrap();
    let told = queue.told(greedy[3]);
    assert_eq!(told, Some(Err(Ended::Full(Duration::from_secs(4)))));
    // But not for one who would have as much to do.
    assert!(matches!(queue.enter(2, 2.0), Err(Ended::Full(_))));
    queue.enter(3, 0.5).unwrap();
    assert!(matches!(queue.told(greedy[2]), Some(Err(_))));
    // What has begun is never sent away.
    assert_eq!(queue.told(greedy[0]), Some(Ok(())));
}

#[test]
fn who_would_wait_too_long_is_refused_at_once() {
    let mut queue = Queue::new(bounds(1, 1000, 2.0));
    // A caller may send several at a time, but then waits for all of its own.
    for _ in 0..4 {
        queue.enter(1, 15.0).unwrap();
    }
    let refused = queue.enter(1, 0.1);
    assert_eq!(refused, Err(Ended::Full(Duration::from_secs(60))));
    // Another waits for as much of them as it takes itself.
    queue.enter(2, 1.9).unwrap();
    let wait = Duration::from_secs_f64(2.1 + 1.9);
    assert_eq!(queue.enter(3, 2.1), Err(Ended::Full(wait)));
    queue.enter(3, 0.9).unwrap();
    assert_eq!(queue.books.check(&4), Ok(()));
    for caller in 4..=20 {
        queue.enter(caller, 0.1).unwrap();
    }
    assert!(matches!(queue.enter(21, 0.11), Err(Ended::Full(_))));
}

#[test]
fn estimates_are_held_against_what_requests_take() {
    let mut queue = Queue::new(bounds(1, 1000, 2.0));
    for _ in 0..100 {
        let id = queue.enter(1, 0.1).unwrap();
        // Five times as long as estimated.
        queue.books.account(id, 0.5);
        queue.books.finish(id);
        queue.books.leave(id);
    }
    queue.enter(1, 1.0).unwrap();
    let backlog = queue.books.load().backlog.as_secs_f64();
    assert!((4.9..5.1).contains(&backlog), "{backlog} s");
    assert!(matches!(queue.enter(2, 1.0), Err(Ended::Full(_))));
}

#[test]
fn request_that_may_be_abandoned_comes_last() {
    let mut queue = Queue::new(bounds(1, 3, 1000.0));
    let [first, second, third] = [1, 2, 3].map(|caller| queue.enter(caller, 1.0).unwrap());
    assert_eq!(queue.granted(), [first]);
    queue.half_close(second);
    queue.books.leave(first);
    assert_eq!(queue.granted(), [third]);
    // When nobody else waits it gets its answer.
    queue.books.leave(third);
    assert_eq!(queue.granted(), [second]);

    // When the queue is full it leaves, even if it has begun.
    let fourth = queue.enter(4, 1.0).unwrap();
    let granted = queue.books.pause(second, SLICE, false).unwrap();
    queue.waiting.insert(second, granted.unwrap());
    assert_eq!(queue.granted(), [fourth]);
    queue.enter(5, 1.0).unwrap();
    queue.enter(6, 1.0).unwrap();
    queue.enter(7, 1.0).unwrap();
    assert!(matches!(queue.told(second), Some(Err(Ended::Full(_)))));
}

#[test]
fn abandoned_requests_end() {
    let mut queue = Queue::new(bounds(1, 10, 1000.0));
    let [first, second] = [1, 2].map(|caller| queue.enter(caller, 1.0).unwrap());
    assert_eq!(queue.granted(), [first]);
    queue.books.abandon(first);
    assert_eq!(
        queue.books.pause(first, SLICE, false).err(),
        Some(Ended::Abandoned)
    );
    queue.books.leave(first);
    assert_eq!(queue.granted(), [second]);
    let third = queue.enter(3, 1.0).unwrap();
    let granted = queue.books.pause(second, SLICE, false).unwrap().unwrap();
    queue.waiting.insert(second, granted);
    assert_eq!(queue.granted(), [third]);
    queue.books.abandon(second);
    assert_eq!(queue.told(second), Some(Err(Ended::Abandoned)));
}

#[test]
fn closed_queue_finishes_what_has_begun() {
    let mut queue = Queue::new(bounds(1, 10, 1000.0));
    let [first, second] = [1, 2].map(|caller| queue.enter(caller, 1.0).unwrap());
    queue.books.close();
    assert_eq!(queue.told(first), Some(Ok(())));
    assert_eq!(queue.told(second), Some(Err(Ended::Closed)));
    assert_eq!(queue.enter(3, 1.0), Err(Ended::Closed));
    assert!(matches!(queue.books.pause(first, SLICE, false), Ok(None)));
}

/// What may happen to a queue; numbers choose among the requests that are there.
#[derive(Clone, Debug)]
enum Event {
    Enter { caller: u8, seconds: f64 },
    Pause(usize),
    Leave(usize),
    Abandon(usize),
    HalfClose(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0..5u8, 0.0..3.0).prop_map(|(caller, seconds)| Event::Enter { caller, seconds }),
        any::<usize>().prop_map(Event::Pause),
        any::<usize>().prop_map(Event::Leave),
        any::<usize>().prop_map(Event::Abandon),
        any::<usize>().prop_map(Event::HalfClose),
    ]
}

proptest! {
    /// Whatever happens, slices are used while anyone waits, never more than there are, and the books
    /// are empty when all have left.
    #[test]
    fn books_balance(events in prop::collection::vec(event(), 0..200), running in 1..4usize) {
        let mut queue = Queue::new(bounds(running, 5, 3.0));
        let mut here: Vec<u64> = Vec::new();
        for event in events {
            let chosen = |number: usize| here.get(number % here.len().max(1)).copied();
            match event {
                Event::Enter { caller, seconds } => {
                    if let Ok(id) = queue.enter(caller, seconds) {
                        here.push(id);
                    }
                }
                Event::Pause(number) => {
                    let ids = queue.books.running_ids();
                    if let Some(&id) = ids.get(number % ids.len().max(1)) {
                        match queue.books.pause(id, SLICE, false) {
                            Ok(None) => {}
                            Ok(Some(granted)) => drop(queue.waiting.insert(id, granted)),
                            Err(_) => queue.books.leave(id),
                        }
                    }
                }
                Event::Leave(number) => {
                    if let Some(id) = chosen(number) {
                        queue.books.leave(id);
                    }
                }
                Event::Abandon(number) => {
                    if let Some(id) = chosen(number) {
                        queue.books.abandon(id);
                    }
                }
                Event::HalfClose(number) => {
                    if let Some(id) = chosen(number) {
                        queue.half_close(id);
                        // It shows when somebody's slice ends: here, when nobody leaves.
                        queue.books.leave(u64::MAX);
                    }
                }
            }
            prop_assert!(queue.books.is_consistent());
        }
        for id in here {
            queue.books.leave(id);
        }
        let load = queue.books.load();
        prop_assert_eq!((load.waiting, load.computing), (0, 0));
        prop_assert_eq!(load.backlog, Duration::ZERO);
        prop_assert!(queue.books.running_ids().is_empty());
    }
}
