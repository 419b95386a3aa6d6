//! The web page: what is served, what is not, and under which headers.

use std::fs;
use std::path::Path;

use crate::common::{Answer, app, call, get, post, request, service};
use axum::body::Body;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION,
};
use axum::http::{HeaderValue, Method, Request};
use serde_json::json;
use veilcast_card::hex::Hex;
use veilcast_protocol::ContentDigest;
use veilcast_server::{Config, router};

const WEB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web");

const POLICY: [(&str, &str); 5] = [
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

fn assert_policy(answer: &Answer, path: &str) {
    for (name, value) in POLICY {
        let values: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(values, [value], "{name} of {path}");
    }
}

/// The names of all files of the folder that are under version control, or could be.
fn names() -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(WEB).join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true if name == "node_modules" => names.push(format!("{name}/installed.json")),
                true => folders.push(format!("{name}/")),
                false => names.push(name),
            }
        }
    }
    names
}

#[tokio::test]
async fn files_of_the_page_are_served_as_they_are_and_no_others() {
    let service = service();
    let (mut served, mut kept) = (0, 0);
    for name in names() {
        let path = format!("/{name}");
        let answer = call(&service, get(&path)).await;
        let is_inside = name.starts_with("page/") || name.starts_with("src/");
        let is_page = name == "index.js" || is_inside && !name.ends_with(".md");
        if name == "page/index.html" {
            continue;
        }
        if !is_page {
            assert_eq!(
                answer.problem(),
                (404, "unknown_route".to_owned()),
                "{path}"
            );
            kept += 1;
            continue;
        }
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.body, fs::read(Path::new(WEB).join(&name)).unwrap());
        let extension = Path::new(&name).extension().unwrap_or_default();
        let media_type = match extension.to_str().unwrap() {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "webmanifest" => "application/manifest+json",
            "png" => "image/png",
            "" => "application/octet-stream",
            other => panic!("no browser would know what {other} is"),
        };
        assert_eq!(answer.headers[CONTENT_TYPE], media_type, "{path}");
        assert_policy(&answer, &path);
        served += 1;
    }
    assert!(served > 10 && kept > 10, "{served} served, {kept} kept");
}

#[tokio::test]
async fn page_is_at_the_root_and_finds_what_it_names() {
    let service = service();
    let answer = call(&service, get("/")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers[CONTENT_TYPE], "text/html; charset=utf-8");
    assert_policy(&answer, "/");
    let page = answer.text();
    // Its links are relative to the root, whatever that is called in front of a proxy.
    let elsewhere = call(&service, get("/page/index.html")).await;
    assert_eq!(
        (elsewhere.status.as_u16(), &elsewhere.headers[LOCATION]),
        (308, &HeaderValue::from_static("../"))
    );

    let mut named = 0;
    for attribute in ["src=\"", "href=\""] {
        for rest in page.split(attribute).skip(1) {
            let path = rest.split('"').next().unwrap();
            assert!(!path.starts_with('/'), "{path} is not relative");
            if !path.starts_with('#') && !path.contains(':') {
                let status = call(&service, get(&format!("/{path}"))).await.status;
                assert_eq!(status, 200, "the page names {path}");
                named += 1;
            }
        }
    }
    assert!(named > 0);
}

