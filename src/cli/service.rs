//! The installed service, as its unit describes it. Commands that are typed beside it take their settings
//! from there.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::service_unit::{self, ServiceUnit};
use crate::config::CONFIG_ENVIRONMENT;

/// The unit.
pub(super) const UNIT: &str = "unoc.service";

/// Where systemd keeps the credentials of the running service (systemd.exec(5)).
const RUNNING_CREDENTIALS: &str = "run/credentials/unoc.service";

/// Variables that say where the data or the settings are. A command that has one of them is not about the
/// installed service, or was started by systemd.
const ELSEWHERE: [&str; 3] = ["STATE_DIRECTORY", "UNOC_DATA_DIR", CONFIG_ENVIRONMENT];

/// The service whose program this is.
pub(super) struct InstalledService {
    /// Variables that systemd sets for it.
    pub(super) environment: BTreeMap<String, String>,
    /// Its credentials by name.
    pub(super) credentials: BTreeMap<String, CredentialSource>,
    /// Groups that it has beside those of its user, names or ids.
    pub(super) supplementary_groups: Vec<String>,
    /// Files with variables of it that this user may not read.
    pub(super) unreadable: Vec<PathBuf>,
    /// The credentials of the running service, if this user may read them.
    pub(super) running_credentials: Option<PathBuf>,
}

/// Where systemd takes a credential from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CredentialSource {
    File(PathBuf),
    Text(String),
}

impl InstalledService {
    /// Returns the service of this host, if its unit runs this program and `own`, the environment of this
    /// process, does not lead elsewhere.
    pub(super) fn find(own: &BTreeMap<String, String>) -> Option<Self> {
        let is_set = |name: &&str| own.get(*name).is_some_and(|value| !value.is_empty());
        if ELSEWHERE.iter().any(is_set) {
            return None;
        }
        Self::of_program(&std::env::current_exe().ok()?)
    }

    /// Returns the service of this host, if its unit runs this program.
    pub(super) fn of_program(program: &Path) -> Option<Self> {
        Self::find_under(Path::new("/"), program)
    }

    fn find_under(root: &Path, program: &Path) -> Option<Self> {
        let unit = ServiceUnit::read(root, UNIT)?;
        let started = unit.value("ExecStart")?.trim_start_matches(['@', '-', ':', '+', '!']);
        if Path::new(started.split_whitespace().next()?) != program {
            return None;
        }
        let mut environment = BTreeMap::new();
        if let Some(name) = unit.value("StateDirectory").and_then(|it| it.split([' ', ':']).next())
        {
            environment.insert("STATE_DIRECTORY".to_owned(), format!("/var/lib/{name}"));
        }
        let values = unit.values("Environment");
        environment.extend(values.into_iter().flat_map(service_unit::environment));
        let mut unreadable = Vec::new();
        for path in unit.values("EnvironmentFile") {
            let path = root.join(path.trim_start_matches('-').trim_start_matches('/'));
            match fs::read_to_string(&path) {
                Ok(text) => environment.extend(service_unit::environment_file(&text)),
                Err(error) if error.kind() == ErrorKind::PermissionDenied => unreadable.push(path),
                // systemd has refused to start the service, or goes on without the file.
                Err(_) => {}
            }
        }
        let running = root.join(RUNNING_CREDENTIALS);
        let running_credentials = fs::read_dir(&running).is_ok().then_some(running);
        let credentials = credentials(&unit, root);
        let groups = unit.values("SupplementaryGroups").into_iter();
        let supplementary_groups = groups.flat_map(str::split_whitespace).map(str::to_owned);
        let supplementary_groups = supplementary_groups.collect();
        Some(Self {
            environment,
            credentials,
            supplementary_groups,
            unreadable,
            running_credentials,
        })
    }

    /// Returns the environment of a command beside the service: what systemd sets, overridden by what the
    /// caller has set.
    pub(super) fn environment_of_command(
        &self,
        own: BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let mut all = self.environment.clone();
        if let Some(directory) = &self.running_credentials {
            let directory = directory.to_string_lossy().into_owned();
            all.insert("CREDENTIALS_DIRECTORY".to_owned(), directory);
        }
        all.extend(own);
        all
    }
}

