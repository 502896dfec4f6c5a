//! What differs between two configurations.

use super::contacts::{ChannelSettings, ContactSettings};
use super::key::Key;
use super::keys::keys;
use super::settings::Config;

impl Config {
    /// Returns the keys whose values differ, secrets included, in the order of [`keys`].
    ///
    /// The address of a database that both read from the same file is no difference: the mirror reads the
    /// file for each connection.
    pub fn changed_keys(&self, other: &Self) -> Vec<&'static str> {
        let differs = |key: &&Key| {
            (key.shown)(self) != (key.shown)(other)
                || self.unshown(key.name) != other.unshown(key.name)
        };
        let is_read_again = |key: &&Key| {
            let file = |config: &Self| config.secret_files.get(key.name).cloned();
            key.name == "database_url" && file(self).is_some() && file(self) == file(other)
        };
        let changed = keys().iter().filter(differs).filter(|key| !is_read_again(key));
        changed.map(|key| key.name).collect()
    }

    /// What [`Key::shown`] leaves out of a value.
    fn unshown(&self, name: &str) -> Vec<String> {
        let secret = match name {
            "shutdown_token" => &self.shutdown_token,
            "database_url" => &self.database_url,
            "smtp_url" => &self.smtp_url,
            "heartbeat_url" => &self.heartbeat_url,
            "contacts" => return self.contacts.iter().flat_map(unshown_contact).collect(),
            _ => &None,
        };
        secret.iter().map(|secret| secret.expose().to_owned()).collect()
    }
}

fn unshown_contact(contact: &ContactSettings) -> Vec<String> {
    let mut values = vec![format!("{contact:?}")];
    if let ChannelSettings::Webhook { url, key, .. } = &contact.channel {
        values.push(url.expose().to_owned());
        values.extend(key.iter().map(|key| key.expose().to_owned()));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::super::tests::Case;

    #[test]
    fn what_differs_is_named_whether_it_is_shown_or_not() {
        let base = "shutdown_token = 'first-token'\nport = 7\n[[contacts]]\nname = 'a'\n\
                    webhook = { url = 'https://example.org/one', form = 'slack' }\n";
        let check = |from: &str, to: &str, expected: &[&str]| {
            let changed = Case::new().file(&base.replace(from, to)).load().unwrap();
            let before = Case::new().file(base).load().unwrap();
            assert_eq!(before.changed_keys(&changed), expected, "{from} {to}");
        };
        check("", "", &[]);
        check("port = 7", "port = 8", &["port"]);
        check("first-token", "other-token", &["shutdown_token"]);
        check("/one", "/two", &["contacts"]);
        check("form = 'slack' }", "form = 'slack' }\nseverities = ['critical']", &["contacts"]);
        check("[[contacts]]", "site_name = 'x'\n[[contacts]]", &["site_name"]);
    }

    #[test]
    fn an_address_in_a_file_is_read_again_anyway() {
        let case = Case::new();
        let path = case.path("url");
        let load = |url: &str| {
            case.write("url", url);
            let case = Case::new().flag("database_url_file", path.to_str().unwrap());
            case.load().unwrap()
        };
        let (before, after) = (load("postgres://a/x"), load("postgres://b/x"));
        assert_eq!(before.changed_keys(&after), Vec::<&str>::new());
        let other = Case::new().variable("DATABASE_URL", "postgres://b/x").load().unwrap();
        assert!(before.changed_keys(&other).contains(&"database_url"));
    }
}
