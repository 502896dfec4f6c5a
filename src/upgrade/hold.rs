//! A process of the service's user that holds the closed store, and what it is asked for.
//!
//! One line of JSON each: first it answers what the store is, then each request. It ends, and lets go of the
//! store, with the end of its input: also when the upgrade is killed.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::UpgradeError;
use super::program::wait;
use crate::store::{ClosedStore, ClosedStoreFacts};
use crate::util::error_chain;

/// The hidden subcommand that calls [`serve_store_requests`].
const SUBCOMMAND: &str = "upgrade-store";
/// This program, also after its file was replaced.
const OWN_PROGRAM: &str = "/proc/self/exe";
/// A store of gigabytes takes minutes to repair or to copy.
const ANSWER_WAIT: Duration = Duration::from_secs(30 * 60);
/// The process ends at once with the end of its input.
const END_WAIT: Duration = Duration::from_secs(10);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoreRequest {
    Save,
    PutBack { quarantine: Option<String> },
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct StoreAnswer {
    error: Option<String>,
    present: Option<ClosedStoreFacts>,
    saved: Option<ClosedStoreFacts>,
}

/// The closed store of a data directory. Until this is dropped, the service cannot open it.
#[derive(Debug)]
pub struct StoreHold {
    child: Child,
    requests: Option<ChildStdin>,
    answers: Receiver<String>,
    facts: StoreAnswer,
}

impl StoreHold {
    /// Takes hold of the store of a data directory; `None` if there is no such directory.
    ///
    /// # Errors
    /// [`UpgradeError`] while a process uses the store.
    pub fn begin(data_dir: &Path) -> Result<Option<Self>, UpgradeError> {
        let Ok(metadata) = std::fs::metadata(data_dir) else { return Ok(None) };
        let mut command = Command::new(OWN_PROGRAM);
        command.env_clear().arg(SUBCOMMAND).arg(data_dir);
        if metadata.uid() != 0 && rustix::process::geteuid().is_root() {
            command.uid(metadata.uid()).gid(metadata.gid());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().map_err(|source| UpgradeError::NotStarted {
            program: SUBCOMMAND.to_owned(),
            source,
        })?;
        let (sender, answers) = mpsc::channel();
        let (stdout, requests) = (child.stdout.take(), child.stdin.take());
        std::thread::spawn(move || {
            let lines = stdout.map(|pipe| BufReader::new(pipe).lines()).into_iter().flatten();
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut hold = Self { child, requests, answers, facts: StoreAnswer::default() };
        hold.facts = hold.answer()?;
        Ok(Some(hold))
    }

    /// What the store says of itself; `None` without a store, or if it cannot be read.
    pub fn facts(&self) -> Option<ClosedStoreFacts> {
        self.facts.present
    }

    /// What the store says that was saved before the last upgrade.
    pub fn saved_facts(&self) -> Option<ClosedStoreFacts> {
        self.facts.saved
    }

    /// Saves the store: see [`ClosedStore::save`].
    ///
    /// # Errors
    /// [`UpgradeError`]; what was saved before is kept then.
    pub fn save(&mut self) -> Result<(), UpgradeError> {
        self.facts = self.ask(&StoreRequest::Save)?;
        Ok(())
    }

    /// Puts the saved store back: see [`ClosedStore::put_back`].
    ///
    /// # Errors
    /// [`UpgradeError`]; the store is unchanged then.
    pub fn put_back(&mut self, quarantine: Option<String>) -> Result<(), UpgradeError> {
        self.facts = self.ask(&StoreRequest::PutBack { quarantine })?;
        Ok(())
    }

    fn ask(&mut self, request: &StoreRequest) -> Result<StoreAnswer, UpgradeError> {
        let mut line = serde_json::to_vec(request).expect("a request is plain data");
        line.push(b'\n');
        if let Some(requests) = &mut self.requests {
            // A process that has ended gives no answer, which is the error.
            requests.write_all(&line).ok();
        }
        self.answer()
    }

    fn answer(&mut self) -> Result<StoreAnswer, UpgradeError> {
        let failed = |what: String| UpgradeError::Failed { program: SUBCOMMAND.to_owned(), what };
        let line = self.answers.recv_timeout(ANSWER_WAIT).map_err(|error| match error {
            mpsc::RecvTimeoutError::Timeout => {
                UpgradeError::TimedOut { program: SUBCOMMAND.to_owned(), limit: ANSWER_WAIT }
            }
            mpsc::RecvTimeoutError::Disconnected => failed("it ended early".to_owned()),
        })?;
        let answer: StoreAnswer =
            serde_json::from_str(&line).map_err(|error| failed(error.to_string()))?;
        answer.error.clone().map_or(Ok(answer), |error| Err(failed(error)))
    }
}

impl Drop for StoreHold {
    fn drop(&mut self) {
        self.requests = None;
        if wait(&mut self.child, END_WAIT).is_none() {
            // It may end in this moment.
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// Holds the store of a data directory and answers requests until the input ends.
///
/// # Errors
/// Those of reading requests and writing answers.
pub fn serve_store_requests(
    data_dir: &Path,
    requests: impl BufRead,
    mut answers: impl Write,
) -> io::Result<()> {
    let mut answer = |answer: &StoreAnswer| {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        answers.write_all(&line)?;
        answers.flush()
    };
    let held = match ClosedStore::hold(data_dir) {
        Ok(held) => held,
        Err(error) => {
            return answer(&StoreAnswer { error: Some(error_chain(&error)), ..Default::default() });
        }
    };
    let facts = |error| StoreAnswer { error, present: held.facts(), saved: held.saved_facts() };
    answer(&facts(None))?;
    for line in requests.lines() {
        let done = match serde_json::from_str(&line?)? {
            StoreRequest::Save => held.save(),
            StoreRequest::PutBack { quarantine } => held.put_back(quarantine.as_deref()),
        };
        answer(&facts(done.err().map(|error| error_chain(&error))))?;
    }
    Ok(())
}
