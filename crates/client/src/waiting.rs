//! What a caller learns while a call waits to be tried again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::ClientError;

/// Why a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitReason {
    /// The service is busy, or the caller's quota is used up.
    Busy,
    /// Nothing answers, the connection broke, or a gateway finds no service behind it.
    Away,
}

/// A pause before another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Why.
    pub reason: WaitReason,
    /// How long.
    pub pause: Duration,
    /// How often the call has been tried so far.
    pub tries: u32,
}

impl Waiting {
    pub(crate) fn after(error: &ClientError, pause: Duration, tries: u32) -> Self {
        const GATEWAYS: [u16; 2] = [502, 504];
        let reason = match error {
            ClientError::Busy { status, .. } if GATEWAYS.contains(status) => WaitReason::Away,
            ClientError::Busy { .. } | ClientError::QuotaUsedUp { .. } => WaitReason::Busy,
            _ => WaitReason::Away,
        };
        Self {
            reason,
            pause,
            tries,
        }
    }
}

/// Called at every pause before another try. It must not block.
#[derive(Clone)]
pub struct OnWait(Arc<dyn Fn(Waiting) + Send + Sync>);

impl OnWait {
    /// Calls this function.
    pub fn new(tell: impl Fn(Waiting) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn tell(&self, waiting: Waiting) {
        (self.0)(waiting);
    }
}

impl fmt::Debug for OnWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnWait")
    }
}
