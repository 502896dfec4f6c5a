//! The syntax of the settings for backups: recipients and targets.
//!
//! An invalid text is never quoted, because it may contain a key or a password.

use std::path::PathBuf;

use super::rules::{self, ValueError};

/// Length of an X25519 recipient: `age1`, 52 characters of 5 bits for the 32 bytes of the key, and
/// the 6 of the checksum (C2SP age, "The X25519 recipient type"; BIP 173).
const RECIPIENT_CHARS: usize = 62;
const RECIPIENT_START: &str = "age1";

/// The characters of the data part of Bech32 (BIP 173).
const BECH32: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Start of the secret key that belongs to a recipient.
const SECRET_KEY_START: &str = "AGE-SECRET-KEY-1";

/// Most recipients; each adds a stanza to the header of every file.
const RECIPIENTS_MAX: usize = 32;

/// Most targets; each backup is copied to all of them.
const TARGETS_MAX: usize = 64;

/// Longest address of a target.
const TARGET_BYTES_MAX: usize = 2048;

/// Longest name of a target; it is part of a file's name (`backup_target_NAME`).
const NAME_CHARS_MAX: usize = 64;

/// Parameters of every scheme except `file`.
const REMOTE_PARAMETERS: [&str; 3] = ["name", "credentials_file", "ca_file"];

/// Schemes and their own parameters. Every other setting of an object store belongs in the
/// credentials file.
const SCHEMES: [(&str, &[&str]); 4] = [
    (
        "s3",
        &[
            "endpoint",
            "region",
            "path_style",
            "allow_http",
            "server_side_encryption",
            "sse_kms_key_id",
            "checksum_algorithm",
        ],
    ),
    ("gs", &["endpoint", "allow_http"]),
    ("az", &["account", "endpoint", "allow_http"]),
    ("file", &[]),
];

/// Words that occur in the names of secret settings.
const SECRET_WORDS: [&str; 9] =
    ["key", "secret", "token", "sas", "sig", "pass", "credential", "bearer", "authorization"];

/// Splits a list and checks that each item is a public X25519 recipient. An empty text is an empty
/// list.
pub(super) fn recipients(text: &str) -> Result<Vec<String>, ValueError> {
    if text.to_ascii_uppercase().contains(SECRET_KEY_START) {
        return Err(ValueError::secret(
            "this is the secret key; write its recipient, which begins with age1, and keep the \
             key away from this host",
        ));
    }
    let recipients = rules::list(text);
    for (n, recipient) in recipients.iter().enumerate() {
        let data = recipient.strip_prefix(RECIPIENT_START);
        let is_recipient = recipient.len() == RECIPIENT_CHARS
            && data.is_some_and(|data| data.chars().all(|c| BECH32.contains(c)));
        if !is_recipient {
            let chars = recipient.chars().count();
            return Err(ValueError::secret(format!(
                "number {} is not an X25519 recipient: it has {chars} characters",
                n + 1
            )));
        }
    }
    if recipients.len() > RECIPIENTS_MAX {
        return Err(ValueError::secret(format!("there are more than {RECIPIENTS_MAX}")));
    }
    Ok(recipients)
}

/// Splits a list of addresses and checks that each is valid and contains no secret.
pub(super) fn targets(text: &str) -> Result<Vec<String>, ValueError> {
    let targets = rules::list(text);
    if targets.len() > TARGETS_MAX {
        return Err(ValueError::secret(format!("there are more than {TARGETS_MAX}")));
    }
    let mut names = Vec::new();
    for (n, target) in targets.iter().enumerate() {
        let name = check_target(target)
            .map_err(|hint| ValueError::secret(format!("target number {}: {hint}", n + 1)))?;
        if targets[..n].contains(target) || name.is_some_and(|name| names.contains(&name)) {
            return Err(ValueError::secret(format!(
                "target number {}: another target has this address or name; give each a name=",
                n + 1
            )));
        }
        names.extend(name);
    }
    Ok(targets)
}

/// Parses the path of the identity file; an empty text is none. A key in place of the path is not
/// quoted.
pub(super) fn identity_file(text: &str) -> Result<Option<PathBuf>, ValueError> {
    if text.to_ascii_uppercase().contains(SECRET_KEY_START) {
        return Err(ValueError::secret("write the key to a file, and set this to the file's path"));
    }
    rules::optional_path(text)
}

