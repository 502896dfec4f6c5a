//! Whether the audit trail is as it was written: every row is read, and its hash computed again.

use redb::ReadableTable;

use super::audit::decode_entry;
use super::audit_chain::{AuditChain, AuditHash, AuditHead, read_chain};
use super::audit_event::CONTINUE_NUMBERS;
use super::audit_row::{CheckedRow, check_row, link_of};
use super::audit_size::AuditUsage;
use super::error::StoreError;
use super::snapshot::Snapshot;
use super::tables;
use crate::domain::Timestamp;

/// Faults that are reported: who changes one row with the next ones leaves more than anyone reads.
pub const AUDIT_FAULTS_MAX: usize = 100;
/// Gaps that are reported; a site has one for each restore or adoption.
const GAPS_MAX: usize = 100;

/// What a verification of the trail found.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditVerification {
    /// Rows that were read.
    pub row_count: u64,
    /// Rows from before the chain, which nothing protects.
    pub unchained_count: u64,
    /// Rows whose images came back from a backup as SQL: the chain covers all but these images.
    pub restored_count: u64,
    /// Images whose personal data was erased; the chain covers the rest of them.
    pub erased_image_count: u64,
    /// The last row by which an operator accepted what was wrong, and when.
    pub accepted_by: Option<u64>,
    pub accepted_at: Option<Timestamp>,
    /// Both ends of the chain; `None` before its first row.
    pub chain: Option<AuditChain>,
    /// Numbers that were left out when the site continued above those of another copy.
    pub gaps: Vec<AuditGap>,
    /// At most [`AUDIT_FAULTS_MAX`]; empty for a trail that is as it was written.
    pub faults: Vec<AuditFault>,
}

/// Numbers without rows. The row behind them is in the chain and tells why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditGap {
    pub first_id: u64,
    pub last_id: u64,
}

/// Why the trail is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    #[error("row {id} cannot be read: {what}")]
    Unreadable { id: u64, what: String },
    #[error("row {id} is not as it was written, or the row before it is not")]
    Changed { id: u64 },
    #[error("the changes in row {id} are not as they were written")]
    ChangesChanged { id: u64 },
    #[error("rows {first_id} to {last_id} were removed")]
    Removed { first_id: u64, last_id: u64 },
    #[error("row {id} has no hash, and was not written by this program")]
    Foreign { id: u64 },
    #[error("the changes in row {id} claim to come from a backup, and no restore brought them")]
    NotRestored { id: u64 },
    #[error("the newest rows were removed: the last one is {last_id}, and {head_id} was written")]
    CutOff { last_id: u64, head_id: u64 },
    #[error("all rows were removed: {head_id} was written")]
    Empty { head_id: u64 },
    #[error("the note of the newest row is missing, or is not that of the newest row")]
    NoHead,
}

impl Snapshot {
    /// Reads every row of the audit trail and computes its hash again: 128 MiB of rows take about a second.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn verify_audit(&self) -> Result<AuditVerification, StoreError> {
        let chain = read_chain(&self.transaction().open_table(tables::META)?)?;
        let table = self.transaction().open_table(tables::AUDIT)?;
        let mut verifier = Verifier::new(chain);
        for row in table.iter()? {
            let (id, bytes) = row?;
            verifier.check(id.value(), bytes.value());
        }
        Ok(verifier.end())
    }

    /// Where an audit row that is known from elsewhere stands here.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn find_audit_head(&self, known: AuditHead) -> Result<AuditHeadState, StoreError> {
        let table = self.transaction().open_table(tables::AUDIT)?;
        if let Some(row) = table.get(known.id)? {
            let link = link_of(known.id, row.value()).ok().flatten();
            let is_same = link.is_some_and(|link| link.hash == known.hash);
            return Ok(if is_same { AuditHeadState::Same } else { AuditHeadState::Different });
        }
        let Some(next) = table.range(known.id..)?.next().transpose()? else {
            return Ok(AuditHeadState::Missing);
        };
        let by = next.0.value();
        if is_jump(by, next.1.value()) {
            return Ok(AuditHeadState::LeftOut { by });
        }
        let is_oldest = table.range(..known.id)?.next().is_none();
        if !is_oldest || !self.may_have_removed_rows()? {
            return Ok(AuditHeadState::Removed);
        }
        let chain = read_chain(&self.transaction().open_table(tables::META)?)?;
        let anchor = chain.map(|chain| chain.anchor).filter(|it| it.first_id == known.id + 1);
        let is_other = anchor.is_some_and(|anchor| anchor.hash != known.hash);
        Ok(if is_other { AuditHeadState::Different } else { AuditHeadState::TooOld })
    }

    /// Whether the trail is so full that rows may have been removed by age. They are removed above the
    /// bounds; an erasure makes what is left shorter, but not by half.
    fn may_have_removed_rows(&self) -> Result<bool, StoreError> {
        let AuditUsage { rows, bytes } = self.audit_usage()?;
        Ok(rows.used >= rows.max / 2 || bytes.used >= bytes.max / 2)
    }
}

