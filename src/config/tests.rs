use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

use super::load::load_with_default_file;
use super::*;

pub(super) const PASSWORD: &str = "hunter2-hunter2";

/// The sources of a test's configuration; the file exists only if it was written.
pub(super) struct Case {
    pub(super) directory: TempDir,
    pub(super) sources: Sources,
}

impl Case {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let environment = [("HOME".to_owned(), "/home/op".to_owned())].into();
        Self { directory, sources: Sources { environment, ..Sources::default() } }
    }

    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) fn flag(mut self, key: &'static str, value: &str) -> Self {
        self.sources.flags.insert(key, value.to_owned());
        self
    }

    pub(super) fn file(self, text: &str) -> Self {
        self.write("unoc.toml", text);
        self
    }

    /// Writes a file that is nobody else's business.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        path
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn load(&self) -> Result<Config, ConfigErrors> {
        load_with_default_file(&self.sources, &self.path("unoc.toml"))
    }

    pub(super) fn errors(&self) -> Vec<ConfigError> {
        self.load().map(|config| config.show()).expect_err("an error").0
    }

    /// The value and the source of one key, the directory of the test cut off.
    pub(super) fn shown(&self, key: &str) -> (String, String) {
        let config = self.load().unwrap();
        let shown = config.show().into_iter().find(|shown| shown.key == key).unwrap();
        let directory = format!("{}/", self.directory.path().display());
        (shown.value.replace(&directory, ""), shown.source.replace(&directory, ""))
    }
}

pub(super) fn only(errors: Vec<ConfigError>) -> ConfigError {
    let [error] = <[ConfigError; 1]>::try_from(errors).expect("one error");
    error
}

/// Every key and its default.
const DEFAULTS: &[(&str, &str)] = &[
    ("host", "127.0.0.1"),
    ("port", "5001"),
    ("base_path", ""),
    ("max_connections", "4096"),
    ("max_connections_per_address", "512"),
    ("tls_cert", ""),
    ("tls_key", ""),
    ("acme_domains", ""),
    ("acme_directory", "https://acme-v02.api.letsencrypt.org/directory"),
    ("acme_contact", ""),
    ("acme_challenge", "tls-alpn-01"),
    ("acme_ca_file", ""),
    ("http_redirect_port", ""),
    ("hsts_days", "365"),
    ("allowed_hosts", ""),
    ("allowed_origins", ""),
    ("trusted_proxies", ""),
    ("insecure_no_auth", "0"),
    ("session_idle_hours", "12"),
    ("session_max_days", "7"),
    ("shutdown_token", ""),
    ("shutdown_token_file", ""),
    ("data_dir", "/home/op/.local/state/unoc"),
    ("site_name", "UNOC"),
    ("site_id", ""),
    ("dev_features", "1"),
    ("use_go_traffic", "0"),
    ("cache_mib", "64"),
    ("min_free_mib", "64"),
    ("database_url", ""),
    ("database_url_file", ""),
    ("log_level", "INFO"),
    ("log_format", "auto"),
    ("upgrade_public_key", ""),
    ("backup_dir", ""),
    ("backup_recipients", ""),
    ("backup_identity_file", ""),
    ("backup_targets", ""),
    ("backup_keep_last", "3"),
    ("backup_keep_daily", "7"),
    ("backup_keep_weekly", "5"),
    ("backup_keep_monthly", "12"),
    ("backup_stale_hours", "36"),
    ("public_url", ""),
    ("contacts", ""),
    ("escalation", ""),
    ("smtp_url", ""),
    ("smtp_url_file", ""),
    ("smtp_ca_file", ""),
    ("mail_from", ""),
    ("heartbeat_url", ""),
    ("heartbeat_url_file", ""),
    ("heartbeat_interval_s", "60"),
    ("oidc_issuer", ""),
    ("oidc_client_id", ""),
    ("oidc_client_secret", ""),
    ("oidc_client_secret_file", ""),
    ("oidc_ca_file", ""),
    ("oidc_name", "single sign-on"),
    ("oidc_scopes", "profile, email"),
    ("oidc_role_claim", "groups, roles"),
    ("oidc_admin_values", ""),
    ("oidc_operator_values", ""),
    ("oidc_viewer_values", ""),
];