/// Returns the credentials that are files or texts of the unit. Encrypted ones, and those of systemd's own
/// stores, are there only while the service runs.
fn credentials(unit: &ServiceUnit, root: &Path) -> BTreeMap<String, CredentialSource> {
    let pairs = |key| unit.values(key).into_iter().filter_map(|value: &str| value.split_once(':'));
    let texts = pairs("SetCredential")
        .map(|(name, text)| (name.to_owned(), CredentialSource::Text(text.to_owned())));
    let files = pairs("LoadCredential").filter_map(|(name, path)| {
        let path = root.join(path.strip_prefix('/')?);
        Some((name.to_owned(), CredentialSource::File(path)))
    });
    texts.chain(files).collect()
}

/// Returns the name of the group that a file or directory belongs to, or its number; `None` if its mode
/// gives the group no rights.
pub(super) fn group_with_access(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    if metadata.mode() & 0o040 == 0 {
        return None;
    }
    let gid = metadata.gid().to_string();
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    // group(5): name, password, number, members.
    let of_gid = |line: &&str| line.split(':').nth(2) == Some(gid.as_str());
    let name = groups.lines().find(of_gid).and_then(|line| line.split(':').next());
    Some(name.map_or_else(|| gid.clone(), str::to_owned))
}

/// Returns what a user can do who may not read `path`, or `None` if it is readable or does not exist.
pub(super) fn remedy_if_denied(path: &Path) -> Option<String> {
    let error = fs::File::open(path).err().filter(|it| it.kind() == ErrorKind::PermissionDenied)?;
    // Of a path in a directory that is closed, the directory is what the group may enter.
    let owned = path.ancestors().find(|path| fs::metadata(path).is_ok())?;
    Some(match group_with_access(owned) {
        Some(group) => format!(
            "{error}: {} is for the group {group}; join it (sudo usermod -aG {group} \"$USER\", then \
             log in again), or use sudo",
            owned.display()
        ),
        None => {
            let uid = fs::metadata(owned).map_or(0, |it| it.uid());
            format!(
                "{error}: {} belongs to user {uid}, who alone may use it; use sudo",
                owned.display()
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_found_by_its_program_with_its_settings() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let find = |program: &str| InstalledService::find_under(root.path(), Path::new(program));
        assert!(find("/usr/bin/unoc").is_none());
        write("usr/lib/systemd/system/unoc.service", include_str!("../../systemd/unoc.service"));
        write(
            "etc/systemd/system/unoc.service.d/override.conf",
            "[Service]\nLoadCredential=token:/etc/unoc/token\nSetCredential=a:b:c\nEnvironment=UNOC_PORT=1\n\
             SupplementaryGroups=ssl-cert 77\n",
        );
        write("etc/unoc/unoc.env", "UNOC_PORT=2\nPGPASSFILE=/etc/unoc/pgpass\n");
        assert!(find("/home/op/unoc").is_none(), "another program is no part of the service");
        let service = find("/usr/bin/unoc").unwrap();
        let own = [("UNOC_HOST".to_owned(), "::1".to_owned())].into();
        let all = service.environment_of_command(own);
        let all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            all,
            [
                ("PGPASSFILE", "/etc/unoc/pgpass"),
                ("STATE_DIRECTORY", "/var/lib/unoc"),
                ("UNOC_HOST", "::1"),
                ("UNOC_PORT", "2"),
            ]
        );
        assert_eq!(service.supplementary_groups, ["ssl-cert", "77"]);
        let expected = [
            ("a".to_owned(), CredentialSource::Text("b:c".to_owned())),
            ("token".to_owned(), CredentialSource::File(root.path().join("etc/unoc/token"))),
        ];
        assert_eq!(service.credentials, expected.into());
        fs::create_dir_all(root.path().join(RUNNING_CREDENTIALS)).unwrap();
        let running = find("/usr/bin/unoc").unwrap().environment_of_command(BTreeMap::new());
        assert!(running["CREDENTIALS_DIRECTORY"].ends_with(RUNNING_CREDENTIALS));
    }
}
