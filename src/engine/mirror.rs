//! What the mirror writes: its state, which dirty entities it has confirmed, a site to adopt.

use std::path::PathBuf;

use serde_json::json;

use super::activity::LONG_STEP_TIME_MAX;
use super::commit::{AppliedCommand, CommitCause};
use super::error::EngineError;
use super::handle::EngineHandle;
use super::volume::BYTES_PER_CHANGE;
use super::writer::Engine;
use crate::domain::{Command, Refusal, ReplaceSite, Site};
use crate::store::{
    ADOPT_SITE, AdoptionRecord, AuditEvent, AuditHead, AuditOrigin, ClearedDirty, CommitBatch,
    CommitEntry, CounterFloors, MirrorState, QuarantineRefusal, StoreError,
};

/// Dirty entities that one task of the engine looks at: about 2 ms, so that no writer waits for long.
const ENTITIES_PER_TASK: usize = 4096;
/// What these tasks are, for [`super::EngineTask::what`].
const WHAT: &str = "a write for the mirror";

/// A site that comes from the mirror, to replace the current one.
pub struct Adoption {
    pub site: Site,
    pub floors: CounterFloors,
    /// The commit that the decision to adopt rests on, if it does: adopted only while it is the last.
    pub expected_seq: Option<u64>,
    /// The current store is copied into the quarantine under this name and its seq.
    pub quarantine_name: String,
    /// The mirror's state from then on, written in the same commit.
    pub mirror: MirrorState,
    /// The newest row of the mirror's audit trail.
    pub audit_head: Option<AuditHead>,
    /// Who brings it, for the audit trail.
    pub actor: &'static str,
}

/// How an adoption ended. Unless it is done, nothing was changed.
#[derive(Debug)]
pub enum AdoptionOutcome {
    /// The site is the adopted one as of the commit `seq`. `quarantined` is the copy of the store from
    /// before; absent when nothing was ever written to it.
    Done { seq: u64, quarantined: Option<PathBuf> },
    /// Another commit came first: decide again.
    Outdated,
    /// The site breaks a rule.
    Refused(Refusal),
    /// There is too little space for the copy.
    NoSpace(QuarantineRefusal),
    /// The current store could not be copied.
    Failed(StoreError),
}

impl EngineHandle {
    /// Writes the mirror's state. From the first time on every changed entity is marked dirty.
    ///
    /// # Errors
    /// [`EngineError::Busy`] and [`EngineError::Stopped`], as all of these.
    pub async fn set_mirror(&self, state: MirrorState) -> Result<(), EngineError> {
        self.run(WHAT, move |engine| {
            engine.store.set_mirror(&state)?;
            engine.update_snapshot()
        })
        .await
    }

    /// Removes the mirror's state and all dirty marks.
    pub async fn forget_mirror(&self) -> Result<(), EngineError> {
        self.run(WHAT, |engine| {
            engine.store.forget_mirror()?;
            engine.update_snapshot()
        })
        .await
    }

    /// Clears the dirty marks up to the commit `through`, which the mirror holds.
    pub async fn clear_dirty(&self, through: u64) -> Result<(), EngineError> {
        let mut after = None;
        loop {
            let cleared = self
                .run(WHAT, move |engine| {
                    let cleared = engine.store.clear_dirty(through, after, ENTITIES_PER_TASK)?;
                    engine.update_snapshot()?;
                    Ok(cleared)
                })
                .await?;
            match cleared {
                ClearedDirty::All => return Ok(()),
                ClearedDirty::Until(key) => after = Some(key),
            }
        }
    }

    /// Raises seq and audit numbers to `floors` where they are lower; the audit trail says why.
    pub async fn raise_counters(
        &self,
        floors: CounterFloors,
        event: AuditEvent,
    ) -> Result<(), EngineError> {
        self.run(WHAT, move |engine| engine.raise_counters(floors, &event)).await
    }

    /// Replaces the site by one from the mirror, in one commit.
    pub async fn adopt(&self, adoption: Adoption) -> Result<AdoptionOutcome, EngineError> {
        self.run("the adoption of a site", move |engine| engine.adopt(adoption)).await
    }

