//! A PostgreSQL server of the bench's own: the newest that is installed, with its default settings.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use postgres::{Client, NoTls};

use crate::process::{cpu_s, ended_children_cpu_s, parent_of};

/// Where Debian and Ubuntu put the binaries of each version.
const INSTALLED: &str = "/usr/lib/postgresql";
/// `nobody` and its group, on every Linux: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65534;
const START_MAX: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
/// A third of the weight of a process that nobody made nice (`man 7 sched`).
const NICENESS: &str = "5";

/// A server; it ends when this is dropped.
pub(crate) struct Postgres {
    server: Child,
    /// Starts it.
    command: Command,
    log: PathBuf,
    pub(crate) port: u16,
    /// How many databases were made.
    databases: u32,
}

/// The directory of the newest installed binaries, if there are any.
pub(crate) fn installed() -> Option<PathBuf> {
    let major = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let entries = fs::read_dir(INSTALLED).ok()?;
    let newest = entries.filter_map(|entry| major(entry.ok()?)).max()?;
    let directory = PathBuf::from(format!("{INSTALLED}/{newest}/bin"));
    directory.join("initdb").exists().then_some(directory)
}

impl Postgres {
    /// Makes a cluster in the directory, which must not exist, and starts it. With `is_nice` it
    /// leaves most of the processor time to others that want it.
    pub(crate) fn start(binaries: &Path, directory: &Path, is_nice: bool) -> Result<Self> {
        fs::create_dir(directory)?;
        open_the_way(directory)?;
        let data = directory.join("data");
        let mut initdb = unprivileged(&binaries.join("initdb"), false);
        initdb.arg("-D").arg(&data).args(["-U", "unoc", "-A", "trust", "-E", "UTF8"]);
        let made = initdb.arg("--locale=C").output().context("running initdb")?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = File::create(directory.join("log"))?;
        let mut command = unprivileged(&binaries.join("postgres"), is_nice);
        command.arg("-D").arg(&data).arg("-p").arg(port.to_string());
        command.arg("-k").arg(directory).args(["-c", "listen_addresses=127.0.0.1"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let server = command.spawn().context("starting PostgreSQL")?;
        let log = directory.join("log");
        let mut postgres = Self { server, command, log, port, databases: 0 };
        postgres.until_it_answers()?;
        Ok(postgres)
    }

    fn until_it_answers(&mut self) -> Result<()> {
        let started = Instant::now();
        while self.client("postgres").is_err() {
            if let Some(status) = self.server.try_wait()? {
                let words = fs::read_to_string(&self.log).unwrap_or_default();
                bail!("PostgreSQL ended while starting: {status}\n{words}");
            }
            ensure!(started.elapsed() < START_MAX, "PostgreSQL does not answer");
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// Kills it with SIGKILL; its children notice and end.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.server.kill()?;
        self.server.wait()?;
        Ok(())
    }

    /// Starts what was killed; it recovers by itself, and turns logins away meanwhile.
    pub(crate) fn start_again(&mut self) -> Result<()> {
        self.server = self.command.spawn().context("starting PostgreSQL again")?;
        Ok(())
    }

    /// Processor time so far of the server and all its processes, those that have ended too, in
    /// seconds.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        let server = self.server.id();
        let own = PathBuf::from(format!("/proc/{server}"));
        let mut sum = cpu_s(&own)? + ended_children_cpu_s(&own)?;
        for entry in fs::read_dir("/proc")? {
            let directory = entry?.path();
            // A process that ends meanwhile is counted with its parent's.
            if parent_of(&directory) == Some(server) {
                sum += cpu_s(&directory).unwrap_or(0.0);
            }
        }
        Ok(sum)
    }

    /// An empty database; returns its name.
    pub(crate) fn create_database(&mut self) -> Result<String> {
        self.databases += 1;
        let name = format!("unoc_{}", self.databases);
        self.client("postgres")?.batch_execute(&format!("CREATE DATABASE {name}"))?;
        Ok(name)
    }

    pub(crate) fn drop_database(&self, name: &str) -> Result<()> {
        let sql = format!("DROP DATABASE {name} WITH (FORCE)");
        Ok(self.client("postgres")?.batch_execute(&sql)?)
    }

    /// Writes everything to disk, so that no measurement pays for what came before it.
    pub(crate) fn checkpoint(&self) -> Result<()> {
        Ok(self.client("postgres")?.batch_execute("CHECKPOINT")?)
    }

    /// A session over the network, as the mirror has one.
    pub(crate) fn client(&self, database: &str) -> Result<Client> {
        Ok(Client::connect(&url(self.port, database), NoTls)?)
    }

    /// Version and the settings that matter to the numbers, as the server has them.
    pub(crate) fn words(&self) -> Result<String> {
        let mut client = self.client("postgres")?;
        let row = client.query_one(
            "SELECT current_setting('server_version'), current_setting('fsync'), \
             current_setting('synchronous_commit'), current_setting('shared_buffers'), \
             current_setting('max_wal_size'), current_setting('wal_level')",
            &[],
        )?;
        let text = |index: usize| row.get::<_, String>(index);
        let version = text(0);
        let version = version.split(' ').next().unwrap_or_default();
        Ok(format!(
            "PostgreSQL {version} on this machine and disk as it is installed (fsync {}, \
             synchronous_commit {}, shared_buffers {}, max_wal_size {}, wal_level {})",
            text(1),
            text(2),
            text(3),
            text(4),
            text(5)
        ))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT: everything in here is thrown away. It may have ended by itself.
        let pid = self.server.id().to_string();
        Command::new("kill").args(["-QUIT", &pid]).status().ok();
        self.server.wait().ok();
    }
}

/// The address of a database behind a port of loopback.
pub(crate) fn url(port: u16, database: &str) -> String {
    format!("postgresql://unoc@127.0.0.1:{port}/{database}?sslmode=disable")
}

/// Runs a line of shell with these binaries first in the PATH, and returns how long it took.
pub(crate) fn shell(binaries: &Path, line: &str) -> Result<Duration> {
    let path = format!("{}:/usr/bin:/bin", binaries.display());
    let started = Instant::now();
    let mut command = Command::new("bash");
    command.args(["-c", &format!("set -euo pipefail; {line}")]);
    command.env_clear().env("LC_ALL", "C").env("PATH", path).stdin(Stdio::null());
    let output = command.output().context("running bash")?;
    let took = started.elapsed();
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{line}: {words}");
    Ok(took)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A command that runs as `nobody` when this is root, and ends with the thread that started it.
fn unprivileged(program: &Path, is_nice: bool) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
        command.arg("--clear-groups");
    }
    command.args(["--pdeathsig=QUIT", "--"]);
    if is_nice {
        command.args(["nice", "-n", NICENESS]);
    }
    command.arg(program);
    command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin").current_dir("/");
    command
}

/// Gives the directory to the server's user, who may also pass the two above it: both are the
/// bench's own.
fn open_the_way(directory: &Path) -> Result<()> {
    if !is_root() {
        return Ok(());
    }
    chown(directory, Some(NOBODY), Some(NOBODY))?;
    for above in directory.ancestors().skip(1).take(2) {
        let mode = fs::metadata(above)?.permissions().mode();
        fs::set_permissions(above, fs::Permissions::from_mode(mode | 0o011))?;
    }
    Ok(())
}
