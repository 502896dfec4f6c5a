//! Where values come from, except the configuration file: the defaults, the environment, the flags
//! and the files that hold secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::contacts::{self, ChannelSettings, ContactSettings};
use super::error::ConfigError;
use super::hints::{did_you_mean, nearest, service_link_hint};
use super::key::Key;
use super::keys::{find, keys, secret_of};
use super::rules::ValueError;
use super::secret_file;
use super::secret_values::holds_secret;
use super::setting::Setting;
use super::settings::{Config, DEFAULT_SOURCE};
use super::sources::CONFIG_ENVIRONMENT;

/// Prefix of UNOC's environment variables.
const PREFIX: &str = "UNOC_";

/// Prefixes of variables for test and benchmark scripts, which are not settings.
const IGNORED_PREFIXES: [&str; 2] = ["UNOC_TEST_", "UNOC_BENCH_"];

/// Checks `setting` and writes it to its field. A later layer overwrites an earlier one.
///
/// # Errors
/// The value is invalid; the field keeps its value.
pub(super) fn apply(config: &mut Config, setting: &Setting) -> Result<(), ConfigError> {
    (setting.key.set)(config, &setting.text).map_err(|error| ConfigError::value(setting, error))?;
    config.sources.insert(setting.key.name, setting.source.clone());
    Ok(())
}

/// Returns the default of every key that has one; `data_dir` has none without a home directory.
pub(super) fn defaults(environment: &BTreeMap<String, String>) -> Vec<Setting> {
    let text = |key: &Key| match (key.name, secret_of(key)) {
        ("data_dir", _) => default_data_dir(environment),
        (_, Some(secret)) => credential(environment, secret),
        (_, None) => Some(key.default.to_owned()),
    };
    let setting = |key| Some(Setting::new(key, text(key)?, DEFAULT_SOURCE));
    keys().iter().filter_map(setting).collect()
}

/// Returns the directory that systemd created for the service (systemd.exec(5): `$STATE_DIRECTORY`
/// is a list with colons), else the one of the XDG Base Directory Specification, which says to
/// ignore a relative `$XDG_STATE_HOME`.
fn default_data_dir(environment: &BTreeMap<String, String>) -> Option<String> {
    let variable = |name| environment.get(name).filter(|value: &&String| !value.is_empty());
    if let Some(directories) = variable("STATE_DIRECTORY") {
        return directories.split(':').next().map(str::to_owned);
    }
    if let Some(state) = variable("XDG_STATE_HOME").filter(|path| Path::new(path).is_absolute()) {
        return Some(format!("{}/unoc", state.trim_end_matches('/')));
    }
    let home = variable("HOME")?;
    Some(format!("{}/.local/state/unoc", home.trim_end_matches('/')))
}

/// Returns the directory that systemd created for the run of the service (systemd.exec(5): the variable is a
/// list with colons).
pub(super) fn runtime_dir(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let first = environment.get("RUNTIME_DIRECTORY")?.split(':').next()?;
    Some(PathBuf::from(first)).filter(|path| path.is_absolute())
}

/// Returns where libpq looks for passwords (PostgreSQL documentation, "The Password File").
pub(super) fn passfile(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let variable = |name| environment.get(name).filter(|value: &&String| !value.is_empty());
    let in_home = || variable("HOME").map(|home| Path::new(home).join(".pgpass"));
    variable("PGPASSFILE").map(PathBuf::from).or_else(in_home)
}

/// Returns the path of the credential systemd passes to the service under the name of a secret
/// (systemd.exec(5), `LoadCredential=`).
fn credential(environment: &BTreeMap<String, String>, secret: &str) -> Option<String> {
    let path = Path::new(environment.get("CREDENTIALS_DIRECTORY")?).join(secret);
    path.is_file().then(|| path.to_string_lossy().into_owned())
}

/// Returns the values that the environment sets, and an error for each unknown variable with our
/// prefix. An empty variable counts as unset unless the key [takes an empty
/// text](Key::takes_empty), because compose files pass variables on whether they are set or not.
pub(super) fn environment(
    environment: &BTreeMap<String, String>,
) -> (Vec<Setting>, Vec<ConfigError>) {
    let mut settings = Vec::new();
    for key in keys() {
        for name in key.environment {
            let Some(value) = environment.get(*name) else { continue };
            if !value.is_empty() || key.takes_empty() {
                settings.push(Setting::new(key, value, format!("environment {name}")));
            }
        }
    }
    let is_known = |name: &str| {
        name == CONFIG_ENVIRONMENT || keys().iter().any(|key| key.environment.contains(&name))
    };
    let is_ignored = |name: &str| IGNORED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let unknown = environment
        .iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && !is_known(name) && !is_ignored(name))
        .map(|(name, value)| unknown_variable(name, value))
        .collect();
    (settings, unknown)
}

