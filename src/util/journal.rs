//! Lines on standard error with a priority that systemd's journal reads.

use std::io;

/// The priority of a line, as numbered by syslog (RFC 5424, section 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Something failed.
    Error = 3,
    /// Something may need attention.
    Warning = 4,
    /// Something happened.
    Info = 6,
    /// For debugging the program.
    Debug = 7,
}

/// Returns whether standard error is connected to the journal. `journal_stream` is the variable
/// `JOURNAL_STREAM`: the device and inode of the journal's stream in decimal, with a colon between
/// (systemd.exec(5)). If standard error was redirected since, it has others.
pub fn is_journal(journal_stream: Option<&str>) -> bool {
    let stream = journal_stream.and_then(|stream| stream.split_once(':'));
    let Some((Ok(device), Ok(inode))) =
        stream.map(|(device, inode)| (device.parse(), inode.parse()))
    else {
        return false;
    };
    rustix::fs::fstat(io::stderr()).is_ok_and(|stat| (stat.st_dev, stat.st_ino) == (device, inode))
}

/// Returns a text with the priority in front of each line (sd-daemon(3)): the journal makes an entry of
/// each line.
pub fn with_priority(priority: Priority, text: &str) -> String {
    let prefix = format!("<{}>", priority as u8);
    text.split_inclusive('\n').flat_map(|line| [prefix.as_str(), line]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_the_priority() {
        let check =
            |text: &str, expected: &str| assert_eq!(with_priority(Priority::Error, text), expected);
        check("one", "<3>one");
        check("one\n", "<3>one\n");
        check("one\ntwo\n", "<3>one\n<3>two\n");
        check("one\n\ntwo", "<3>one\n<3>\n<3>two");
        check("", "");
        assert_eq!(with_priority(Priority::Warning, "a\n"), "<4>a\n");
    }

    #[test]
    fn other_values_are_not_the_journal() {
        for stream in [None, Some(""), Some("8"), Some("a:b"), Some("8:"), Some("0:0")] {
            assert!(!is_journal(stream), "{stream:?}");
        }
    }
}
