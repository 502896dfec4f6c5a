//! What a store that no server uses says for a support bundle.

use super::backup::backups_to_read;
use super::doctor::checks_of;
use super::support::SupportFile;
use crate::api::{BackupsView, CheckHistory};
use crate::config::Config;
use crate::domain::EntityKind;
use crate::engine::EngineHandle;
use crate::store::{IncidentState, Snapshot, StoreError};
use crate::wire::Time;

/// Most runs of each job, and most incidents of each state.
const RUNS_MAX: usize = 5;
const INCIDENTS_MAX: usize = 200;
/// As far back as the history of the checks in the bundle of a server.
const HISTORY_HOURS: u64 = 168;

/// Returns the state of the store, the list of backups, and the history of each check.
pub async fn support_files_of_store(config: &Config, engine: &EngineHandle) -> Vec<SupportFile> {
    let snapshot = engine.read();
    let mut files = vec![SupportFile::new("store.txt", state(&snapshot))];
    let backups = match backups_to_read(config, engine) {
        Ok(backups) => backups,
        Err(error) => {
            files.push(SupportFile::new("backups.json", Err(format!("{error:#}"))));
            return files;
        }
    };
    let now = engine.now();
    for spec in checks_of(config, engine, &backups) {
        let history = CheckHistory::of_last_hours(&snapshot, &spec, HISTORY_HOURS, now);
        let history = history.map_err(|error| error.to_string());
        // A check that does not apply here was never measured.
        if history.as_ref().is_ok_and(CheckHistory::is_empty) {
            continue;
        }
        let content = history.and_then(|history| json(&history));
        files.push(SupportFile::new(format!("checks/{}.json", spec.id), content));
    }
    let overview = backups.observe().await.map_err(|error| error.to_string());
    let list = overview.and_then(|overview| json(&BackupsView::new(&backups, overview)));
    files.push(SupportFile::new("backups.json", list));
    files
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, String> {
    serde_json::to_vec_pretty(value).map_err(|error| error.to_string())
}

/// The counts of the store, the mirror's state, the last runs of jobs, incidents.
fn state(snapshot: &Snapshot) -> Result<Vec<u8>, String> {
    let text = state_text(snapshot).map_err(|error| error.to_string())?;
    Ok(text.into_bytes())
}

fn state_text(snapshot: &Snapshot) -> Result<String, StoreError> {
    let [devices, interfaces, links] = EntityKind::ALL.map(|kind| snapshot.count(kind));
    let created_at = Time(snapshot.created_at()?);
    let counts = format!("{} devices, {} interfaces, {} links", devices?, interfaces?, links?);
    let mut lines = vec![
        format!("created {created_at}, last commit {}: {counts}", snapshot.seq()),
        format!("not in PostgreSQL: {}", snapshot.dirty_count()?),
        format!("mirror: {:#?}", snapshot.mirror()?),
    ];
    for name in snapshot.job_names()? {
        let runs = snapshot.job_runs(&name, RUNS_MAX)?;
        lines.push(format!("job {name}: {:#?}\n{runs:#?}", snapshot.job(&name)?));
    }
    for state in IncidentState::ALL {
        let incidents = snapshot.incidents(state, None)?.take(INCIDENTS_MAX);
        let incidents = incidents.collect::<Result<Vec<_>, _>>()?;
        lines.push(format!("incidents, {}: {incidents:#?}", state.as_str()));
    }
    Ok(lines.join("\n"))
}
