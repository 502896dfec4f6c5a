//! Facts about the host: what the kernel says, and what the journal and systemd know of the service.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Files of Linux (proc(5), os-release(5), cgroups(7)) with facts that matter to a fault.
const READ: [&str; 15] = [
    "/etc/os-release",
    "/proc/version",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/pressure/cpu",
    "/proc/pressure/io",
    "/proc/pressure/memory",
    "/proc/self/limits",
    "/proc/self/cgroup",
    "/proc/self/mountinfo",
    "/proc/sys/fs/file-nr",
    "/proc/stat",
    "/proc/diskstats",
    "/proc/net/sockstat",
];

/// What to ask, and the file that takes the answer.
const ASKED: [(&str, &[&str]); 6] = [
    ("journal.txt", &["journalctl", "-u", "unoc", "--no-pager", "-o", "short-iso", "-n", "20000"]),
    ("journal_kernel.txt", &["journalctl", "-k", "--no-pager", "-p", "warning", "-n", "1000"]),
    ("systemd_status.txt", &["systemctl", "status", "unoc", "--no-pager", "--full", "-n", "0"]),
    ("systemd_unit.txt", &["systemctl", "show", "unoc", "--no-pager", "-p", UNIT_PROPERTIES]),
    ("clock.txt", &["timedatectl", "show"]),
    ("disk.txt", &["df", "-PT"]),
];

/// Not all: the environment of a unit may hold secrets.
const UNIT_PROPERTIES: &str = "ActiveState,SubState,Result,NRestarts,ExecMainCode,ExecMainStatus,\
    ExecMainStartTimestamp,ActiveEnterTimestamp,WatchdogTimestamp,MemoryCurrent,MemoryPeak,MemoryMax,\
    TasksCurrent,LimitNOFILE,User,FragmentPath,DropInPaths,StatusText";

const NO_ENTRIES: &[u8] = b"-- No entries --";

/// How long each of them may take.
const COMMAND_WAIT: Duration = Duration::from_secs(5);
/// The longest answer that is read.
const OUTPUT_BYTES_MAX: u64 = 16 << 20;
/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Returns files with facts about the host, or why there are none: names, and contents.
pub fn host_files() -> Vec<(&'static str, Result<Vec<u8>, String>)> {
    let asked = ASKED.into_iter().map(|(name, command)| (name, output(command)));
    std::iter::once(("host.txt", Ok(kernel_facts()))).chain(asked).collect()
}

fn kernel_facts() -> Vec<u8> {
    let mut text = Vec::new();
    for path in READ {
        text.extend_from_slice(format!("== {path}\n").as_bytes());
        let read =
            fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut text));
        if let Err(error) = read {
            text.extend_from_slice(error.to_string().as_bytes());
        }
        text.push(b'\n');
    }
    text
}

/// Runs a command of the host that only reads, and returns what it prints.
fn output(command: &[&str]) -> Result<Vec<u8>, String> {
    let (program, arguments) = command.split_first().ok_or("no command")?;
    let mut child = Command::new(program)
        .args(arguments.iter().map(OsStr::new))
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    let Some(stdout) = child.stdout.take() else { return Err(format!("{program} has no output")) };
    let (sender, receiver) = std::sync::mpsc::channel();
    // Read beside the deadline. Children of its own may keep the pipe open: the thread ends with them.
    let read = move || {
        let mut bytes = Vec::new();
        let read = stdout.take(OUTPUT_BYTES_MAX).read_to_end(&mut bytes);
        // Nobody listens after the deadline.
        sender.send(read.map(|_| bytes)).ok();
    };
    let started = std::thread::Builder::new().name("host-facts".to_owned()).spawn(read);
    let received = started.map(|_| receiver.recv_timeout(COMMAND_WAIT));
    // One that has ended cannot be killed. One that waits for a disk that hangs ends when that answers: it is
    // not waited for, and a command that makes a bundle ends soon.
    child.kill().ok();
    if received.as_ref().is_ok_and(Result::is_ok) {
        child.wait().ok();
    }
    match received {
        Ok(Ok(Ok(bytes))) if bytes.is_empty() => Err(format!("{program} printed nothing")),
        // What journalctl says to a user who may not read the journal, too (journalctl(1)).
        Ok(Ok(Ok(bytes))) if bytes.starts_with(NO_ENTRIES) => {
            Err(format!("{program} shows no entries to this user"))
        }
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Err(_)) => Err(format!("{program} took more than {} s", COMMAND_WAIT.as_secs())),
        Ok(Ok(Err(error))) | Err(error) => Err(format!("{program} cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_asked_and_commands_have_a_deadline() {
        let facts = String::from_utf8(kernel_facts()).unwrap();
        assert!(facts.contains("== /proc/version\nLinux version"), "{facts}");
        assert_eq!(output(&["echo", "hello"]), Ok(b"hello\n".to_vec()));
        assert_eq!(output(&["true"]), Err("true printed nothing".to_owned()));
        let none = output(&["echo", "-- No entries --"]);
        assert_eq!(none, Err("echo shows no entries to this user".to_owned()));
        assert!(output(&["no-such-program"]).unwrap_err().contains("cannot be run"));
        assert_eq!(output(&["sleep", "60"]), Err("sleep took more than 5 s".to_owned()));
    }
}
