//! Exit codes, and the error that each command ends with; `docs/OPERATIONS.md` lists the codes.

use std::process::ExitCode;

use crate::app::NoUsers;
use crate::auth::AuthError;
use crate::backup::BackupError;
use crate::config::ConfigErrors;
use crate::engine::EngineError;
use crate::store::StoreError;
use crate::upgrade::UpgradeError;
use crate::util::error_chain;
use crate::v2_import::V2ImportError;

const FAILED: u8 = 1;
/// The command line is invalid.
pub(super) const USAGE: u8 = 2;
/// The configuration or the state of the store does not allow it: a retry does not help.
const REFUSED: u8 = 3;
/// A new version did not work, and the previous one runs again.
const WENT_BACK: u8 = 4;
/// `EX_TEMPFAIL` of sysexits.h: a retry may help.
const TEMPORARY: u8 = 75;
/// The reader of the output has gone: the code that a shell reports for a program ended by SIGPIPE
/// (13).
const READER_GONE: u8 = 128 + 13;

/// Why a command failed, and the process's exit code.
pub(super) struct CommandError {
    pub(super) cause: anyhow::Error,
    code: u8,
}

impl CommandError {
    /// An error that a retry does not mend.
    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self { cause: anyhow::Error::msg(text.into()), code: REFUSED }
    }

    /// An error that a retry may mend.
    pub(super) fn temporary(text: impl Into<String>) -> Self {
        Self { cause: anyhow::Error::msg(text.into()), code: TEMPORARY }
    }

    /// An upgrade whose new version did not work: the host is as it was before.
    pub(super) fn went_back(text: impl Into<String>) -> Self {
        Self { cause: anyhow::Error::msg(text.into()), code: WENT_BACK }
    }

    /// The output could not be written.
    pub(super) fn output(error: std::io::Error, to: &str) -> Self {
        let is_gone = error.kind() == std::io::ErrorKind::BrokenPipe;
        let code = if is_gone { READER_GONE } else { FAILED };
        Self { cause: anyhow::Error::from(error).context(format!("cannot write to {to}")), code }
    }

    /// Returns whether the reader of the output has gone, as `head` does; then nothing is reported.
    pub(super) fn is_reader_gone(&self) -> bool {
        self.code == READER_GONE
    }

    /// Returns whether the configuration or the state of the store does not allow the command.
    pub(super) fn is_refused(&self) -> bool {
        self.code == REFUSED
    }

    /// Puts `what` in front of the error's text.
    pub(super) fn context(self, what: String) -> Self {
        Self { cause: self.cause.context(what), code: self.code }
    }

    pub(super) fn code(&self) -> ExitCode {
        self.code.into()
    }
}

/// Returns the error and its causes in one line.
pub(super) fn one_line(error: &anyhow::Error) -> String {
    error_chain(error.as_ref())
}

impl From<anyhow::Error> for CommandError {
    fn from(error: anyhow::Error) -> Self {
        let store = error.downcast_ref::<StoreError>();
        let engine = error.downcast_ref::<EngineError>();
        if let Some(code) = error.downcast_ref::<BackupError>().map(backup_exit_code) {
            return Self { code, cause: error };
        }
        let code = match (store, engine) {
            (Some(error), _) | (_, Some(EngineError::Store(error))) => store_exit_code(error),
            (_, Some(EngineError::Refused(_))) => REFUSED,
            (_, Some(EngineError::Busy | EngineError::ReadOnly { .. })) => TEMPORARY,
            _ if error.is::<ConfigErrors>() || error.is::<NoUsers>() => REFUSED,
            _ => FAILED,
        };
        Self { cause: error, code }
    }
}

impl From<AuthError> for CommandError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Engine(error) => anyhow::Error::from(error).into(),
            AuthError::Refused(_) | AuthError::NotFound(_) | AuthError::Wrong(_) => {
                Self::refused(error.to_string())
            }
            AuthError::Throttled { .. } | AuthError::Busy => Self::temporary(error.to_string()),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self { code: store_exit_code(&error), cause: error.into() }
    }
}

impl From<UpgradeError> for CommandError {
    fn from(error: UpgradeError) -> Self {
        let code = match &error {
            UpgradeError::Running => TEMPORARY,
            UpgradeError::NotUnoc { .. } | UpgradeError::BadJournal { .. } => REFUSED,
            UpgradeError::File { .. }
            | UpgradeError::NotStarted { .. }
            | UpgradeError::TimedOut { .. }
            | UpgradeError::Failed { .. } => FAILED,
        };
        Self { code, cause: error.into() }
    }
}

impl From<V2ImportError> for CommandError {
    fn from(error: V2ImportError) -> Self {
        let code = match &error {
            error if error.is_refusal() => REFUSED,
            error if error.is_temporary() => TEMPORARY,
            _ => FAILED,
        };
        // The text already contains the causes.
        Self { code, cause: anyhow::Error::msg(error.to_string()) }
    }
}

impl From<ConfigErrors> for CommandError {
    fn from(errors: ConfigErrors) -> Self {
        let text = format!("the configuration is invalid:\n{errors}");
        Self { cause: anyhow::Error::msg(text), code: REFUSED }
    }
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        Self { cause: error.into(), code: FAILED }
    }
}

impl From<BackupError> for CommandError {
    fn from(error: BackupError) -> Self {
        anyhow::Error::from(error).into()
    }
}

fn backup_exit_code(error: &BackupError) -> u8 {
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
        | BackupError::Panicked => FAILED,
        BackupError::DirectoryUnresponsive(_) => TEMPORARY,
        BackupError::Shared(error) => backup_exit_code(error),
        BackupError::Store(error) | BackupError::Engine(EngineError::Store(error)) => {
            store_exit_code(error)
        }
        BackupError::Engine(EngineError::Busy | EngineError::ReadOnly { .. }) => TEMPORARY,
        BackupError::Engine(_) => FAILED,
        _ => REFUSED,
    }
}

fn store_exit_code(error: &StoreError) -> u8 {
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
        StoreError::Io { .. } | StoreError::Redb(_) => FAILED,
    }
}
