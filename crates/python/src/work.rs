//! How long computations run: without the interpreter's lock, over all cores, and in slices.

use std::ops::Range;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use veilcast_engine::Stopped;

use crate::errors::Fault;

/// About how long a slice should take: Ctrl-C has an effect after it.
const SLICE: Duration = Duration::from_millis(100);

/// How long other threads work between looks at signals.
const LOOK: Duration = Duration::from_millis(50);

/// How many numbers the first slice has for each thread.
const AT_FIRST: usize = 16;

/// So few numbers aren't worth waking other threads for.
const FEW: usize = 4;

/// The process that the threads belong to, and the threads.
static POOL: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

/// The threads of this process. A child made by `fork` has none of its parent's threads, and gets
/// its own.
///
/// Only taken with the interpreter's lock, so that no other thread can hold the mutex while Python
/// forks.
pub(crate) fn pool(_: Python<'_>) -> PyResult<Arc<ThreadPool>> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    match &*pool {
        Some((owner, threads)) if *owner == process::id() => return Ok(threads.clone()),
        _ => {}
    }
    let built = ThreadPoolBuilder::new()
        .thread_name(|index| format!("veilcast-{index}"))
        .build();
    let threads = Arc::new(built.map_err(|error| {
        PyRuntimeError::new_err(format!("can't start threads to compute with: {error}"))
    })?);
    if let Some(parents) = pool.replace((process::id(), threads.clone())) {
        // Dropping it would wait for threads that aren't there.
        std::mem::forget(parents);
    }
    Ok(threads)
}

/// Calls `work` in this process's threads, without the interpreter's lock.
pub(crate) fn at_once<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    let pool = pool(py)?;
    Ok(py.detach(|| pool.install(work)))
}

/// Calls `work` in this process's threads, without the interpreter's lock. If a signal's handler
/// raises an exception meanwhile, `work` is told to stop.
pub(crate) fn until_signal<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&AtomicBool) -> T + Send,
) -> PyResult<T> {
    let pool = pool(py)?;
    let stop = AtomicBool::new(false);
    until_stopped(py, &stop, |_| Ok(()), |stop| pool.install(|| work(stop)))
}

/// What the engine asks between slices of work that is told to stop.
pub(crate) fn pause(stop: &AtomicBool) -> Result<(), Stopped> {
    match stop.load(Ordering::Relaxed) {
        true => Err(Stopped),
        false => Ok(()),
    }
}

/// Calls `work` in a thread of its own, without the interpreter's lock, with `look` called with the interpreter's lock about every 50 ms and at the end. If that or a signal's handler raises
/// an exception, `work` is told to stop by `stop`, which others may set, too.
pub(crate) fn until_stopped<T: Send>(
    py: Python<'_>,
    stop: &AtomicBool,
    mut look: impl FnMut(Python<'_>) -> PyResult<()>,
    work: impl FnOnce(&AtomicBool) -> T + Send,
) -> PyResult<T> {
    thread::scope(|scope| {
        let (sender, mut ended) = channel::<()>();
        let working = scope.spawn(move || {
            // It is dropped when the work ends, however it ends.
            let _sender = sender;
            work(stop)
        });
        let mut raised = Ok(());
        loop {
            let (result, receiver) = py.detach(move || (ended.recv_timeout(LOOK), ended));
            ended = receiver;
            if raised.is_ok() {
                raised = py.check_signals().and_then(|()| look(py));
                if raised.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            if result == Err(RecvTimeoutError::Disconnected) {
                break;
            }
        }
        let done = working.join();
        raised?;
        done.map_err(|_| PyRuntimeError::new_err("the computation failed for an unknown reason"))
    })
}

/// The results of `work` for all numbers below `count`, slice by slice, as many as each slice has
/// numbers. Signals are handled in between, and progress is reported.
pub(crate) fn in_slices<T: Send>(
    py: Python<'_>,
    count: usize,
    work: impl Fn(Range<usize>) -> Result<Vec<T>, Fault> + Sync,
) -> PyResult<Vec<T>> {
    sliced(py, count, work, |done| report(py, done, count))
}

fn sliced<T: Send>(
    py: Python<'_>,
    count: usize,
    work: impl Fn(Range<usize>) -> Result<Vec<T>, Fault> + Sync,
    after_each: impl Fn(usize) -> PyResult<()>,
) -> PyResult<Vec<T>> {
    let pool = pool(py)?;
    let mut done = Vec::with_capacity(count);
    let mut size = AT_FIRST * pool.current_num_threads();
    let mut is_only = true;
    while done.len() < count {
        let range = done.len()..count.min(done.len() + size);
        let start = Instant::now();
        done.extend(py.detach(|| pool.install(|| work(range)))?);
        py.check_signals()?;
        is_only &= done.len() == count;
        if !is_only {
            after_each(done.len())?;
        }
        let elapsed = start.elapsed();
        if elapsed < SLICE / 2 {
            size *= 2;
        } else if elapsed > 2 * SLICE {
            size = (size / 2).max(AT_FIRST);
        }
    }
    Ok(done)
}

/// Tells Python how far a call has come that takes more than one slice.
fn report(py: Python<'_>, done: usize, count: usize) -> PyResult<()> {
    static STEP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let step = STEP.import(py, "veilcast._progress", "step")?;
    step.call1((done, count))?;
    Ok(())
}

/// The results of `work` for each number below `count`, over all cores if there are many. `work`
/// must not use other threads.
pub(crate) fn each<T: Send>(
    py: Python<'_>,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
) -> PyResult<Vec<T>> {
    if count <= FEW {
        return Ok(py.detach(|| (0..count).map(&work).collect()));
    }
    let slice = |range: Range<usize>| Ok(range.into_par_iter().map(&work).collect());
    sliced(py, count, slice, |_| Ok(()))
}
