//! Copies into a directory, such as a network mount.

use std::fs;
use std::path::Path;
use std::process::Command;

use unoc::backup::targets::{BackupTarget, TargetError};

use super::{Bench, MIB, NAME, OTHER_SITE, SITE};
use crate::harness::skip;

fn target(directory: &Path) -> BackupTarget {
    let url = format!("file://{}?name=nfs", directory.display());
    BackupTarget::parse(&url, None).expect("a valid address")
}

fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let names = entries.map(|entry| entry.expect("it is readable").file_name());
    let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_directory_can_be_a_target() {
    let bench = Bench::new();
    let root = bench.path("nfs");
    fs::create_dir(&root).unwrap();
    let target = target(&root);
    assert_eq!(target.directory(), Some(root.as_path()));
    assert_eq!(bench.names(&target, SITE), [""; 0], "before the first copy");
    for bytes in [0, 1000, 9 * MIB + 3] {
        let file = bench.file(NAME, bytes);
        let (result, told) = bench.upload_with(&target, &file, u64::MAX, || {});
        result.unwrap();
        assert_eq!(told.last(), Some(&file.work_bytes()));
        let place = root.join(SITE.to_string());
        assert_eq!(super::hex(&fs::read(place.join(NAME)).unwrap()), file.sha256);
        assert_eq!(files(&place), [NAME]);
        let into = bench.path("fetched");
        let fetched = bench.runtime.block_on(target.fetch(SITE, NAME, &into, file.bytes)).unwrap();
        assert_eq!((fetched.bytes, fetched.sha256), (file.bytes, file.sha256));
    }
    assert_eq!(bench.names(&target, SITE), [NAME]);
    assert_eq!(bench.names(&target, OTHER_SITE), [""; 0]);
    let small = bench.runtime.block_on(target.get_small(OTHER_SITE, NAME, 10));
    assert!(matches!(small, Err(TargetError::NotFound { .. })), "{small:?}");
    bench.runtime.block_on(target.delete(SITE, NAME)).unwrap();
    bench.runtime.block_on(target.delete(SITE, NAME)).expect("an absent one is deleted already");
}

#[test]
fn an_altered_copy_and_leftovers_are_removed() {
    let bench = Bench::new();
    let target = target(bench.directory.path());
    let place = bench.path(&SITE.to_string());
    fs::create_dir(&place).unwrap();
    fs::write(place.join(format!("{NAME}#1")), "of a killed process").unwrap();
    fs::write(place.join("unoc_other#1"), "of another copy").unwrap();
    assert_eq!(bench.names(&target, SITE), [""; 0], "what is staged is not listed");
    let file = bench.file(NAME, 9 * MIB);
    let copy = place.join(NAME);
    let alter = || fs::write(&copy, "something else").expect("it is complete");
    let (result, _) = bench.upload_with(&target, &file, file.bytes, alter);
    let error = result.unwrap_err();
    assert!(matches!(error, TargetError::Differs { found_bytes: 14, .. }), "{error:?}");
    assert_eq!(files(&place), ["unoc_other#1"]);
}

#[test]
fn a_listing_is_bounded() {
    let bench = Bench::new();
    let target = target(bench.directory.path());
    let place = bench.path(&SITE.to_string());
    fs::create_dir(&place).unwrap();
    for n in 0..10_000 {
        fs::File::create(place.join(format!("unoc_{n}"))).unwrap();
    }
    assert_eq!(bench.names(&target, SITE).len(), 10_000);
    fs::File::create(place.join("foreign")).unwrap();
    let error = bench.runtime.block_on(target.list(SITE)).unwrap_err();
    assert!(matches!(error, TargetError::TooMany { names_max: 10_000, .. }), "{error:?}");
}

#[test]
fn a_directory_that_is_not_mounted_is_not_created() {
    let bench = Bench::new();
    let root = bench.path("nfs");
    let target = target(&root);
    let file = bench.file(NAME, 1000);
    let missing = |result: Result<(), TargetError>| {
        let error = result.unwrap_err();
        assert!(matches!(error, TargetError::NoDirectory { .. }), "{error:?}");
        assert!(error.to_string().contains(root.to_str().unwrap()), "{error}");
    };
    missing(bench.upload(&target, &file));
    missing(bench.runtime.block_on(target.list(SITE)).map(drop));
    assert!(!root.exists());
    fs::write(&root, "a file").unwrap();
    missing(bench.upload(&target, &file));
    fs::remove_file(&root).unwrap();
    fs::create_dir(&root).unwrap();
    bench.upload(&target, &file).expect("it works as soon as it is there");
}

#[test]
fn a_full_directory_is_reported_and_no_part_is_left() {
    let bench = Bench::new();
    let root = bench.path("volume");
    fs::create_dir(&root).unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=12m,mode=700", "tmpfs"])
        .arg(&root)
        .output()
        .expect("mount can be run");
    if !mount.status.success() {
        skip(&format!("targets: no tmpfs: {}", String::from_utf8_lossy(&mount.stderr).trim()));
        return;
    }
    let target = target(&root);
    let [small, kept, large] =
        [1000, 9 * MIB, 20 * MIB].map(|bytes| bench.file(&format!("unoc_{bytes}"), bytes));
    let first = bench.upload(&target, &kept);
    // Regression: a part that was still being written when another one failed held its space for a
    // while.
    let rounds = (0..20).map(|_| {
        let refused = bench.upload(&target, &large);
        let files = files(&root.join(SITE.to_string()));
        let next = bench.upload(&target, &small);
        fs::remove_file(root.join(SITE.to_string()).join(&small.name)).ok();
        (refused, files, next)
    });
    let rounds: Vec<_> = rounds.collect();
    let unmounted = Command::new("umount").arg(&root).status().expect("umount can be run");
    assert!(unmounted.success());

    first.expect("it has room");
    for (refused, files, next) in rounds {
        let error = refused.unwrap_err();
        assert!(matches!(error, TargetError::Full { .. }), "{error:?}");
        assert!(error.to_string().contains("free some space there"), "{error}");
        assert_eq!(files, std::slice::from_ref(&kept.name));
        next.expect("the room of the failed copy is free again");
    }
}
