//! Adoption: PostgreSQL's state replaces the local one (S7, S8).

use tracing::{info, warn};
use uuid::Uuid;

use super::claim_decision::ClaimOverride;
use super::error::{Obstacle, SyncError};
use super::mirror::Mirror;
use super::status::SyncState;
use super::sync_state::{self, RemoteState};
use crate::domain::{Device, Interface, Link, Site};
use crate::engine::{Adoption, AdoptionOutcome};
use crate::pg::{PgError, PgTransaction, Session};
use crate::sql::Entity;
use crate::store::{CounterFloors, Holder, MirrorState, QuarantineRefusal};

impl Mirror {
    /// Replaces the local state by PostgreSQL's. Checks for space in the quarantine before the site
    /// is read; the engine checks again before it copies the store.
    pub(super) fn adopt(
        &mut self,
        session: &mut Session,
        remote: &RemoteState,
        reason: &str,
        at_seq: Option<u64>,
    ) -> Result<(), SyncError> {
        if let Some(refusal) = self.engine.check_quarantine()? {
            return Err(no_space(&refusal).into());
        }
        let is_requested = self.claim_override() == Some(ClaimOverride::Adopt);
        self.rejected_state
            .take_if(|(rejected, _)| is_requested || !rejected.is_same_state(remote));
        if let Some((_, refusal)) = &self.rejected_state {
            return Err(invalid_site(refusal).into());
        }
        warn!(sync.applied_seq = remote.applied_seq, "Adopting PostgreSQL's state: {reason}");
        let activity = format!("Adopting the site from PostgreSQL: {reason}.");
        self.shared.enter(SyncState::Loading, self.now(), Some(activity));
        self.shared.update(|status| status.is_adopting = true);
        let site = read_site(session, self.identity.site_id, remote)?;
        let adoption = Adoption {
            site,
            floors: CounterFloors::beyond(remote.applied_seq, remote.next_audit),
            expected_seq: at_seq,
            quarantine_name: self.time_for_file_name(),
            mirror: MirrorState {
                adopted: Some(Holder { instance_id: remote.instance_id, epoch: remote.epoch }),
                ..self.new_mirror_state()
            },
            audit_head: remote.audit_head,
            actor: "sync",
        };
        match self.ask(self.engine.adopt(adoption))? {
            AdoptionOutcome::Done { seq, quarantined } => {
                if let Some(directory) = quarantined {
                    info!("The local store was copied to {}", directory.display());
                }
                info!(seq, "The site now has PostgreSQL's state");
                self.complete(ClaimOverride::Adopt);
                Ok(())
            }
            AdoptionOutcome::Outdated => {
                Err(SyncError::Changed("the local site changed during the decision"))
            }
            AdoptionOutcome::Refused(refusal) => {
                let refusal = refusal.to_string();
                self.rejected_state = Some((remote.clone(), refusal.clone()));
                Err(invalid_site(&refusal).into())
            }
            AdoptionOutcome::NoSpace(refusal) => Err(no_space(&refusal).into()),
            AdoptionOutcome::Failed(error) => Err(error.into()),
        }
    }

    /// The time as a part of a file name.
    fn time_for_file_name(&self) -> String {
        let now = jiff::Timestamp::from_microsecond(self.now().0).unwrap_or_default();
        now.strftime("%Y%m%d_%H%M%S").to_string()
    }
}

/// Reads the site from PostgreSQL in one snapshot.
///
/// # Errors
/// [`SyncError::Changed`] when PostgreSQL no longer holds the state `expected`.
fn read_site(
    session: &mut Session,
    site_id: Uuid,
    expected: &RemoteState,
) -> Result<Site, SyncError> {
    let mut tx = session.begin()?;
    tx.batch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
    let remote = sync_state::read(&mut tx, site_id)?;
    if !remote.is_some_and(|remote| remote.is_same_state(expected)) {
        return Err(SyncError::Changed("it changed before it was read"));
    }
    Ok(Site {
        counters: expected.counters,
        devices: read_all::<Device>(&mut tx, site_id)?,
        interfaces: read_all::<Interface>(&mut tx, site_id)?,
        links: read_all::<Link>(&mut tx, site_id)?,
    })
}

fn read_all<T: Entity>(tx: &mut PgTransaction<'_>, site_id: Uuid) -> Result<Vec<T>, PgError> {
    let table = T::TABLE;
    let sql = format!(
        "SELECT {} FROM {} WHERE site_id = '{site_id}' ORDER BY id",
        table.column_list(),
        table.name
    );
    let mut entities = Vec::new();
    tx.copy_out(table, &sql, |row| {
        entities.push(T::from_row(row)?);
        Ok::<(), PgError>(())
    })?;
    Ok(entities)
}

fn no_space(refusal: &QuarantineRefusal) -> Obstacle {
    let remedy = match refusal {
        QuarantineRefusal::VolumeFull { .. } => "free some space there; sync resumes automatically",
        QuarantineRefusal::QuarantineFull { .. } => {
            "check the stores there (unoc export --data-dir shows what one holds), and move or \
             delete those that are not needed; sync resumes automatically"
        }
    };
    Obstacle {
        message: format!("the site cannot be adopted from PostgreSQL: {refusal}"),
        remedy: remedy.to_owned(),
        is_conflict: false,
    }
}

fn invalid_site(refusal: &str) -> Obstacle {
    Obstacle {
        message: format!(
            "the site in PostgreSQL cannot be adopted, since it breaks a rule of the network: \
             {refusal}"
        ),
        remedy:
            "correct the rows in PostgreSQL and try again with unoc sync adopt, or keep the local \
             state: unoc sync takeover"
                .to_owned(),
        is_conflict: true,
    }
}
