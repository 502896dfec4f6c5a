//! What is in a directory: names, sizes, owners, never contents.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;

/// Most lines; the data directory of the largest site has some hundreds.
const LINES_MAX: usize = 2000;
/// How deep it looks: the data directory, its parts, and what these hold.
const DEPTH_MAX: usize = 3;

/// Lists the files below `root`: mode, owner, group, bytes, time of the last change, path.
pub fn directory_listing(root: &Path) -> String {
    let mut lines = Vec::new();
    list(root, root, 0, &mut lines);
    let is_cut = lines.len() > LINES_MAX;
    lines.truncate(LINES_MAX);
    let mut text = format!("{}\n{}\n", root.display(), lines.join("\n"));
    if is_cut {
        text.push_str("… and more\n");
    }
    text
}

fn list(root: &Path, directory: &Path, depth: usize, lines: &mut Vec<String>) {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => return lines.push(format!("{}: {error}", shown(root, directory))),
    };
    // Each directory is read to its end, so that its order does not depend on the file system.
    let mut paths: Vec<_> =
        entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    for path in paths {
        if lines.len() > LINES_MAX {
            return;
        }
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => {
                lines.push(format!("{}: {error}", shown(root, &path)));
                continue;
            }
        };
        let changed = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let changed = Timestamp::try_from(changed).unwrap_or(Timestamp::UNIX_EPOCH);
        lines.push(format!(
            "{:06o} {:>5} {:>5} {:>14} {changed:.0} {}",
            metadata.mode(),
            metadata.uid(),
            metadata.gid(),
            metadata.len(),
            shown(root, &path)
        ));
        if metadata.is_dir() && depth + 1 < DEPTH_MAX {
            list(root, &path, depth + 1, lines);
        }
    }
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_by_path_and_size() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("b/c/d/e")).unwrap();
        fs::write(directory.path().join("b/file"), "secret").unwrap();
        fs::write(directory.path().join("a"), "").unwrap();
        let text = directory_listing(directory.path());
        let names: Vec<_> =
            text.lines().filter_map(|line| line.rsplit(' ').next()).skip(1).collect();
        assert_eq!(names, ["a", "b", "b/c", "b/c/d", "b/file"]);
        let file = text.lines().find(|line| line.ends_with("b/file")).unwrap();
        assert_eq!(file.split_whitespace().nth(3), Some("6"), "{file}");
        assert!(!text.contains("secret"));
        assert!(directory_listing(&directory.path().join("none")).contains("No such file"));
    }
}
