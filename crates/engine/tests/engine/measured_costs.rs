//! The machine is measured when its costs are first needed, perhaps by several threads of one pool at once.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rayon::ThreadPoolBuilder;
use veilcast_engine::planner::Costs;

#[test]
fn threads_of_one_pool_may_ask_at_once() {
    let (sender, done) = channel();
    thread::spawn(move || {
        let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| pool.install(|| Costs::of_this_machine(2048)));
            }
        });
        sender.send(()).unwrap();
    });
    // Each measures for less than a second.
    done.recv_timeout(Duration::from_secs(60)).unwrap();
}