fn unknown_variable(name: &str, value: &str) -> ConfigError {
    let hint = service_link_hint(name, value).or_else(|| {
        let known = keys().iter().flat_map(|key| key.environment).copied();
        let known = known.chain([CONFIG_ENVIRONMENT]).filter_map(|name| name.strip_prefix(PREFIX));
        let nearest = nearest(name.strip_prefix(PREFIX)?, known)?;
        Some(did_you_mean(&format!("{PREFIX}{nearest}")))
    });
    ConfigError::unknown(name, "environment", hint)
}

/// Returns the values that the flags set, and an error for each name that is not a key with a flag.
pub(super) fn flags(flags: &BTreeMap<&'static str, String>) -> (Vec<Setting>, Vec<ConfigError>) {
    let mut settings = Vec::new();
    let mut unknown = Vec::new();
    for (name, text) in flags {
        match find(name).and_then(|key| Some((key, key.flag?))) {
            Some((key, flag)) => settings.push(Setting::new(key, text, format!("flag {flag}"))),
            None => unknown.push(ConfigError::unknown(name, "flag", None)),
        }
    }
    (settings, unknown)
}

/// Reads the secrets that are in files. Returns the errors: a secret that is set both by value and
/// by file, a file that cannot be read or is empty, an invalid secret. A credential of systemd
/// counts as a default, which any other value overrides.
pub(super) fn secret_files(config: &mut Config) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    for file_key in keys() {
        let Some(secret) = secret_of(file_key).and_then(find) else { continue };
        let Some(path) = config.secret_files.get(secret.name).cloned() else { continue };
        let is_set = !(secret.shown)(config).is_empty();
        if is_set && config.source(file_key.name) == DEFAULT_SOURCE {
            config.secret_files.remove(secret.name);
            continue;
        }
        if is_set {
            errors.push(ConfigError::set_twice(
                secret,
                &format!("{} and {}", config.source(secret.name), config.source(file_key.name)),
                file_key,
            ));
            continue;
        }
        let text = match secret_file::read_secret(&path) {
            Ok(text) => text,
            Err(error) => {
                let path = path.to_string_lossy().into_owned();
                let setting = Setting::new(file_key, path, config.source(file_key.name));
                errors.push(ConfigError::value(&setting, ValueError::because(error)));
                continue;
            }
        };
        let setting = Setting::new(secret, text, format!("file {}", path.display()));
        errors.extend(apply(config, &setting).err());
    }
    errors
}

/// Returns the errors of the settings of a configuration file that are secrets, if everyone has access to it.
pub(super) fn exposed_secrets(file: &Path, settings: &[Setting]) -> Vec<ConfigError> {
    let Some(why) = secret_file::exposure(file) else { return Vec::new() };
    let exposed = settings.iter().filter(|setting| holds_secret(setting));
    let error = |setting| ConfigError::value(setting, ValueError::secret(why.clone()));
    exposed.map(error).collect()
}

/// Returns the errors of files of secret keys that others than this module read, if everyone has access to them.
pub(super) fn exposed_keys(config: &Config) -> Vec<ConfigError> {
    let files = [("backup_identity_file", config.backup_identity_file.as_deref())];
    let exposed = files.into_iter().filter_map(|(name, path)| {
        let path = path?;
        let why = secret_file::exposure(path)?;
        Some(config.error(name, path.display().to_string(), why))
    });
    exposed.collect()
}

/// Returns the error of a data directory that is not set and has no default.
pub(super) fn missing(config: &Config, errors: &[ConfigError]) -> Option<ConfigError> {
    let is_missing = config.data_dir.as_os_str().is_empty();
    if !is_missing || errors.iter().any(|error| error.key == "data_dir") {
        return None;
    }
    let setting = Setting::new(find("data_dir")?, "", DEFAULT_SOURCE);
    let hint = "STATE_DIRECTORY, XDG_STATE_HOME and HOME are not set; set UNOC_DATA_DIR";
    Some(ConfigError::value(&setting, ValueError::because(hint)))
}

/// Returns the errors between the settings of contacts that are valid alone: a step that names nobody, or
/// contacts that are told by e-mail without a mail server.
pub(super) fn contact_errors(config: &Config, errors: &[ConfigError]) -> Vec<ConfigError> {
    let has_error = |name: &str| errors.iter().any(|error| error.key == name);
    if ["contacts", "smtp_url", "smtp_url_file", "escalation"].into_iter().any(has_error) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let by_mail = |it: &&ContactSettings| matches!(it.channel, ChannelSettings::Email(_));
    if let (Some(contact), None) = (config.contacts.iter().find(by_mail), &config.smtp_url) {
        let hint = format!("set it: {} is to be told by e-mail", contact.name);
        found.push(config.error("smtp_url", String::new(), hint));
    }
    let steps = contacts::shown_escalation(&config.escalation);
    for name in config.escalation.iter().flat_map(|step| &step.contacts) {
        if !config.contacts.iter().any(|contact| contact.name == *name) {
            let hint = format!("there is no contact {name}");
            found.push(config.error("escalation", steps.clone(), hint));
        }
    }
    found
}