/// Whether the site continued with this row above the numbers of another copy.
fn is_jump(id: u64, bytes: &[u8]) -> bool {
    decode_entry(id, bytes, 0)
        .is_ok_and(|row| row.replaces_site() || row.action == CONTINUE_NUMBERS)
}

/// Where an audit row that is known from elsewhere, from a backup or from PostgreSQL, stands in this trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditHeadState {
    Same,
    /// The row has another hash: the trail was replaced, or changed and computed again.
    Different,
    /// It was removed by age.
    TooOld,
    /// The site continued above its number with the row `by`, which tells why.
    LeftOut {
        by: u64,
    },
    /// There are later rows, and nothing tells why this one is missing.
    Removed,
    /// The trail ends before it: its newest rows were removed, or an older store was put back.
    Missing,
}

struct Verifier {
    found: AuditVerification,
    /// The hash that the next row continues; `None` behind a row that cannot be read.
    previous: Option<AuditHash>,
    /// The number that it has if nothing is missing.
    next_id: Option<u64>,
    last: Option<AuditHead>,
    /// Rows with images of SQL that no restore has explained yet.
    unexplained: Vec<u64>,
}

impl Verifier {
    fn new(chain: Option<AuditChain>) -> Self {
        Self {
            found: AuditVerification {
                row_count: 0,
                unchained_count: 0,
                restored_count: 0,
                erased_image_count: 0,
                accepted_by: None,
                accepted_at: None,
                chain,
                gaps: Vec::new(),
                faults: Vec::new(),
            },
            previous: chain.map(|chain| chain.anchor.hash),
            next_id: chain.map(|chain| chain.anchor.first_id),
            last: None,
            unexplained: Vec::new(),
        }
    }

    fn report(&mut self, fault: AuditFault) {
        if self.found.faults.len() < AUDIT_FAULTS_MAX {
            self.found.faults.push(fault);
        }
    }

    fn check(&mut self, id: u64, bytes: &[u8]) {
        self.found.row_count += 1;
        let is_before_chain =
            self.next_id.is_none_or(|first_id| id < first_id) && self.last.is_none();
        let previous = if is_before_chain { None } else { self.previous };
        let row = match check_row(id, bytes, previous) {
            Ok(row) => row,
            Err(error) => {
                self.report(AuditFault::Unreadable { id, what: error.to_string() });
                self.previous = None;
                self.next_id = self.next_id.map(|_| id + 1);
                return;
            }
        };
        if row.has_images_of_sql {
            self.found.restored_count += 1;
            self.unexplained.push(id);
        }
        if row.is_restore {
            self.unexplained.clear();
        }
        match row.link {
            None if is_before_chain => self.found.unchained_count += 1,
            None => self.report(AuditFault::Foreign { id }),
            Some(_) if is_before_chain => self.report(AuditFault::NoHead),
            Some(link) => {
                self.check_linked(id, &row);
                self.previous = Some(link.hash);
                self.last = Some(AuditHead { id, hash: link.hash });
                self.next_id = Some(id + 1);
            }
        }
    }

    fn check_linked(&mut self, id: u64, row: &CheckedRow) {
        self.found.erased_image_count += row.erased_count;
        let expected = self.next_id.unwrap_or(id);
        // Also behind rows that were cut off. A forged one is itself a fault, which it does not accept.
        if row.accepted_at.is_some() {
            (self.found.accepted_by, self.found.accepted_at) = (Some(id), row.accepted_at);
        }
        if !row.is_linked && id > expected {
            self.report(AuditFault::Removed { first_id: expected, last_id: id - 1 });
        } else if !row.is_linked {
            self.report(AuditFault::Changed { id });
        } else if id > expected && self.found.gaps.len() < GAPS_MAX {
            // It continues the row in front of the gap: nothing was between them.
            self.found.gaps.push(AuditGap { first_id: expected, last_id: id - 1 });
        }
        if !row.has_its_changes {
            self.report(AuditFault::ChangesChanged { id });
        }
    }

