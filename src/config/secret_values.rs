//! Every secret of a configuration, for those who must not pass one on.

use std::collections::BTreeMap;

use serde_json::Value;

use super::contacts::ChannelSettings;
use super::setting::Setting;
use super::settings::Config;

/// What the name of a variable contains if its value is a secret, such as `AWS_SECRET_ACCESS_KEY` or
/// `PGPASSWORD`.
const SECRET_NAMES: [&str; 7] =
    ["SECRET", "PASSWORD", "PASSPHRASE", "TOKEN", "CREDENTIAL", "ACCESS_KEY", "API_KEY"];

impl Config {
    /// Returns the secrets of the settings, and those parts of addresses that are secrets by themselves.
    pub fn secret_values(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        for secret in [&self.shutdown_token, &self.oidc.client_secret].into_iter().flatten() {
            secrets.push(secret.expose().to_owned());
        }
        for url in [&self.database_url, &self.smtp_url].into_iter().flatten() {
            add_url(url.expose(), &mut secrets);
        }
        if let Some(url) = &self.heartbeat_url {
            add_capability_url(url.expose(), &mut secrets);
        }
        for contact in &self.contacts {
            if let ChannelSettings::Webhook { url, key, .. } = &contact.channel {
                add_capability_url(url.expose(), &mut secrets);
                secrets.extend(key.iter().map(|key| key.expose().to_owned()));
            }
        }
        secrets
    }
}

/// Returns whether the text of a setting has a secret in it, rather than the name of a file with one.
pub(super) fn holds_secret(setting: &Setting) -> bool {
    let text = setting.text.trim();
    if !setting.key.secret || text.is_empty() {
        return false;
    }
    match setting.key.name {
        "database_url" | "smtp_url" => {
            let mut secrets = Vec::new();
            add_url(text, &mut secrets);
            !secrets.is_empty()
        }
        "contacts" => match serde_json::from_str::<Vec<Value>>(text) {
            Ok(contacts) => contacts.iter().any(|contact| is_secret_webhook(&contact["webhook"])),
            Err(_) => text.split_whitespace().any(is_capability),
        },
        _ => true,
    }
}

/// Services whose addresses are known to everybody; their secrets are keys.
const KNOWN_SERVICES: [&str; 2] = ["pagerduty", "alertmanager"];

/// Returns whether a webhook, as the file has it, holds a secret: a key, or an address that is one.
fn is_secret_webhook(webhook: &Value) -> bool {
    let form = webhook["form"].as_str().unwrap_or_default();
    let url = webhook.as_str().or_else(|| webhook["url"].as_str()).unwrap_or_default();
    webhook["key"].is_string() || !KNOWN_SERVICES.contains(&form) && is_capability(url)
}

/// Returns whether something is reached by an address alone.
fn is_capability(url: &str) -> bool {
    let mut secrets = Vec::new();
    add_capability_url(url, &mut secrets);
    !secrets.is_empty()
}

/// Returns the values of the variables that hold secrets by their name, and the passwords in addresses.
pub fn secrets_of_environment(environment: &BTreeMap<String, String>) -> Vec<String> {
    let mut secrets = Vec::new();
    for (name, value) in environment {
        // The path of a file with a secret is none.
        let is_path = value.starts_with('/') && std::path::Path::new(value).exists();
        if !is_path && SECRET_NAMES.iter().any(|part| name.to_ascii_uppercase().contains(part)) {
            secrets.push(value.clone());
        }
        if value.contains("://") {
            add_url(value, &mut secrets);
        }
    }
    secrets
}

/// Adds the parts of an address after which something could be reached: what a webhook's path says, a
/// password, the values of a query.
fn add_url(url: &str, secrets: &mut Vec<String>) {
    let Some((_, rest)) = url.split_once("://") else { return };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if let Some((user, _)) = authority.rsplit_once('@')
        && let Some((_, password)) = user.split_once(':')
    {
        secrets.extend([password.to_owned(), decoded(password)]);
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    // A short path, such as the name of a database, is none.
    secrets.extend(path.split('/').filter(|part| part.len() >= PATH_PART_MIN).map(str::to_owned));
    let values = query.split('&').filter_map(|pair| pair.split_once('='));
    let secret = values.filter(|(name, _)| {
        SECRET_NAMES.iter().any(|part| name.to_ascii_uppercase().contains(part))
            || name.eq_ignore_ascii_case("key")
    });
    secrets.extend(secret.flat_map(|(_, value)| [value.to_owned(), decoded(value)]));
}

/// Adds the parts of an address by which alone something is reached, so that each may be the secret: the path
/// as a whole, what looks like a token in it, and all values of the query.
fn add_capability_url(url: &str, secrets: &mut Vec<String>) {
    add_url(url, secrets);
    let Some((_, rest)) = url.split_once("://") else { return };
    let Some((_, path)) = rest.split_once('/') else { return };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if path.len() >= PATH_BYTES_MIN {
        secrets.push(path.to_owned());
    }
    let has_digit = |part: &&str| part.bytes().any(|byte| byte.is_ascii_digit());
    let tokens = path.split('/').filter(|part| part.len() >= TOKEN_BYTES_MIN).filter(has_digit);
    let values = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
    let values = values.filter(|value| !PLAIN_VALUES.contains(value));
    secrets.extend(tokens.chain(values).flat_map(|text| [text.to_owned(), decoded(text)]));
}

/// Values of switches, such as `wait=true` of Discord. Without them, nothing of JSON would be left.
const PLAIN_VALUES: [&str; 7] = ["", "true", "false", "yes", "no", "0", "1"];
/// A shorter path, such as `ping`, is a word of other texts, too.
const PATH_BYTES_MIN: usize = 8;
/// A part of a path with a digit and so many characters is more than `v1` or a name.
const TOKEN_BYTES_MIN: usize = 6;

/// Tokens in the paths of webhooks have at least so many characters; `services`, `webhooks` and the names of
/// databases are shorter.
const PATH_PART_MIN: usize = 16;

/// Decodes `%40` and the like (RFC 3986, 2.1).
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, byte) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_addresses_and_variables_are_found() {
        let environment = [
            ("AWS_SECRET_ACCESS_KEY", "aws-key"),
            ("UNOC_HEARTBEAT_URL", "https://hc.example.org/ping/0123456789abcdef0123"),
            ("DATABASE_URL", "postgres://u:p%40ss@h/unocdb?sslmode=require&sslpassword=deep"),
            ("HOME", "/var/lib/unoc"),
        ];
        let environment =
            environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut secrets = secrets_of_environment(&environment);
        secrets.sort();
        secrets.dedup();
        assert_eq!(secrets, ["0123456789abcdef0123", "aws-key", "deep", "p%40ss", "p@ss"]);
    }

    #[test]
    fn the_address_of_a_webhook_is_a_secret_in_all_its_parts() {
        let mut secrets = Vec::new();
        let url = "https://chat.example.org/hooks/v1/tok4711?t=x%40y&wait=true&room=";
        add_capability_url(url, &mut secrets);
        secrets.sort();
        secrets.dedup();
        assert_eq!(secrets, ["hooks/v1/tok4711", "tok4711", "x%40y", "x@y"]);
        secrets.clear();
        add_capability_url("https://hc.example.org/ping", &mut secrets);
        assert_eq!(secrets, [""; 0]);
    }
}
