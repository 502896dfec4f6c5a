//! `unoc install` and `unoc uninstall` on an image. `appliance/boot-test.sh` runs them on a booted host.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::harness::process::{Said, said, unoc};

/// The root of an image.
struct Image(tempfile::TempDir);

impl Image {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().expect("a parent")).expect("directories");
        fs::write(self.path(path), text).expect("a file");
    }

    fn run(&self, arguments: &[&str]) -> Said {
        said(unoc(arguments).arg("--root").arg(self.0.path()))
    }

    /// Each file and link with its mode and its size.
    fn files(&self) -> BTreeMap<PathBuf, (u32, u64)> {
        let mut files = BTreeMap::new();
        let mut directories = vec![self.0.path().to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).expect("a directory") {
                let entry = entry.expect("an entry");
                let (path, metadata) = (entry.path(), entry.metadata().expect("its metadata"));
                if metadata.is_dir() {
                    directories.push(path);
                } else {
                    let name = path.strip_prefix(self.0.path()).expect("inside").to_owned();
                    files.insert(name, (metadata.permissions().mode() & 0o7777, metadata.len()));
                }
            }
        }
        files
    }
}

#[test]
fn an_image_gets_everything_once_and_loses_all_but_the_configuration() {
    let image = Image::new();
    let dry = image.run(&["install", "--dry-run"]).expect(0);
    assert!(dry.stdout.contains("would make /usr/bin/unoc (program)"), "{dry:?}");
    assert!(dry.stdout.contains("manual pages in /usr/share/man/man1"), "{dry:?}");
    assert!(image.files().is_empty(), "a dry run does nothing");

    image.run(&["install"]).expect(0);
    let files = image.files();
    let mode = |path: &str| files.get(Path::new(path)).unwrap_or_else(|| panic!("no {path}")).0;
    assert_eq!(mode("usr/bin/unoc"), 0o755);
    assert_eq!(mode("etc/unoc/unoc.toml"), 0o640);
    for path in [
        "usr/lib/systemd/system/unoc.service",
        "usr/lib/sysusers.d/unoc.conf",
        "usr/lib/tmpfiles.d/unoc.conf",
        "usr/share/bash-completion/completions/unoc",
        "usr/local/share/zsh/site-functions/_unoc",
        "usr/share/fish/vendor_completions.d/unoc.fish",
        "usr/share/man/man1/unoc.1",
        "usr/share/man/man1/unoc-backup-list.1",
    ] {
        assert_eq!(mode(path), 0o644, "{path}");
    }
    let enabled = image.path("etc/systemd/system/multi-user.target.wants/unoc.service");
    let target = fs::read_link(&enabled).unwrap();
    assert_eq!(target, Path::new("/usr/lib/systemd/system/unoc.service"));
    assert!(image.read("etc/unoc/unoc.toml").contains("\n#port = 5001\n"));
    let program = fs::read(image.path("usr/bin/unoc")).unwrap();
    assert!(program == fs::read(env!("CARGO_BIN_EXE_unoc")).unwrap());

    assert_eq!(image.run(&["install"]).expect(0).stdout, "Nothing is to be done.\n");
    assert_eq!(image.files(), files);

    image.write("etc/unoc/unoc.toml", "port = 1\n");
    image.write("usr/bin/unoc", "an older version");
    fs::remove_file(&enabled).unwrap();
    let upgrade = image.run(&["install", "--json"]).expect(0);
    let told: serde_json::Value = serde_json::from_str(&upgrade.stdout).unwrap();
    let parts = told["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 1, "{told}");
    assert_eq!(
        (&parts[0]["path"], &parts[0]["does"]),
        (&"/usr/bin/unoc".into(), &"replace".into())
    );
    assert!(fs::read(image.path("usr/bin/unoc")).unwrap() == program);
    assert!(!enabled.exists(), "a disabled service stays disabled");

    image.run(&["uninstall"]).expect(0);
    let left: Vec<_> = image.files().into_keys().collect();
    assert_eq!(left, [Path::new("etc/unoc/unoc.toml")]);
    assert_eq!(image.read("etc/unoc/unoc.toml"), "port = 1\n");
    image.write("var/lib/unoc/unoc.redb", "");
    let asked = image.run(&["uninstall", "--purge"]).expect(3);
    assert!(asked.stderr.contains("add --yes"), "{asked:?}");
    image.run(&["uninstall", "--purge", "--yes"]).expect(0);
    assert!(image.files().is_empty(), "{:?}", image.files());
    assert!(!image.path("var/lib/unoc").exists());
    let again = image.run(&["uninstall", "--purge", "--yes"]).expect(0);
    assert_eq!(again.stdout, "Nothing is to be done.\n");
}

#[test]
fn a_purge_removes_the_data_of_the_configuration_and_names_what_it_keeps() {
    let image = Image::new();
    image.run(&["install"]).expect(0);
    image.write("etc/unoc/unoc.toml", "data_dir = '/srv/unoc'\nbackup_dir = '/copies'\n");
    for file in ["srv/unoc/unoc.redb", "srv/unoc/crashes/one", "srv/other", "copies/unoc_1.json"] {
        image.write(file, "");
    }
    let removed = image.run(&["uninstall"]).expect(0);
    assert!(removed.stdout.contains("The data is in /srv/unoc, the"), "{removed:?}");
    let broken = "data_dir = '/srv/unoc'\nport = 70000\n";
    let toml = image.read("etc/unoc/unoc.toml");
    image.write("etc/unoc/unoc.toml", broken);
    let refused = image.run(&["uninstall", "--purge", "--yes"]).expect(3);
    assert!(refused.stderr.contains("tells where the data is"), "{refused:?}");
    image.write("etc/unoc/unoc.toml", &toml);
    let purged = image.run(&["uninstall", "--purge", "--yes"]).expect(0);
    assert!(purged.stdout.contains("remove /srv/unoc (data directory)"), "{purged:?}");
    assert!(purged.stdout.contains("/copies stays, with the backups in it."), "{purged:?}");
    let left: Vec<_> = image.files().into_keys().collect();
    assert_eq!(left, [Path::new("copies/unoc_1.json"), Path::new("srv/other")]);
    assert!(!image.path("srv/unoc").exists());

    image.write("etc/unoc/unoc.toml", "data_dir = '/srv'\n");
    let purged = image.run(&["uninstall", "--purge", "--yes"]).expect(0);
    assert!(purged.stdout.contains("/srv stays: it holds no site"), "{purged:?}");
    assert!(image.path("srv/other").exists());
}

#[test]
fn every_obstacle_is_named_before_anything_is_written() {
    let image = Image::new();
    fs::create_dir_all(image.path("usr/lib/sysusers.d/unoc.conf")).unwrap();
    image.write("usr/share/fish", "no directory");
    image.write("etc/unoc/unoc.toml", "colour = 'red'\nport = 70000\n");
    image.write("etc/systemd/system/unoc.service", "[Service]\n");
    image.write("var/lib/dpkg/info/unoc.list", "/usr/bin/unoc\n");
    let before = image.files();
    for command in [&["install"][..], &["install", "--dry-run"]] {
        let refused = image.run(command).expect(3).stderr;
        for words in [
            "nothing was changed",
            "usr/lib/sysusers.d/unoc.conf is a directory: move it away",
            "usr/share/fish is not a directory: move it away",
            "colour = \"***\"",
            "port = \"70000\"",
            "would hide the unit that is installed",
            "installed as a package",
        ] {
            assert!(refused.contains(words), "{words}\nin {refused}");
        }
        assert_eq!(image.files(), before);
    }
}

#[test]
fn a_root_that_is_no_directory_is_refused() {
    let refused = said(&mut unoc(&["install", "--root", "/nonexistent"])).expect(3);
    assert!(refused.stderr.contains("--root /nonexistent"), "{refused:?}");
}

#[test]
fn a_package_that_was_removed_is_no_obstacle() {
    let image = Image::new();
    image.write("var/lib/dpkg/info/unoc.list", "/etc\n/etc/unoc\n/etc/unoc/unoc.toml\n");
    image.run(&["install"]).expect(0);
}
