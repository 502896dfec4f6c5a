//! A file of another kind is refused with the command that helps, whatever its name.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{CLEAN, CLEAN_DUMP, SCHEMA, v2_database};
use crate::harness::postgres::Postgres;
use crate::harness::process::{Server, run};
use crate::harness::skip;
use crate::harness::wait;

/// Checks that the command is refused with these words, before a store is created.
#[track_caller]
fn says(data_dir: &Path, arguments: &[&str], words: &str) {
    let had_store = data_dir.join("site.json").exists();
    let refused = run(data_dir, arguments).expect(3);
    assert!(refused.stderr.contains(words), "{arguments:?}: {words:?} not in {refused:?}");
    assert!(data_dir.join("site.json").exists() == had_store, "no store is left behind");
    assert!(!refused.stderr.contains('\n') || refused.stderr.trim_end().lines().count() == 1);
}

/// The dump compressed by this program; `None` and a skipped test if it is not installed.
fn packed(program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let spawned = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = spawned else {
        skip(&format!("{program} is not installed"));
        return None;
    };
    // The dump is smaller than a pipe's buffer.
    child.stdin.take().expect("a pipe").write_all(CLEAN_DUMP.as_bytes()).expect("it reads");
    Some(child.wait_with_output().expect("it ends").stdout)
}

#[test]
fn compressed_and_utf16_dumps_are_refused_with_the_command_that_converts_them() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("v2.sql");
    let data = directory.path().join("data");
    let name = file.to_str().unwrap();
    let utf16: Vec<u8> = CLEAN_DUMP.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe".as_slice(), &utf16].concat();
    let zip = [b"PK\x03\x04".as_slice(), &[0; 26]].concat();
    let mut files = vec![
        (utf16, "iconv -f UTF-16 -t UTF-8"),
        (marked, "iconv -f UTF-16 -t UTF-8"),
        (zip, "unzip -p"),
    ];
    for (program, arguments, command) in [
        ("gzip", &["-c"][..], "gunzip -c"),
        ("bzip2", &["-c"], "bzip2 -dc"),
        ("xz", &["-c"], "xz -dc"),
        ("zstd", &["-c"], "zstd -dc"),
    ] {
        files.extend(packed(program, arguments).map(|bytes| (bytes, command)));
    }
    for (bytes, command) in files {
        fs::write(&file, bytes).unwrap();
        let piped = format!("{command} FILE | unoc import --from-dump -");
        says(&data, &["import", "--dry-run", "--from-dump", name], &piped);
        says(&data, &["import", "--from-dump", name], &piped);
        says(&data, &["import", name], &format!("{command} {name} | unoc import -"));
        says(&data, &["restore", name, "--yes"], &piped);
    }
}

#[test]
fn binary_formats_of_pg_dump_are_refused_with_the_command_that_converts_them() {
    let Some(postgres) = Postgres::start_with_dump() else { return };
    let url = v2_database(&postgres, "v2", &[SCHEMA, CLEAN]);
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    for (format, name) in [("-Fc", "custom.sql"), ("-Ft", "tar.sql")] {
        let file = directory.path().join(name);
        fs::write(&file, postgres.dump("pg_dump", &url, &[format])).unwrap();
        let name = file.to_str().unwrap();
        let command = "pg_restore -f - FILE | unoc import --from-dump -";
        says(&data, &["import", "--from-dump", name], command);
        says(&data, &["import", name], command);
        says(&data, &["restore", name, "--yes"], command);
    }
    let dump = directory.path().join("dump");
    let name = dump.to_str().unwrap();
    postgres.dump("pg_dump", &url, &["-Fd", "-f", name]);
    let command = format!("pg_restore -f - {name} | unoc import --from-dump -");
    for arguments in [&["import", "--from-dump", name][..], &["import", name], &["restore", name]] {
        says(&data, arguments, &command);
    }
    let part = dump.join("toc.dat");
    let command = "pg_restore -f - DIRECTORY | unoc import --from-dump -";
    says(&data, &["import", "--from-dump", part.to_str().unwrap()], command);
    let empty = directory.path().to_str().unwrap();
    says(&data, &["import", "--from-dump", empty], "is a directory; name the file in it");
}

#[test]
fn a_failed_import_leaves_no_store_behind() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let file = directory.path().join("file");
    let name = file.to_str().unwrap();
    let cut = CLEAN_DUMP.len() / 2;
    fs::write(&file, CLEAN_DUMP.get(..cut).expect("it is ASCII")).unwrap();
    let refused = run(&data, &["import", "--from-dump", name]);
    assert!(refused.stderr.contains("is truncated"), "{refused:?}");

    let good = directory.path().join("good");
    run(&good, &["seed"]).expect(0);
    let export = run(&good, &["export"]).expect(0).stdout;
    let last = export.trim_end().lines().last().expect("a line");
    fs::write(&file, export.replace(last, "")).unwrap();
    let refused = run(&data, &["import", name]);
    assert_ne!(refused.code, 0, "truncated: {refused:?}");
    fs::write(&file, export.replace("\"name\":\"", "\"name\":\"same\",\"x\":\"")).unwrap();
    let refused = run(&data, &["import", name]);
    assert_ne!(refused.code, 0, "names occur twice: {refused:?}");
    assert!(!data.join("site.json").exists() && !data.join("unoc.redb").exists());
}

#[test]
fn import_of_a_dump_without_its_flag_names_the_flag() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("no-name");
    let name = file.to_str().unwrap();
    let data = directory.path().join("data");
    for top in ["", "\u{feff}", "pg_dump: warning: x\r\n"] {
        fs::write(&file, format!("{top}{CLEAN_DUMP}")).unwrap();
        says(&data, &["import", name], &format!("unoc import --from-dump {name}"));
        says(&data, &["restore", name, "--yes"], &format!("unoc import --from-dump {name}"));
    }
    run(&data, &["import", "--from-dump", name]).expect(0);
    let export = directory.path().join("export");
    run(&data, &["export", export.to_str().unwrap()]).expect(0);
    let import = ["import", "--dry-run", "--from-dump", export.to_str().unwrap()];
    says(&data, &import, "unoc import FILE");
    says(&data, &["restore", export.to_str().unwrap(), "--yes"], "unoc import FILE");
}

#[test]
fn a_dump_of_the_mirror_is_refused_with_the_way_to_restore_it() {
    let Some(postgres) = Postgres::start_with_dump() else { return };
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let server = Server::start(&data, &[("DATABASE_URL", &postgres.url())]);
    wait::until("the mirror holds the site", || {
        (server.http.get("/api/sync").json()["state"] == "live").then_some(())
    });
    assert!(server.terminate().0.success());
    let file = directory.path().join("mirror.sql");
    let name = file.to_str().unwrap();
    let way = "psql -d DATABASE -f FILE";
    let empty = directory.path().join("empty");
    for options in [&[][..], &["--inserts"], &["--column-inserts"]] {
        fs::write(&file, postgres.dump("pg_dump", &postgres.url(), options)).unwrap();
        says(&empty, &["import", "--dry-run", "--from-dump", name], way);
        says(&empty, &["restore", name, "--yes"], way);
        says(&data, &["restore", name, "--yes"], way);
    }
    let backup = run(&data, &["backup", "now"]);
    assert_eq!(backup.code, 0, "{backup:?}");
    let sql = run(&data, &["backup", "cat", "latest"]).expect(0).stdout;
    fs::write(&file, sql).unwrap();
    says(&empty, &["import", "--from-dump", name], "unoc restore FILE");
    says(&empty, &["import", name], "unoc restore FILE");
}