#[tokio::test]
async fn browsers_find_the_icon() {
    let service = service();
    let page = call(&service, get("/")).await.text();
    assert!(page.contains(r#"<link rel="icon" href="page/icon.svg""#));
    let icon = call(&service, get("/favicon.ico")).await;
    assert_eq!(icon.status, 200);
    assert_eq!(icon.headers[CONTENT_TYPE], "image/svg+xml");
    assert_eq!(icon.body, call(&service, get("/page/icon.svg")).await.body);
    assert_policy(&icon, "/favicon.ico");
}

#[tokio::test]
async fn the_list_has_the_files_that_are_served_with_their_digests() {
    let service = service();
    let answer = call(&service, get("/page.sha256")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers[CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_policy(&answer, "/page.sha256");
    let listed: Vec<(String, String)> = answer
        .text()
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(digest, name)| (name.to_owned(), digest.to_owned()))
        .collect();
    let mut expected: Vec<_> = names()
        .into_iter()
        .filter(|name| name == "index.js" || name.starts_with("page/") || name.starts_with("src/"))
        .filter(|name| !name.ends_with(".md"))
        .map(|name| {
            let content = fs::read(Path::new(WEB).join(&name)).unwrap();
            let digest = ContentDigest::of(&content);
            (name, Hex(digest.as_bytes()).to_string())
        })
        .collect();
    expected.sort();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn the_service_worker_is_where_it_may_serve_the_page() {
    let service = service();
    // A worker is in charge of the paths below its own: from `page/` it could not serve `/`.
    let worker = call(&service, get("/service-worker.js")).await;
    assert_eq!(worker.status, 200);
    assert_eq!(
        worker.headers[CONTENT_TYPE],
        "text/javascript; charset=utf-8"
    );
    // Browsers ask for it anew when the page is opened, so that none is in charge for longer.
    assert_eq!(worker.headers[CACHE_CONTROL], "no-cache");
    assert!(!worker.headers.contains_key("service-worker-allowed"));
    assert_policy(&worker, "/service-worker.js");
}

#[tokio::test]
async fn the_manifest_and_its_icons_are_served() {
    let service = service();
    let page = call(&service, get("/")).await.text();
    assert!(page.contains(r#"<link rel="manifest" href="page/manifest.webmanifest""#));
    let answer = call(&service, get("/page/manifest.webmanifest")).await;
    assert_eq!(answer.headers[CONTENT_TYPE], "application/manifest+json");
    let manifest = answer.json();
    // Relative to the manifest, so that a proxy may put the page below a path.
    assert_eq!(
        (&manifest["start_url"], &manifest["scope"]),
        (&json!("../"), &json!("../"))
    );
    for icon in manifest["icons"].as_array().unwrap() {
        let path = format!("/page/{}", icon["src"].as_str().unwrap());
        let answer = call(&service, get(&path)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.headers[CONTENT_TYPE], icon["type"].as_str().unwrap());
    }
}

#[tokio::test]
async fn files_are_sent_again_only_if_they_changed() {
    let service = service();
    for path in [
        "/",
        "/index.js",
        "/src/worker.js",
        "/service-worker.js",
        "/page.sha256",
    ] {
        let first = call(&service, get(path)).await;
        assert_eq!(first.headers[CACHE_CONTROL], "no-cache", "{path}");
        let tag = first.headers[ETAG].to_str().unwrap();
        assert!(
            tag.len() == 66 && tag.starts_with('"') && tag.ends_with('"'),
            "{tag}"
        );

        let ask = |known: &str| {
            let request = Request::get(path).header(IF_NONE_MATCH, known);
            request.body(Body::empty()).unwrap()
        };
        let again = call(&service, ask(tag)).await;
        assert_eq!(
            (again.status.as_u16(), again.body.len()),
            (304, 0),
            "{path}"
        );
        assert_eq!(again.headers[ETAG], tag, "{path}");
        assert_policy(&again, path);
        let other = call(&service, ask("\"other\"")).await;
        assert_eq!(
            (other.status.as_u16(), other.body),
            (200, first.body),
            "{path}"
        );
    }
}

#[tokio::test]
async fn heads_have_no_body_and_other_methods_no_place() {
    let service = service();
    for path in ["/", "/index.js"] {
        let with = |method| {
            Request::builder()
                .method(method)
                .uri(path)
                .body(Body::empty())
        };
        let whole = call(&service, get(path)).await;
        let head = call(&service, with(Method::HEAD).unwrap()).await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0), "{path}");
        assert_eq!(head.headers[CONTENT_LENGTH], whole.body.len().to_string());
        assert_eq!(head.headers[ETAG], whole.headers[ETAG]);
        let posted = call(&service, with(Method::POST).unwrap()).await;
        assert_eq!(posted.problem(), (405, "method_not_allowed".to_owned()));
        assert_eq!(posted.headers[ALLOW], "GET,HEAD");
    }
}

#[tokio::test]
async fn paths_lead_nowhere_else() {
    let service = service();
    for path in [
        "/page/../package.json",
        "/page/%2e%2e/package.json",
        "/page/..%2fpackage.json",
        "/page/..%5cpackage.json",
        "/page/..\\package.json",
        "/page/./index.html",
        "/page//index.html",
        "/page/index.html/",
        "/page/index%2ehtml",
        "/page/index.html%00",
        "/page/%ff",
        "/page/.hidden",
        "/page//etc/passwd",
        "/src/../../Cargo.toml",
        "/src/../test/support.js",
        "/src/",
        "/page",
        "/index.js/..",
    ] {
        let answer = call(&service, get(path)).await;
        assert_eq!(
            answer.problem(),
            (404, "unknown_route".to_owned()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn operators_may_do_without_it() {
    let config = Config {
        page: false,
        ..Config::default()
    };
    let service = router(app(config));
    let answer = call(&service, get("/")).await;
    assert_eq!(answer.status, 307);
    assert_eq!(answer.headers[LOCATION], "/v2");
    for path in [
        "/index.js",
        "/page/index.html",
        "/src/worker.js",
        "/service-worker.js",
        "/page.sha256",
    ] {
        let answer = call(&service, get(path)).await;
        assert_eq!(
            answer.problem(),
            (404, "unknown_route".to_owned()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn metrics_tell_the_page_from_predictions() {
    let service = service();
    for path in [
        "/",
        "/src/worker.js",
        "/src/card.js",
        "/src/nothing",
        "/page/..",
    ] {
        call(&service, get(path)).await;
    }
    let text = call(&service, get("/metrics")).await.text();
    for line in [
        r#"veilcast_http_requests_total{method="GET",route="/",status="200"} 1"#,
        r#"veilcast_http_requests_total{method="GET",route="/src/{*path}",status="200"} 2"#,
        r#"veilcast_http_requests_total{method="GET",route="/src/{*path}",status="404"} 1"#,
        r#"veilcast_http_requests_total{method="GET",route="/page/{*path}",status="404"} 1"#,
    ] {
        assert!(
            text.lines().any(|other| other == line),
            "{line} is not in\n{text}"
        );
    }
    for absent in [
        "worker",
        "nothing",
        "veilcast_records_total{",
        "body_bytes_total{",
    ] {
        assert!(!text.contains(absent), "{absent} is in\n{text}");
    }
    call(&service, post(&request(1))).await;
    let text = call(&service, get("/metrics")).await.text();
    assert!(
        text.contains("veilcast_records_total{model=\"sums\"} 1"),
        "{text}"
    );
}
