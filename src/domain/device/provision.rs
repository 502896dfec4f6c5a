//! Many devices in one command: all of them, or none and every row's refusal.

use super::create as provision;
use crate::domain::execute::Made;
use crate::domain::transaction::Edits;
use crate::domain::{NewDevice, Refusal, RowRefusal};

/// Provisions the rows in order, so that a row may rely on those above it.
///
/// # Errors
/// [`Refusal::Rows`] with each faulty row; the caller rolls the others back.
pub(in crate::domain) fn provision_all(
    edits: &mut Edits<'_>,
    rows: Vec<NewDevice>,
) -> Result<Made, Refusal> {
    let total = rows.len();
    let mut made = Vec::with_capacity(total);
    let mut refused = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        match provision::provision(edits, row) {
            Ok(id) => made.push(id),
            Err(refusal) => refused.push(RowRefusal { index, refusal }),
        }
    }
    if refused.is_empty() {
        Ok(Made::ProvisionedMany(made))
    } else {
        Err(Refusal::Rows { rows: refused, total })
    }
}
