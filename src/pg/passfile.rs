//! Passwords from a password file, as in libpq (PostgreSQL documentation, "The Password File").

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use postgres::Config;
use postgres::config::Host;

use super::address::{Endpoint, SOCKET_DIRECTORIES};

/// Largest file; a line has about 60 bytes.
const BYTES_MAX: u64 = 1 << 20;
/// As in libpq, only the owner of the file may have access.
const OTHERS: u32 = 0o077;
/// The host in the file for a local socket in a default directory.
const LOCAL: &str = "localhost";

/// Returns the password of the first line that matches the endpoint, the database and the user.
///
/// # Errors
/// Says why the file is not used, with its name and what to do. It never quotes its content.
pub(super) fn find(
    path: &Path,
    endpoint: &Endpoint,
    config: &Config,
) -> Result<Option<String>, String> {
    let text = read(path).map_err(|what| format!("{} is not used: {what}", path.display()))?;
    let host = match &endpoint.host {
        Host::Unix(directory)
            if SOCKET_DIRECTORIES.iter().any(|usual| directory.as_os_str() == *usual) =>
        {
            LOCAL.to_owned()
        }
        Host::Unix(directory) => directory.display().to_string(),
        Host::Tcp(name) => name.clone(),
    };
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    Ok(password(&text, [&host, &endpoint.port.to_string(), database, user]))
}

/// Returns every password in the file, also of one that [`find`] does not use; none if it cannot be read.
pub(super) fn passwords(path: &Path) -> Vec<String> {
    let Ok(text) = read_text(path) else { return Vec::new() };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| fields(line).into_iter().nth(4)).map(|field| field.text).collect()
}

fn read(path: &Path) -> Result<String, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if metadata.permissions().mode() & OTHERS != 0 {
        let shown = path.display();
        return Err(format!("users other than its owner have access to it; chmod 600 {shown}"));
    }
    read_text(path)
}

fn read_text(path: &Path) -> Result<String, String> {
    let read = File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let bytes = read.map_err(|error: io::Error| error.to_string())?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(format!("it is larger than {BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

/// A line is `host:port:database:user:password`. A field `*` matches everything; `\` escapes the
/// next character.
fn password(text: &str, wanted: [&str; 4]) -> Option<String> {
    let text = text.trim_start_matches('\u{feff}');
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let (place, rest) = fields.split_at_checked(wanted.len())?;
        let matches = place.iter().zip(wanted).all(|(field, wanted)| field.matches(wanted));
        let password = &rest.first()?.text;
        (matches && !password.is_empty()).then(|| password.clone())
    })
}

#[derive(Default)]
struct Field {
    text: String,
    is_escaped: bool,
}

impl Field {
    fn matches(&self, wanted: &str) -> bool {
        (self.text == "*" && !self.is_escaped) || self.text == wanted
    }
}

fn fields(line: &str) -> Vec<Field> {
    let mut fields = vec![Field::default()];
    let mut letters = line.chars();
    while let Some(mut letter) = letters.next() {
        let mut field = fields.pop().unwrap_or_default();
        if letter == ':' {
            fields.extend([field, Field::default()]);
            continue;
        }
        if letter == '\\' {
            field.is_escaped = true;
            // At the end of the line it stands for itself.
            letter = letters.next().unwrap_or(letter);
        }
        field.text.push(letter);
        fields.push(field);
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_matching_line_is_used() {
        let text = "# db:5432:unoc:u:no\n\ndb:5432:unoc:u\ndb:5433:*:*:port\r\n\
                    db:5432:unoc:v:user\ndb:*:unoc:u:wild\n*:*:*:*:last\n";
        let holds = |wanted: [&str; 4], expected: Option<&str>| {
            assert_eq!(password(text, wanted).as_deref(), expected, "{wanted:?}");
        };
        holds(["db", "5433", "any", "any"], Some("port"));
        holds(["db", "5432", "unoc", "v"], Some("user"));
        holds(["db", "5432", "unoc", "u"], Some("wild"));
        holds(["other", "5432", "unoc", "u"], Some("last"));
        let text =
            "\u{feff}\\*:1:d:u:literal\nfe80\\:\\:1:1:d:u:a\\:b\\\\c:more\nh:1:d:u:\nh:1:d:u:é\\";
        assert_eq!(password(text, ["h", "1", "d", "u"]).as_deref(), Some("é\\"));
        assert_eq!(password(text, ["*", "1", "d", "u"]).as_deref(), Some("literal"));
        assert_eq!(password(text, ["fe80::1", "1", "d", "u"]).as_deref(), Some("a:b\\c"));
        assert_eq!(password(text, ["h", "2", "d", "u"]), None);
    }

    #[test]
    fn a_password_file_must_be_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pgpass");
        let mut config = Config::new();
        config.user("u");
        let usual = Endpoint { host: Host::Unix(SOCKET_DIRECTORIES[0].into()), port: 5432 };
        let find = |path: &Path| find(path, &usual, &config);
        assert!(find(&path).unwrap_err().contains("No such file"));
        assert!(find(directory.path()).unwrap_err().contains("not a regular file"));
        // The default database has the user's name.
        fs::write(&path, "localhost:5432:u:u:s3cr3t\n").unwrap();
        for (mode, is_used) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let found = find(&path);
            assert_eq!(found.is_ok(), is_used, "{mode:o} {found:?}");
            match found {
                Ok(password) => assert_eq!(password.as_deref(), Some("s3cr3t")),
                Err(why) => assert!(why.contains("chmod 600") && !why.contains("s3cr3t"), "{why}"),
            }
        }
    }
}
