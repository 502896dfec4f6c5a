//! Whose state wins when PostgreSQL and the local store differ: S4, S7 and S8 as one table.

use super::error::Obstacle;
use super::sync_state::{ALIVE_S, RemoteState, RunIdentity};
use crate::store::MirrorState;

/// What the decision needs to know of the local store.
#[derive(Clone, Copy, Debug)]
pub(super) struct LocalState<'a> {
    pub(super) identity: &'a RunIdentity,
    /// The last commit; 0 for a store that was never written to.
    pub(super) seq: u64,
    pub(super) mirror: Option<MirrorState>,
    /// Whether this is the first handshake of the process, before anyone could write (S8).
    pub(super) is_starting: bool,
    pub(super) claim_override: Option<ClaimOverride>,
}

/// What an operator asked for to resolve a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClaimOverride {
    /// The local state wins.
    TakeOver,
    /// PostgreSQL's state wins.
    Adopt,
}

/// What to do with the site in PostgreSQL.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ClaimDecision {
    /// PostgreSQL does not hold the site: copy all of it.
    Copy,
    /// Continue from PostgreSQL's state.
    Follow,
    /// The local state wins: compare all rows and repair PostgreSQL's. Holds the reason.
    Reconcile(&'static str),
    /// PostgreSQL's state wins and replaces the local one.
    Adopt {
        reason: String,
        /// The local commit on which the decision depends; `None` if it holds for any local state.
        at_seq: Option<u64>,
    },
    Refuse(Obstacle),
}

/// Decides by the state of both sides and by what an operator asked for.
pub(super) fn decide(local: LocalState<'_>, remote: Option<&RemoteState>) -> ClaimDecision {
    let Some(remote) = remote else { return ClaimDecision::Copy };
    let is_ours = local.mirror.is_some_and(|mirror| mirror.instance_id == remote.instance_id);
    if let Some(obstacle) = other_holder(local, remote, is_ours) {
        return ClaimDecision::Refuse(obstacle);
    }
    if let Some(backup) = &remote.restored_from {
        let reason = format!("the backup {backup} was loaded into PostgreSQL");
        return ClaimDecision::Adopt { reason, at_seq: None };
    }
    match local.claim_override {
        Some(ClaimOverride::TakeOver) => {
            return ClaimDecision::Reconcile("an operator took the site over");
        }
        Some(ClaimOverride::Adopt) => {
            let reason = "an operator asked for it".to_owned();
            return ClaimDecision::Adopt { reason, at_seq: None };
        }
        None => {}
    }
    if local.seq == 0 {
        let reason = "the local store is empty".to_owned();
        return ClaimDecision::Adopt { reason, at_seq: Some(0) };
    }
    let was_adopted = |mirror: MirrorState| {
        mirror.adopted.is_some_and(|holder| {
            holder.instance_id == remote.instance_id && holder.epoch == remote.epoch
        })
    };
    if local.mirror.is_some_and(was_adopted) {
        return ClaimDecision::Reconcile("this state was adopted before");
    }
    let Some(mirror) = local.mirror.filter(|_| is_ours) else {
        return ClaimDecision::Refuse(conflict(format!(
            "PostgreSQL holds this site as another store wrote it ({}, up to seq {}), and the \
             local store has a state of its own (seq {})",
            remote.holder, remote.applied_seq, local.seq
        )));
    };
    if remote.applied_seq > local.seq {
        return ClaimDecision::Refuse(conflict(format!(
            "PostgreSQL is ahead (seq {}) of the local store (seq {}): the local store was \
             replaced by an older one",
            remote.applied_seq, local.seq
        )));
    }
    if remote.applied_seq >= mirror.acknowledged_seq {
        return ClaimDecision::Follow;
    }
    if local.is_starting {
        let seq = remote.applied_seq;
        let reason = format!("PostgreSQL was reset to seq {seq} while the service was stopped");
        ClaimDecision::Adopt { reason, at_seq: Some(local.seq) }
    } else {
        ClaimDecision::Reconcile("PostgreSQL lost its last changes")
    }
}

/// The obstacle if another holder keeps the site.
fn other_holder(local: LocalState<'_>, remote: &RemoteState, is_ours: bool) -> Option<Obstacle> {
    let session = remote.session_id?;
    let is_this_run = session == local.identity.session_id;
    // A run saves its epoch in the store before it commits it in PostgreSQL. One that ended in
    // between was entitled to succeed the session that PostgreSQL still names.
    let is_superseded =
        |mirror: MirrorState| mirror.session_id == session || mirror.epoch > remote.epoch;
    let is_previous_run = is_ours
        && remote.holder == local.identity.holder
        && local.mirror.is_some_and(is_superseded);
    let is_silent = remote.heartbeat_age_s > ALIVE_S;
    if is_this_run || is_previous_run || is_silent || remote.restored_from.is_some() {
        return None;
    }
    // A takeover from a running appliance must be deliberate.
    if local.claim_override == Some(ClaimOverride::TakeOver) {
        return None;
    }
    Some(Obstacle {
        message: format!(
            "another appliance writes this site: {}, seen {:.0} s ago",
            remote.holder, remote.heartbeat_age_s
        ),
        remedy: format!(
            "stop the other one, and this one continues automatically {ALIVE_S:.0} s later; if the \
             other one is the wrong one: unoc sync takeover"
        ),
        is_conflict: true,
    })
}

fn conflict(message: String) -> Obstacle {
    Obstacle {
        message,
        remedy: "choose: unoc sync adopt (PostgreSQL's state wins; the local store is kept in \
                 quarantine/) or unoc sync takeover (the local state wins)"
            .to_owned(),
        is_conflict: true,
    }
}
