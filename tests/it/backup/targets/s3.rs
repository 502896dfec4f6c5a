//! Uploads of every size, listings, fetches, deletions, two sites in one bucket, TLS.

use std::fs;

use unoc::backup::targets::{BackupTarget, TargetError};

use super::{Bench, MIB, NAME, OTHER_SITE, SITE, key};
use crate::harness::certificates::{self, Authority};
use crate::harness::s3::S3;

fn target(bench: &Bench, s3: &S3) -> BackupTarget {
    let credentials = s3.credentials_file(bench.directory.path());
    BackupTarget::parse(&s3.target_url(&credentials), None).expect("a valid address")
}

#[test]
fn files_of_every_size_are_copied_read_back_and_fetched() {
    let (bench, s3) = (Bench::new(), S3::start());
    let target = target(&bench, &s3);
    let part = 8 * MIB;
    for (n, bytes) in [0, 1, part - 1, part, part + 1, 2 * part + 17].into_iter().enumerate() {
        let name = format!("unoc_20261125_02150{n}.sql.zst");
        let file = bench.file(&name, bytes);
        let (result, told) = bench.upload_with(&target, &file, u64::MAX, || {});
        result.unwrap();
        assert!(told.is_sorted() && told.last() == Some(&file.work_bytes()), "{told:?}");
        assert!(bytes < 2 * part || told.len() > 15, "told part by part: {told:?}");
        let stored = fs::read(s3.object_file(&key(SITE, &name))).unwrap();
        assert_eq!(super::hex(&stored), file.sha256);

        let into = bench.path("fetched");
        let fetch = target.fetch(SITE, &name, &into, file.bytes);
        let fetched = bench.runtime.block_on(fetch).unwrap();
        assert_eq!((fetched.bytes, &fetched.sha256), (file.bytes, &file.sha256));
        assert_eq!(fs::read(&into).unwrap(), stored);
    }
    assert_eq!(s3.parts(), 0, "no part is left over");
    let listed = bench.runtime.block_on(target.list(SITE)).unwrap();
    assert_eq!(listed.len(), 6);
    let last = listed.iter().find(|file| file.name == "unoc_20261125_021505.sql.zst").unwrap();
    assert_eq!(last.bytes, 2 * part as u64 + 17);
    // 2026-01-01T00:00:00Z: the server's clock is the machine's.
    assert!(last.modified.0 > 1_767_225_600_000_000, "{last:?}");
}

#[test]
fn two_sites_in_one_bucket_do_not_see_each_other() {
    let (bench, s3) = (Bench::new(), S3::start());
    let target = target(&bench, &s3);
    let file = bench.file(NAME, 1000);
    bench.upload(&target, &file).unwrap();
    let manifest = bench.file("unoc_20261125_021500.json", 10);
    bench.runtime.block_on(target.upload(OTHER_SITE, &manifest, &|_| {})).unwrap();
    fs::write(s3.object_file(&key(SITE, "README.md")), "of somebody else").unwrap();
    fs::create_dir(s3.object_file(&key(SITE, "deeper"))).unwrap();
    fs::write(s3.object_file(&key(SITE, "deeper/unoc_1.sql")), "of somebody else").unwrap();

    assert_eq!(bench.names(&target, SITE), [NAME]);
    assert_eq!(bench.names(&target, OTHER_SITE), ["unoc_20261125_021500.json"]);
    let small = bench.runtime.block_on(target.get_small(OTHER_SITE, &manifest.name, 10)).unwrap();
    assert_eq!(super::hex(&small), manifest.sha256);
    let small = bench.runtime.block_on(target.get_small(SITE, &manifest.name, 10));
    assert!(matches!(small, Err(TargetError::NotFound { .. })), "{small:?}");

    bench.runtime.block_on(target.delete(OTHER_SITE, NAME)).unwrap();
    assert_eq!(bench.names(&target, SITE), [NAME], "the other site's is not touched");
    bench.runtime.block_on(target.delete(SITE, NAME)).unwrap();
    bench.runtime.block_on(target.delete(SITE, NAME)).expect("an absent one is deleted already");
    assert_eq!(bench.names(&target, SITE), [""; 0]);
    let empty = bench.names(&target, uuid::Uuid::from_u128(3));
    assert_eq!(empty, [""; 0], "a site that has nothing yet");
}

#[test]
fn a_copy_is_replaced_when_the_new_one_is_complete() {
    let (bench, s3) = (Bench::new(), S3::start());
    let target = target(&bench, &s3);
    bench.upload(&target, &bench.file(NAME, 2000)).unwrap();
    bench.upload(&target, &bench.file(NAME, 1000)).unwrap();
    assert_eq!(fs::read(s3.object_file(&key(SITE, NAME))).unwrap().len(), 1000);
    assert_eq!(s3.objects(), [key(SITE, NAME)]);
}