    fn end(mut self) -> AuditVerification {
        for id in std::mem::take(&mut self.unexplained) {
            self.report(AuditFault::NotRestored { id });
        }
        match (self.found.chain, self.last) {
            (Some(chain), Some(last)) if chain.head != last => {
                let (last_id, head_id) = (last.id, chain.head.id);
                let fault = match last_id < head_id {
                    true => AuditFault::CutOff { last_id, head_id },
                    false => AuditFault::NoHead,
                };
                self.report(fault);
            }
            (Some(chain), None) => self.report(AuditFault::Empty { head_id: chain.head.id }),
            _ => {}
        }
        self.found
    }
}

#[cfg(test)]
mod tests {
    use redb::ReadableDatabase;
    use redb::backends::InMemoryBackend;
    use serde_json::json;

    use super::*;
    use crate::store::audit_chain::write_chain;
    use crate::store::{
        ACCEPT_AUDIT_PROBLEMS, AuditEvent, AuditOrigin, CounterFloors, OpenOptions, Store,
    };

    fn store() -> Store {
        let options = OpenOptions { cache_bytes: 16 << 20, now: Timestamp(0), site_id: None };
        Store::with_backend(InMemoryBackend::new(), options).unwrap()
    }

    fn log_in(user: u64) -> AuditEvent {
        AuditEvent::done(AuditOrigin::local("cli"), "log in", json!({ "user": user }))
    }

    /// A trail with rows 0 to 9.
    fn written() -> Store {
        written_by(0)
    }

    fn written_by(first_user: u64) -> Store {
        let store = store();
        for user in first_user..first_user + 10 {
            store.record_events(&[&log_in(user)], Timestamp(5)).unwrap();
        }
        store
    }

    fn verify(store: &Store) -> AuditVerification {
        store.read().unwrap().verify_audit().unwrap()
    }

    fn faults(store: &Store) -> Vec<String> {
        verify(store).faults.iter().map(ToString::to_string).collect()
    }

    fn rows(store: &Store) -> Vec<(u64, Vec<u8>)> {
        let table = store.db.begin_read().unwrap().open_table(tables::AUDIT).unwrap();
        let rows = table.iter().unwrap().map(|row| row.unwrap());
        rows.map(|(id, bytes)| (id.value(), bytes.value().to_vec())).collect()
    }

    /// What someone does who can write the file.
    fn tamper(store: &Store, change: impl FnOnce(&mut redb::Table<'_, u64, &'static [u8]>)) {
        let tx = store.db.begin_write().unwrap();
        change(&mut tx.open_table(tables::AUDIT).unwrap());
        tx.commit().unwrap();
    }

    fn set_chain(store: &Store, chain: &AuditChain) {
        let tx = store.db.begin_write().unwrap();
        write_chain(&mut tx.open_table(tables::META).unwrap(), chain).unwrap();
        tx.commit().unwrap();
    }

    fn chain(store: &Store) -> AuditChain {
        store.read().unwrap().audit_chain().unwrap().unwrap()
    }

    fn find(store: &Store, head: AuditHead) -> AuditHeadState {
        store.read().unwrap().find_audit_head(head).unwrap()
    }

    #[test]
    fn a_trail_as_it_was_written_has_no_faults() {
        let store = written();
        let found = verify(&store);
        assert_eq!((found.row_count, found.unchained_count), (10, 0));
        assert_eq!((found.faults, found.gaps), (vec![], vec![]));
        assert_eq!(find(&store, chain(&store).head), AuditHeadState::Same);
    }

    /// Whatever bit changes: in a text, a number, a hash or the version.
    #[test]
    fn each_flipped_bit_of_a_row_is_noticed() {
        let store = written();
        let (id, original) = rows(&store).remove(4);
        for bit in 0..original.len() * 8 {
            let mut bytes = original.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            tamper(&store, |audit| drop(audit.insert(id, bytes.as_slice()).unwrap()));
            let faults = verify(&store).faults;
            let is_named = faults.iter().any(|fault| match fault {
                AuditFault::Unreadable { id: row, .. }
                | AuditFault::Changed { id: row }
                | AuditFault::ChangesChanged { id: row }
                | AuditFault::Foreign { id: row }
                | AuditFault::NotRestored { id: row } => *row == id,
                _ => false,
            });
            assert!(is_named, "bit {bit}: {faults:?}");
        }
    }

