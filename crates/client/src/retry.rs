//! When to try again.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

use crate::Options;

const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How long to pause before the next try, after `failed` of them; none if it is time to give up.
///
/// The pause doubles from try to try, and is never shorter than the service asks for. A random part of up to a half
/// keeps clients that failed together from coming back together.
pub(crate) fn pause(failed: u32, asked: Option<Duration>, options: &Options) -> Option<Duration> {
    if failed >= options.tries {
        return None;
    }
    let asked = asked.unwrap_or_default();
    if asked > options.longest_pause {
        return None;
    }
    let pause = asked.max(FIRST_PAUSE.saturating_mul(1 << (failed - 1).min(16)));
    // The standard library's hasher is keyed at random; a pause needs no better randomness.
    let spread = RandomState::new().hash_one(failed) as u32;
    let part = f64::from(spread) / f64::from(u32::MAX) / 2.0;
    Some(pause.mul_f64(1.0 + part).min(options.longest_pause))
}

/// How long a busy service asks to wait: in seconds, or until a date.
pub(crate) fn asked_pause(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    Some(until.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn options() -> Options {
        Options {
            tries: 4,
            longest_pause: 10 * SECOND,
            ..Options::default()
        }
    }

    #[test]
    fn pauses_grow_and_end() {
        for (failed, least) in [(1, SECOND / 2), (2, SECOND), (3, 2 * SECOND)] {
            let pause = pause(failed, None, &options()).unwrap();
            assert!(
                (least..=least * 3 / 2).contains(&pause),
                "{failed}: {pause:?}"
            );
        }
        assert_eq!(pause(4, None, &options()), None);
        let long = Options {
            tries: u32::MAX,
            ..options()
        };
        assert_eq!(pause(u32::MAX - 1, None, &long), Some(long.longest_pause));
    }

    #[test]
    fn service_names_the_shortest_pause() {
        let asked = pause(1, Some(4 * SECOND), &options()).unwrap();
        assert!((4 * SECOND..=6 * SECOND).contains(&asked), "{asked:?}");
        assert!(pause(1, Some(Duration::ZERO), &options()).unwrap() >= FIRST_PAUSE);
        assert!(pause(3, Some(SECOND), &options()).unwrap() >= 2 * SECOND);
        assert_eq!(pause(1, Some(10 * SECOND), &options()), Some(10 * SECOND));
        assert_eq!(pause(1, Some(11 * SECOND), &options()), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let asked = |value: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            asked_pause(&headers)
        };
        assert_eq!(asked("3"), Some(3 * SECOND));
        assert_eq!(asked(" 0 "), Some(Duration::ZERO));
        assert_eq!(asked("-1"), None);
        assert_eq!(asked("soon"), None);
        assert_eq!(asked("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let late = asked("Fri, 31 Dec 9999 23:59:59 GMT").unwrap();
        assert!(late > Duration::from_secs(86_400 * 365 * 1000), "{late:?}");
        assert_eq!(asked_pause(&HeaderMap::new()), None);
    }
}
