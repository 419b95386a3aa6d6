//! Which path does what.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use veilcast_protocol::{
    MEDIA_JSON, ModelList, ModelMetadata, ModelReady, ServerLive, ServerMetadata, ServerReady,
};

use crate::app::App;
use crate::fault::Fault;
use crate::infer::infer;
use crate::metrics::MEDIA_METRICS;
use crate::models::Requested;
use crate::observe::observe;
use crate::page;
use crate::tagged::tagged;

/// The application with all its routes.
pub fn router(app: Arc<App>) -> Router {
    let mut router = if app.config.page {
        page::routes()
    } else {
        Router::new().route("/", get(async || Redirect::temporary("/v2")))
    };
    router = router
        .route("/v2", get(async || Json(ServerMetadata::this())))
        .route(
            "/v2/health/live",
            get(async || Json(ServerLive { live: true })),
        )
        .route(
            "/v2/health/ready",
            get(async || Json(ServerReady { ready: true })),
        )
        .route("/v2/models", get(models))
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

async fn models(State(app): State<Arc<App>>) -> Json<ModelList> {
    let models = app.models.names().map(str::to_owned).collect();
    Json(ModelList { models })
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
async fn card(Requested(model): Requested, headers: HeaderMap) -> Response {
    let digest = model.evaluator.card_digest();
    tagged(&headers, digest, MEDIA_JSON, || {
        Bytes::copy_from_slice(model.evaluator.card_json())
    })
}
