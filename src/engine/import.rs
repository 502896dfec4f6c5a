//! Importing a table of devices or links as one command.

use super::error::EngineError;
use super::handle::EngineHandle;
use crate::domain::{Refusal, Reply, Timestamp, World};
use crate::store::AuditOrigin;
use crate::wire::{ImportFaults, ImportReport, Reading};

/// What came of a table: it is imported, or this is wrong with it and nothing was changed.
pub type Imported = Result<ImportReport, ImportFaults>;

/// Imports a table that was read, as one command; a dry run goes the same way and is taken back.
///
/// # Errors
/// What keeps the engine from deciding; what is wrong with the table is an answer.
pub async fn import_table(
    handle: &EngineHandle,
    mut reading: Reading,
    is_dry_run: bool,
    origin: AuditOrigin,
) -> Result<Imported, EngineError> {
    let Some(command) = reading.command.take() else {
        return Ok(Err(ImportFaults::new(reading, None)));
    };
    let decided = if is_dry_run || !reading.faults.is_empty() {
        handle.try_out(command).await
    } else {
        handle.submit(command, origin).await
    };
    let decided = match decided {
        Ok(reply) => Ok(reply),
        Err(EngineError::Refused(refusal)) => Err(refusal),
        Err(error) => return Err(error),
    };
    Ok(imported(reading, decided, is_dry_run)?)
}

/// What importing a table that was read into an empty site would do.
///
/// # Errors
/// A refusal that is not about the table.
pub fn try_table(mut reading: Reading) -> Result<Imported, Refusal> {
    let Some(command) = reading.command.take() else {
        return Ok(Err(ImportFaults::new(reading, None)));
    };
    let decided = World::default().try_out(command, Timestamp(0));
    imported(reading, decided, true)
}

fn imported(
    reading: Reading,
    decided: Result<Reply, Refusal>,
    is_dry_run: bool,
) -> Result<Imported, Refusal> {
    match decided {
        Ok(Reply::Imported { counts, lookalikes }) if reading.faults.is_empty() => {
            let warnings = lookalikes.warnings();
            Ok(Ok(ImportReport::new(&reading, counts, warnings, is_dry_run)))
        }
        Ok(_) => Ok(Err(ImportFaults::new(reading, None))),
        Err(refusal @ (Refusal::Rows { .. } | Refusal::ImportTooLarge(_))) => {
            Ok(Err(ImportFaults::new(reading, Some(&refusal))))
        }
        Err(refusal) => Err(refusal),
    }
}
