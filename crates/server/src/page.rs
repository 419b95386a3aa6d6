//! The web page: the files of the folder `web` that a browser needs, and no others.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{MethodRouter, get};
use rust_embed::RustEmbed;
use veilcast_card::hex::Hex;
use veilcast_protocol::{ContentDigest, MEDIA_BINARY};

use crate::app::App;
use crate::fault::Fault;
use crate::tagged::{compressed, tagged, weakly_tagged};

/// The page's files. Release builds contain them; debug builds read them from the source folder at
/// each request, so that a change shows without building anything.
#[derive(RustEmbed)]
#[folder = "web/page"]
#[prefix = "page/"]
struct Page;

/// The modules of the JavaScript package, likewise.
#[derive(RustEmbed)]
#[folder = "web/src"]
#[prefix = "src/"]
struct Package;

/// The package's entry.
const ENTRY: (&str, &[u8]) = ("index.js", include_bytes!("../web/index.js"));

/// What `/` shows, and only `/`: its links are relative to that, so that the page works below a
/// proxy's path.
const INDEX: &str = "page/index.html";

/// The icon of the page's tab, and its name for clients that look for one without reading the page.
const ICON: &str = "page/icon.svg";
const FAVICON: &str = "/favicon.ico";

/// The script that keeps the page for when there is no connection. It is in charge of the paths below its own.
const SERVICE_WORKER: &str = "page/service-worker.js";

/// Nothing from elsewhere, nothing inline, no frame around it: a script that got into the page,
/// which knows the secret key, would find nowhere to send it.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; style-src 'self'; \
         img-src 'self' blob: data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The page's routes: the page at `/`, and its files at the paths that they have in the folder.
pub(crate) fn routes() -> impl Iterator<Item = (&'static str, MethodRouter<Arc<App>>)> {
    let routes = [
        ("/", get(async |headers: HeaderMap| file(INDEX, &headers))),
        (
            FAVICON,
            get(async |headers: HeaderMap| file(ICON, &headers)),
        ),
        (
            "/service-worker.js",
            get(async |headers: HeaderMap| file(SERVICE_WORKER, &headers)),
        ),
        ("/page.sha256", get(list)),
        ("/index.js", get(at_path)),
        ("/page/{*path}", get(at_path)),
        ("/src/{*path}", get(at_path)),
    ];
    routes.into_iter().map(|(path, methods)| {
        let methods = methods
            .layer(compressed())
            .layer(map_response(weakly_tagged))
            .layer(map_response(with_headers));
        (path, methods)
    })
}

async fn with_headers(mut response: Response) -> Response {
    let headers = HEADERS.map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    });
    response.headers_mut().extend(headers);
    response
}

/// The file whose name is the path as written: none of the names needs escaping.
async fn at_path(uri: Uri, headers: HeaderMap) -> Result<Response, Fault> {
    match uri.path().trim_start_matches('/') {
        INDEX => Ok(Redirect::permanent("../").into_response()),
        name => file(name, &headers),
    }
}

fn file(name: &str, headers: &HeaderMap) -> Result<Response, Fault> {
    let (data, digest) = content(name).ok_or(Fault::UnknownRoute)?;
    Ok(tagged(
        headers,
        Hex(&digest),
        media_type(name),
        || match data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        },
    ))
}

/// The names of all files with their SHA-256, as `sha256sum` writes and checks them.
async fn list(headers: HeaderMap) -> Response {
    let entry = [Cow::from(ENTRY.0)];
    let mut names: Vec<_> = Page::iter().chain(Package::iter()).chain(entry).collect();
    names.sort_unstable();
    let line = |name: Cow<'_, str>| {
        content(&name).map(|(_, digest)| format!("{}  {name}\n", Hex(&digest)))
    };
    let text: String = names.into_iter().filter_map(line).collect();
    let digest = ContentDigest::of(text.as_bytes());
    tagged(
        &headers,
        Hex(digest.as_bytes()),
        "text/plain; charset=utf-8",
        || text.into(),
    )
}

/// A file's content, and its SHA-256, which release builds also contain.
fn content(name: &str) -> Option<(Cow<'static, [u8]>, [u8; 32])> {
    static ENTRY_DIGEST: LazyLock<ContentDigest> = LazyLock::new(|| ContentDigest::of(ENTRY.1));
    if name == ENTRY.0 {
        return Some((Cow::Borrowed(ENTRY.1), *ENTRY_DIGEST.as_bytes()));
    }
    // There are notes for developers next to the page's files.
    if !is_plain(name) || name.ends_with(".md") {
        return None;
    }
    let file = Page::get(name).or_else(|| Package::get(name))?;
    Some((file.data, file.metadata.sha256_hash()))
}

/// Whether a name can only lead downwards, and not to a hidden file: where the folder is read,
/// `page/../package.json` would also be a file in it.
fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_plain))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("webmanifest") => "application/manifest+json",
        Some("png") => "image/png",
        _ => MEDIA_BINARY,
    }
}