    #[test]
    fn removed_rows_are_named() {
        let store = written();
        tamper(&store, |audit| audit.retain(|id, _| !(3..=5).contains(&id)).unwrap());
        assert_eq!(faults(&store), ["rows 3 to 5 were removed"]);
        tamper(&store, |audit| audit.retain(|id, _| id > 5).unwrap());
        assert_eq!(faults(&store), ["rows 0 to 5 were removed"]);
        tamper(&store, |audit| audit.retain(|id, _| id < 8).unwrap());
        let expected = [
            "rows 0 to 5 were removed",
            "the newest rows were removed: the last one is 7, and 9 was written",
        ];
        assert_eq!(faults(&store), expected);
        tamper(&store, |audit| audit.retain(|_, _| false).unwrap());
        assert_eq!(faults(&store), ["all rows were removed: 9 was written"]);
    }

    #[test]
    fn a_row_is_not_moved_and_none_is_put_in() {
        let store = written();
        let all = rows(&store);
        tamper(&store, |audit| {
            audit.insert(4, all[6].1.as_slice()).unwrap();
            audit.insert(6, all[4].1.as_slice()).unwrap();
        });
        // Each changed one is followed by one that continued another.
        let expected = [4, 5, 6, 7].map(|id| AuditFault::Changed { id });
        assert_eq!(verify(&store).faults, expected);
    }

    /// The note of the newest row is changed with the rows: what others know of the trail tells.
    #[test]
    fn a_trail_that_was_cut_or_written_again_is_noticed_by_who_knows_its_head() {
        let store = written();
        let (original, heads) = (chain(&store), rows(&store));
        let of = |id: u64| {
            let link = link_of(id, &heads[usize::try_from(id).unwrap()].1).unwrap().unwrap();
            AuditHead { id, hash: link.hash }
        };
        assert_eq!(find(&store, of(3)), AuditHeadState::Same);
        tamper(&store, |audit| audit.retain(|id, _| id < 8).unwrap());
        set_chain(&store, &AuditChain { head: of(7), ..original });
        assert_eq!(faults(&store), [""; 0], "nothing in the store tells");
        assert_eq!(find(&store, original.head), AuditHeadState::Missing);

        let other = written_by(1);
        assert_eq!(faults(&other), [""; 0]);
        assert_eq!(find(&other, original.head), AuditHeadState::Different);

        // The beginning is removed and the anchor set, as if the rows were old.
        let cut = written();
        tamper(&cut, |audit| audit.retain(|id, _| id > 5).unwrap());
        assert_eq!(find(&cut, of(3)), AuditHeadState::Removed, "the trail is not full");
    }

    #[test]
    fn an_acceptance_is_found_also_right_behind_rows_that_were_cut_off() {
        let store = written();
        tamper(&store, |audit| audit.retain(|id, _| id < 8).unwrap());
        let origin = AuditOrigin::local("cli");
        let event = AuditEvent::done(origin, ACCEPT_AUDIT_PROBLEMS, json!({ "reason": "x" }));
        store.record_events(&[&event], Timestamp(9)).unwrap();
        let found = verify(&store);
        assert_eq!((found.accepted_by, found.accepted_at), (Some(10), Some(Timestamp(9))));
        assert_eq!(found.faults, [AuditFault::Removed { first_id: 8, last_id: 9 }]);
    }

    #[test]
    fn numbers_that_are_left_out_are_no_fault() {
        let store = written();
        let floors = CounterFloors { seq: 0, next_audit: 20 };
        let event = AuditEvent::done(AuditOrigin::local("sync"), CONTINUE_NUMBERS, json!({}));
        store.raise_counters(floors, Timestamp(6), &event).unwrap();
        store.record_events(&[&log_in(1)], Timestamp(7)).unwrap();
        let found = verify(&store);
        assert_eq!(found.gaps, [AuditGap { first_id: 10, last_id: 19 }]);
        assert_eq!(found.faults, []);
        let lost = AuditHead { id: 15, hash: chain(&store).head.hash };
        assert_eq!(find(&store, lost), AuditHeadState::LeftOut { by: 20 });
        tamper(&store, |audit| drop(audit.remove(20).unwrap()));
        assert_eq!(faults(&store), ["rows 10 to 20 were removed"]);
        assert_eq!(find(&store, lost), AuditHeadState::Removed);
    }
}
