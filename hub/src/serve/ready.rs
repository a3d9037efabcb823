//! Why the server is not ready, if it is not.
//!
//! A part of the server that has to finish something first puts an obstacle up and takes it away again: the store that
//! is opened, a gap after a restore that an operator has to accept, a stop that has begun.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// What stands in the way.
#[derive(Debug, Default)]
pub struct Readiness {
    obstacles: RwLock<BTreeMap<&'static str, String>>,
}

impl Readiness {
    /// Something stands in the way, and this is why. The reason is public: no personal value, no secret.
    pub fn put(&self, name: &'static str, reason: impl Into<String>) {
        let mut obstacles = self.obstacles.write().unwrap_or_else(PoisonError::into_inner);
        obstacles.insert(name, reason.into());
    }

    /// It does not any more.
    pub fn remove(&self, name: &str) {
        self.obstacles.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Everything that stands in the way.
    #[must_use]
    pub fn obstacles(&self) -> BTreeMap<&'static str, String> {
        self.obstacles.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
