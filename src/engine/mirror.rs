//! What the mirror asks of the one writer: marks, and taking over a state that it brings.

use std::path::PathBuf;

use tokio::sync::oneshot;

use super::activity::LONG_STEP;
use super::commit::{AppliedCommand, Commit, CommitCause};
use super::error::EngineError;
use super::handle::EngineHandle;
use super::writer::{BYTES_PER_CHANGE, Engine, Request};
use crate::domain::{Command, EntityKey, Refusal, Site};
use crate::store::{
    AdoptionNote, AuditOrigin, CommitBatch, CommitEntry, Confirmed, Floors, MirrorState, Shortage,
    StoreError,
};

/// Marks looked at in one turn of the engine: about 2 ms, so that no writer waits for long.
const CONFIRM_TURN: usize = 4096;

/// A state of the site that comes from elsewhere, to be put in place of the current one.
pub struct Adoption {
    pub site: Box<Site>,
    pub floors: Floors,
    /// The commit that the decision rests on, if it does: adopted only while it is the last one.
    pub at_seq: Option<u64>,
    /// The current store is kept in the quarantine under this name and its seq.
    pub keep_as: String,
    /// What the store remembers of the mirror from then on, in the same commit.
    pub mirror: MirrorState,
    /// Who brings it, for the audit trail.
    pub actor: &'static str,
}

/// How an adoption ended.
#[derive(Debug)]
pub enum Adopted {
    /// The site is now the one that was brought, as of this commit. `kept` is where the store from
    /// before is; absent when nothing was ever written to it.
    Done { seq: u64, kept: Option<PathBuf> },
    /// A write came in between: decide again.
    Overtaken,
    /// The state breaks a rule; nothing was changed.
    Refused(Refusal),
    /// There is too little room for it; nothing was changed.
    NoRoom(Shortage),
    /// The current store could not be copied; nothing was changed.
    Failed(StoreError),
}

/// What is asked.
pub(super) enum MirrorRequest {
    Set(MirrorState, oneshot::Sender<()>),
    Forget(oneshot::Sender<()>),
    Confirm { through: u64, after: Option<EntityKey>, answer: oneshot::Sender<Confirmed> },
    Raise(Floors, oneshot::Sender<()>),
    Adopt(Adoption, oneshot::Sender<Adopted>),
}

impl Engine {
    /// Does what the mirror asked. Whoever asked may have gone away; the engine lives either way.
    pub(super) fn serve_mirror(&mut self, request: MirrorRequest) -> Result<(), StoreError> {
        match request {
            MirrorRequest::Set(state, answer) => {
                self.store.set_mirror(&state)?;
                self.show_latest()?;
                answer.send(()).ok();
            }
            MirrorRequest::Forget(answer) => {
                self.store.forget_mirror()?;
                self.show_latest()?;
                answer.send(()).ok();
            }
            MirrorRequest::Confirm { through, after, answer } => {
                let confirmed = self.store.confirm(through, after, CONFIRM_TURN)?;
                self.show_latest()?;
                answer.send(confirmed).ok();
            }
            MirrorRequest::Raise(floors, answer) => {
                let head = self.store.raise(floors, self.options.clock.now())?;
                let is_raised = std::mem::replace(&mut self.seq, head.seq) != head.seq;
                self.show_latest()?;
                if is_raised {
                    // Who counts by the seq has to know where it goes on.
                    let at = self.options.clock.now();
                    self.publish(Commit { seq: self.seq, at, applied: Vec::new() });
                }
                answer.send(()).ok();
            }
            MirrorRequest::Adopt(adoption, answer) => {
                let adopted = self.adopt(adoption)?;
                answer.send(adopted).ok();
            }
        }
        Ok(())
    }

