//! Comparing both sides row by row, and repairing PostgreSQL's (S9).

use std::iter::Peekable;

use uuid::Uuid;

use super::claim::Claim;
use super::error::SyncError;
use super::round::{self, Applied};
use super::session::Tx;
use super::write::{Keys, write_audit, write_entities};
use crate::domain::{Device, EntityKey, Interface, Link};
use crate::sql::{Entity, Value, id_of};
use crate::store::{LastCommit, Snapshot, StoreError};

/// Differences of one pass; more are left to the next. Bounds memory to a few MB.
const DIFFERENCES_MAX: u64 = 200_000;

/// What a comparison found, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Rows that both sides were asked for.
    pub compared: u64,
    /// Here, but not in PostgreSQL.
    pub missing: u64,
    /// In PostgreSQL, but not here.
    pub extra: u64,
    /// On both sides with different values.
    pub different: u64,
    /// Rows brought to the local state.
    pub repaired: u64,
}

impl Compared {
    /// Rows that are not the same on both sides.
    pub fn differences(self) -> u64 {
        self.missing + self.extra + self.different
    }
}

/// Compares PostgreSQL with the snapshot, after what is marked there has been sent; with `repair`
/// makes it the same. All in the transaction `tx`, in which the site is this run's; it is committed.
pub(super) fn run(
    mut tx: Tx<'_>,
    claim: &Claim,
    snapshot: &Snapshot,
    repair: bool,
) -> Result<(Applied, Compared), SyncError> {
    let site_id = claim.identity.site_id;
    tx.be_patient();
    let mut keys = Keys::default();
    for mark in snapshot.dirty_entities()? {
        keys.push(mark?.key);
    }
    // Rows of somebody else may stand where new ones belong: nothing counts as new here.
    let mut rows = write_entities(&mut tx, site_id, snapshot, &keys, None)?;
    let mut result = Compared::default();
    loop {
        let mut pass = Compared::default();
        let keys = compare_all(&mut tx, site_id, snapshot, &mut pass)?;
        if repair && pass.differences() > 0 {
            let repaired = write_entities(&mut tx, site_id, snapshot, &keys, None)?;
            result.repaired += repaired;
            rows += repaired;
        }
        result.compared = pass.compared;
        result.missing += pass.missing;
        result.extra += pass.extra;
        result.different += pass.different;
        if !repair || pass.differences() < DIFFERENCES_MAX {
            break;
        }
    }
    let next_audit = write_audit(&mut tx, site_id, snapshot, claim.next_audit, u64::MAX)?;
    round::progress(claim, snapshot, next_audit, repair).write(&mut tx)?;
    tx.commit()?;
    let last_commit = snapshot.last_commit();
    let LastCommit { seq, counters, .. } = last_commit;
    Ok((Applied { seq, next_audit, counters, rows, indexes_ms: None }, result))
}

fn compare_all(
    tx: &mut Tx<'_>,
    site_id: Uuid,
    snapshot: &Snapshot,
    pass: &mut Compared,
) -> Result<Keys, SyncError> {
    let mut keys = Keys::default();
    compare::<Device>(tx, site_id, snapshot, pass, &mut keys)?;
    compare::<Interface>(tx, site_id, snapshot, pass, &mut keys)?;
    compare::<Link>(tx, site_id, snapshot, pass, &mut keys)?;
    Ok(keys)
}

type Local<T> = Peekable<Box<dyn Iterator<Item = Result<T, StoreError>>>>;

/// Walks both sides in the order of their ids.
pub(super) fn compare<T: Entity>(
    tx: &mut Tx<'_>,
    site_id: Uuid,
    snapshot: &Snapshot,
    pass: &mut Compared,
    keys: &mut Keys,
) -> Result<(), SyncError> {
    let mut local: Local<T> = T::all(snapshot)?.peekable();
    let mut differs = |pass: &mut Compared, id: i64| {
        if pass.differences() <= DIFFERENCES_MAX {
            keys.push(EntityKey { kind: T::KIND, id: u64::try_from(id).unwrap_or_default() });
        }
    };
    let table = T::TABLE;
    let sql = format!(
        "SELECT {} FROM {} WHERE site_id = '{site_id}' ORDER BY id",
        table.column_list(),
        table.name
    );
    tx.copy_out(table, &sql, |theirs| {
        let Some(Value::Int(their_id)) = theirs.first() else { return Ok(()) };
        while let Some(ours) = take_below(&mut local, *their_id)? {
            pass.compared += 1;
            pass.missing += 1;
            differs(pass, ours);
        }
        pass.compared += 1;
        match local.next_if(|ours| ours.as_ref().is_ok_and(|ours| own_id(ours) == *their_id)) {
            None => {
                pass.extra += 1;
                differs(pass, *their_id);
            }
            Some(ours) => {
                if ours?.row().as_slice() != theirs {
                    pass.different += 1;
                    differs(pass, *their_id);
                }
            }
        }
        Ok(())
    })?;
    while let Some(ours) = take_below(&mut local, i64::MAX)? {
        pass.compared += 1;
        pass.missing += 1;
        differs(pass, ours);
    }
    Ok(())
}

/// The id of the next local entity, if it is below `limit`.
fn take_below<T: Entity>(local: &mut Local<T>, limit: i64) -> Result<Option<i64>, StoreError> {
    let next = local.next_if(|ours| ours.as_ref().map_or(true, |ours| own_id(ours) < limit));
    next.transpose().map(|ours| ours.as_ref().map(own_id))
}

fn own_id<T: Entity>(entity: &T) -> i64 {
    id_of(entity.id())
}
