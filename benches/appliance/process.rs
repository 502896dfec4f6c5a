//! Starting and ending the servers, and what the kernel knows of them.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::baseline;

/// Far beyond the promised second: a start that takes this long has failed.
const START_MAX: Duration = Duration::from_secs(60);
/// Beyond the promised five seconds.
const STOP_MAX: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(1);
/// Linux counts processor time in these, whatever its own tick is (`man 5 proc`, `sysconf`).
const TICKS_PER_S: f64 = 100.0;

/// A server that this program started, and ends when it is dropped.
pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    log: Option<PathBuf>,
}

/// A process's memory in MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) resident_mib: f64,
    pub(crate) peak_mib: f64,
}

/// Runs `unoc` with nothing of this machine's own configuration.
pub(crate) fn unoc(binary: &Path, directory: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().env("HOME", directory).current_dir(directory).stdin(Stdio::null());
    command
}

/// Starts `unoc serve` on a directory; returns it and the time until it was ready.
pub(crate) fn start_unoc(binary: &Path, directory: &Path) -> Result<(Server, Duration)> {
    start(binary, directory, &[], &[])
}

/// The same with further arguments.
pub(crate) fn start_with(binary: &Path, directory: &Path, arguments: &[&str]) -> Result<Server> {
    start(binary, directory, &[], arguments).map(|(server, _)| server)
}

/// Starts `unoc serve` with a mirror in this database.
pub(crate) fn start_mirrored(binary: &Path, directory: &Path, url: &str) -> Result<Server> {
    start(binary, directory, &[("DATABASE_URL", url)], &[]).map(|(server, _)| server)
}

/// Starts `unoc serve` with these contacts, as JSON.
pub(crate) fn start_told(binary: &Path, directory: &Path, contacts: &str) -> Result<Server> {
    start(binary, directory, &[("UNOC_CONTACTS", contacts)], &[]).map(|(server, _)| server)
}

fn start(
    binary: &Path,
    directory: &Path,
    environment: &[(&str, &str)],
    arguments: &[&str],
) -> Result<(Server, Duration)> {
    fs::create_dir_all(directory)?;
    let config = directory.with_extension("toml");
    fs::write(&config, "")?;
    let endpoint = directory.join("endpoint");
    if endpoint.exists() {
        // Left by a killed server.
        fs::remove_file(&endpoint)?;
    }
    let log = directory.with_extension("log");
    let output = File::create(&log)?;
    let mut command = unoc(binary, directory);
    command.arg("serve").arg("--port").arg("0").arg("--config").arg(&config);
    command.arg("--data-dir").arg(directory).args(arguments);
    command.envs(environment.iter().copied());
    command.stdout(output.try_clone()?).stderr(output);
    let started = Instant::now();
    let child = command.spawn().with_context(|| format!("starting {}", binary.display()))?;
    let mut server = Server { child, address: String::new(), log: Some(log) };
    server.wait_until_ready(&endpoint, started)?;
    Ok((server, started.elapsed()))
}

/// Starts a bare server in a process of its own.
pub(crate) fn start_bare(plan: &baseline::Plan) -> Result<Server> {
    start_role("baseline", plan)
}

/// Starts another role of this program, which runs until it is dropped, and waits for its first line: the address of a
/// server, or any other word.
pub(crate) fn start_role(role: &str, plan: &impl Serialize) -> Result<Server> {
    let mut child = ourselves(role, plan)?
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {role}"))?;
    let output = child.stdout.take().with_context(|| format!("{role} has no output"))?;
    let mut server = Server { child, address: String::new(), log: None };
    BufReader::new(output).read_line(&mut server.address)?;
    server.address = server.address.trim().to_owned();
    ensure!(!server.address.is_empty(), "{role} did not start");
    Ok(server)
}

/// Runs another role of this program to its end; its plan and its outcome are JSON.
pub(crate) fn run_role<O: DeserializeOwned>(role: &str, plan: &impl Serialize) -> Result<O> {
    let output = ourselves(role, plan)?.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{role} failed");
    serde_json::from_slice(&output.stdout).with_context(|| format!("the outcome of {role}"))
}

