//! Lines on standard error with their priority, as systemd's journal reads them.

use std::io;

/// How urgent a line is, by the numbers of syslog (RFC 5424, section 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Something did not work.
    Error = 3,
    /// Something may need attention.
    Warning = 4,
    /// Something happened.
    Info = 6,
    /// For finding a fault of the program itself.
    Debug = 7,
}

/// Returns whether standard error leads to the journal. `journal_stream` is the variable
/// `JOURNAL_STREAM`: the device and inode of the journal's stream in decimal, with a colon
/// (systemd.exec(5)). A standard error that was sent elsewhere since has others.
pub fn is_journal(journal_stream: Option<&str>) -> bool {
    let stream = journal_stream.and_then(|stream| stream.split_once(':'));
    let Some((Ok(device), Ok(inode))) =
        stream.map(|(device, inode)| (device.parse(), inode.parse()))
    else {
        return false;
    };
    rustix::fs::fstat(io::stderr()).is_ok_and(|stat| (stat.st_dev, stat.st_ino) == (device, inode))
}

/// Returns a text with each of its lines marked by the priority (sd-daemon(3)): the journal makes
/// an entry of each line.
pub fn marked(priority: Priority, text: &str) -> String {
    let mark = format!("<{}>", priority as u8);
    text.split_inclusive('\n').flat_map(|line| [mark.as_str(), line]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_marked() {
        let check = |text: &str, wanted: &str| assert_eq!(marked(Priority::Error, text), wanted);
        check("one", "<3>one");
        check("one\n", "<3>one\n");
        check("one\ntwo\n", "<3>one\n<3>two\n");
        check("one\n\ntwo", "<3>one\n<3>\n<3>two");
        check("", "");
        assert_eq!(marked(Priority::Warning, "a\n"), "<4>a\n");
    }

    #[test]
    fn what_names_no_stream_is_no_journal() {
        for stream in [None, Some(""), Some("8"), Some("a:b"), Some("8:"), Some("0:0")] {
            assert!(!is_journal(stream), "{stream:?}");
        }
    }
}
