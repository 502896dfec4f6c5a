//! Proxies of the environment (`HTTP_PROXY` and others) are for other hosts only.

use std::path::Path;

use crate::harness::process::{Server, said, unoc};
use crate::harness::proxy::Proxy;
use crate::harness::s3::S3;

const VARIABLES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// A proxy in front of another appliance, which answers requests for any host.
struct Trap {
    proxy: Proxy,
    url: String,
    other: Server,
    _directory: tempfile::TempDir,
}

impl Trap {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let other = Server::start(directory.path(), &[]);
        let proxy = Proxy::start(other.address.port());
        let url = format!("http://127.0.0.1:{}", proxy.port());
        Self { proxy, url, other, _directory: directory }
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        VARIABLES.map(|name| (name, self.url.as_str())).to_vec()
    }
}

#[test]
fn commands_reach_the_local_server_without_a_proxy() {
    let trap = Trap::new();
    let directory = tempfile::tempdir().unwrap();
    let own = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    for arguments in [
        &["jobs"][..],
        &["jobs", "disable", "self-check"],
        &["backup", "now"],
        &["backup", "list"],
        &["sync", "status"],
        &["export"],
    ] {
        let mut command = unoc(arguments);
        command.arg("--data-dir").arg(directory.path()).envs(trap.environment());
        said(&mut command).expect(0);
    }
    assert_eq!(trap.proxy.accepted(), 0);
    let backups = |server: &Server| {
        let answer = server.http.get("/api/backups").expect(200).json();
        answer["backups"].as_array().expect("a list").len()
    };
    assert_eq!((backups(&own), backups(&trap.other)), (1, 0), "made here and not there");
}

#[test]
fn a_local_target_is_reached_without_a_proxy_and_a_remote_one_through_it() {
    let (trap, s3) = (Trap::new(), S3::start());
    let directory = tempfile::tempdir().unwrap();
    let near = s3.target_url(&s3.credentials_file(directory.path()));
    let list = |target: &str| {
        let mut command = unoc(&["backup", "list", "--offhost"]);
        command.arg("--data-dir").arg(directory.path().join("data"));
        command.envs(trap.environment()).env("UNOC_BACKUP_TARGETS", target);
        said(&mut command)
    };
    serve_and_copy(&directory.path().join("data"), &near, &trap.environment());
    assert!(!s3.objects().is_empty(), "the copy arrived");
    list(&near).expect(0);
    assert_eq!(trap.proxy.accepted(), 0);
    // 192.0.2.0/24 is for documentation (RFC 5737): nothing answers there but the proxy.
    let far = near.replace(&s3.endpoint, "http://192.0.2.1:9000");
    list(&far);
    assert!(trap.proxy.accepted() > 0, "the proxy is one that is used");
}

/// Makes a backup, whose copy goes to the target.
fn serve_and_copy(data_dir: &Path, target: &str, environment: &[(&str, &str)]) {
    let mut environment = environment.to_vec();
    environment.extend([("UNOC_BACKUP_TARGETS", target), ("UNOC_DEV_FEATURES", "0")]);
    std::fs::create_dir(data_dir).expect("our own directory");
    let server = Server::start(data_dir, &environment);
    let mut command = unoc(&["backup", "now"]);
    command.arg("--data-dir").arg(data_dir).envs(environment);
    said(&mut command).expect(0);
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:?}");
}
