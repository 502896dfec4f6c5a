//! Look-ups in the table of keys.

use std::fmt::Write as _;

use super::key::Key;
use super::key_table::KEYS;

/// Returns every key, in the order of `unoc config show` and of the documentation.
pub fn keys() -> &'static [Key] {
    &KEYS
}

/// Returns the key named `name` in the configuration file.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    keys().iter().find(|key| key.name == name)
}

/// Returns the keys as a Markdown table with a trailing newline; docs/DEPLOYMENT.md contains it.
pub fn markdown_table() -> String {
    let mut table = String::from(
        "| Key | Environment | Flag | Default | Allowed | Meaning |\n\
         |---|---|---|---|---|---|\n",
    );
    for key in keys() {
        let environment = key.environment.iter().map(|name| code(name)).collect::<Vec<_>>();
        writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} |",
            code(key.name),
            environment.join(", "),
            key.flag.map(code).unwrap_or_default(),
            code(key.default),
            key.allowed,
            key.help,
        )
        .expect("writing into a string does not fail");
    }
    table
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

/// Returns the name of the secret whose file `key` is the path of.
pub(super) fn secret_of(key: &Key) -> Option<&'static str> {
    let secret = find(key.name.strip_suffix("_file")?)?;
    secret.secret.then_some(secret.name)
}

#[cfg(test)]
mod tests {
    use super::super::settings::Config;
    use super::*;

    #[test]
    fn numbers_have_the_bounds_their_rule_names() {
        let mut checked = 0;
        for key in keys() {
            let range = key.allowed.split(',').next().unwrap();
            let Some((low, high)) = range.split_once('-') else { continue };
            let (Ok(low), Ok(high)) = (low.parse::<i64>(), high.parse::<i64>()) else { continue };
            for (number, expected) in
                [(low - 1, false), (low, true), (high, true), (high + 1, false)]
            {
                let mut config = Config::unset();
                let accepted = (key.set)(&mut config, &number.to_string()).is_ok();
                assert_eq!(accepted, expected, "{} = {number}", key.name);
                assert!(!accepted || (key.shown)(&config) == number.to_string(), "{}", key.name);
            }
            checked += 1;
        }
        let which = "two ports, two of connections, hsts, two of sessions, cache, space, four to keep, hours, heartbeat";
        assert_eq!(checked, 15, "{which}");
    }

    #[test]
    fn the_table_of_keys_is_in_order() {
        let mut names: Vec<_> = keys().iter().flat_map(|key| key.environment).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|a, b| a < b), "two keys have one variable: {names:?}");
        for key in keys() {
            let variable = format!("UNOC_{}", key.name.to_uppercase());
            assert_eq!(*key.environment.last().unwrap(), variable);
            let flag = (!key.secret).then(|| format!("--{}", key.name.replace('_', "-")));
            assert_eq!(key.flag.map(str::to_owned), flag);
            assert!(key.help.ends_with('.') && !key.allowed.contains('|'), "{}", key.name);
        }
    }

    #[test]
    fn the_keys_render_as_markdown() {
        let table = markdown_table();
        let mut lines = table.lines();
        assert_eq!(
            lines.next(),
            Some("| Key | Environment | Flag | Default | Allowed | Meaning |")
        );
        assert_eq!(lines.next(), Some("|---|---|---|---|---|---|"));
        for key in keys() {
            let cells: Vec<_> = lines.next().unwrap().split('|').map(str::trim).collect();
            let [_, name, environment, flag, default, allowed, help, _] = cells[..] else {
                panic!("eight pieces: {cells:?}");
            };
            assert_eq!(name.trim_matches('`'), key.name);
            assert_eq!(environment.replace('`', ""), key.environment.join(", "));
            assert_eq!(flag.replace('`', ""), key.flag.unwrap_or_default());
            assert_eq!(default.replace('`', ""), key.default);
            assert_eq!((allowed, help), (key.allowed, key.help));
        }
        assert_eq!(lines.next(), None);
    }
}