#[test]
fn every_key_has_its_default() {
    let config = Case::new().load().unwrap();
    let shown: Vec<_> =
        config.show().into_iter().map(|shown| (shown.key, shown.value, shown.source)).collect();
    let expected =
        DEFAULTS.iter().map(|(key, value)| (*key, (*value).to_owned(), "default".to_owned()));
    let expected: Vec<_> = expected.collect();
    assert_eq!(shown, expected);
    assert_eq!(config.cache_bytes, 64 << 20);
    assert_eq!(config.min_free_bytes, 64 << 20);
    assert_eq!(config.backup_dir().to_str(), Some("/home/op/.local/state/unoc/backups"));
    assert_eq!(config.file(), None);
}

#[test]
fn the_configuration_of_tests_has_the_defaults_and_any_port() {
    let config = Config::for_data_dir("/tmp/somewhere");
    assert_eq!((config.data_dir.to_str(), config.port), (Some("/tmp/somewhere"), 0));
    assert!(config.host.is_loopback() && config.dev_features && config.max_connections == 4096);
}

#[test]
fn each_layer_overrides_the_one_below() {
    // A step of an escalation needs a contact, and an issuer a client.
    let alone = keys().iter().filter(|key| !["escalation", "oidc_issuer"].contains(&key.name));
    for key in alone.filter(|key| !key.secret && !key.name.ends_with("_file")) {
        let [low, middle, high] = match key.name {
            "host" => ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
            "data_dir" | "base_path" | "backup_dir" | "tls_cert" | "tls_key" => ["/a", "/b", "/c"],
            "allowed_hosts" => ["a, b", "*.c", ""],
            "allowed_origins" => ["http://a", "https://b:1, app://c", ""],
            "trusted_proxies" => ["127.0.0.1", "::1, 192.0.2.0/24", ""],
            "upgrade_public_key" => [
                "RWQPQakvJnZK17evjhvSXJ79NNRyZK+H1eE6fLkTRBcZc0qQbYli6OoL",
                "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3",
                "",
            ],
            "public_url" => ["http://a", "https://b:1/c", ""],
            "acme_domains" => ["a, b", "c.example", ""],
            "acme_directory" => ["https://a", "https://b:1/c", "https://d"],
            "acme_challenge" => ["http-01", "tls-alpn-01", "http-01"],
            "mail_from" | "acme_contact" => ["a@b", "c@d.example", ""],
            "log_level" => ["DEBUG", "WARN", "ERROR"],
            "log_format" => ["text", "auto", "json"],
            "dev_features" | "use_go_traffic" | "insecure_no_auth" => ["0", "1", "0"],
            "backup_recipients" => [
                "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
                "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg",
                "",
            ],
            "backup_targets" => ["file:///a", "file:///b?name=b", "s3://c, gs://d/e"],
            "site_id" => [
                "00000000-0000-4000-8000-000000000001",
                "00000000-0000-4000-8000-000000000002",
                "00000000-0000-4000-8000-000000000003",
            ],
            _ => ["21", "22", "23"],
        };
        let mut case = Case::new().file(&format!("{} = {low:?}", key.name));
        assert_eq!(case.shown(key.name), (low.into(), "unoc.toml".into()));
        for variable in key.environment {
            case = case.variable(variable, middle);
            assert_eq!(case.shown(key.name), (middle.into(), format!("environment {variable}")));
        }
        let case = case.flag(key.name, high);
        assert_eq!(case.shown(key.name), (high.into(), format!("flag {}", key.flag.unwrap())));
    }
}

