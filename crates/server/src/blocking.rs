//! Work that takes a thread for a while.

use tokio::task::spawn_blocking;

use crate::fault::Fault;

/// Runs a piece of work on a thread that may block, in the request's span.
///
/// # Errors
/// Those of the work; [`Fault::Internal`] if it panics.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let span = tracing::Span::current();
    match spawn_blocking(move || span.in_scope(work)).await {
        Ok(done) => done,
        Err(error) => {
            // The panic's message has gone to standard error; it is not repeated to the client.
            tracing::error!(panicked = error.is_panic(), "a request failed");
            Err(Fault::Internal)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panics_reach_neither_the_client_nor_the_service() {
        let failed = blocking::<()>(|| panic!("a defect")).await;
        assert!(matches!(failed, Err(Fault::Internal)));
        assert!(matches!(blocking(|| Ok(7)).await, Ok(7)));
    }
}
