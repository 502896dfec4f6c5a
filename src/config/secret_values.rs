//! Every secret of a configuration, for those who must not pass one on.

use std::collections::BTreeMap;

use super::contacts::ChannelSettings;
use super::settings::Config;

/// What the name of a variable contains if its value is a secret, such as `AWS_SECRET_ACCESS_KEY` or
/// `PGPASSWORD`.
const SECRET_NAMES: [&str; 5] = ["SECRET", "PASSWORD", "TOKEN", "CREDENTIAL", "ACCESS_KEY"];

impl Config {
    /// Returns the secrets of the settings, and those parts of addresses that are secrets by themselves.
    pub fn secret_values(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        if let Some(token) = &self.shutdown_token {
            secrets.push(token.expose().to_owned());
        }
        let urls = [&self.database_url, &self.smtp_url, &self.heartbeat_url];
        for url in urls.into_iter().flatten() {
            add_url(url.expose(), &mut secrets);
        }
        for contact in &self.contacts {
            if let ChannelSettings::Webhook { url, key, .. } = &contact.channel {
                add_url(url.expose(), &mut secrets);
                secrets.extend(key.iter().map(|key| key.expose().to_owned()));
            }
        }
        secrets
    }
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
}
