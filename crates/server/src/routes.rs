//! Which path does what.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router, middleware};
use tower_http::cors::CorsLayer;
use veilcast_protocol::{
    MEDIA_BINARY, MEDIA_JSON, ModelList, ModelMetadata, ModelReady, ServerLive, ServerMetadata,
    ServerReady,
};

use crate::accounts::Identity;
use crate::app::App;
use crate::extract::Requested;
use crate::fault::Fault;
use crate::infer::infer;
use crate::metrics::Format;
use crate::models::{PublicPart, SealedFile};
use crate::observe::observe;
use crate::tagged::{compressed, tagged, weakly_tagged};
use crate::{cors, operator, page};

/// The application with all its routes; without the metrics if operators have their own listener.
pub fn router(app: Arc<App>) -> Router {
    let mut routes = routes(app.config().page);
    if !app.config().operator_listen.is_empty() {
        routes.retain(|(path, _)| path != METRICS);
    }
    let cors = cors::layer(&app.config().allowed_origins);
    of_routes(routes, app, cors)
}

/// What the operators' listener answers: health, metrics, and calls that change the models.
pub fn operator_router(app: Arc<App>) -> Router {
    let mut routes = health();
    routes.push((METRICS, get(metrics)));
    routes.extend(operator::routes());
    let owned = |(path, methods): (&str, _)| (path.to_owned(), methods);
    of_routes(routes.into_iter().map(owned).collect(), app, None)
}

fn of_routes(
    routes: Vec<(String, MethodRouter<Arc<App>>)>,
    app: Arc<App>,
    cors: Option<CorsLayer>,
) -> Router {
    let router = routes
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| {
            router.route(&path, methods)
        })
        .fallback(async || Fault::UnknownRoute)
        .method_not_allowed_fallback(async || Fault::MethodNotAllowed);
    // Refusals must be readable for the pages that may ask, so everything that refuses is inside
    // this layer.
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router
        .layer(middleware::from_fn_with_state(Arc::clone(&app), observe))
        .with_state(app)
}

/// The counters' path.
const METRICS: &str = "/metrics";

/// Whether the service runs and takes requests.
fn health() -> Vec<(&'static str, MethodRouter<Arc<App>>)> {
    vec![
        (
            "/v2/health/live",
            get(async || Json(ServerLive { live: true })),
        ),
        ("/v2/health/ready", get(server_ready)),
    ]
}

/// Every route, as `openapi.json` describes it.
fn routes(has_page: bool) -> Vec<(String, MethodRouter<Arc<App>>)> {
    let mut routes = vec![
        ("/openapi.json", get(openapi).layer(compressed())),
        (METRICS, get(metrics)),
        ("/v2", get(async || Json(ServerMetadata::this()))),
        ("/v2/models", get(models)),
    ];
    routes.extend(health());
    if has_page {
        routes.extend(page::routes());
    } else {
        routes.push(("/", get(async || Redirect::temporary("/v2"))));
    }
    let mut routes: Vec<_> = routes
        .into_iter()
        .map(|(path, methods)| (path.to_owned(), methods))
        .collect();
    for model in [
        "/v2/models/{model}",
        "/v2/models/{model}/versions/{version}",
    ] {
        let of_model = [
            ("", get(metadata)),
            ("/ready", get(ready)),
            (
                "/card",
                get(card)
                    .layer(compressed())
                    .layer(map_response(weakly_tagged)),
            ),
            ("/public.onnx", get(public_part)),
            ("/sealed.bin", get(sealed_file)),
            ("/infer", post(infer)),
        ];
        routes.extend(of_model.map(|(path, methods)| (format!("{model}{path}"), methods)));
    }
    routes
}

async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, MEDIA_JSON)], include_str!("openapi.json"))
}

async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> impl IntoResponse {
    let format = Format::asked_for(&headers);
    (
        [(CONTENT_TYPE, format.media_type()), (VARY, "accept")],
        app.metrics.render(format),
    )
}

/// Whether the service takes requests; if not, the reason is in the log.
async fn server_ready(State(app): State<Arc<App>>) -> (StatusCode, Json<ServerReady>) {
    app.lifecycle.set_away("ledger", app.accounts.away().await);
    match app.lifecycle.ready() {
        Ok(()) => (StatusCode::OK, Json(ServerReady { ready: true })),
        Err(reason) => {
            tracing::debug!(reason, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                Json(ServerReady { ready: false }),
            )
        }
    }
}

/// The models that the caller may use.
async fn models(State(app): State<Arc<App>>, identity: Identity) -> Json<ModelList> {
    let models = app.models();
    let names = models.names().filter(|name| identity.may_ask(name));
    let models = names.map(str::to_owned).collect();
    Json(ModelList { models })
}

async fn metadata(
    State(app): State<Arc<App>>,
    Requested(model, _): Requested,
) -> Json<ModelMetadata> {
    let card = model.evaluator.card();
    let versions = app
        .models()
        .versions(card.name())
        .map(str::to_owned)
        .collect();
    let metadata = ModelMetadata::new(card.name(), card.version(), card.features(), card.outputs());
    Json(ModelMetadata {
        versions,
        ..metadata
    })
}

async fn ready(Requested(model, _): Requested) -> Json<ModelReady> {
    Json(ModelReady {
        name: model.name().to_owned(),
        ready: true,
    })
}

/// The public card, byte for byte, since its digest names it.
async fn card(Requested(model, _): Requested, headers: HeaderMap) -> Response {
    let digest = model.evaluator.card_digest();
    tagged(&headers, digest, MEDIA_JSON, || {
        Bytes::copy_from_slice(model.evaluator.card_json())
    })
}

/// The part of a hybrid model that clients run before they encrypt; its card names the digest.
async fn public_part(
    Requested(model, _): Requested,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let named = model.evaluator.card().public_part();
    let digest = named.ok_or(Fault::NoPublicPart)?.sha256.clone();
    Ok(tagged(&headers, digest, MEDIA_BINARY, || {
        Bytes::from_owner(PublicPart(model))
    }))
}

/// The weights of a sealed model, encrypted under the service's key; the card names the digest.
async fn sealed_file(
    Requested(model, _): Requested,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let named = model.evaluator.card().sealed();
    let digest = named.ok_or(Fault::NotSealed)?.sha256.clone();
    Ok(tagged(&headers, digest, MEDIA_BINARY, || {
        Bytes::from_owner(SealedFile(model))
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn openapi_document_describes_every_route_and_no_other() {
        let document: serde_json::Value =
            serde_json::from_str(include_str!("openapi.json")).unwrap();
        let described: BTreeSet<String> = document["paths"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        let of_operators = operator::routes()
            .into_iter()
            .map(|(path, _)| path.to_owned());
        let routes: BTreeSet<String> = routes(true)
            .into_iter()
            .map(|(path, _)| path.replace("{*", "{"))
            .chain(of_operators)
            .collect();
        assert_eq!(described, routes);
        // Without the page there is less.
        assert!(
            super::routes(false)
                .iter()
                .all(|(path, _)| routes.contains(path))
        );
    }
}
