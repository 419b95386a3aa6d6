//! The end of a service, as announced to its parts.

use tokio::sync::watch;

/// Waits for the end.
pub(super) async fn told(ends: &mut watch::Receiver<bool>) {
    // A dropped sender is an end too.
    let _ = ends.wait_for(|&ends| ends).await;
}