/// Returns the errors between the settings of a sign-in provider that are valid alone: what else an issuer needs.
pub(super) fn oidc_errors(config: &Config, errors: &[ConfigError]) -> Vec<ConfigError> {
    let is_about =
        |error: &ConfigError| error.key.starts_with("oidc_") || error.key == "public_url";
    let oidc = &config.oidc;
    let Some(issuer) = oidc.issuer.as_ref().filter(|_| !errors.iter().any(is_about)) else {
        return Vec::new();
    };
    let values = [&oidc.admin_values, &oidc.operator_values, &oidc.viewer_values];
    let missing = [
        (oidc.client_id.is_none(), "oidc_client_id", "set it to the name of this site there"),
        (config.public_url.is_none(), "public_url", "set it: the provider sends people back to it"),
        (
            values.into_iter().all(Vec::is_empty),
            "oidc_admin_values",
            "set it, oidc_operator_values or oidc_viewer_values: otherwise nobody gets in",
        ),
    ];
    let missing = missing.into_iter().filter(|(is_missing, _, _)| *is_missing);
    missing
        .map(|(_, name, why)| {
            config.error(name, String::new(), format!("{why} (oidc_issuer is {issuer})"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::tests::{Case, PASSWORD, only};
    use super::*;

    #[test]
    fn the_data_directory_is_found_in_the_environment() {
        let check = |variables: &[(&str, &str)], expected: &str| {
            let case = variables
                .iter()
                .fold(Case::new(), |case, (name, value)| case.variable(name, value));
            assert_eq!(case.shown("data_dir").0, expected, "{variables:?}");
        };
        check(&[], "/home/op/.local/state/unoc");
        check(&[("XDG_STATE_HOME", "/x/")], "/x/unoc");
        check(&[("XDG_STATE_HOME", "relative")], "/home/op/.local/state/unoc");
        check(
            &[("XDG_STATE_HOME", "/x"), ("STATE_DIRECTORY", "/var/lib/unoc:/b")],
            "/var/lib/unoc",
        );
        check(&[("STATE_DIRECTORY", "/var/lib/unoc"), ("UNOC_DATA_DIR", "/d")], "/d");

        let homeless = Case::new().variable("HOME", "");
        let error = only(homeless.errors());
        assert_eq!((error.key.as_str(), error.source.as_str()), ("data_dir", "default"));
        assert!(homeless.variable("UNOC_DATA_DIR", "/d").load().is_ok());
    }

    #[test]
    fn the_newer_variable_overrides_the_one_of_v2() {
        let case = Case::new().variable("DATABASE_URL", "postgres://a/x");
        assert_eq!(case.shown("database_url").1, "environment DATABASE_URL");
        let case = case.variable("UNOC_DATABASE_URL", "postgres://b/x");
        assert_eq!(case.load().unwrap().database_url.unwrap().expose(), "postgres://b/x");
        assert_eq!(case.variable("UNOC_DATABASE_URL", "").shown("database_url").0, "");
    }

    #[test]
    fn an_empty_variable_is_absent_or_off() {
        for key in keys() {
            let file = "data_dir = '/d'\nbase_path = '/b'\nport = 7\n";
            let case = Case::new().file(file).variable(key.environment[0], "");
            let source = case.shown(key.name).1;
            assert_eq!(source.starts_with("environment"), key.default.is_empty(), "{}", key.name);
        }
    }

    #[test]
    fn variables_of_kubernetes_are_explained() {
        for (name, value) in [
            ("UNOC_PORT", "tcp://10.0.0.1:5001"),
            ("UNOC_SERVICE_HOST", "10.0.0.1"),
            ("UNOC_PORT_5001_TCP_ADDR", "10.0.0.1"),
        ] {
            let error = only(Case::new().variable(name, value).errors());
            assert!(error.hint.unwrap().contains("enableServiceLinks"), "{name}");
        }
    }

    /// Every key that names a file of a secret, and every secret that may be in the configuration file.
    #[test]
    fn a_secret_that_everyone_can_read_is_refused_with_the_command_that_mends_it() {
        let open = |path: &Path| fs::set_permissions(path, Permissions::from_mode(0o604)).unwrap();
        let url = format!("https://u:{PASSWORD}@h/x");
        let value = |key: &str| match key {
            "database_url" => format!("postgres://u:{PASSWORD}@h/x"),
            "smtp_url" => format!("smtps://u:{PASSWORD}@h"),
            "contacts" | "heartbeat_url" => format!("{url}0123456789"),
            _ => PASSWORD.to_owned(),
        };
        let mut files = 0;
        for key in keys() {
            let refused = |case: &Case, path: &Path, key: &str| {
                let error = only(case.errors());
                assert_eq!(error.key, key, "{error:?}");
                let mends = format!("chmod o= {}", path.display());
                assert!(error.hint.as_ref().unwrap().ends_with(&mends), "{error:?}");
                assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
            };
            if let Some(secret) = secret_of(key) {
                let case = Case::new();
                let path = case.write("secret", value(secret));
                let case = case.flag(key.name, path.to_str().unwrap());
                case.load().unwrap();
                open(&path);
                refused(&case, &path, key.name);
                files += 1;
            }
            if key.secret {
                let case = Case::new().file(&format!("{} = {:?}\n", key.name, value(key.name)));
                case.load().unwrap();
                open(&case.path("unoc.toml"));
                refused(&case, &case.path("unoc.toml"), key.name);
            }
        }
        assert_eq!(files, 5, "the keys that name a file of a secret");

        let case = Case::new();
        let path = case.write("key.txt", "AGE-SECRET-KEY-1");
        let case = case.flag("backup_identity_file", path.to_str().unwrap());
        case.load().unwrap();
        open(&path);
        assert!(only(case.errors()).hint.unwrap().contains("chmod o= "), "a key of backups");

        let case = Case::new();
        let path = case.write("url", &url);
        let webhook = |field: &str| format!("[[contacts]]\nname = 'a'\nwebhook = {{ {field} }}\n");
        let in_file = format!("url_file = '{}'", path.display());
        let case = case.file(&webhook(&in_file));
        open(&case.path("unoc.toml"));
        case.load().unwrap();
        open(&path);
        assert!(only(case.errors()).hint.unwrap().contains("chmod o= "), "the file of a contact");
        let known = "url = 'https://events.pagerduty.com/v2/enqueue', form = 'pagerduty'";
        for (field, is_secret) in [
            ("url = 'https://chat.example.org/hooks/T0123456789'", true),
            ("url = 'https://chat.example.org/', key = 'k3y'", true),
            ("url = 'https://alerts.example.org/'", false),
            (&format!("{known}, key = 'k3y'"), true),
            (&format!("{known}, key_file = '{}'", case.write("k", "x").display()), false),
        ] {
            let case = Case::new().file(&webhook(field));
            open(&case.path("unoc.toml"));
            let is_refused = case.load().is_err_and(|errors| only(errors.0).key == "contacts");
            assert_eq!(is_refused, is_secret, "{field}");
        }
        let case = Case::new().file("database_url = 'postgres://u@h/x'\nport = 7\n");
        open(&case.path("unoc.toml"));
        case.load().expect("there is no secret in it");
    }

    #[test]
    fn secrets_are_read_from_files_and_credentials() {
        let case = Case::new();
        let file = case.write("shutdown_token", format!("{PASSWORD}\r\n"));
        let case = case.variable("UNOC_SHUTDOWN_TOKEN_FILE", file.to_str().unwrap());
        assert_eq!(case.load().unwrap().shutdown_token.unwrap().expose(), PASSWORD);
        assert_eq!(case.shown("shutdown_token"), ("***".into(), "file shutdown_token".into()));
        assert_eq!(case.shown("shutdown_token_file").0, "shutdown_token");

        let case = case.variable("UNOC_SHUTDOWN_TOKEN", "another-token");
        let error = only(case.errors());
        assert_eq!(
            error.source,
            "environment UNOC_SHUTDOWN_TOKEN and environment UNOC_SHUTDOWN_TOKEN_FILE"
        );

        let directory = case.directory.path().to_str().unwrap().to_owned();
        let case = case
            .variable("UNOC_SHUTDOWN_TOKEN_FILE", "")
            .variable("CREDENTIALS_DIRECTORY", &directory);
        assert_eq!(case.load().unwrap().shutdown_token.unwrap().expose(), "another-token");
        assert_eq!(case.shown("shutdown_token_file").0, "", "the credential is not used");
        let case = case.variable("UNOC_SHUTDOWN_TOKEN", "");
        assert_eq!(case.load().unwrap().shutdown_token.unwrap().expose(), PASSWORD);

        for (content, expected) in [("short", "shutdown_token"), ("\n", "shutdown_token_file")] {
            fs::write(&file, content).unwrap();
            assert_eq!(only(case.errors()).key, expected);
        }
        fs::write(&file, vec![b'x'; 64 * 1024]).unwrap();
        assert_eq!(only(case.errors()).key, "shutdown_token_file");
        let case = Case::new().flag("database_url_file", "/nonexistent/url");
        let error = only(case.errors());
        assert_eq!(
            (error.key.as_str(), error.value.as_str()),
            ("database_url_file", "/nonexistent/url")
        );
    }
}
