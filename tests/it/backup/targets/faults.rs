//! Real failures between this host and a target.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Mutex;
use std::time::Duration;

use unoc::backup::targets::{BackupTarget, Deadlines, TargetError};

use super::{Bench, MIB, NAME, SITE, key};
use crate::harness::proxy::{Mode, Proxy};
use crate::harness::s3::{S3, credentials};

fn target(bench: &Bench, s3: &S3) -> BackupTarget {
    let credentials = s3.credentials_file(bench.directory.path());
    BackupTarget::parse(&s3.target_url(&credentials), None).expect("a valid address")
}

#[test]
fn an_altered_object_is_detected_and_removed() {
    let (bench, s3) = (Bench::new(), S3::start());
    let target = target(&bench, &s3);
    for bytes in [1000, 9 * MIB] {
        let file = bench.file(NAME, bytes);
        let object = s3.object_file(&key(SITE, NAME));
        let alter = || {
            let mut content = fs::read(&object).expect("it is complete");
            content[bytes / 2] ^= 1;
            fs::write(&object, content).expect("it is ours");
        };
        let (result, _) = bench.upload_with(&target, &file, file.bytes, alter);
        let error = result.unwrap_err();
        assert!(matches!(error, TargetError::Differs { .. }), "{error:?}");
        assert!(error.to_string().contains(&file.sha256), "{error}");
        assert_eq!(s3.objects(), [""; 0], "a wrong copy does not stay");
        bench.upload(&target, &file).expect("the next try works");
    }
    // After the upload only a fetch can detect it, by the hash.
    let object = s3.object_file(&key(SITE, NAME));
    let mut content = fs::read(&object).unwrap();
    content[0] ^= 1;
    fs::write(&object, &content).unwrap();
    let into = bench.path("fetched");
    let fetched = bench.runtime.block_on(target.fetch(SITE, NAME, &into, u64::MAX)).unwrap();
    assert_eq!(fetched.sha256, super::hex(&content));
}

#[test]
fn a_local_file_that_changed_is_not_copied() {
    let (bench, s3) = (Bench::new(), S3::start());
    let target = target(&bench, &s3);
    for bytes in [1000, 9 * MIB] {
        let file = bench.file(NAME, bytes);
        let mut content = fs::read(&file.path).unwrap();
        content[bytes - 1] ^= 1;
        fs::write(&file.path, content).unwrap();
        let error = bench.upload(&target, &file).unwrap_err();
        assert!(matches!(error, TargetError::LocalDiffers { .. }), "{error:?}");
        assert_eq!((s3.objects().len(), s3.parts()), (0, 0));
    }
    let mut file = bench.file(NAME, 10);
    file.path = bench.path("absent");
    let error = bench.upload(&target, &file).unwrap_err();
    assert!(matches!(error, TargetError::Local { .. }), "{error:?}");
}

#[test]
fn after_a_server_is_killed_nothing_is_visible_and_the_retry_works() {
    let (bench, s3) = (Bench::new(), S3::start());
    let target = target(&bench, &s3);
    let file = bench.file(NAME, 20 * MIB);
    let s3 = Mutex::new(s3);
    let (result, told) =
        bench.upload_with(&target, &file, 1, || s3.lock().expect("one holder").kill());
    let mut s3 = s3.into_inner().unwrap();
    let error = result.unwrap_err();
    assert!(matches!(error, TargetError::Unreachable { .. }), "{error:?}");
    assert!(*told.last().unwrap() < file.bytes, "it was in the middle: {told:?}");
    assert_eq!(s3.objects(), [""; 0]);
    assert!(s3.parts() > 0, "what was there is not visible under a name");
    s3.restart();
    assert_eq!(bench.names(&target, SITE), [""; 0]);
    bench.upload(&target, &file).expect("the next try works");
    assert_eq!(bench.names(&target, SITE), [NAME]);
}

#[test]
fn a_server_killed_before_the_comparison_is_an_error() {
    let (bench, s3) = (Bench::new(), S3::start());
    let target = target(&bench, &s3);
    let file = bench.file(NAME, 9 * MIB);
    let s3 = Mutex::new(s3);
    let kill = || s3.lock().expect("one holder").kill();
    let (result, _) = bench.upload_with(&target, &file, file.bytes, kill);
    let error = result.unwrap_err();
    assert!(matches!(error, TargetError::Unreachable { .. }), "{error:?}");
    let into = bench.path("fetched");
    let fetched = bench.runtime.block_on(target.fetch(SITE, NAME, &into, u64::MAX));
    assert!(matches!(fetched, Err(TargetError::Unreachable { .. })), "{fetched:?}");
    assert!(!into.exists() && !bench.path(".fetched.part").exists());
}

#[test]
fn a_transfer_without_progress_is_given_up() {
    let (bench, s3) = (Bench::new(), S3::start());
    let port = s3.endpoint.rsplit(':').next().unwrap().parse().unwrap();
    let proxy = Proxy::start(port);
    let url = s3.target_url(&s3.credentials_file(bench.directory.path()));
    let url = url.replace(&s3.endpoint, &format!("http://127.0.0.1:{}", proxy.port()));
    let limit = Duration::from_millis(300);
    let target = BackupTarget::parse(&url, None).unwrap();
    let target = target.with_deadlines(Deadlines { step: limit, call: limit });
    proxy.set(Mode::Freeze);
    let file = bench.file(NAME, 1000);
    let stalled = |result: Result<(), TargetError>| {
        let error = result.unwrap_err();
        assert!(matches!(error, TargetError::Stalled { .. }), "{error:?}");
        assert!(error.to_string().contains("no progress for 0.3 s"), "{error}");
    };
    stalled(bench.upload(&target, &file));
    stalled(bench.runtime.block_on(target.list(SITE)).map(drop));
    stalled(bench.runtime.block_on(target.delete(SITE, NAME)));
}

