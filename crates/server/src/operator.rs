//! Operators' calls, as the model repository extension of the Open Inference Protocol names them:
//! list the models, load or replace one, remove one.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path as InPath, State};
use axum::http::request::Parts;
use axum::routing::{MethodRouter, post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::bearer::bearer;
use crate::blocking::blocking;
use crate::catalogue::Listed;
use crate::fault::Fault;
use crate::operator_token::OperatorToken;

/// The calls' routes.
pub(crate) fn routes() -> [(&'static str, MethodRouter<Arc<App>>); 3] {
    [
        ("/v2/repository/index", post(index)),
        ("/v2/repository/models/{model}/load", post(load)),
        ("/v2/repository/models/{model}/unload", post(unload)),
    ]
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct IndexRequest {
    /// Whether to list only models that are served.
    ready: bool,
}

#[derive(Serialize)]
struct IndexEntry {
    name: String,
    version: String,
    state: &'static str,
    reason: String,
}

impl From<Listed> for IndexEntry {
    fn from(listed: Listed) -> Self {
        Self {
            name: listed.name,
            version: listed.version,
            state: if listed.is_served {
                "READY"
            } else {
                "UNAVAILABLE"
            },
            reason: listed.reason,
        }
    }
}

async fn index(
    State(app): State<Arc<App>>,
    _: Operator,
    body: Bytes,
) -> Result<Json<Vec<IndexEntry>>, Fault> {
    let IndexRequest { ready } = parse(&body)?;
    let listed = blocking(move || Ok(app.index())).await?;
    let asked_for = listed.into_iter().filter(|one| one.is_served || !ready);
    Ok(Json(asked_for.map(IndexEntry::from).collect()))
}

/// What a call may contain besides the model's name: nothing that would change what is loaded.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CallRequest {
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Parameters {
    /// For ensembles, which don't exist here.
    #[serde(rename = "unload_dependents")]
    _unload_dependents: bool,
}

async fn load(
    State(app): State<Arc<App>>,
    _: Operator,
    InPath(model): InPath<String>,
    body: Bytes,
) -> Result<(), Fault> {
    let CallRequest { .. } = parse(&body)?;
    blocking(move || app.load(&model)).await
}

async fn unload(
    State(app): State<Arc<App>>,
    _: Operator,
    InPath(model): InPath<String>,
    body: Bytes,
) -> Result<(), Fault> {
    let CallRequest { .. } = parse(&body)?;
    blocking(move || app.unload(&model)).await
}

fn parse<T: Default + DeserializeOwned>(body: &Bytes) -> Result<T, Fault> {
    if body.is_empty() {
        return Ok(T::default());
    }
    let parsed = Json::from_bytes(body);
    parsed
        .map(|Json(value)| value)
        .map_err(|_| Fault::OperatorBody)
}

/// Someone who may make operators' calls.
struct Operator;

impl FromRequestParts<Arc<App>> for Operator {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Fault> {
        let Some(expected) = app.operator_token() else {
            return match app.config().operators_are_local() {
                true => Ok(Self),
                false => Err(Fault::NoOperatorToken),
            };
        };
        match bearer(&parts.headers).is_some_and(|token| OperatorToken::of(token) == expected) {
            true => Ok(Self),
            false => Err(Fault::OperatorTokenNeeded),
        }
    }
}
