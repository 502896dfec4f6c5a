//! Values that are never printed.

use std::fmt;

/// A secret, or what could be used to guess one. `Debug` does not show it, so that it is in no log line, error or
/// panic that prints the struct around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hidden<T>(pub T);

impl<T> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_not_printed() {
        let shown = format!("{:?} {:#?}", Hidden("a password"), Some(Hidden([1_u8; 4])));
        assert_eq!(shown, "*** Some(\n    ***,\n)");
    }
}
