//! Readings, and the probes that make them: the composition root gives one for each check that applies.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// What a probe found out.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckReading {
    /// In the unit of the check; `None` when what is checked does not work at all, which is critical.
    pub value: Option<f64>,
    /// What there is to say beside the value.
    pub message: Option<String>,
}

impl CheckReading {
    pub fn of(value: f64) -> Self {
        Self { value: Some(value), message: None }
    }

    /// Of a thing that should be so.
    pub fn yes_no(is_so: bool) -> Self {
        Self::of(f64::from(u8::from(is_so)))
    }

    /// What is checked does not work.
    pub fn broken(message: impl Into<String>) -> Self {
        Self { value: None, message: Some(message.into()) }
    }

    #[must_use]
    pub fn with(self, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..self }
    }
}

/// Nothing could be measured, and why: this says nothing about what is checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unmeasured(pub String);

pub(super) type ProbeResult = Result<CheckReading, Unmeasured>;
pub(super) type ProbeFuture = BoxFuture<'static, ProbeResult>;
/// Begins a reading. It is never called while the last one is under way, and must not block.
pub(super) type Probe = Box<dyn FnMut() -> ProbeFuture + Send>;

/// Probes by the id of their check.
#[derive(Default)]
pub struct ProbeTable {
    pub(super) probes: BTreeMap<&'static str, Probe>,
}

impl ProbeTable {
    /// Adds the probe of the check `id`, which the table of checks has.
    pub fn add<F>(&mut self, id: &'static str, mut probe: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = Result<CheckReading, Unmeasured>> + Send + 'static,
    {
        let known = self.probes.insert(id, Box::new(move || probe().boxed()));
        debug_assert!(known.is_none(), "two probes of {id}");
    }
}
