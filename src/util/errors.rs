//! Errors and what caused them.

use std::error::Error;

/// Returns an error and its causes in one line, each after a colon. A cause that the line already has
/// in it is left out: many libraries repeat theirs.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

/// Returns the first error of type `E` among an error and its causes.
pub fn find_cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref() {
            return Some(found);
        }
        cause = inner.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Told(&'static str, #[source] io::Error);

    #[test]
    fn a_cause_is_in_the_line_once() {
        let cause = || io::Error::other("disk full");
        assert_eq!(error_chain(&cause()), "disk full");
        assert_eq!(error_chain(&Told("cannot write", cause())), "cannot write: disk full");
        assert_eq!(error_chain(&Told("write: disk full", cause())), "write: disk full");
    }

    #[test]
    fn a_cause_is_found_by_its_type() {
        let error = Told("cannot write", io::Error::other("disk full"));
        assert!(find_cause::<Told>(&error).is_some());
        assert_eq!(find_cause::<io::Error>(&error).unwrap().to_string(), "disk full");
        assert!(find_cause::<fmt::Error>(&error).is_none());
    }
}
