//! A host with an installed program and a service, whose systemd is a script.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;
use unoc::store::STORE_FILE;

use crate::harness::http::Http;
use crate::harness::process::{Said, said, unoc};
use crate::harness::wait;

/// The version of this tree.
pub(super) const OLD: &str = env!("CARGO_PKG_VERSION");

/// `systemctl` and `journalctl` for one service, which runs `bin/unoc` on `data`.
const SYSTEMCTL: &str = include_str!("systemctl.sh");
const UPGRADE_UNIT: &str = include_str!("../../../systemd/unoc-upgrade.service");
const JOURNALCTL: &str = include_str!("journalctl.sh");

/// A version of the same length that is newer than any other.
pub(super) fn next_version() -> String {
    OLD.replace(|c: char| c.is_ascii_digit(), "9")
}

/// A version of the same length that is older than any other.
pub(super) fn old_version() -> String {
    OLD.replace(|c: char| c.is_ascii_digit(), "0")
}

pub(super) struct UpgradeHost {
    root: TempDir,
}

impl UpgradeHost {
    pub(super) fn new() -> Self {
        Self::with(&program(&[]))
    }

    /// A host on which this file is installed.
    pub(super) fn with(installed: &Path) -> Self {
        // On the volume of the programs, which are linked.
        let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        for directory in ["bin", "data", "path"] {
            fs::create_dir(root.path().join(directory)).expect("our own directory");
        }
        for (name, script) in [("systemctl", SYSTEMCTL), ("journalctl", JOURNALCTL)] {
            let path = root.path().join("path").join(name);
            fs::write(&path, script).expect("our own file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own file");
        }
        let host = Self { root };
        fs::hard_link(installed, host.binary()).expect("one volume");
        host
    }

    /// Starts the service, as a boot does.
    #[track_caller]
    pub(super) fn start(&self) -> &Self {
        self.systemctl("start");
        self
    }

    #[track_caller]
    pub(super) fn systemctl(&self, command: &str) {
        let mut systemctl = Command::new(self.root.path().join("path/systemctl"));
        said(self.environment(systemctl.args([command, "--", "unoc"]))).expect(0);
    }

    /// Takes the right to run the installed program, as a new version that the host cannot execute.
    pub(super) fn disable_program(&self) {
        let mode = fs::Permissions::from_mode(0o644);
        fs::set_permissions(self.binary(), mode).expect("our own file");
    }

    /// The version that is installed at first, at another place.
    pub(super) fn current(&self) -> PathBuf {
        program(&[])
    }

    pub(super) fn next(&self) -> PathBuf {
        program(&[(OLD, &next_version())])
    }

    pub(super) fn older(&self) -> PathBuf {
        program(&[(OLD, &old_version())])
    }

    /// The installed version as a build that does not say which schema of the store it opens.
    pub(super) fn silent() -> PathBuf {
        program(&[("store_schema", "store_layout")])
    }

    /// A new version that does not find the store.
    pub(super) fn broken(&self) -> PathBuf {
        program(&[(OLD, &next_version()), (STORE_FILE, "xnoc.redb")])
    }

    pub(super) fn upgrade(&self, file: &Path, arguments: &[&str]) -> Said {
        said(&mut self.upgrade_command(file, arguments))
    }

    pub(super) fn spawn_upgrade(&self, file: &Path, arguments: &[&str]) -> Child {
        let mut command = self.upgrade_command(file, arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    }

    pub(super) fn said(child: Child) -> Said {
        let output = child.wait_with_output().expect("its own child");
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn upgrade_command(&self, file: &Path, arguments: &[&str]) -> Command {
        // The shortest watch, unless a test says otherwise.
        let mut all = vec!["upgrade", file.to_str().expect("a text")];
        if !arguments.contains(&"--healthy-for") {
            all.extend(["--healthy-for", "0s"]);
        }
        all.extend(arguments);
        self.command(&all)
    }

    /// Runs a command of the installed program; `variables` are set for it.
    pub(super) fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
        said(self.command(arguments).envs(variables.iter().copied()))
    }

    /// A command of the program that the tests are of.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = unoc(arguments);
        command.arg("--binary").arg(self.binary()).arg("--data-dir").arg(self.data_dir());
        self.environment(&mut command);
        command
    }

    /// Starts the service, whatever comes of it, and what its unit wants then: as a boot does.
    pub(super) fn boot(&self) -> Option<Said> {
        let mut systemctl = Command::new(self.root.path().join("path/systemctl"));
        said(self.environment(systemctl.args(["start", "--", "unoc"])));
        let value = |key: &str| {
            let line = UPGRADE_UNIT.lines().find_map(|line| line.strip_prefix(key));
            let value = line.expect("the unit has it").replace("/usr/bin", "bin");
            value.split(' ').map(str::to_owned).collect::<Vec<_>>()
        };
        let inside = |path: &str| self.root.path().join(path);
        if !inside(&value("ConditionPathExists=")[0]).exists() {
            return None;
        }
        let words = value("ExecStart=");
        let mut rescue = Command::new(inside(&words[0]));
        rescue.env_clear().env("HOME", "/nonexistent").args(&words[1..]);
        // Settings of the newer version, which this one refuses, must not be in the way.
        rescue.arg("--binary").arg(self.binary()).env("UNOC_PORT", "none");
        Some(said(self.environment(&mut rescue)))
    }

    fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let path = self.root.path().join("path");
        command.env("PATH", format!("{}:/usr/bin:/bin", path.display()));
        command.env("FAKE_ROOT", self.root.path()).stdin(Stdio::null())
    }

    /// Sets a variable for the next starts of the service.
    pub(super) fn set_environment(&self, variable: &str) {
        fs::write(self.root.path().join("environment"), variable).expect("our own file");
    }

    /// Sets what systemd says of the unit's file.
    pub(super) fn set_load_state(&self, state: &str) {
        fs::write(self.root.path().join("load-state"), state).expect("our own file");
    }

    pub(super) fn binary(&self) -> PathBuf {
        self.root.path().join("bin/unoc")
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub(super) fn store(&self) -> PathBuf {
        self.data_dir().join(STORE_FILE)
    }

    /// The names of the files beside the program.
    pub(super) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.path().join("bin")).expect("a directory");
        let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a text");
        let mut names: Vec<_> = entries.map(|entry| name(entry.expect("an entry"))).collect();
        names.sort_unstable();
        names
    }

    /// The version of the program that is in its place.
    pub(super) fn version(&self) -> String {
        let printed = said(Command::new(self.binary()).env_clear().arg("version")).expect(0);
        printed.stdout.trim().strip_prefix("unoc ").expect("a version").to_owned()
    }

    pub(super) fn http(&self) -> Http {
        Http::new(&unoc::app::read_endpoint(&self.data_dir()).expect("it serves").url)
    }

    pub(super) fn devices(&self) -> u64 {
        let health = self.http().get("/api/health").expect(200).json();
        health["store"]["device_count"].as_u64().expect("a number")
    }

    /// What the audit trail says of these: the actor, and from which version to which.
    pub(super) fn rows(&self, action: &str) -> Vec<[String; 3]> {
        let path = format!("/api/audit?action={}", action.replace(' ', "%20"));
        let rows = self.http().get(&path).expect(200).json();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let rows = rows.as_array().expect("a list").iter().map(|row| {
            let details = &row["details"];
            [text(&row["actor"]), text(&details["from"]), text(&details["to"])]
        });
        rows.collect()
    }

    pub(super) fn provision(&self, name: &str) {
        self.http().provision(name, "POP");
    }

    fn process(&self) -> Option<u32> {
        let text = fs::read_to_string(self.root.path().join("pid")).ok()?;
        let process = text.trim().parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // A zombie of another parent has ended.
        (!stat.contains(") Z ")).then_some(process)
    }

    pub(super) fn is_running(&self) -> bool {
        self.process().is_some()
    }

    #[track_caller]
    pub(super) fn kill_service(&self) {
        let process = self.process().expect("it runs").to_string();
        said(Command::new("kill").args(["-KILL", &process])).expect(0);
        wait::until("the service has ended", || (!self.is_running()).then_some(()));
    }

    /// The commands that were given to `systemctl`, without questions.
    pub(super) fn log_of_systemctl(&self) -> Vec<String> {
        let log = fs::read_to_string(self.root.path().join("commands")).expect("a log");
        log.lines().filter(|line| *line != "show").map(str::to_owned).collect()
    }

    pub(super) fn journal_path(&self) -> PathBuf {
        self.root.path().join("bin/unoc.upgrade.json")
    }

    pub(super) fn journal_if_any(&self) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.journal_path()).ok()?).ok()
    }

    #[track_caller]
    pub(super) fn journal(&self) -> Value {
        self.journal_if_any().expect("a journal")
    }
}

impl Drop for UpgradeHost {
    fn drop(&mut self) {
        if let Some(process) = self.process() {
            Command::new("kill").args(["-KILL", &process.to_string()]).status().ok();
        }
    }
}

/// The program without its debug information and with other words of the same length, made once. A link to
/// it can be executed while another one of its names is replaced.
fn program(words: &[(&str, &str)]) -> PathBuf {
    static STRIPPED: OnceLock<Vec<u8>> = OnceLock::new();
    let built = Path::new(env!("CARGO_BIN_EXE_unoc"));
    let modified = fs::metadata(built).and_then(|metadata| metadata.modified()).expect("a time");
    let modified = modified.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_nanos();
    let name: String = words.iter().map(|(_, to)| format!("-{to}")).collect();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = directory.join(format!("unoc{name}-{modified}"));
    if path.exists() {
        return path;
    }
    remove_older(directory, &modified.to_string());
    let mut bytes = STRIPPED
        .get_or_init(|| {
            let stripped = tempfile::NamedTempFile::new_in(directory).expect("a file");
            let mut strip = Command::new("strip");
            said(strip.arg("-o").arg(stripped.path()).arg(built)).expect(0);
            fs::read(stripped.path()).expect("our own file")
        })
        .clone();
    for (from, to) in words {
        replace(&mut bytes, from.as_bytes(), to.as_bytes());
    }
    let made = tempfile::NamedTempFile::new_in(directory).expect("a file");
    fs::write(made.path(), bytes).expect("our own file");
    fs::set_permissions(made.path(), fs::Permissions::from_mode(0o755)).expect("our own file");
    made.persist(&path).expect("one volume");
    path
}

/// Removes the programs that were made of earlier builds; they take 75 MiB each.
fn remove_older(directory: &Path, stamp: &str) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        if name.starts_with("unoc-") && !name.ends_with(stamp) {
            // Another test may remove it, too.
            fs::remove_file(entry.path()).ok();
        }
    }
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let mut at = 0;
    let mut count = 0;
    while let Some(first) = bytes[at..].iter().position(|byte| *byte == from[0]) {
        at += first;
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            count += 1;
        }
        at += 1;
    }
    assert!(count > 0, "the program has no {:?}", String::from_utf8_lossy(from));
}
