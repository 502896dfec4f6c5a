//! The secrets of a target: a file that not everybody can read, or a credential of systemd.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::TargetError;
use super::redact::Redactor;
use crate::util::exposure;

/// Largest file; a service account's key in JSON has about 2.4 kB.
const BYTES_MAX: u64 = 64 * 1024;

/// Name of a systemd credential before the target's name.
const CREDENTIAL_START: &str = "backup_target_";

/// A file of secrets that was read.
pub(super) struct CredentialsFile {
    pub(super) path: PathBuf,
    pub(super) settings: Vec<CredentialSetting>,
}

/// A setting of the store.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct CredentialSetting {
    /// By `object_store`'s names, in lower case.
    pub(super) name: String,
    pub(super) value: String,
    /// Where it is in the file.
    pub(super) line: usize,
}

impl fmt::Debug for CredentialsFile {
    /// No values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.settings.len();
        f.debug_struct("CredentialsFile")
            .field("path", &self.path)
            .field("settings", &count)
            .finish()
    }
}

impl CredentialsFile {
    /// Reads the file that an address names, else the credential of the target's name. Returns
    /// `None` where there is neither.
    ///
    /// # Errors
    /// [`TargetError::Credentials`]: the file is missing, open to everybody, too large, or has an
    /// invalid line. Nothing is quoted.
    pub(super) fn find(
        named: Option<&Path>,
        directory: Option<&Path>,
        target: &str,
    ) -> Result<Option<Self>, TargetError> {
        let credential = || Some(directory?.join(format!("{CREDENTIAL_START}{target}")));
        let path = named.map(Path::to_owned).or_else(|| credential().filter(|path| path.exists()));
        path.map(Self::read).transpose()
    }

    /// What takes the values out of texts, since any of them may be a secret.
    pub(super) fn redactor(&self) -> Redactor {
        Redactor::new(self.secrets())
    }

    /// The values that may be secrets; of the JSON of a service account, its whole text.
    pub(super) fn secrets(&self) -> Vec<String> {
        let is_secret =
            |it: &&CredentialSetting| !PLAIN.iter().any(|plain| it.name.ends_with(plain));
        self.settings.iter().filter(is_secret).map(|it| it.value.clone()).collect()
    }

    /// Reads a text that is one of secrets whatever its permissions are; nothing if it has no settings.
    pub(super) fn secrets_of_text(text: &str) -> Vec<String> {
        let settings = parse(text).unwrap_or_default();
        Self { path: PathBuf::new(), settings }.secrets()
    }

    /// The error of one of its lines.
    pub(super) fn error(&self, what: String) -> TargetError {
        TargetError::Credentials { path: self.path.clone(), what }
    }

    /// Reads the text of a file, whatever its permissions are.
    pub(super) fn read_text(path: &Path) -> std::io::Result<String> {
        text_of(File::open(path)?)
    }

