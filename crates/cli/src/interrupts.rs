//! Ctrl-C and SIGTERM while files are written: nothing half-written stays behind.
//!
//! What is being written may be decrypted data, so it is removed before the process ends. What a
//! user has asked to keep stays, and is reported.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::runtime;

use crate::failure::{INTERRUPTED, Report};

static STATE: Mutex<State> = Mutex::new(State {
    is_watching: false,
    scraps: Vec::new(),
    last_words: None,
    is_for_programs: false,
});

struct State {
    is_watching: bool,
    /// Files that are not complete yet.
    scraps: Vec<PathBuf>,
    /// The message at the end.
    last_words: Option<String>,
    /// Whether it is an object, for programs.
    is_for_programs: bool,
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is removed if the process is interrupted, as long as this lives.
pub(crate) struct Scrap(PathBuf);

impl Scrap {
    /// Creates such a file: it can't be interrupted between creating and registering it.
    pub(crate) fn make<F, E>(
        make: impl FnOnce() -> Result<F, E>,
        path: impl FnOnce(&F) -> &Path,
    ) -> Result<(F, Self), E> {
        let mut state = state();
        state.watch();
        let file = make()?;
        let path = path(&file).to_owned();
        state.scraps.push(path.clone());
        Ok((file, Self(path)))
    }
}

impl Drop for Scrap {
    fn drop(&mut self) {
        state().scraps.retain(|path| *path != self.0);
    }
}

/// Prints this when the process is interrupted.
pub(crate) fn say_at_the_end(words: String) {
    let mut state = state();
    state.watch();
    state.last_words = Some(words);
}

/// Tells of an interruption as of errors under `--json`.
pub(crate) fn tell_programs() {
    state().is_for_programs = true;
}

/// The message that would be printed, which then isn't any more.
pub(crate) fn last_words() -> Option<String> {
    state().last_words.take()
}

impl State {
    /// Listens for interruptions, once. Before there is anything to remove, they simply end the
    /// process.
    fn watch(&mut self) {
        if self.is_watching {
            return;
        }
        self.is_watching = true;
        // Without the thread an interruption still ends the process.
        let _ = thread::Builder::new()
            .name("interrupts".to_owned())
            .spawn(|| {
                let runtime = runtime::Builder::new_current_thread().enable_io().build();
                if let Ok(runtime) = runtime
                    && let Ok(signal) = runtime.block_on(interruption())
                {
                    end(signal);
                }
            });
    }
}

/// Removes half-written files, and ends the process the way shells expect of one ended by a signal.
fn end(signal: i32) -> ! {
    // Held to the end: no file is completed or begun meanwhile.
    let state = state();
    for scrap in &state.scraps {
        // It may just have got its final name.
        let _ = fs::remove_file(scrap);
    }
    let words = state.last_words.as_deref().unwrap_or(INTERRUPTED);
    let status = 128 + signal;
    let _ = match state.is_for_programs {
        true => {
            let report = Report::of_interruption(words, status);
            writeln!(io::stderr(), "{}", report.to_json())
        }
        // A progress bar may be on the line.
        false => writeln!(io::stderr(), "\n{words}"),
    };
    process::exit(status)
}

/// Waits for a signal to end, unless it is one that the process was started to ignore, as `nohup` does.
#[cfg(unix)]
async fn interruption() -> io::Result<i32> {
    use std::future::{pending, poll_fn};
    use std::task::Poll;

    use tokio::signal::unix::{SignalKind, signal};

    let kinds = [
        SignalKind::hangup(),
        SignalKind::interrupt(),
        SignalKind::terminate(),
    ];
    let ignored = ignored();
    let mut signals = Vec::new();
    for kind in kinds {
        let number = kind.as_raw_value();
        if ignored >> (number - 1) & 1 == 0 {
            signals.push((number, signal(kind)?));
        }
    }
    if signals.is_empty() {
        return pending().await;
    }
    Ok(poll_fn(|context| {
        let came = signals.iter_mut().find_map(|(number, signal)| {
            matches!(signal.poll_recv(context), Poll::Ready(Some(()))).then_some(*number)
        });
        came.map_or(Poll::Pending, Poll::Ready)
    })
    .await)
}

/// The signals that the process ignores, as a bit each; none if the system doesn't say.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or(0)
}

#[cfg(windows)]
async fn interruption() -> io::Result<i32> {
    tokio::signal::windows::ctrl_c()?.recv().await;
    Ok(2)
}
