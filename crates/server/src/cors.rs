//! Which other sites' pages may call the service.

use std::time::Duration;

use axum::http::header::{ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// Allows any site.
const ANY: &str = "*";

/// How long a browser may remember the permission.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// Whether a list names what browsers call origins, or consists of `"*"`.
pub(crate) fn are_origins(origins: &[String]) -> bool {
    origins == [ANY] || origins.iter().all(|origin| is_origin(origin))
}

/// Whether a text is an origin as browsers write it: `https://host` or `https://host:port`, in small letters.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return false;
    };
    let has_default_port = matches!(
        (scheme, authority.port_u16()),
        ("http", Some(80)) | ("https", Some(443))
    );
    matches!(scheme, "http" | "https")
        && !authority.as_str().contains(['@', '*'])
        && !has_default_port
        && text == format!("{scheme}://{authority}")
        && !text.contains(|c: char| c.is_ascii_uppercase())
}

/// Answers for pages of these origins; nothing if there are none.
///
/// Cookies and the like are never used: callers send a token. So no page can use what a browser
/// knows about another site.
pub(crate) fn layer(origins: &[String]) -> Option<CorsLayer> {
    let origin = match origins {
        [] => return None,
        [any] if any == ANY => AllowOrigin::any(),
        origins => {
            let exact = origins.iter().map(|origin| HeaderValue::from_str(origin));
            AllowOrigin::list(exact.filter_map(Result::ok))
        }
    };
    // Headers that the JavaScript client reads.
    let exposed = [
        HeaderName::from_static("inference-header-content-length"),
        HeaderName::from_static("server-timing"),
        HeaderName::from_static("x-request-id"),
        ETAG,
        RETRY_AFTER,
        WWW_AUTHENTICATE,
    ];
    let layer = CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        // `*` would not cover Authorization, and proxies in front may need their own headers.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(exposed)
        .max_age(REMEMBERED);
    Some(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_told_from_other_texts() {
        let are = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
            are_origins(&texts)
        };
        assert!(are(&[]));
        assert!(are(&["*"]));
        assert!(are(&[
            "https://example.org",
            "http://localhost:8080",
            "https://[::1]:9"
        ]));
        for wrong in [
            "*,https://example.org",
            "example.org",
            "https://example.org/",
            "https://example.org/page",
            "https://Example.org",
            "https://user@example.org",
            "https://example.org:443",
            "http://example.org:80",
            "ftp://example.org",
            "https://*.example.org",
            "null",
            "",
        ] {
            assert!(!are(&[wrong]), "{wrong}");
        }
        assert!(!are(&["*", "https://example.org"]));
    }
}
