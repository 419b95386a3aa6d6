//! Which path does what.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use veilcast_protocol::{
    MEDIA_JSON, ModelMetadata, ModelReady, ServerLive, ServerMetadata, ServerReady,
};

use crate::app::App;
use crate::fault::Fault;
use crate::infer::infer;
use crate::metrics::MEDIA_METRICS;
use crate::models::Requested;
use crate::observe::observe;

/// The application with all its routes.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route("/", get(async || Redirect::temporary("/v2")))
        .route("/v2", get(async || Json(ServerMetadata::this())))
        .route(
            "/v2/health/live",
            get(async || Json(ServerLive { live: true })),
        )
        .route(
            "/v2/health/ready",
            get(async || Json(ServerReady { ready: true })),
        )
        .route("/metrics", get(metrics));
    for model in [
        "/v2/models/{model}",
        "/v2/models/{model}/versions/{version}",
    ] {
        router = router
            .route(model, get(metadata))
            .route(&format!("{model}/ready"), get(ready))
            .route(&format!("{model}/card"), get(card))
            .route(&format!("{model}/infer"), post(infer));
    }
    router
        .fallback(async || Fault::UnknownRoute)
        .method_not_allowed_fallback(async || Fault::MethodNotAllowed)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), observe))
        .with_state(app)
}

async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    (
        [(CONTENT_TYPE, MEDIA_METRICS)],
        app.metrics.render(&app.admission.load()),
    )
}

async fn metadata(State(app): State<Arc<App>>, Requested(model): Requested) -> Json<ModelMetadata> {
    let card = model.evaluator.card();
    let versions = app
        .models
        .versions(card.name())
        .map(str::to_owned)
        .collect();
    let metadata = ModelMetadata::new(card.name(), card.version(), card.features(), card.outputs());
    Json(ModelMetadata {
        versions,
        ..metadata
    })
}

async fn ready(Requested(model): Requested) -> Json<ModelReady> {
    Json(ModelReady {
        name: model.name().to_owned(),
        ready: true,
    })
}

/// The public card, byte for byte, since its digest names it.
async fn card(Requested(model): Requested, headers: HeaderMap) -> impl IntoResponse {
    let tag = format!("\"{}\"", model.evaluator.card_digest());
    let is_known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*");
    let caching = [(ETAG, tag), (CACHE_CONTROL, "no-cache".to_owned())];
    if is_known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let card = model.evaluator.card_json().to_vec();
    (caching, [(CONTENT_TYPE, MEDIA_JSON)], card).into_response()
}
