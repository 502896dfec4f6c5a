//! Reading the configuration again: what is replaced, what needs a restart, and errors that change nothing.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::notify_socket::NotifySocket;
use crate::harness::process::{Server, said, unoc};
use crate::harness::receiver::WebhookReceiver;
use crate::harness::site::text_of;
use crate::harness::wait;

/// A server with a configuration file.
struct Configured {
    directory: TempDir,
    file: PathBuf,
    systemd: NotifySocket,
    server: Server,
}

impl Configured {
    fn start(text: &str) -> Self {
        let directory = tempfile::tempdir().expect("it is ours");
        let file = directory.path().join("unoc.toml");
        fs::write(&file, text).expect("it is ours");
        let mut systemd = NotifySocket::new(directory.path());
        let environment =
            [("UNOC_CONFIG", file.to_str().expect("it is ours")), ("UNOC_DEV_FEATURES", "0")];
        let server = systemd.start(&directory.path().join("data"), &environment);
        systemd.expect("READY=1");
        Self { directory, file, systemd, server }
    }

    /// Changes the file and has it read as `systemctl reload` does. Returns the exit status.
    fn reload(&mut self, text: &str) -> i32 {
        fs::write(&self.file, text).expect("it is ours");
        let mut command = unoc(&["reload", "--data-dir"]);
        command.arg(self.directory.path().join("data")).args(["--port", "0"]);
        command.env("UNOC_CONFIG", &self.file).env("UNOC_DEV_FEATURES", "0");
        let code = said(command.env("MAINPID", self.server.pid().to_string())).code;
        let begun = self.systemd.expect("RELOADING=1");
        assert!(begun.contains("MONOTONIC_USEC="), "systemd 253 needs it: {begun}");
        self.systemd.expect("READY=1");
        code
    }

    fn get(&self, path: &str) -> Value {
        self.server.http.get(path).expect(200).json()
    }

    /// Waits until the check tells this state, and returns what it says.
    #[track_caller]
    fn check(&self, state: &str) -> String {
        let check = wait::until("the state of the check", || {
            let health = self.get("/api/health");
            let checks = health["checks"].as_array()?.clone();
            checks
                .into_iter()
                .find(|check| check["id"] == "configuration.applied" && check["state"] == state)
        });
        check["message"].as_str().unwrap_or_default().to_owned()
    }
}

fn contact(receiver: &WebhookReceiver) -> String {
    format!("[[contacts]]\nname = 'desk'\nwebhook = 'http://{}/'\n", receiver.address)
}

#[test]
fn contacts_targets_and_levels_are_replaced_while_it_runs() {
    let (first, second) = (WebhookReceiver::start(), WebhookReceiver::start());
    let place = tempfile::tempdir().unwrap();
    let target = |name: &str| {
        let path = place.path().join(name);
        fs::create_dir_all(&path).unwrap();
        format!("backup_targets = 'file://{}'\n", path.display())
    };
    let before = format!("log_level = 'INFO'\n{}{}", target("one"), contact(&first));
    let mut site = Configured::start(&before);
    let other = format!(
        "log_level = 'DEBUG'\npublic_url = 'https://noc.example.org'\n{}{}",
        target("two"),
        contact(&second)
    );
    assert_eq!(site.reload(&other), 0);
    let line = site.server.logged(|line| line.contains("now in effect"));
    for key in ["log_level", "contacts", "backup_targets", "public_url"] {
        assert!(line.contains(key), "{line}");
    }
    assert_eq!(site.get("/api/logs/levels")["default_level"], "DEBUG");
    assert_eq!(site.get("/api/contacts")["page_url"], "https://noc.example.org");
    let targets = site.get("/api/backups")["targets"].to_string();
    assert!(targets.contains("/two") && !targets.contains("/one"), "{targets}");
    site.server.http.post("/api/notices/test", &json!({})).expect(200);
    assert!(!second.all().is_empty() && first.all().is_empty());
    // What is told of an incident goes the new way too, and nothing needs a restart.
    let report = json!({"name": "a", "device_type": "POP"});
    site.server.http.post("/api/devices/provision", &report).expect(201);
    site.check("ok");
}

#[test]
fn settings_that_need_a_restart_are_named_until_it_or_their_return() {
    let mut site = Configured::start("site_name = 'one'\nlog_level = 'INFO'\n");
    assert_eq!(site.reload("site_name = 'two'\nlog_level = 'WARN'\n"), 0);
    let message = site.check("warning");
    assert!(message.ends_with("after a restart: site_name"), "{message}");
    site.server
        .logged(|line| line.contains("systemctl restart unoc") && line.contains("site_name"));
    let incident = wait::until("the incident", || {
        let list = site.get("/api/incidents");
        let list = list["incidents"].as_array().expect("a list").clone();
        list.into_iter().find(|one| text_of(&one["key"]).ends_with("configuration.applied"))
    });
    assert_eq!(incident["title"], "The configuration is not in effect");
    assert_eq!(site.reload("site_name = 'one'\nlog_level = 'INFO'\n"), 0);
    site.check("ok");
}

#[test]
fn an_error_changes_nothing_and_is_reported_everywhere() {
    let receiver = WebhookReceiver::start();
    let before = contact(&receiver);
    let mut site = Configured::start(&before);
    assert_eq!(site.reload("log_level = 'DEBUG'\nprot = 7\n"), 3);
    site.server.logged(|line| line.contains("was not reloaded") && line.contains("prot"));
    assert!(site.check("warning").contains("prot"));
    site.systemd.expect("STATUS=1 problem: The configuration is not in effect, 0 devices");
    assert_eq!(site.get("/api/logs/levels")["default_level"], "INFO");
    assert_eq!(site.get("/api/contacts")["contacts"][0]["name"], "desk");
    // A contact that can be read but not used is an error as well.
    let unusable = "smtp_ca_file = '/nonexistent'\nsmtp_url = 'smtps://mail.example.org'\n";
    assert_eq!(site.reload(unusable), 3);
    assert!(site.check("warning").contains("/nonexistent"));
    assert_eq!(site.reload(&before), 0);
    site.check("ok");
}

#[test]
fn the_command_names_the_one_that_runs_it() {
    let refused = said(&mut unoc(&["reload"])).expect(3);
    assert!(refused.stderr.contains("sudo systemctl reload unoc"), "{refused:?}");
}
