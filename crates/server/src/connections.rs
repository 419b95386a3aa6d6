//! Connections: accepted, timed, and ended in order.
//!
//! | subject | file |
//! |---|---|
//! | sockets to listen on | `listeners`, `listener`, `unix` |
//! | accepting, and the end | `side` |
//! | a connection's bytes | `stream` |

mod listener;
mod listeners;
mod side;
mod stream;
#[cfg(unix)]
mod unix;

use std::sync::Arc;

use tokio::sync::watch;

pub use self::listener::{BoundAddress, ListenError};
pub use self::listeners::Listeners;
use self::side::Side;
use crate::app::App;
use crate::routes::{operator_router, router};

/// Connections of operators at a time, which the public's don't count against.
const OPERATOR_CONNECTIONS: usize = 64;

/// Answers the listeners' connections until `shutdown` completes; then listens no more, refuses the
/// requests that wait for their computation, and lets the others finish for as long as the configuration grants.
///
/// The operators' listener answers until the public's connections have ended.
///
/// A computation that outlasts the grace goes on in its thread until it is done or the process ends: end the runtime
/// with `shutdown_background`.
pub async fn serve(listeners: Listeners, app: Arc<App>, shutdown: impl Future<Output = ()>) {
    let Listeners { public, operator } = listeners;
    let config = app.config();
    let side = Side::new(router(Arc::clone(&app)), config.max_connections, &config);
    let operators = Side::new(
        operator_router(Arc::clone(&app)),
        OPERATOR_CONNECTIONS,
        &config,
    );
    let (end_public, public_ends) = watch::channel(false);
    let (end_operators, operators_end) = watch::channel(false);
    let until_ended = async {
        shutdown.await;
        app.end();
        // Without a receiver all has ended already; the same below.
        let _ = end_public.send(true);
    };
    let in_turn = async {
        tokio::join!(side.run(public, public_ends), until_ended);
        let _ = end_operators.send(true);
    };
    tokio::join!(operators.run(operator, operators_end), in_turn);
}
