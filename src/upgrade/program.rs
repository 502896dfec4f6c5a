//! Programs that are run to their end, within a limit of time.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::error::UpgradeError;

/// Between two looks at whether a program has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long the rest of the output may take after the end: a process that the program started may still
/// hold the pipe.
const OUTPUT_WAIT: Duration = Duration::from_secs(1);
/// Most bytes of output that are kept: `systemctl` and `journalctl` are asked for a few lines.
const OUTPUT_BYTES_MAX: u64 = 256 << 10;

/// What a program said until it ended.
pub(super) struct ProgramOutput {
    pub(super) is_success: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a program; after `limit` it is killed.
pub(super) fn run_within(
    command: &mut Command,
    limit: Duration,
) -> Result<ProgramOutput, UpgradeError> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|source| UpgradeError::NotStarted { program: program.clone(), source })?;
    let (stdout, stderr) = (read_all(child.stdout.take()), read_all(child.stderr.take()));
    let Some(is_success) = wait(&mut child, limit) else {
        // It may end in this moment.
        child.kill().ok();
        child.wait().ok();
        return Err(UpgradeError::TimedOut { program, limit });
    };
    let text = |output: &Receiver<String>| output.recv_timeout(OUTPUT_WAIT).unwrap_or_default();
    Ok(ProgramOutput { is_success, stdout: text(&stdout), stderr: text(&stderr) })
}

/// Waits for the end of a process. Returns whether it was a success; `None` after `limit`.
pub(super) fn wait(child: &mut Child, limit: Duration) -> Option<bool> {
    let mut waited = Duration::ZERO;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if waited < limit => {
                // Whoever wakes this thread makes it look once more.
                std::thread::park_timeout(LOOK_EVERY);
                waited += LOOK_EVERY;
            }
            Ok(None) | Err(_) => return None,
        }
    }
}

fn read_all(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read until an error is the output. The rest is read, so that the program can end.
            pipe.by_ref().take(OUTPUT_BYTES_MAX).read_to_end(&mut bytes).ok();
            sender.send(String::from_utf8_lossy(&bytes).into_owned()).ok();
            std::io::copy(&mut pipe, &mut std::io::sink()).ok();
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_output_is_kept_up_to_a_limit() {
        let done =
            run_within(&mut shell("echo out; echo err >&2; exit 3"), Duration::from_secs(60));
        let done = done.unwrap();
        assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("out\n", "err\n"));
        assert!(!done.is_success);
        let loud = run_within(&mut shell("head -c 1000000 /dev/zero"), Duration::from_secs(60));
        let loud = loud.unwrap();
        assert!(loud.is_success && loud.stdout.len() == 256 << 10);
    }

    #[test]
    fn a_program_that_hangs_is_killed() {
        let hung = run_within(&mut shell("exec sleep 1000"), Duration::from_millis(50));
        assert!(matches!(hung, Err(UpgradeError::TimedOut { .. })));
        let missing = run_within(&mut Command::new("/no/such/program"), Duration::from_secs(1));
        assert!(matches!(missing, Err(UpgradeError::NotStarted { .. })));
    }
}
