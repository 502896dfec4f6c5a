//! A broken invariant.

/// An invariant that is broken, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{invariant}: {what}")]
pub struct InvariantError {
    /// `I1` to `I9`, as listed at the top of the module.
    pub invariant: &'static str,
    pub what: String,
}

pub(in crate::domain) fn ensure(
    holds: bool,
    invariant: &'static str,
    what: impl FnOnce() -> String,
) -> Result<(), InvariantError> {
    if holds { Ok(()) } else { Err(InvariantError { invariant, what: what() }) }
}
