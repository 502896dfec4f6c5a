//! Whether a dump is complete: `pg_dump` and `pg_dumpall` write a comment at the beginning and the
//! end.

use super::error::V2ImportError;

const BEGIN: &[u8] = b"-- PostgreSQL database dump";
const END: &[u8] = b"-- PostgreSQL database dump complete";
const CLUSTER_BEGIN: &[u8] = b"-- PostgreSQL database cluster dump";
const CLUSTER_END: &[u8] = b"-- PostgreSQL database cluster dump complete";

/// Whether this line is the first comment of a dump.
pub(super) fn is_begin(line: &[u8]) -> bool {
    line == BEGIN || line == CLUSTER_BEGIN
}

/// The state of a file's dumps: each one that begins must end, and there must be at least one.
#[derive(Debug, Default)]
pub(super) struct DumpCompleteness {
    /// The line in which the current dump of a database begins.
    open: Option<u64>,
    /// The line in which the current dump of a server begins.
    cluster: Option<u64>,
    has_begin: bool,
    has_end: bool,
}

impl DumpCompleteness {
    /// Processes a comment.
    ///
    /// # Errors
    /// When a dump begins before the previous one has ended, or ends without a beginning.
    pub(super) fn comment(&mut self, line: u64, comment: &[u8]) -> Result<(), V2ImportError> {
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
                let what = format!("line {line} ends a dump whose beginning is missing");
                return Err(V2ImportError::Truncated(what));
            }
        }
        Ok(())
    }

    /// Whether the first comment of a dump was seen.
    pub(super) fn has_begin(&self) -> bool {
        self.has_begin
    }

    /// # Errors
    /// [`V2ImportError::Truncated`] unless every dump that began has ended.
    pub(super) fn check(&self) -> Result<(), V2ImportError> {
        if let Some(line) = self.open.or(self.cluster) {
            return Err(unfinished(line));
        }
        if self.has_end { Ok(()) } else { Err(V2ImportError::Truncated(missing())) }
    }
}

fn missing() -> String {
    "the comment \"PostgreSQL database dump complete\" at its end is missing".to_owned()
}

fn unfinished(line: u64) -> V2ImportError {
    V2ImportError::Truncated(format!("it begins in line {line}, and {}", missing()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dump_that_begins_must_end() {
        let check = |comments: &[&[u8]], expected: bool| {
            let mut whole = DumpCompleteness::default();
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
