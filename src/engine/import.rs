//! Importing a table as one command.

use super::error::EngineError;
use super::handle::EngineHandle;
use crate::domain::{ImportReply, Refusal, Timestamp, World};
use crate::store::AuditOrigin;
use crate::wire::{ImportErrors, ImportReport, Reading};

/// The report of an import, or what is wrong with the table; nothing was changed then.
pub type TableImport = Result<ImportReport, ImportErrors>;

/// Imports a table that was read, as one command. A dry run, and a table with errors, goes the same way
/// and is taken back.
///
/// # Errors
/// [`EngineError`] and refusals that are not about rows; what is wrong with the table is in the value.
pub async fn import_table(
    handle: &EngineHandle,
    mut reading: Reading,
    is_dry_run: bool,
    origin: AuditOrigin,
) -> Result<TableImport, EngineError> {
    let Some(command) = reading.command.take() else {
        return Ok(Err(ImportErrors::new(reading, None)));
    };
    let decided = if is_dry_run || !reading.errors.is_empty() {
        handle.dry_run(command).await
    } else {
        handle.execute(command, origin).await
    };
    let decided = match decided {
        Ok(reply) => Ok(reply),
        Err(EngineError::Refused(refusal)) => Err(refusal),
        Err(error) => return Err(error),
    };
    Ok(outcome(reading, decided, is_dry_run)?)
}

/// What importing a table that was read into an empty site would do.
///
/// # Errors
/// A refusal that is not about rows of the table.
pub fn try_table(mut reading: Reading) -> Result<TableImport, Refusal> {
    let Some(command) = reading.command.take() else {
        return Ok(Err(ImportErrors::new(reading, None)));
    };
    let decided = World::default().dry_run(command, Timestamp(0));
    outcome(reading, decided, true)
}

fn outcome(
    reading: Reading,
    decided: Result<ImportReply, Refusal>,
    is_dry_run: bool,
) -> Result<TableImport, Refusal> {
    match decided {
        Ok(ImportReply { counts, lookalikes }) if reading.errors.is_empty() => {
            let warnings = lookalikes.warnings();
            Ok(Ok(ImportReport::new(&reading, counts, warnings, is_dry_run)))
        }
        Ok(_) => Ok(Err(ImportErrors::new(reading, None))),
        Err(refusal @ (Refusal::Rows { .. } | Refusal::ImportTooLarge(_))) => {
            Ok(Err(ImportErrors::new(reading, Some(&refusal))))
        }
        Err(refusal) => Err(refusal),
    }
}
