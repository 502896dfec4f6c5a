//! The destination that a command writes to.
//!
//! A regular file is written under a temporary name and then renamed, so that the file is always
//! complete. A FIFO, a device or an open descriptor is written to directly.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::exit::CommandError;
use super::output;
use crate::util::files::part_path;

/// Most symbolic links that are followed, as many as Linux follows (`path_resolution(7)`).
const LINKS_MAX: usize = 40;

/// Where the bytes go.
#[derive(Debug, PartialEq)]
pub(super) enum Destination {
    Stdout,
    Stderr,
    /// An open descriptor of this or another process, by its path in `/proc`.
    Descriptor(PathBuf),
    /// A file that is not a regular file, such as a FIFO.
    Special(PathBuf),
    /// A regular file, which may not exist yet; symbolic links are resolved.
    File(PathBuf),
}

impl Destination {
    /// Resolves a path from the command line; `-` is standard output.
    pub(super) fn resolve(path: &Path) -> Result<Self, CommandError> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let mut place = path.to_owned();
        for _ in 0..LINKS_MAX {
            place = with_real_parent(&place)?;
            if let Some(descriptor) = descriptor(&place) {
                return Ok(descriptor);
            }
            match fs::symlink_metadata(&place) {
                Ok(metadata) if metadata.is_symlink() => {
                    let target = fs::read_link(&place)
                        .with_context(|| format!("cannot read the link {}", place.display()))?;
                    // An absolute target replaces the whole path.
                    place = place.with_file_name("").join(target);
                }
                Ok(metadata) if metadata.is_file() => return Ok(Self::File(place)),
                Ok(metadata) if metadata.is_dir() => {
                    return Err(anyhow!("{} is a directory; name a file", path.display()).into());
                }
                Ok(_) => return Ok(Self::Special(place)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Self::File(place));
                }
                Err(error) => return Err(cannot("use", path)(error)),
            }
        }
        Err(anyhow!("{}: more than {LINKS_MAX} symbolic links", path.display()).into())
    }

    /// Returns whether this is standard output, where messages go too.
    pub(super) fn is_stdout(&self) -> bool {
        *self == Self::Stdout
    }

    /// Runs `write` on the destination. Returns the number of bytes written.
    pub(super) fn write(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), CommandError>,
    ) -> Result<u64, CommandError> {
        match self {
            Self::Stdout => through(io::stdout().lock(), output::STDOUT, write),
            Self::Stderr => through(io::stderr().lock(), "standard error", write),
            Self::Descriptor(path) => {
                // Appends, because the file may hold output of other programs.
                let file = OpenOptions::new().append(true).open(path);
                through(file.map_err(cannot("open", path))?, &path.display().to_string(), write)
            }
            Self::Special(path) => {
                let file = OpenOptions::new().write(true).open(path);
                through(file.map_err(cannot("open", path))?, &path.display().to_string(), write)
            }
            Self::File(path) => replace(path, write),
        }
    }
}

/// Resolves the links in the path of the directory, so that `..` after a link is the real parent.
fn with_real_parent(path: &Path) -> Result<PathBuf, CommandError> {
    let name =
        path.file_name().ok_or_else(|| anyhow!("{} names no file", path.display()))?.to_owned();
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new("."));
    let real = fs::canonicalize(parent).map_err(cannot("create", path))?;
    Ok(real.join(name))
}

/// Returns the descriptor that a path such as `/proc/self/fd/1` names; `/dev/stdout` links to one.
fn descriptor(place: &Path) -> Option<Destination> {
    let directory = place.parent()?;
    let is_descriptor = directory.starts_with("/proc") && directory.ends_with("fd");
    if !is_descriptor {
        return None;
    }
    let is_own = directory.starts_with(format!("/proc/{}", std::process::id()));
    match place.file_name().and_then(|name| name.to_str()) {
        Some("1") if is_own => Some(Destination::Stdout),
        Some("2") if is_own => Some(Destination::Stderr),
        _ => Some(Destination::Descriptor(place.to_owned())),
    }
}

fn through(
    out: impl Write,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> Result<(), CommandError>,
) -> Result<u64, CommandError> {
    let mut out = Counted { inner: BufWriter::new(out), bytes: 0 };
    write(&mut out)?;
    out.flush().map_err(|error| CommandError::output(error, name))?;
    Ok(out.bytes)
}

/// Writes a temporary file, syncs it and renames it to `path`.
fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), CommandError>,
) -> Result<u64, CommandError> {
    path.file_name().context("the file needs a name")?;
    let temporary = part_path(path);
    let written = (|| {
        let file = File::create(&temporary).map_err(cannot("create", &temporary))?;
        if let Ok(before) = fs::metadata(path) {
            // The new file must not be readable by more users than the old one.
            file.set_permissions(before.permissions()).map_err(cannot("create", &temporary))?;
        }
        let bytes = through(&file, &temporary.display().to_string(), write)?;
        file.sync_all().map_err(cannot("write", &temporary))?;
        fs::rename(&temporary, path).map_err(cannot("replace", path))?;
        Ok(bytes)
    })();
    if written.is_err() {
        // An error here changes nothing: the incomplete file has another name.
        fs::remove_file(&temporary).ok();
    }
    written
}

fn cannot(what: &'static str, path: &Path) -> impl Fn(io::Error) -> CommandError {
    let path = path.display().to_string();
    move |error| anyhow::Error::from(error).context(format!("cannot {what} {path}")).into()
}

struct Counted<W> {
    inner: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_is_what_it_leads_to() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().canonicalize().expect("it exists");
        fs::create_dir_all(root.join("a/b")).expect("made");
        fs::write(root.join("a/file"), "x").expect("made");
        symlink("../file", root.join("a/b/relative")).expect("made");
        symlink(root.join("a/b/relative"), root.join("absolute")).expect("made");
        symlink("nothing", root.join("a/dangling")).expect("made");
        symlink("loop", root.join("loop")).expect("made");
        symlink("a/b", root.join("inside")).expect("made");
        let check = |path: &str, expected: Destination| {
            assert_eq!(Destination::resolve(&root.join(path)).ok(), Some(expected), "{path}");
        };
        let file = |path: &str| Destination::File(root.join(path));
        check("new", file("new"));
        check("a/file", file("a/file"));
        check("a/b/relative", file("a/file"));
        check("absolute", file("a/file"));
        check("a/dangling", file("a/nothing"));
        check("inside/../file", file("a/file"));
        check("/dev/null", Destination::Special("/dev/null".into()));
        check("/dev/stdout", Destination::Stdout);
        check("/dev/fd/1", Destination::Stdout);
        check("/dev/stderr", Destination::Stderr);
        for refused in ["loop", "a", "missing/file", "a/file/below", ".."] {
            assert!(Destination::resolve(&root.join(refused)).is_err(), "{refused}");
        }
        assert_eq!(Destination::resolve(Path::new("-")).ok(), Some(Destination::Stdout));
    }
}
