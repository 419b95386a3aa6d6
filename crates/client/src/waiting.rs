//! What a caller is told while a call waits to be tried again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::ClientError;

/// Why a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitReason {
    /// The service says that it has no time now, or no more for this caller.
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

/// Is told of every pause before another try. It must not block.
#[derive(Clone)]
pub struct OnWait(Arc<dyn Fn(Waiting) + Send + Sync>);

impl OnWait {
    /// Tells this function.
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
