//! No secret is printed, logged or shown.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;
use unoc::backup::targets::BackupTarget;
use unoc::config::{self, Sources};

use super::{Bench, MIB, NAME, SITE};
use crate::harness::s3::{S3, SECRET_KEY, credentials};

/// Captures everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[test]
fn a_secret_is_never_printed_or_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    // The server has threads of its own, so that only the client's log is captured here.
    let mut s3 = S3::start();
    let bench = Bench::new();
    let mut said = String::new();
    tracing::subscriber::with_default(subscriber, || {
        // The client runs on this thread, where the subscriber is.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let right = s3.credentials_file(bench.directory.path());
        let target = BackupTarget::parse(&s3.target_url(&right), None).unwrap();
        said += &format!("{target:?} {} {}", target.name(), target.shown_url());
        let file = bench.file(NAME, 9 * MIB);
        runtime.block_on(target.upload(SITE, &file, &|_| {})).unwrap();
        let wrong = credentials(bench.directory.path(), "AKIAWRONG", SECRET_KEY);
        let denied = BackupTarget::parse(&s3.target_url(&wrong), None).unwrap();
        let error = runtime.block_on(denied.upload(SITE, &file, &|_| {})).unwrap_err();
        said += &format!("{error} {error:?}");
        s3.kill();
        let error = runtime.block_on(target.list(SITE)).unwrap_err();
        said += &format!("{error} {error:?}");
    });
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("minio") || log.contains("127.0.0.1"), "something is logged: {log}");
    for text in [&said, &log] {
        assert!(!text.contains(SECRET_KEY), "{text}");
        assert!(!text.contains("X-Amz-Signature"), "{text}");
    }
    assert!(said.contains("s3://unoc-backups/sites at http://127.0.0.1:"), "{said}");
}

#[test]
fn an_invalid_credentials_file_is_named_but_not_quoted() {
    let bench = Bench::new();
    let file = bench.path("keys.env");
    let url = format!("s3://b?region=x&name=minio&credentials_file={}", file.display());
    let check = |text: &str, mode: u32, words: &str| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let error = BackupTarget::parse(&url, None).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(said.contains(words) && said.contains("keys.env"), "{said}");
        assert!(!said.contains("s3cr3t"), "{said}");
    };
    check("AWS_SECRET_ACCESS_KEY=s3cr3t", 0o644, "chmod o=");
    check("AWS_ACCESS_KEY_ID=a\nAWS_SECRET_KEY=s3cr3t", 0o600, "line 2");
    check("AWS_ACCESS_KEY_ID=a\ns3cr3t", 0o600, "line 2");

    fs::remove_file(&file).unwrap();
    assert!(BackupTarget::parse(&url, None).unwrap_err().to_string().contains("keys.env"));

    // The store itself complains about a key without its secret.
    fs::write(&file, "AWS_SECRET_ACCESS_KEY=s3cr3t-4711").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let error = BackupTarget::parse(&url, None).unwrap_err().to_string();
    assert!(error.contains("minio") && !error.contains("s3cr3t"), "{error}");
}

#[test]
fn a_systemd_credential_of_the_targets_name_is_used() {
    let (bench, s3) = (Bench::new(), S3::start());
    let file = s3.credentials_file(bench.directory.path());
    fs::rename(&file, bench.path("backup_target_minio")).unwrap();
    let url = s3.target_url(&file).replace(&format!("&credentials_file={}", file.display()), "");
    let target = BackupTarget::parse(&url, Some(bench.directory.path())).unwrap();
    bench.upload(&target, &bench.file(NAME, 1000)).unwrap();
}

#[test]
fn every_kind_of_target_can_be_built() {
    let bench = Bench::new();
    let write = |name: &str, text: &str| {
        let path = bench.path(&format!("backup_target_{name}"));
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    };
    write("azure", "AZURE_STORAGE_ACCOUNT_KEY=czNjcjN0LTQ3MTE=\n");
    write("google", "GOOGLE_BEARER_TOKEN=s3cr3t-4711\n");
    write("aws", "AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=s3cr3t-4711\n");
    for url in [
        "az://container/p?account=site&name=azure",
        "gs://bucket/p?name=google",
        "s3://bucket/p?region=eu-central-1&server_side_encryption=AES256&name=aws",
        "s3://bucket/p?endpoint=https://minio:9000&region=eu&path_style=true&name=aws",
        "s3://bucket?allow_http=true&checksum_algorithm=SHA256&name=anonymous",
    ] {
        let target = BackupTarget::parse(url, Some(bench.directory.path()))
            .unwrap_or_else(|error| panic!("{url}: {error}"));
        assert!(!format!("{target:?}").contains("s3cr3t"));
    }
}

/// The configuration checks only the form of addresses.
#[test]
fn configured_addresses_can_be_parsed_and_secrets_are_refused() {
    let is_valid = |url: &str| {
        let flags = [("backup_targets", url.to_owned()), ("data_dir", "/d".to_owned())].into();
        config::load(&Sources { flags, ..Sources::default() }).is_ok()
    };
    for url in [
        "s3://b",
        "s3://b.c-d_E/p/q/?region=x&path_style=false&allow_http=false&name=a-b_0",
        "s3://b?endpoint=http://h:9000/x&server_side_encryption=aws:kms&sse_kms_key_id=arn:x",
        "s3://b/my%20prefix?checksum_algorithm=SHA256",
        "gs://b/p?endpoint=https://h&allow_http=true",
        "az://c/p?account=a&endpoint=https://h&allow_http=false",
        "file:///mnt/nfs/my%2Cunoc?name=nfs",
    ] {
        assert!(is_valid(url), "{url}");
        // Without keys Google's client looks for a file of keys, which may not exist.
        let parsed = BackupTarget::parse(url, None).map_err(|error| error.to_string());
        parsed.unwrap_or_else(|error| panic!("{url}: {error}"));
    }
    for url in [
        "s3://b?aws_access_key_id=x",
        "s3://b?session_token=x",
        "s3://b?endpoint=https://u:p@h",
        "s3://b?default_headers=x",
        "gs://b?service_account_key=x",
        "az://c?sas_token=x",
        "az://c?access_key=x",
        "az://c@a.blob.core.windows.net/p",
        "file:///d?credentials_file=/x",
        "https://b.s3.amazonaws.com/p?X-Amz-Signature=x",
    ] {
        assert!(!is_valid(url) && BackupTarget::parse(url, None).is_err(), "{url}");
    }
}
