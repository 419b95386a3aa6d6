//! How a request is identified elsewhere: its id, and its place in a trace.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header with a request's id, in both directions.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header with the caller's place in a trace, as in the W3C recommendation "Trace Context".
const TRACE_PARENT: &str = "traceparent";

/// The longest id that is accepted.
const MAX_ID: usize = 64;

/// A request's id: the caller's if it is short and plain, or else a new one.
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(&REQUEST_ID).iter();
        match (given.next(), given.next()) {
            (Some(id), None) if is_sane(id.as_bytes()) => Self(id.clone()),
            _ => Self::new(),
        }
    }

    /// 128 bits that no other request of any replica has. They need not be secret.
    fn new() -> Self {
        static RANDOM: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
        static REQUESTS: AtomicU64 = AtomicU64::new(0);
        let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
        let [high, low] = RANDOM.each_ref().map(|state| state.hash_one(number));
        let id = HeaderValue::try_from(format!("{high:016x}{low:016x}"));
        Self(id.expect("hexadecimal digits"))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn into_header(self) -> HeaderValue {
        self.0
    }
}

/// Whether an id can be written to a log and a header as it is.
fn is_sane(id: &[u8]) -> bool {
    let is_sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=MAX_ID).contains(&id.len()) && id.iter().all(is_sane)
}

/// The caller's place in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceParent {
    trace: u128,
    /// The caller's span.
    #[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "it is for traces"))]
    span: u64,
    #[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "it is for traces"))]
    flags: u8,
}

impl TraceParent {
    /// The place that the headers name, if they name one in the recommended form.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut given = headers.get_all(TRACE_PARENT).iter();
        match (given.next(), given.next()) {
            (Some(one), None) => Self::parse(one.as_bytes()),
            _ => None,
        }
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let mut parts = text.split(|&byte| byte == b'-');
        let mut number = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            let text = part.iter().all(is_hex).then_some(part)?;
            u128::from_str_radix(str::from_utf8(text).ok()?, 16).ok()
        };
        let version = number(2)?;
        let (trace, span, flags) = (number(32)?, number(16)?, number(2)?);
        // Later versions may add to the end.
        let is_whole = version != 0 || parts.next().is_none();
        (version != 0xff && trace != 0 && span != 0 && is_whole).then_some(Self {
            trace,
            span: span as u64,
            flags: flags as u8,
        })
    }

    /// The trace's id.
    pub(crate) fn trace_id(self) -> impl fmt::Display {
        struct Hex(u128);

        impl fmt::Display for Hex {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        Hex(self.trace)
    }

    /// Makes a span part of the caller's trace.
    #[cfg(feature = "otlp")]
    pub(crate) fn adopt(self, span: &tracing::Span) {
        use opentelemetry::trace::{
            SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
        };
        use tracing_opentelemetry::OpenTelemetrySpanExt as _;

        let caller = SpanContext::new(
            TraceId::from(self.trace),
            SpanId::from(self.span),
            TraceFlags::new(self.flags),
            true,
            TraceState::default(),
        );
        let context = opentelemetry::Context::new().with_remote_span_context(caller);
        if let Err(error) = span.set_parent(context) {
            tracing::debug!(%error, "a span has no parent");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_over_if_they_are_sane() {
        let of = |ids: &[&[u8]]| {
            let ids = ids
                .iter()
                .map(|id| (REQUEST_ID, HeaderValue::from_bytes(id).unwrap()));
            RequestId::of(&ids.collect()).as_str().to_owned()
        };
        for sane in ["a", "0123-ABC_x.y", &"x".repeat(64)] {
            assert_eq!(of(&[sane.as_bytes()]), sane);
        }
        let own = of(&[]);
        assert_eq!(own.len(), 32);
        assert_ne!(own, of(&[]));
        let long = "x".repeat(65);
        let insane: [&[&[u8]]; 6] = [
            &[b""],
            &[b"a b"],
            &[b"a\"b"],
            &[long.as_bytes()],
            &[b"caf\xe9"],
            &[b"a", b"b"],
        ];
        for insane in insane {
            assert_eq!(of(insane).len(), 32, "{insane:?}");
        }
    }

    #[test]
    fn only_what_the_recommendation_allows_is_a_parent() {
        const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let of = |text: &str| TraceParent::parse(text.as_bytes());
        let parent = of(GOOD).unwrap();
        assert_eq!(
            parent.trace_id().to_string(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert_eq!((parent.span, parent.flags), (0x00f0_67aa_0ba9_02b7, 1));
        assert!(of(&GOOD.replacen("00", "01", 1)).is_some());
        assert!(of(&format!("01{}-more", &GOOD[2..])).is_some());
        for bad in [
            "",
            "00",
            &GOOD[..54],
            &format!("{GOOD}-more"),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.to_uppercase(),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
        let two =
            [GOOD, GOOD].map(|one| (HeaderName::from_static(TRACE_PARENT), one.parse().unwrap()));
        assert_eq!(TraceParent::of(&two.into_iter().collect()), None);
    }
}