    fn read(path: PathBuf) -> Result<Self, TargetError> {
        let invalid = |what: String| TargetError::Credentials { path: path.clone(), what };
        let io = |error: std::io::Error| invalid(error.to_string());
        let file = File::open(&path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() {
            return Err(invalid("it is not a file".to_owned()));
        }
        if let Some(why) = exposure(&path, &metadata) {
            return Err(invalid(why));
        }
        let text = text_of(file).map_err(|_| invalid("it cannot be read as text".to_owned()))?;
        if u64::try_from(text.len()).is_ok_and(|bytes| bytes > BYTES_MAX) {
            return Err(invalid(format!("it is larger than {BYTES_MAX} bytes")));
        }
        let settings = parse(text.trim_start_matches('\u{feff}')).map_err(invalid)?;
        Ok(Self { path, settings })
    }
}

fn text_of(file: File) -> std::io::Result<String> {
    let mut text = String::new();
    file.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// Ends of the names of settings whose values help in an error.
const PLAIN: [&str; 5] = ["region", "endpoint", "base_url", "allow_http", "_style_request"];

/// Reads lines `KEY=VALUE`, as systemd's `EnvironmentFile=` has them, or the JSON of a Google
/// service account.
fn parse(text: &str) -> Result<Vec<CredentialSetting>, String> {
    if text.trim_start().starts_with('{') {
        let (name, value) = ("google_service_account_key".to_owned(), text.to_owned());
        return Ok(vec![CredentialSetting { name, value, line: 1 }]);
    }
    let mut settings = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let (line, number) = (line.trim(), n + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let pair = line.split_once('=');
        let (name, value) = pair.ok_or_else(|| format!("line {number} is not KEY=VALUE"))?;
        let (name, value) = (name.trim(), unquoted(value.trim()));
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) || value.is_empty() {
            return Err(format!("line {number} is not KEY=VALUE"));
        }
        let (name, value) = (name.to_ascii_lowercase(), value.to_owned());
        settings.push(CredentialSetting { name, value, line: number });
    }
    if settings.is_empty() { Err("it has no settings".to_owned()) } else { Ok(settings) }
}

fn unquoted(text: &str) -> &str {
    let inside = |quote| text.strip_prefix(quote).and_then(|text: &str| text.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const SECRET: &str = "s3cr3t-4711";

    #[test]
    fn lines_are_parsed_and_errors_name_the_line() {
        let check = |text: &str, expected: Result<&[(&str, &str)], &str>| {
            let read = parse(text);
            let read = read.as_ref().map(|settings| {
                settings.iter().map(|it| (&*it.name, &*it.value)).collect::<Vec<_>>()
            });
            assert_eq!(read.as_deref().map_err(|error| error.as_str()), expected, "{text}");
        };
        check(
            "# keys\n\nAWS_ACCESS_KEY_ID=AK\r\nexport AWS_SECRET_ACCESS_KEY = \"a=b#c\"\n",
            Ok(&[("aws_access_key_id", "AK"), ("aws_secret_access_key", "a=b#c")]),
        );
        check("A='x'", Ok(&[("a", "x")]));
        check(" {\"a\": 1}", Ok(&[("google_service_account_key", " {\"a\": 1}")]));
        check("A=x\ns3cr3t", Err("line 2 is not KEY=VALUE"));
        check("A=", Err("line 1 is not KEY=VALUE"));
        check("s3 cr3t=x", Err("line 1 is not KEY=VALUE"));
        check("# nothing", Err("it has no settings"));
    }

    #[test]
    fn the_named_file_is_preferred_and_must_be_private() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, mode: u32| {
            let path = directory.path().join(name);
            fs::write(&path, format!("AWS_SECRET_ACCESS_KEY={SECRET}{mode}\n")).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            path
        };
        let (file, _) = (write("named", 0o640), write("backup_target_minio", 0o400));
        let find = |named: Option<&Path>, target| {
            CredentialsFile::find(named, Some(directory.path()), target)
        };
        let value = |found: Option<CredentialsFile>| found.unwrap().settings[0].value.clone();
        assert_eq!(value(find(Some(&file), "minio").unwrap()), format!("{SECRET}{}", 0o640));
        let found = find(None, "minio").unwrap();
        assert!(!format!("{found:?}").contains(SECRET));
        let redactor = found.as_ref().unwrap().redactor();
        assert_eq!(redactor.clean(&format!("x {SECRET}{}", 0o400)), "x ***");
        assert_eq!(value(found), format!("{SECRET}{}", 0o400));
        assert!(find(None, "other").unwrap().is_none());
        assert!(CredentialsFile::find(None, None, "minio").unwrap().is_none());

        for named in [write("open", 0o644), directory.path().join("absent"), "/dev/null".into()] {
            let error = find(Some(&named), "minio").unwrap_err().to_string();
            assert!(error.contains(named.to_str().unwrap()) && !error.contains(SECRET), "{error}");
        }
        let open = find(Some(&write("open", 0o604)), "minio").unwrap_err().to_string();
        assert!(open.contains("chmod o= "), "{open}");
        let large = write("large", 0o600);
        fs::write(&large, format!("A={}", "x".repeat(64 * 1024))).unwrap();
        assert!(find(Some(&large), "minio").unwrap_err().to_string().contains("larger"));
    }
}