/// Checks an address. Returns the value of `name`, or a hint that does not quote the address.
fn check_target(text: &str) -> Result<Option<&str>, String> {
    if text.len() > TARGET_BYTES_MAX {
        return Err(format!("it is longer than {TARGET_BYTES_MAX} bytes"));
    }
    if !text.chars().all(|c| c.is_ascii_graphic() && c != '#') {
        return Err("percent-encode # and characters outside ASCII".to_owned());
    }
    let (scheme, rest) = text.split_once("://").ok_or("write it as s3://bucket/prefix")?;
    let Some((_, own)) = SCHEMES.iter().find(|(known, _)| *known == scheme) else {
        return Err("the scheme is not s3, file, gs or az".to_owned());
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    if place.contains('@') {
        return Err("put the user and the password into a credentials_file".to_owned());
    }
    let (bucket, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    if path.split('/').any(|part| matches!(part, "." | "..")) {
        return Err("the path contains . or ..".to_owned());
    }
    match scheme {
        "file" if !bucket.is_empty() => {
            return Err("write three slashes before the path, as in file:///mnt/nfs".to_owned());
        }
        "file" if path.trim_matches('/').is_empty() => return Err("name a directory".to_owned()),
        "file" => {}
        _ if bucket.is_empty() => return Err("name the bucket after ://".to_owned()),
        _ if bucket.contains(':') => {
            return Err("the bucket comes after ://, the host in endpoint=".to_owned());
        }
        _ => {}
    }
    let mut name = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or("a parameter is missing its =")?;
        check_parameter(scheme, own, key, value)?;
        if key == "name" {
            name = Some(value);
        }
    }
    Ok(name)
}

fn check_parameter(scheme: &str, own: &[&str], key: &str, value: &str) -> Result<(), String> {
    let known = |key: &str| {
        own.contains(&key)
            || key == "name"
            || (scheme != "file" && REMOTE_PARAMETERS.contains(&key))
    };
    if !known(key) {
        let lower = key.to_ascii_lowercase();
        if SECRET_WORDS.iter().any(|word| lower.contains(word)) {
            return Err("the address must not contain a secret; put it into a file, and the \
                        file's path into credentials_file="
                .to_owned());
        }
        return Err(format!(
            "it has an unknown parameter for {scheme}; other settings of the object store belong in \
             the credentials_file"
        ));
    }
    let is_switch = matches!(key, "path_style" | "allow_http");
    match key {
        "name" if !is_name(value) => {
            Err(format!("the name must have 1-{NAME_CHARS_MAX} of the characters a-z 0-9 - _"))
        }
        "credentials_file" | "ca_file" if !value.starts_with('/') => {
            Err(format!("{key} is not an absolute path"))
        }
        "endpoint" if !is_endpoint(value) => {
            Err("endpoint is not https://host:port or http://host:port".to_owned())
        }
        _ if is_switch && !matches!(value, "true" | "false") => {
            Err(format!("{key} is neither true nor false"))
        }
        _ if value.is_empty() => Err(format!("{key} is empty")),
        _ => Ok(()),
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    (1..=NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(allowed)
}

fn is_endpoint(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['@', '?', '&']))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, only};
    use super::*;

    const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    const SECRET: &str =
        "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

    #[test]
    fn recipients_are_public_keys() {
        let check = |text: &str, expected: Option<usize>| {
            assert_eq!(recipients(text).ok().map(|list| list.len()), expected, "{text}");
        };
        check("", Some(0));
        check(RECIPIENT, Some(1));
        check(&format!(" {RECIPIENT},{RECIPIENT}\n{RECIPIENT} "), Some(3));
        check(&RECIPIENT.to_uppercase(), None);
        check(&RECIPIENT[..61], None);
        check(&RECIPIENT.replace("age1q", "age1b"), None);
        check("ssh-ed25519", None);
        check(&format!("{RECIPIENT} {SECRET}"), None);
        check(&[RECIPIENT; 33].join(","), None);
    }

    #[test]
    fn a_key_or_a_password_is_never_quoted() {
        let check = |key: &'static str, value: &str, secret: &str, hint: &str| {
            for case in [
                Case::new().file(&format!("{key} = {value:?}")),
                Case::new().variable(&format!("UNOC_{}", key.to_uppercase()), value),
                Case::new().flag(key, value),
            ] {
                let error = only(case.errors());
                assert_eq!(error.value, "***");
                assert!(!format!("{error} {error:?}").contains(secret), "{error}");
                assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{error}");
            }
        };
        check("backup_recipients", SECRET, "GFPYY", "secret key");
        check("backup_recipients", &SECRET.to_lowercase(), "gfpyy", "secret key");
        check("backup_identity_file", SECRET, "GFPYY", "to a file");
        check("backup_targets", "s3://u:pw4711@h/b", "pw4711", "credentials_file");
        for parameter in [
            "secret_access_key",
            "AWS_SECRET_ACCESS_KEY",
            "access_key_id",
            "session_token",
            "sas_key",
            "azure_storage_sas_token",
            "account_key",
            "client_secret",
            "bearer_token",
            "google_service_account_key",
            "password",
        ] {
            let url = format!("s3://b?{parameter}=pw4711");
            check("backup_targets", &url, "pw4711", "credentials_file=");
        }
    }

    #[test]
    fn targets_have_a_known_form() {
        let check = |text: &str, expected: Option<usize>| {
            assert_eq!(targets(text).ok().map(|list| list.len()), expected, "{text}");
        };
        check("", Some(0));
        check(
            "s3://bucket/prefix?endpoint=https://minio:9000&region=eu-central-1&path_style=true\
             &name=minio&credentials_file=/etc/unoc/minio.env&ca_file=/etc/unoc/ca.pem, \
             file:///mnt/nfs/unoc gs://b az://c/p?account=a",
            Some(4),
        );
        for text in [
            "bucket/prefix",
            "ftp://host/x",
            "S3://bucket",
            "s3:///prefix",
            "s3://host:9000/bucket",
            "s3://b/../c",
            "s3://b?unknown=1",
            "s3://b?region",
            "s3://b?region=",
            "s3://b?path_style=1",
            "s3://b?name=A",
            "s3://b?name=",
            "s3://b?endpoint=minio:9000",
            "s3://b?endpoint=https://u@minio",
            "s3://b?credentials_file=relative",
            "s3://b#x",
            "s3://bücket",
            "file://host/x",
            "file:///",
            "file:///x?credentials_file=/y",
            "az://c@account.blob.core.windows.net/p",
            "s3://b s3://b",
            "s3://a?name=x s3://b?name=x",
        ] {
            check(text, None);
        }
        check("s3://a?name=x s3://b?name=y", Some(2));
        check(&vec!["file:///x"; 65].join(" "), None);
    }
}
