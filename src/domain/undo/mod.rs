//! Undoing an earlier command: the fields that operators set get the values from before it.

mod checks;
mod fields;
pub(super) mod obstacle;
mod plan;
pub(super) mod undo_changes;

#[cfg(test)]
mod tests;
