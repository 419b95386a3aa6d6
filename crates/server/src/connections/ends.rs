//! The end of a service, as its parts are told.

use tokio::sync::watch;

/// Waits for the end.
pub(super) async fn told(ends: &mut watch::Receiver<bool>) {
    // A sender that has gone away is an end too.
    let _ = ends.wait_for(|&ends| ends).await;
}