#[test]
fn wrong_keys_and_missing_buckets_are_different_errors() {
    let (bench, s3) = (Bench::new(), S3::start());
    let file = bench.file(NAME, 1000);
    let wrong = credentials(bench.directory.path(), s3.access_key, "wr0ng-marker-4711");
    let target = BackupTarget::parse(&s3.target_url(&wrong), None).unwrap();
    for error in [
        bench.upload(&target, &file).unwrap_err(),
        bench.upload(&target, &bench.file(NAME, 9 * MIB)).unwrap_err(),
        bench.runtime.block_on(target.list(SITE)).unwrap_err(),
    ] {
        assert!(matches!(error, TargetError::WrongKeys { .. }), "{error:?}");
        let text = format!("{error} {error:?}");
        assert!(text.contains("minio") && text.contains("SignatureDoesNotMatch"), "{text}");
        assert!(!text.contains("wr0ng") && !text.contains("StringToSign"), "{text}");
    }

    let right = s3.credentials_file(bench.directory.path());
    let url = s3.target_url(&right).replace(s3.bucket, "no-such-bucket");
    let target = BackupTarget::parse(&url, None).unwrap();
    // Not by an upload, for which this server creates the bucket.
    let error = bench.runtime.block_on(target.list(SITE)).unwrap_err();
    assert!(matches!(error, TargetError::NoBucket { .. }), "{error:?}");
}

/// A store that answers every request with the same response.
fn refusing(status: &'static str, code: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let body = format!("<Error><Code>{code}</Code><Message>It is so.</Message></Error>");
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // The thread ends with the process.
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.expect("it listens");
            let mut read = [0; 64 * 1024];
            // A client that disconnects gets no answer.
            socket.read(&mut read).and_then(|_| socket.write_all(answer.as_bytes())).ok();
        }
    });
    port
}

#[test]
fn each_error_says_what_to_do() {
    let (bench, s3) = (Bench::new(), S3::start());
    let url = s3.target_url(&s3.credentials_file(bench.directory.path()));
    for (status, code, remedy) in [
        ("403 Forbidden", "RequestTimeTooSkewed", "set the clock"),
        ("403 Forbidden", "QuotaExceeded", "raise its quota"),
        ("507 Insufficient Storage", "InsufficientCapacity", "free some space there"),
        ("400 Bad Request", "EntityTooLarge", "limit for one object"),
        ("403 Forbidden", "AccessDenied", "let the account"),
        ("403 Forbidden", "SignatureDoesNotMatch", "check those in its credentials"),
        ("403 Forbidden", "InvalidAccessKeyId", "check those in its credentials"),
    ] {
        let endpoint = format!("http://127.0.0.1:{}", refusing(status, code));
        let target = BackupTarget::parse(&url.replace(&s3.endpoint, &endpoint), None).unwrap();
        for error in [
            bench.upload(&target, &bench.file(NAME, 1000)).unwrap_err(),
            bench.runtime.block_on(target.list(SITE)).unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(text.contains(remedy) && text.contains(code), "{code}: {text}");
            assert!(code == "AccessDenied" || !text.contains("let the account"), "{text}");
        }
    }
}

#[test]
fn a_server_that_does_not_listen_is_unreachable() {
    let (bench, mut s3) = (Bench::new(), S3::start());
    let target = target(&bench, &s3);
    s3.kill();
    let error = bench.upload(&target, &bench.file(NAME, 1000)).unwrap_err();
    assert!(matches!(error, TargetError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[test]
fn invalid_names_and_oversized_objects_are_refused() {
    let (bench, s3) = (Bench::new(), S3::start());
    let target = target(&bench, &s3);
    let long = format!("unoc_{}", "a".repeat(200));
    for name in
        ["", "unoc_", "..", "unoc_../x", "unoc_..", "/etc/passwd", "unoc_A", "x", "unoc_ä", &long]
    {
        let mut file = bench.file("unoc_x", 1);
        file.name = name.to_owned();
        let into = bench.path("fetched");
        for error in [
            bench.upload(&target, &file).err(),
            bench.runtime.block_on(target.fetch(SITE, name, &into, 1)).err(),
            bench.runtime.block_on(target.get_small(SITE, name, 1)).err(),
            bench.runtime.block_on(target.delete(SITE, name)).err(),
        ] {
            assert!(matches!(error, Some(TargetError::Name(_))), "{name}: {error:?}");
        }
    }
    bench.upload(&target, &bench.file(NAME, 1000)).unwrap();
    let into = bench.path("fetched");
    for error in [
        bench.runtime.block_on(target.fetch(SITE, NAME, &into, 999)).unwrap_err(),
        bench.runtime.block_on(target.get_small(SITE, NAME, 999)).unwrap_err(),
    ] {
        assert!(matches!(error, TargetError::TooLarge { bytes_max: 999, .. }), "{error:?}");
    }
    assert!(!into.exists() && !bench.path(".fetched.part").exists());
}
