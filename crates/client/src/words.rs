//! Numbers in words.

use std::time::Duration;

/// A waiting time, in its two largest units.
pub(crate) fn in_words(wait: Duration) -> String {
    let seconds = wait.as_secs_f64().ceil() as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if days > 0 => format!("{days} d {} h", hours % 24),
        () if hours > 0 => format!("{hours} h {} min", minutes % 60),
        () if minutes > 0 => format!("{minutes} min {} s", seconds % 60),
        () => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_in_words() {
        let words = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!(words(7), "7 s");
        assert_eq!(words(60), "1 min 0 s");
        assert_eq!(words(3 * 3600 + 20 * 60 + 59), "3 h 20 min");
        assert_eq!(words(2 * 86_400 + 3600), "2 d 1 h");
        assert_eq!(in_words(SECOND / 3), "1 s");
    }
}