fn ourselves(role: &str, plan: &impl Serialize) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(role).arg(serde_json::to_string(plan)?);
    Ok(command)
}

impl Server {
    fn wait_until_ready(&mut self, endpoint: &Path, started: Instant) -> Result<()> {
        while started.elapsed() < START_MAX {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended while starting: {status}\n{}", self.last_words());
            }
            if self.address.is_empty() {
                let text = fs::read_to_string(endpoint).unwrap_or_default();
                let url = text.lines().next().unwrap_or_default().trim();
                if let Some(address) = url.strip_prefix("http://") {
                    address.clone_into(&mut self.address);
                }
                if let Some(address) = url.strip_prefix("https://") {
                    // The file is written once requests are answered; the client here knows no TLS.
                    address.clone_into(&mut self.address);
                    return Ok(());
                }
            }
            if !self.address.is_empty() && ureq::get(self.url("/health/ready")).call().is_ok() {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        bail!("the server was not ready after {START_MAX:?}\n{}", self.last_words());
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks for a clean end and waits for it.
    pub(crate) fn stop(mut self) -> Result<Duration> {
        let started = Instant::now();
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status()?;
        ensure!(sent.success(), "kill failed");
        while started.elapsed() < STOP_MAX {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "ended with {status}\n{}", self.last_words());
                return Ok(started.elapsed());
            }
            std::thread::sleep(POLL);
        }
        bail!("the server did not stop within {STOP_MAX:?}\n{}", self.last_words());
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Processor time so far, user and system, in seconds.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        cpu_s(&PathBuf::from(format!("/proc/{}", self.child.id())))
    }

    /// Processor time so far of the thread with this name, in seconds; 0 when there is none.
    pub(crate) fn thread_cpu_s(&self, name: &str) -> Result<f64> {
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let task = task?.path();
            if fs::read_to_string(task.join("comm"))?.trim() == name {
                return cpu_s(&task);
            }
        }
        Ok(0.0)
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let mib = |key: &str| -> Result<f64> {
            let line = status.lines().find(|line| line.starts_with(key));
            let kib = line.and_then(|line| line.split_whitespace().nth(1));
            Ok(kib.with_context(|| format!("no {key} of the process"))?.parse::<f64>()? / 1024.0)
        };
        Ok(Memory { resident_mib: mib("VmRSS:")?, peak_mib: mib("VmHWM:")? })
    }

    /// Resets the peak to what is resident now (`man 5 proc_pid_clear_refs`).
    pub(crate) fn forget_peak(&self) -> Result<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }

    fn last_words(&self) -> String {
        let text = self.log.as_ref().and_then(|log| fs::read_to_string(log).ok());
        let text = text.unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// Processor time so far of a process or thread, by its directory in /proc, in seconds.
pub(crate) fn cpu_s(directory: &Path) -> Result<f64> {
    let fields = stat_of(directory)?;
    Ok((field(&fields, 14)? + field(&fields, 15)?) / TICKS_PER_S)
}

/// The same of its children that have ended, in seconds.
pub(crate) fn ended_children_cpu_s(directory: &Path) -> Result<f64> {
    let fields = stat_of(directory)?;
    Ok((field(&fields, 16)? + field(&fields, 17)?) / TICKS_PER_S)
}

/// The parent of a process, by its directory in /proc; none where there is no such process.
pub(crate) fn parent_of(directory: &Path) -> Option<u32> {
    stat_of(directory).ok()?.get(1)?.parse().ok()
}

/// What `stat` tells behind the name in parentheses, which may hold blanks: the state, field 3, is
/// the first (`man 5 proc_pid_stat`).
fn stat_of(directory: &Path) -> Result<Vec<String>> {
    let stat = fs::read_to_string(directory.join("stat"))?;
    let (_, rest) = stat.rsplit_once(')').context("no name in stat")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

/// A field by its number in the manual.
fn field(fields: &[String], number: usize) -> Result<f64> {
    Ok(fields.get(number - 3).context("stat is too short")?.parse()?)
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