    /// What would keep an adoption from copying the current store into the quarantine, once
    /// unfinished copies are removed. Reads directories: not for tokio's threads.
    ///
    /// # Errors
    /// When the file system does not answer.
    pub fn check_quarantine(&self) -> Result<Option<QuarantineRefusal>, StoreError> {
        self.store.clean_quarantine()?;
        self.store.check_quarantine(self.volume.min_free_bytes)
    }
}

impl Engine {
    fn raise_counters(
        &mut self,
        floors: CounterFloors,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        let at = self.clock.now();
        let seq = self.store.raise_counters(floors, at, event)?.seq;
        let is_raised = std::mem::replace(&mut self.seq, seq) != seq;
        self.update_snapshot()?;
        if is_raised {
            // Listeners that count by the seq have to know where it continues.
            self.publish(at, Vec::new());
        }
        Ok(())
    }

    /// Decides, checks the free space, copies the current store, and replaces the site. Nobody writes
    /// meanwhile, so the copy is exactly what is replaced.
    fn adopt(&mut self, adoption: Adoption) -> Result<AdoptionOutcome, StoreError> {
        if adoption.expected_seq.is_some_and(|seq| seq != self.seq) {
            return Ok(AdoptionOutcome::Outdated);
        }
        let command = ReplaceSite(adoption.site);
        let cause = CommitCause::of(command.kind());
        let now = self.clock.now();
        let counters = self.world.counters();
        let decision = match self.world.execute(command, now) {
            Ok(decision) => decision,
            Err(refusal) => return Ok(AdoptionOutcome::Refused(refusal)),
        };
        let quarantined = match self.quarantine(&adoption.quarantine_name, decision.changes.len()) {
            Ok(Ok(quarantined)) => quarantined,
            Ok(Err(refusal)) => {
                self.world.undo(decision.changes, counters);
                return Ok(AdoptionOutcome::NoSpace(refusal));
            }
            Err(error) => {
                self.world.undo(decision.changes, counters);
                return Ok(AdoptionOutcome::Failed(error));
            }
        };
        let seq_before = self.seq;
        self.seq = self.seq.max(adoption.floors.seq) + 1;
        self.past_removed_at = self.seq;
        let origin = AuditOrigin::local(adoption.actor);
        let details = json!({
            "seq_before": seq_before,
            "audit_head_of_mirror": adoption.audit_head.map(AuditHead::view),
        });
        let outages = self.outages.follow(&decision.changes, now);
        self.activity.start_step(LONG_STEP_TIME_MAX);
        self.store.commit(&CommitBatch {
            seq: self.seq,
            at: now,
            counters: self.world.counters(),
            entries: vec![CommitEntry {
                erased: &[],
                undone_ids: &[],
                action: ADOPT_SITE,
                origin: &origin,
                details: &details.to_string(),
                changes: &decision.changes,
                direct_count: decision.direct_count,
            }],
            events: Vec::new(),
            outages,
            adoption: Some(AdoptionRecord {
                next_audit: adoption.floors.next_audit,
                audit_head: adoption.audit_head,
                mirror: adoption.mirror,
            }),
        })?;
        self.update_snapshot()?;
        let applied = vec![AppliedCommand { cause, changes: decision.changes }];
        self.publish(now, applied);
        Ok(AdoptionOutcome::Done { seq: self.seq, quarantined })
    }

    /// Copies the store into the quarantine, if there is space for that and for the changes that
    /// follow; returns where it is. A store that nothing was ever written to is not copied.
    fn quarantine(
        &self,
        name: &str,
        change_count: usize,
    ) -> Result<Result<Option<PathBuf>, QuarantineRefusal>, StoreError> {
        let change_bytes = change_count as u64 * BYTES_PER_CHANGE;
        let keep_free_bytes = self.volume.min_free_bytes + change_bytes;
        if let Some(refusal) = self.store.check_quarantine(keep_free_bytes)? {
            return Ok(Err(refusal));
        }
        if self.seq == 0 {
            return Ok(Ok(None));
        }
        let name = format!("{name}-seq{}", self.seq);
        self.activity.start_step(LONG_STEP_TIME_MAX);
        self.store
            .copy_to_quarantine(&self.store.read()?, &name)
            .map(|directory| Ok(Some(directory)))
    }
}
