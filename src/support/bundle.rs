//! The archive: files that are redacted and compressed as they come, and a table of contents.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::PathBuf;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use super::redact::SecretMask;
use crate::util::format_bytes;

/// The largest file; of a larger one, the end is kept, where the newest lines are.
pub const FILE_BYTES_MAX: usize = 16 << 20;
/// The largest sum of all files. What comes then is left out.
const BUNDLE_BYTES_MAX: usize = 64 << 20;

/// The table of contents.
const README: &str = "README.txt";

/// An archive that is being made.
pub struct SupportBundle {
    /// The directory inside the archive, so that unpacking it makes one.
    name: String,
    at_s: u64,
    mask: SecretMask,
    archive: Builder<GzEncoder<Vec<u8>>>,
    bytes: usize,
    names: BTreeSet<String>,
    /// A line about each file, for its reader.
    contents: String,
}

impl SupportBundle {
    /// Begins an archive with the directory `name`, made `at_s` seconds after 1970.
    pub fn new(name: String, at_s: u64, mask: SecretMask) -> Self {
        let archive = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        Self {
            name,
            at_s,
            mask,
            archive,
            bytes: 0,
            names: BTreeSet::new(),
            contents: String::new(),
        }
    }

    /// Adds the files of another bundle, such as the one that the server made.
    ///
    /// # Errors
    /// When it is not a whole bundle; what comes before the fault was added.
    pub fn add_bundle(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut archive = tar::Archive::new(GzDecoder::new(bytes));
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path: PathBuf = entry.path()?.components().skip(1).collect();
            let mut content = Vec::new();
            entry.by_ref().take(FILE_BYTES_MAX as u64).read_to_end(&mut content)?;
            if path.as_os_str() != README {
                self.add(&path.display().to_string(), Ok(content))?;
            }
        }
        Ok(())
    }

    /// Adds a file, or why there is none; nothing if there is one of this name.
    ///
    /// # Errors
    /// Only when memory cannot be written, which does not happen.
    pub fn add(&mut self, name: &str, content: Result<Vec<u8>, String>) -> io::Result<()> {
        if self.names.contains(name) {
            return Ok(());
        }
        let content = match content {
            Ok(content) => content,
            Err(why) => {
                let why = self.mask.redact(why.into_bytes());
                self.list(name, &format!("missing: {}", String::from_utf8_lossy(&why).trim()));
                return Ok(());
            }
        };
        // A secret must not be cut in two: it is removed before.
        let mut content = self.mask.redact(content);
        let left_out = content.len().saturating_sub(FILE_BYTES_MAX);
        content.drain(..left_out);
        if self.bytes + content.len() > BUNDLE_BYTES_MAX {
            self.list(name, "missing: the bundle is full");
            return Ok(());
        }
        self.bytes += content.len();
        self.names.insert(name.to_owned());
        let note = match left_out {
            0 => format_bytes(content.len() as u64),
            bytes => format!("the end; {} before it are left out", format_bytes(bytes as u64)),
        };
        self.list(name, &note);
        self.append(name, &content)
    }

    /// Ends the archive with its README, which begins with `head`, and returns its bytes.
    ///
    /// # Errors
    /// As for [`SupportBundle::add`].
    pub fn finish(mut self, head: &str) -> io::Result<Vec<u8>> {
        let readme = format!("{head}\n\nContents\n{}", self.contents);
        let readme = self.mask.redact(readme.into_bytes());
        self.append(README, &readme)?;
        self.archive.into_inner()?.finish()
    }

    fn list(&mut self, name: &str, note: &str) {
        writeln!(self.contents, "  {name:32} {note}").expect("a String takes all");
    }

    fn append(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(self.at_s);
        self.archive.append_data(&mut header, format!("{}/{name}", self.name), content)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn files(bytes: &[u8]) -> BTreeMap<String, String> {
        let mut archive = tar::Archive::new(GzDecoder::new(bytes));
        let files = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().display().to_string();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (name, text)
        });
        files.collect()
    }

    #[test]
    fn the_files_of_another_bundle_come_first() {
        let new = || SupportBundle::new("unoc-support".to_owned(), 0, SecretMask::new(&[]));
        let mut served = new();
        served.add("log.txt", Ok(b"its log".to_vec())).unwrap();
        let served = served.finish("Of the server").unwrap();
        let mut bundle = new();
        bundle.add_bundle(&served).unwrap();
        bundle.add("log.txt", Ok(b"another".to_vec())).unwrap();
        bundle.add("doctor.json", Ok(b"[]".to_vec())).unwrap();
        bundle.add_bundle(&served[..served.len() / 2]).unwrap_err();
        let files = files(&bundle.finish("Both").unwrap());
        assert_eq!(files["unoc-support/log.txt"], "its log");
        assert_eq!(files.len(), 3, "{files:?}");
        assert!(files["unoc-support/README.txt"].starts_with("Both"), "{files:?}");
    }

    #[test]
    fn files_are_redacted_bounded_and_listed() {
        let mask = SecretMask::new(&["hunter22".to_owned()]);
        let mut bundle = SupportBundle::new("unoc-support".to_owned(), 1_795_000_000, mask);
        bundle.add("a.txt", Ok(b"pass hunter22.".to_vec())).unwrap();
        bundle.add("b.txt", Err("denied: hunter22".to_owned())).unwrap();
        let long = ["hunter22".repeat(2), "x".repeat(FILE_BYTES_MAX - 4)].concat();
        bundle.add("c.log", Ok(long.into_bytes())).unwrap();
        for name in ["d.log", "e.log", "f.log", "g.log"] {
            bundle.add(name, Ok(vec![b'y'; FILE_BYTES_MAX])).unwrap();
        }
        let files = files(&bundle.finish("UNOC hunter22").unwrap());
        assert_eq!(files["unoc-support/a.txt"], "pass ***.");
        assert!(!files.contains_key("unoc-support/b.txt"));
        assert!(files["unoc-support/c.log"].len() <= FILE_BYTES_MAX);
        assert!(!files.values().any(|text| text.contains("hunter")));
        let readme = &files["unoc-support/README.txt"];
        for expected in ["UNOC ***", "missing: denied: ***", "the end; ", "the bundle is full"] {
            assert!(readme.contains(expected), "{expected} in {readme}");
        }
    }
}