#[test]
fn tls_trusts_only_the_configured_authority() {
    let (bench, authority) = (Bench::new(), Authority::new());
    let s3 = S3::start_tls(&authority.issue(&["127.0.0.1"]));
    let write = |name, pem: &str| certificates::write(bench.directory.path(), name, pem);
    let (ours, other) = (write("ca.pem", &authority.pem), write("x.pem", &Authority::new().pem));
    let url = s3.target_url(&s3.credentials_file(bench.directory.path()));
    let file = bench.file(NAME, 1000);

    let target = BackupTarget::parse(&format!("{url}&ca_file={}", ours.display()), None).unwrap();
    bench.upload(&target, &file).unwrap();
    assert_eq!(bench.names(&target, SITE), [NAME]);

    let target = BackupTarget::parse(&format!("{url}&ca_file={}", other.display()), None).unwrap();
    let error = bench.upload(&target, &file).unwrap_err();
    assert!(matches!(error, TargetError::Untrusted { .. }), "{error:?}");
    assert!(error.to_string().contains("ca_file="), "{error}");

    let none = write("empty.pem", "nothing");
    for ca_file in [none, bench.path("absent.pem")] {
        let error = BackupTarget::parse(&format!("{url}&ca_file={}", ca_file.display()), None);
        let error = error.unwrap_err().to_string();
        assert!(error.contains(ca_file.to_str().unwrap()), "{error}");
    }
}

/// A certificate as `openssl req -x509` makes it: an authority and a server at once. curl accepts
/// it.
#[test]
fn a_self_signed_certificate_is_trusted_if_configured() {
    let bench = Bench::new();
    let identity = certificates::self_signed(&["127.0.0.1"]);
    let s3 = S3::start_tls(&identity);
    let write = |name, pem: &str| certificates::write(bench.directory.path(), name, pem);
    let own = write("own.pem", &identity.certificate);
    // As an editor of another system writes it, after another certificate.
    let (authority, mark) = (Authority::new(), '\u{feff}');
    let marked = write("marked.pem", &format!("{mark}{}", identity.certificate));
    let second = write("two.pem", &format!("{}{}", authority.pem, identity.certificate));
    let other = write("x.pem", &certificates::self_signed(&["127.0.0.1"]).certificate);
    let credentials = s3.credentials_file(bench.directory.path());
    let keys = fs::read_to_string(&credentials).unwrap();
    fs::write(&credentials, format!("{mark}{keys}")).unwrap();
    let url = s3.target_url(&credentials);
    let file = bench.file(NAME, 9 * MIB);
    let by = |url: &str, ca_file: &std::path::Path| {
        let target =
            BackupTarget::parse(&format!("{url}&ca_file={}", ca_file.display()), None).unwrap();
        bench.upload(&target, &file)
    };
    for ca_file in [&own, &marked, &second] {
        by(&url, ca_file).unwrap();
    }
    let by_name = url.replace("127.0.0.1", "localhost");
    for error in [by(&url, &other).unwrap_err(), by(&by_name, &own).unwrap_err()] {
        assert!(matches!(error, TargetError::Untrusted { .. }), "{error:?}");
    }

    // A setting without effect beside ca_file= is refused, with its line.
    for setting in ["TIMEOUT=10s", "AWS_PROXY_CA_CERTIFICATE=x"] {
        fs::write(&credentials, format!("{keys}\n{setting}\n")).unwrap();
        let error =
            BackupTarget::parse(&format!("{url}&ca_file={}", own.display()), None).unwrap_err();
        assert!(error.to_string().contains("line 5"), "{setting}: {error}");
    }
    fs::write(&credentials, format!("{keys}\nUSER_AGENT=of a test\n")).unwrap();
    by(&url, &own).unwrap();
}

#[test]
fn target_names_must_differ() {
    let parse = |texts: &[&str]| {
        let targets = BackupTarget::parse_all(texts, None)?;
        Ok::<_, TargetError>(
            targets.iter().map(|target| target.name().to_owned()).collect::<Vec<_>>(),
        )
    };
    let names = parse(&["s3://a/b?region=x", "file:///mnt/nfs", "az://c?account=d"]).unwrap();
    assert_eq!(names, ["s3-a-b", "file-mnt-nfs", "az-c"]);
    let error = parse(&["s3://a?endpoint=https://x", "s3://a?endpoint=https://y"]).unwrap_err();
    assert!(error.to_string().contains("named s3-a"), "{error}");
    assert!(parse(&["s3://a?endpoint=https://x", "s3://a?name=b"]).is_ok());
}
