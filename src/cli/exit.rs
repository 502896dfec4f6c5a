//! Exit codes, and which error has which; `docs/OPERATIONS.md` lists them.

use std::process::ExitCode;

use crate::backup::BackupError;
use crate::config::Faults;
use crate::engine::EngineError;
use crate::store::StoreError;
use crate::util::error_chain;
use crate::v2_import::LegacyError;

const FAILURE: u8 = 1;
/// The command line was not understood.
pub(super) const USAGE: u8 = 2;
/// The configuration or the state of the store forbids it: trying again does not help.
const REFUSED: u8 = 3;
/// `EX_TEMPFAIL` of sysexits.h: trying again may help.
const TEMPORARY: u8 = 75;
/// Nobody reads what is written: what a shell shows for a program that SIGPIPE (13) ended.
const READER_GONE: u8 = 128 + 13;

/// Why a command failed, and the process's exit code.
pub(super) struct Failure {
    pub(super) error: anyhow::Error,
    code: u8,
}

impl Failure {
    /// The state of things forbids it.
    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self { error: anyhow::Error::msg(text.into()), code: REFUSED }
    }

    /// It may work later.
    pub(super) fn temporary(text: impl Into<String>) -> Self {
        Self { error: anyhow::Error::msg(text.into()), code: TEMPORARY }
    }

    /// What was to be written could not be.
    pub(super) fn output(error: std::io::Error, to: &str) -> Self {
        let is_gone = error.kind() == std::io::ErrorKind::BrokenPipe;
        let code = if is_gone { READER_GONE } else { FAILURE };
        Self { error: anyhow::Error::from(error).context(format!("cannot write to {to}")), code }
    }

    /// Whether there is nothing to say: a reader that had enough, as `head` has, knows it.
    pub(super) fn is_quiet(&self) -> bool {
        self.code == READER_GONE
    }

    /// The same failure, with what it happened to in front.
    pub(super) fn about(self, what: String) -> Self {
        Self { error: self.error.context(what), code: self.code }
    }

    pub(super) fn code(&self) -> ExitCode {
        self.code.into()
    }
}

/// Returns the error and its causes in one line.
pub(super) fn explain(error: &anyhow::Error) -> String {
    error_chain(error.as_ref())
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let store = error.downcast_ref::<StoreError>();
        let engine = error.downcast_ref::<EngineError>();
        if let Some(code) = error.downcast_ref::<BackupError>().map(of_backup) {
            return Self { code, error };
        }
        let code = match (store, engine) {
            (Some(error), _) | (_, Some(EngineError::Store(error))) => of_store(error),
            (_, Some(EngineError::Refused(_))) => REFUSED,
            (_, Some(EngineError::Busy | EngineError::ReadOnly { .. })) => TEMPORARY,
            _ if error.is::<Faults>() => REFUSED,
            _ => FAILURE,
        };
        Self { error, code }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self { code: of_store(&error), error: error.into() }
    }
}

impl From<LegacyError> for Failure {
    fn from(error: LegacyError) -> Self {
        let code = match &error {
            error if error.is_refusal() => REFUSED,
            error if error.is_temporary() => TEMPORARY,
            _ => FAILURE,
        };
        // Its text has its causes in it.
        Self { code, error: anyhow::Error::msg(error.to_string()) }
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        let text = format!("the configuration has faults:\n{faults}");
        Self { error: anyhow::Error::msg(text), code: REFUSED }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self { error: error.into(), code: FAILURE }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        anyhow::Error::from(error).into()
    }
}

fn of_backup(error: &BackupError) -> u8 {
    match error {
        BackupError::Busy(_)
        | BackupError::NoFreeName
        | BackupError::NoRoom { .. }
        | BackupError::Target(_)
        | BackupError::TargetNotSetUp { .. }
        | BackupError::RunFailed(_)
        | BackupError::Unverified { .. } => TEMPORARY,
        BackupError::Io { .. }
        | BackupError::NotMade(_)
        | BackupError::Stopping
        | BackupError::Panicked => FAILURE,
        BackupError::DirectoryUnresponsive(_) => TEMPORARY,
        BackupError::Shared(error) => of_backup(error),
        BackupError::Store(error) | BackupError::Engine(EngineError::Store(error)) => {
            of_store(error)
        }
        BackupError::Engine(EngineError::Busy | EngineError::ReadOnly { .. }) => TEMPORARY,
        BackupError::Engine(_) => FAILURE,
        _ => REFUSED,
    }
}

fn of_store(error: &StoreError) -> u8 {
    match error {
        StoreError::Locked { .. } => TEMPORARY,
        StoreError::Missing { .. }
        | StoreError::StoreAndMarkerLost { .. }
        | StoreError::WrongSite { .. }
        | StoreError::OtherSite { .. }
        | StoreError::BadMarker { .. }
        | StoreError::Denied { .. }
        | StoreError::NotAStore { .. }
        | StoreError::SchemaNewer { .. }
        | StoreError::Damaged { .. }
        | StoreError::Inconsistent(_) => REFUSED,
        StoreError::Io { .. } | StoreError::Redb(_) => FAILURE,
    }
}
