//! Whether a dump is whole: `pg_dump` and `pg_dumpall` write a comment at each end.

use super::error::LegacyError;

const BEGIN: &[u8] = b"-- PostgreSQL database dump";
const END: &[u8] = b"-- PostgreSQL database dump complete";
const CLUSTER_BEGIN: &[u8] = b"-- PostgreSQL database cluster dump";
const CLUSTER_END: &[u8] = b"-- PostgreSQL database cluster dump complete";

/// Whether this line is the first comment of a dump.
pub(super) fn is_begin(line: &[u8]) -> bool {
    line == BEGIN || line == CLUSTER_BEGIN
}

/// The dumps of a file: each that began must end, and one must end at all.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// The line in which the dump of a database began that has not ended yet.
    open: Option<u64>,
    /// The same of the dump of a whole server.
    cluster: Option<u64>,
    has_begin: bool,
    has_end: bool,
}

impl Whole {
    /// Takes a comment into account.
    ///
    /// # Errors
    /// When a dump begins although the one before has not ended, or the other way round.
    pub(super) fn comment(&mut self, line: u64, comment: &[u8]) -> Result<(), LegacyError> {
        if comment == CLUSTER_BEGIN {
            self.has_begin = true;
            let before = self.cluster.replace(line);
            return before.or(self.open).map_or(Ok(()), |before| Err(unfinished(before)));
        }
        if comment == CLUSTER_END {
            self.cluster = None;
            return self.open.map_or(Ok(()), |before| Err(unfinished(before)));
        }
        if comment == BEGIN {
            self.has_begin = true;
            return self.open.replace(line).map_or(Ok(()), |before| Err(unfinished(before)));
        }
        if comment == END {
            self.has_end = true;
            if self.open.take().is_none() && self.has_begin {
                let what = format!("line {line} ends a dump that has no beginning");
                return Err(LegacyError::Truncated(what));
            }
        }
        Ok(())
    }

    /// Whether the first comment of a dump was seen.
    pub(super) fn has_begin(&self) -> bool {
        self.has_begin
    }

    /// # Errors
    /// [`LegacyError::Truncated`] unless every dump that began has ended.
    pub(super) fn check(&self) -> Result<(), LegacyError> {
        if let Some(line) = self.open.or(self.cluster) {
            return Err(unfinished(line));
        }
        if self.has_end { Ok(()) } else { Err(LegacyError::Truncated(missing())) }
    }
}

fn missing() -> String {
    "the comment \"PostgreSQL database dump complete\" at its end is missing".to_owned()
}

fn unfinished(line: u64) -> LegacyError {
    LegacyError::Truncated(format!("it begins in line {line}, and {}", missing()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_beginning_needs_its_end() {
        let check = |comments: &[&[u8]], expected: bool| {
            let mut whole = Whole::default();
            let result = comments
                .iter()
                .zip(1..)
                .try_for_each(|(comment, line)| whole.comment(line, comment))
                .and_then(|()| whole.check());
            assert_eq!(result.is_ok(), expected, "{comments:?}: {result:?}");
        };
        check(&[], false);
        check(&[BEGIN], false);
        check(&[BEGIN, END], true);
        check(&[END], true);
        check(&[BEGIN, END, BEGIN], false);
        check(&[BEGIN, BEGIN, END], false);
        check(&[BEGIN, END, END], false);
        check(&[BEGIN, END, BEGIN, END], true);
        check(&[CLUSTER_BEGIN, BEGIN, END], false);
        check(&[CLUSTER_BEGIN, BEGIN, END, BEGIN, CLUSTER_END], false);
        check(&[CLUSTER_BEGIN, BEGIN, END, CLUSTER_END], true);
        check(&[CLUSTER_BEGIN, CLUSTER_END], false);
    }
}
