//! What of the configuration is not in effect, for the check that tells it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What of the configuration is not in effect. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct AppliedConfig(Arc<Mutex<Differences>>);

#[derive(Default)]
struct Differences {
    /// Why the configuration could not be read again.
    refused: Option<String>,
    /// Changed keys that need a restart.
    waiting: Vec<&'static str>,
}

impl AppliedConfig {
    /// Notes that the configuration has an error.
    pub(super) fn set_refused(&self, why: String) {
        self.lock().refused = Some(why);
    }

    /// Notes that the configuration was read, and the keys that are to be in effect after a restart.
    pub(super) fn set_read(&self, waiting: Vec<&'static str>) {
        let mut differences = self.lock();
        differences.refused = None;
        differences.waiting = waiting;
    }

    /// Returns what is not in effect, and what to do; `None` if all of it is.
    pub(super) fn difference(&self) -> Option<String> {
        let Differences { refused, waiting } = &*self.lock();
        let refused = refused.as_ref().map(|why| {
            format!("the configuration could not be reloaded, and a restart would fail: {why}")
        });
        let waiting = (!waiting.is_empty())
            .then(|| format!("changed, and in effect after a restart: {}", waiting.join(", ")));
        let all: Vec<String> = [refused, waiting].into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    fn lock(&self) -> MutexGuard<'_, Differences> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_is_read_again_replaces_an_error() {
        let applied = AppliedConfig::default();
        assert_eq!(applied.difference(), None);
        applied.set_read(vec!["port"]);
        assert!(applied.difference().is_some_and(|what| what.ends_with("restart: port")));
        applied.set_refused("port: too large".to_owned());
        let both = applied.difference().unwrap();
        assert!(both.contains("port: too large; changed"), "{both}");
        applied.set_read(Vec::new());
        assert_eq!(applied.difference(), None);
    }
}
