//! The configuration file of a new installation: every key, each in a comment.

use super::key::Key;
use super::keys::{keys, secret_of};

/// Widest line of a comment.
const COLUMNS_MAX: usize = 100;

/// Returns a configuration file with every key, its meaning and its allowed values. Each key is in a
/// comment, so the defaults hold until somebody removes a `#`.
pub fn commented_file() -> String {
    let mut text = String::from(
        "# The settings of UNOC. Each has its default: remove the # in front of a key to change it, then\n\
         #     unoc config check\n\
         #     systemctl restart unoc\n\
         # Put passwords into files of their own (the keys that end in _file), or into unoc.env.\n",
    );
    for key in keys() {
        text.push('\n');
        comment(&mut text, key.help);
        comment(&mut text, &format!("Allowed: {}.", plain(key.allowed)));
        if is_found(key) {
            comment(&mut text, &format!("Default: {}.", key.default));
        }
        text.push_str(&format!("#{} = {}\n", key.name, shown_default(key)));
    }
    text
}

/// Returns whether the default is the rule by which a value is found, rather than a value.
fn is_found(key: &Key) -> bool {
    key.default.starts_with('$')
}

/// Returns the default as TOML; for one that is found, an example.
fn shown_default(key: &Key) -> String {
    let is_bare = !key.default.is_empty() && key.default.bytes().all(|byte| byte.is_ascii_digit());
    match (is_found(key), secret_of(key)) {
        (_, Some(secret)) => format!("\"/etc/unoc/{secret}\""),
        (true, None) => "\"/var/lib/unoc\"".to_owned(),
        (false, None) if is_bare => key.default.to_owned(),
        (false, None) => format!("\"{}\"", key.default),
    }
}

/// Returns a text of the documentation without its marks for code.
fn plain(text: &str) -> String {
    text.replace('`', "")
}

/// Adds a text as lines of a comment.
fn comment(text: &mut String, words: &str) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.len() > 1 && line.chars().count() + 1 + word.chars().count() > COLUMNS_MAX {
            text.push_str(&line);
            line = String::from("\n#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::tests::Case;
    use super::*;

    #[test]
    fn a_new_file_sets_nothing_and_each_of_its_lines_is_a_valid_default() {
        let text = commented_file();
        let shown = |case: Case| {
            let shown = case.load().unwrap().show();
            shown.into_iter().map(|one| (one.key, one.value)).collect::<Vec<_>>()
        };
        let defaults = shown(Case::new());
        assert_eq!(shown(Case::new().file(&text)), defaults);
        for key in keys() {
            let line = text.lines().find(|line| line.starts_with(&format!("#{} = ", key.name)));
            let line = line.unwrap_or_else(|| panic!("{} is missing", key.name));
            if is_found(key) {
                continue;
            }
            assert_eq!(shown(Case::new().file(&line[1..])), defaults, "{line}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS_MAX + 1), "{text}");
    }
}