    /// Decides, looks for room, copies the current store once, and replaces the site. Nobody writes
    /// meanwhile, so what is kept is exactly what is replaced; a copy for what is then not done is
    /// removed.
    fn adopt(&mut self, adoption: Adoption) -> Result<Adopted, StoreError> {
        if adoption.at_seq.is_some_and(|seq| seq != self.seq) {
            return Ok(Adopted::Overtaken);
        }
        let command = Command::ReplaceSite(adoption.site);
        let cause = CommitCause::of(&command);
        let now = self.options.clock.now();
        let counters = self.world.counters();
        let decision = match self.world.execute(command, now) {
            Ok(decision) => decision,
            Err(refusal) => return Ok(Adopted::Refused(refusal)),
        };
        let kept = match self.set_aside(&adoption.keep_as, decision.changes.len()) {
            Ok(Ok(kept)) => kept,
            Ok(Err(shortage)) => {
                self.world.undo(decision.changes, counters);
                return Ok(Adopted::NoRoom(shortage));
            }
            Err(error) => {
                self.world.undo(decision.changes, counters);
                return Ok(Adopted::Failed(error));
            }
        };
        self.seq = self.seq.max(adoption.floors.seq) + 1;
        let origin = AuditOrigin { actor: adoption.actor.to_owned(), request_id: String::new() };
        self.progress.step(LONG_STEP);
        self.store.commit(&CommitBatch {
            seq: self.seq,
            at: now,
            counters: self.world.counters(),
            entries: vec![CommitEntry {
                action: "adopt site",
                origin: &origin,
                changes: &decision.changes,
                direct_count: decision.direct_count,
            }],
            adoption: Some(AdoptionNote {
                next_audit: adoption.floors.next_audit,
                mirror: adoption.mirror,
            }),
        })?;
        self.show_latest()?;
        let applied = vec![AppliedCommand { cause, changes: decision.changes }];
        self.publish(Commit { seq: self.seq, at: now, applied });
        Ok(Adopted::Done { seq: self.seq, kept })
    }

    /// Copies the store into the quarantine, if there is room for that and for the changes that
    /// follow; returns where it is. A store that nothing was ever written to is not worth a copy.
    fn set_aside(
        &self,
        stamp: &str,
        change_count: usize,
    ) -> Result<Result<Option<PathBuf>, Shortage>, StoreError> {
        let change_bytes = change_count as u64 * BYTES_PER_CHANGE;
        let keep_free_bytes = self.options.min_free_bytes + change_bytes;
        if let Some(shortage) = self.store.lacks_room_to_set_aside(keep_free_bytes)? {
            return Ok(Err(shortage));
        }
        if self.seq == 0 {
            return Ok(Ok(None));
        }
        let name = format!("{stamp}-seq{}", self.seq);
        self.progress.step(LONG_STEP);
        self.store.set_aside(&self.store.read()?, &name).map(|kept| Ok(Some(kept)))
    }
}

impl EngineHandle {
    /// Remembers the mirror. From the first time on every change is marked for it.
    pub async fn set_mirror(&self, state: MirrorState) -> Result<(), EngineError> {
        self.ask_mirror(|answer| MirrorRequest::Set(state, answer)).await
    }

    /// Forgets the mirror and stops marking changes.
    pub async fn forget_mirror(&self) -> Result<(), EngineError> {
        self.ask_mirror(MirrorRequest::Forget).await
    }

    /// The mirror holds every change up to the commit `through`: takes their marks away.
    pub async fn confirm_mirrored(&self, through: u64) -> Result<(), EngineError> {
        let mut after = None;
        loop {
            let confirm = |answer| MirrorRequest::Confirm { through, after, answer };
            match self.ask_mirror(confirm).await? {
                Confirmed::All => return Ok(()),
                Confirmed::Until(key) => after = Some(key),
            }
        }
    }

    /// Lets seq and audit numbers go on from `floors` where they are lower.
    pub async fn raise(&self, floors: Floors) -> Result<(), EngineError> {
        self.ask_mirror(|answer| MirrorRequest::Raise(floors, answer)).await
    }

    /// Puts a state of the site in place of the current one, in one commit.
    pub async fn adopt(&self, adoption: Adoption) -> Result<Adopted, EngineError> {
        self.ask_mirror(|answer| MirrorRequest::Adopt(adoption, answer)).await
    }

    /// What would keep an adoption from setting the current store aside, once what earlier ones left
    /// unfinished is removed. Reads directories: not for tokio's threads.
    ///
    /// # Errors
    /// When the file system does not tell.
    pub fn lacks_room_to_set_aside(&self) -> Result<Option<Shortage>, StoreError> {
        self.store.sweep_quarantine()?;
        self.store.lacks_room_to_set_aside(self.min_free_bytes)
    }

    async fn ask_mirror<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> MirrorRequest,
    ) -> Result<T, EngineError> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Request::Mirror(request(answer))).await?;
        Self::answer(answered).await
    }
}
