//! Answers that a client keeps and revalidates.

use std::fmt::Display;

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tower_http::compression::CompressionLayer;

/// A document tagged with its digest, or the information that the client's copy is still good.
pub(crate) fn tagged(
    request: &HeaderMap,
    digest: impl Display,
    media_type: &'static str,
    document: impl FnOnce() -> Bytes,
) -> Response {
    let tag = format!("\"{digest}\"");
    let is_known = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*");
    // Kept, but never used without revalidation.
    let caching = [(ETAG, tag), (CACHE_CONTROL, "no-cache".to_owned())];
    if is_known {
        (StatusCode::NOT_MODIFIED, caching).into_response()
    } else {
        (caching, [(CONTENT_TYPE, media_type)], document()).into_response()
    }
}

/// Compresses documents for clients that ask for it. Only for what everyone may read: the length of
/// a compressed secret reveals something about it.
pub(crate) fn compressed() -> CompressionLayer {
    CompressionLayer::new()
}

/// Marks the tag of a compressed document as one for its content, not for the exact bytes that were
/// sent.
pub(crate) async fn weakly_tagged(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if headers.contains_key(CONTENT_ENCODING)
        && let Some(tag) = headers.get(ETAG).and_then(|tag| tag.to_str().ok())
        && let Ok(weak) = HeaderValue::from_str(&format!("W/{tag}"))
    {
        headers.insert(ETAG, weak);
    }
    response
}