/// Found by fuzzing: the parser gives such a table a value that ends before its name.
#[test]
fn an_unfinished_heading_is_an_error_of_its_line() {
    let file = "port = 5001\n\n[[contacts:5?mode=full\"\nbackup_targets = \"file:/x";
    let text = Case::new().file(file).load().unwrap_err().to_string();
    assert!(text.contains("unoc.toml:3"), "{text}");
}

#[test]
fn all_errors_of_all_layers_come_at_once() {
    let case = Case::new()
        .file("port = 70000\nprot = 1\ncache_mib = true\nhost = ['::1']\nlog_level = 'INFO'\n")
        .variable("UNOC_PORT", "x\n")
        .variable("UNOC_LOG_LEVLE", "INFO")
        .flag("base_path", "/a b")
        .flag("nothing", "1");
    let directory = format!("{}/", case.directory.path().display());
    let text = case.load().unwrap_err().to_string().replace(&directory, "");
    let port = "expected 0-65535, 0 = any free port";
    let known = "expected a known name, see `unoc config show`";
    let expected = [
        format!("prot = \"***\" (unoc.toml:2): {known}; did you mean port?"),
        format!("UNOC_LOG_LEVLE = \"***\" (environment): {known}; did you mean UNOC_LOG_LEVEL?"),
        format!("nothing = \"***\" (flag): {known}"),
        format!("port = \"70000\" (unoc.toml:1): {port}"),
        "cache_mib = \"true\" (unoc.toml:3): expected 4-4096".to_owned(),
        "host = \"array\" (unoc.toml:4): expected an IP address, 0.0.0.0 or :: for all; \
         write one value, in quotes"
            .to_owned(),
        format!("port = \"x\\n\" (environment UNOC_PORT): {port}"),
        "base_path = \"/a b\" (flag --base-path): expected empty or a path such as /unoc, \
         at most 256 of A-Z a-z 0-9 - . _ ~ /"
            .to_owned(),
    ];
    let mut lines: Vec<_> = text.lines().collect();
    let mut expected: Vec<_> = expected.iter().map(String::as_str).collect();
    lines.sort_unstable();
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn secrets_are_never_printed() {
    let url = format!("postgresql://u:{PASSWORD}@h/d");
    let check = |case: Case, is_valid: bool| {
        let loaded = case.load();
        assert_eq!(loaded.is_ok(), is_valid);
        let printed = match &loaded {
            Ok(config) => format!(
                "{config:?}{:?}{}",
                config.show(),
                serde_json::to_string(&config.show()).unwrap()
            ),
            Err(errors) => format!("{errors}{errors:?}{}", serde_json::to_string(errors).unwrap()),
        };
        let printed = format!("{printed}{:?}", case.sources);
        assert!(!printed.contains(PASSWORD), "{printed}");
    };
    check(
        Case::new().variable("DATABASE_URL", &url).variable("UNOC_SHUTDOWN_TOKEN", PASSWORD),
        true,
    );
    check(
        Case::new().file(&format!("database_url = '{url}'\nshutdown_token = '{PASSWORD}'")),
        true,
    );
    check(Case::new().variable("DATABASE_URL", &format!("mysql{url}")), false);
    check(Case::new().variable("UNOC_SHUTDOWN_TOKEN", &format!("{PASSWORD}\n")), false);
    check(Case::new().variable("UNOC_SHUTDOWN_TOKN", PASSWORD), false);
    check(Case::new().file(&format!("shutdown_tokn = '{PASSWORD}'")), false);
    check(Case::new().file(&format!("shutdown_token = ['{PASSWORD}']")), false);
    check(Case::new().flag("shutdown_token", PASSWORD), false);
    check(Case::new().flag("database_url_file", &url), false);
    check(Case::new().variable("UNOC_SHUTDOWN_TOKEN_FILE", PASSWORD), false);
}

#[test]
fn the_environment_is_that_of_the_process() {
    assert!(environment().contains_key("PATH"));
}
