//! Connections: accepted, timed, and ended cleanly.
//!
//! | subject | file |
//! |---|---|
//! | sockets to listen on | `listeners`, `listener`, `unix` |
//! | accepting, and the end | `side`, `ends` |
//! | how many there may be, and who makes room | `places`, `refusal` |
//! | one connection | `connection`, `requests`, `activity` |
//! | its bytes, and peers that don't read | `stream`, `watched` |
//! | peers that have nothing more to send | `half_closed` |
//! | TLS and HTTP on it | `secured`, `protocol` |
//! | what operators see | `counts` |

mod activity;
mod connection;
mod counts;
mod ends;
mod half_closed;
mod listener;
mod listeners;
mod places;
mod protocol;
mod refusal;
mod requests;
mod secured;
mod side;
mod stream;
#[cfg(unix)]
mod unix;
mod watched;

use std::sync::Arc;

use axum::Router;
use tokio::sync::watch;

use self::connection::Terms;
pub use self::listener::{BoundAddress, ListenError};
pub use self::listeners::Listeners;
use self::places::Places;
use self::protocol::http;
use self::refusal::Refusals;
use self::side::{Side, no_place};
use self::watched::ReadingLimits;
use crate::app::App;
use crate::config::Config;
use crate::routes::{operator_router, router};
use crate::tls::Tls;

/// Simultaneous connections of operators, which are counted separately from the public ones.
const OPERATOR_CONNECTIONS: usize = 64;

/// Answers the listeners' connections until `shutdown` completes; then stops listening, refuses the
/// requests that wait for their computation, and lets the others finish for as long as the
/// configuration allows.
///
/// The operators' listener answers until the public connections have ended. It doesn't speak TLS:
/// only operators should be able to reach it.
///
/// A computation that outlasts the grace period continues in its thread until it is done or the
/// process ends: end the runtime with `shutdown_background`.
pub async fn serve(listeners: Listeners, app: Arc<App>, shutdown: impl Future<Output = ()>) {
    let Listeners { public, operator } = listeners;
    let config = &*app.config();
    // Behind a proxy all connections come from one address, and the proxy knows how many a caller may have.
    let share = (!config.behind_proxy).then_some(config.max_connections_per_caller);
    let places = Places::new(config.max_connections, share);
    let tls = app.tls().map(Arc::clone);
    let public_side = side(router(Arc::clone(&app)), places, tls, config);
    public_side
        .counts
        .register(&app.metrics, &public_side.places);
    let places = Places::new(OPERATOR_CONNECTIONS, None);
    let operators = side(operator_router(Arc::clone(&app)), places, None, config);
    let (end_public, public_ends) = watch::channel(false);
    let (end_operators, operators_end) = watch::channel(false);
    let until_ended = async {
        shutdown.await;
        app.end();
        // Without a receiver everything has ended already; the same below.
        let _ = end_public.send(true);
    };
    let in_turn = async {
        tokio::join!(public_side.run(public, public_ends), until_ended);
        let _ = end_operators.send(true);
    };
    let fresh = async {
        match app.tls() {
            Some(tls) => tls.keep_fresh().await,
            None => std::future::pending().await,
        }
    };
    let answering = async { tokio::join!(operators.run(operator, operators_end), in_turn) };
    tokio::select! {
        _ = answering => {}
        () = fresh => {}
    }
}

fn side(router: Router, places: Arc<Places>, tls: Option<Arc<Tls>>, config: &Config) -> Arc<Side> {
    Arc::new(Side {
        // A client that expects TLS can't read anything else.
        no_place: tls.is_none().then(|| no_place(config)),
        terms: Terms {
            http: http(),
            router,
            tls,
            idle: config.header_timeout,
            reading: ReadingLimits::of(config),
        },
        places,
        counts: Arc::default(),
        refusals: Refusals::new(),
        grace: config.shutdown_grace,
    })
}
