//! A progress bar that says what it waits for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use veilcast_client::{OnWait, WaitReason, Waiting};

/// How often the seconds are updated.
const TICK: Duration = Duration::from_millis(250);

/// A bar, and the current pause of its work.
#[derive(Clone)]
pub(crate) struct WaitingBar(Arc<Mutex<State>>);

struct State {
    bar: ProgressBar,
    usual: (ProgressStyle, String),
    /// The end of the pause, and its reason.
    pause: Option<(Instant, WaitReason)>,
}

impl WaitingBar {
    pub(crate) fn new(bar: ProgressBar) -> Self {
        let usual = (bar.style(), bar.message());
        Self(Arc::new(Mutex::new(State {
            bar,
            usual,
            pause: None,
        })))
    }

    /// Continues with another bar.
    pub(crate) fn replace(&self, bar: ProgressBar) {
        let mut state = self.state();
        state.bar.finish_and_clear();
        state.usual = (bar.style(), bar.message());
        state.bar = bar;
    }

    /// Shows the pauses of a client on the bar.
    pub(crate) fn on_wait(&self) -> OnWait {
        let this = self.clone();
        OnWait::new(move |waiting| this.wait(waiting))
    }

    /// Counts records that are done, which ends the pause.
    pub(crate) fn advance(&self, records: u64) {
        let mut state = self.state();
        state.pause = None;
        state.show(Instant::now());
        state.bar.inc(records);
    }

    pub(crate) fn finish(&self) {
        self.state().bar.finish_and_clear();
    }

    fn wait(&self, waiting: Waiting) {
        let now = Instant::now();
        let counting = {
            let mut state = self.state();
            let counting = state.pause.is_some();
            // Of several requests that wait, the first to be sent again.
            let ends = now + waiting.pause;
            let ends = state.pause.map_or(ends, |(first, _)| first.min(ends));
            state.pause = Some((ends, waiting.reason));
            state.show(now);
            counting
        };
        if counting {
            return;
        }
        let this = self.clone();
        tokio::spawn(async move {
            while this.state().show(Instant::now()) {
                tokio::time::sleep(TICK).await;
            }
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Shows how long the pause still is, or the usual bar after it; returns whether there is one.
    fn show(&mut self, now: Instant) -> bool {
        let left = self
            .pause
            .map(|(ends, reason)| (ends.saturating_duration_since(now), reason));
        match left {
            Some((left, reason)) if !left.is_zero() => {
                let seconds = left.as_secs_f64().ceil();
                let what = match reason {
                    WaitReason::Away => "away",
                    _ => "busy",
                };
                let style = ProgressStyle::with_template("{msg} ({pos} done)");
                self.bar.set_style(style.expect("the template is valid"));
                self.bar.set_message(format!(
                    "the service is {what}, trying again in {seconds} s"
                ));
                true
            }
            _ => {
                self.pause = None;
                let (style, message) = &self.usual;
                self.bar.set_style(style.clone());
                self.bar.set_message(message.clone());
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_bar_says_what_it_waits_for() {
        let bar = ProgressBar::hidden().with_message("records");
        let waiting = WaitingBar::new(bar.clone());
        let pause = |seconds, reason| {
            let pause = Duration::from_secs(seconds);
            waiting.wait(waiting_for(pause, reason));
        };
        pause(30, WaitReason::Away);
        assert_eq!(bar.message(), "the service is away, trying again in 30 s");
        pause(7, WaitReason::Busy);
        assert_eq!(bar.message(), "the service is busy, trying again in 7 s");
        // The earlier one counts.
        pause(20, WaitReason::Busy);
        assert_eq!(bar.message(), "the service is busy, trying again in 7 s");
        waiting.advance(3);
        assert_eq!((bar.message(), bar.position()), ("records".to_owned(), 3));

        waiting.wait(waiting_for(Duration::from_millis(10), WaitReason::Away));
        while bar.message() != "records" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn waiting_for(pause: Duration, reason: WaitReason) -> Waiting {
        Waiting {
            reason,
            pause,
            tries: 1,
        }
    }
}
