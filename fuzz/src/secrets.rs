//! Settings that are secrets: whatever is wrong with one, no error quotes it.

use unoc::config::{self, Sources};

const MARK: &str = "5eCr3t-m4rk";

pub(crate) fn run(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let secret: Vec<_> = config::keys().iter().filter(|key| key.secret).collect();
    let key = secret[usize::from(*first) % secret.len()];
    // The contacts are quoted by their names, which are no secrets.
    if key.name == "contacts" {
        return;
    }
    // In an address, the secrets are what follows the scheme and the user.
    let value = match text.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://u:{MARK}@{rest}"),
        None => format!("{text}{MARK}"),
    };
    let variable = key.environment.last().expect("each key has a variable");
    let sources = Sources {
        environment: [(*variable, &*value), ("HOME", "/nonexistent")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..Sources::default()
    };
    let said = match config::load(&sources) {
        Ok(config) => {
            let shown = config.show().into_iter().map(|shown| shown.value);
            format!("{config:?} {}", shown.collect::<Vec<_>>().join(" "))
        }
        Err(errors) => format!("{errors} {errors:?}"),
    };
    assert!(!said.contains(MARK), "{} is quoted: {said}", key.name);
}
