//! What the audit trail says of the service itself: that it began and ended, and that its program was replaced.

use serde_json::json;
use tracing::warn;

use crate::config::Config;
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::store::{AuditEvent, AuditOrigin, SCHEMA_VERSION};
use crate::upgrade::{InstalledProgram, UpgradeError, UpgradeJournal, UpgradeState};
use crate::util::error_chain;
use crate::wire::Time;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn origin() -> AuditOrigin {
    AuditOrigin::local("system")
}

/// The rows of a start, after one that noticed that the run before did not end as it should.
pub(super) fn start_events(unclean_since: Option<Timestamp>) -> Vec<AuditEvent> {
    let unclean = unclean_since.map(|started_at| {
        let details = json!({ "started_at": Time(started_at).to_string() });
        AuditEvent::done(origin(), "note unclean end of service", details)
    });
    let details = json!({ "version": VERSION, "schema": SCHEMA_VERSION });
    unclean.into_iter().chain([AuditEvent::done(origin(), "start service", details)]).collect()
}

/// The row of a stop.
pub(super) fn end_event() -> AuditEvent {
    let details = json!({ "version": VERSION, "schema": SCHEMA_VERSION });
    AuditEvent::done(origin(), "end service", details)
}

/// Writes down that the program was replaced, or came back, if that is not known yet: `unoc upgrade` cannot, since the
/// store is closed or the service's while it works. A new version that never starts leaves the row of its end.
pub(super) async fn note_upgrade(config: &Config, handle: &EngineHandle) {
    let journal = match journal_of_this_program() {
        Ok(journal) => journal.filter(|journal| is_of(config, journal)),
        Err(error) => {
            warn!(error = error_chain(&error), "The last upgrade may not be in the audit trail");
            return;
        }
    };
    let Some(event) = journal.as_ref().and_then(|journal| upgrade_event(journal, VERSION)) else {
        return;
    };
    let key = journal.map(|journal| format!("{} {}", event.action, journal.started_at));
    if let Err(error) = handle.note_upgrade(key.unwrap_or_default(), event).await {
        warn!(error = error_chain(&error), "The last upgrade is not in the audit trail");
    }
}

fn journal_of_this_program() -> Result<Option<UpgradeJournal>, UpgradeError> {
    let Ok(path) = std::env::current_exe() else { return Ok(None) };
    UpgradeJournal::read(&InstalledProgram::at(&path)?.journal_path())
}

/// One program may serve several sites, each of which it is upgraded for.
fn is_of(config: &Config, journal: &UpgradeJournal) -> bool {
    let place = |path: &std::path::Path| path.canonicalize().ok();
    place(&config.data_dir).is_some_and(|own| place(&journal.data_dir) == Some(own))
}

/// The row of an upgrade after which `version` runs, or of a rollback to it; `None` if the journal is of other programs.
fn upgrade_event(journal: &UpgradeJournal, version: &str) -> Option<AuditEvent> {
    let UpgradeJournal { state, actor, from, to, started_at, backup, why, store, .. } = journal;
    let is_rollback = matches!(state, UpgradeState::Reverting | UpgradeState::Reverted);
    let (action, before, after) = match is_rollback {
        true => ("roll back program", to, from),
        false => ("upgrade program", from, to),
    };
    if after.version != version {
        return None;
    }
    let details = json!({
        "from": before.version,
        "to": after.version,
        "began_at": started_at,
        "backup": backup,
        "why": why.as_ref().filter(|_| is_rollback),
        "store": store.filter(|_| is_rollback),
    });
    // The appliance goes back by itself.
    let origin = match actor.is_empty() {
        true => origin(),
        false => AuditOrigin::local(actor),
    };
    Some(AuditEvent::done(origin, action, details))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upgrade::ProgramFacts;

    fn journal(state: UpgradeState) -> UpgradeJournal {
        let program = |version: &str| ProgramFacts {
            version: version.to_owned(),
            store_schema: 3,
            sha256: String::new(),
        };
        UpgradeJournal {
            state,
            actor: String::new(),
            started_at: "2026-11-29T02:15:00Z".to_owned(),
            from: program("1.0.0"),
            to: program("1.1.0"),
            service: "unoc".to_owned(),
            data_dir: "/var/lib/unoc".into(),
            was_running: true,
            healthy_for_s: 60,
            critical_before: Vec::new(),
            backup: None,
            saved: None,
            was_ready: false,
            why: Some("it did not start".to_owned()),
            store: None,
            left: None,
            quarantined: Vec::new(),
        }
    }

    #[test]
    fn an_upgrade_is_told_by_the_program_that_runs_after_it() {
        let check = |state, version: &str, expected: Option<(&str, &str, &str)>| {
            let event = upgrade_event(&journal(state), version);
            let found = event.as_ref().map(|event| {
                let text = |key: &str| event.details[key].as_str().expect("a text");
                (event.action, text("from"), text("to"))
            });
            assert_eq!(found, expected, "{state:?} {version}");
        };
        let (up, back) = ("upgrade program", "roll back program");
        check(UpgradeState::Watching, "1.1.0", Some((up, "1.0.0", "1.1.0")));
        check(UpgradeState::Done, "1.1.0", Some((up, "1.0.0", "1.1.0")));
        check(UpgradeState::Reverting, "1.0.0", Some((back, "1.1.0", "1.0.0")));
        check(UpgradeState::Reverted, "1.0.0", Some((back, "1.1.0", "1.0.0")));
        // The host started the old program again during the upgrade, or another one since.
        check(UpgradeState::Saving, "1.0.0", None);
        check(UpgradeState::Done, "1.2.0", None);
    }

    #[test]
    fn an_upgrade_is_of_who_typed_it_unless_it_came_back_by_itself() {
        let mut journal = journal(UpgradeState::Watching);
        let actor = |journal: &UpgradeJournal, version| {
            upgrade_event(journal, version).expect("an event").origin.actor
        };
        "host user ada".clone_into(&mut journal.actor);
        assert_eq!(actor(&journal, "1.1.0"), "host user ada");
        journal.state = UpgradeState::Reverting;
        journal.actor.clear();
        assert_eq!(actor(&journal, "1.0.0"), "system");
    }

    #[test]
    fn a_start_after_an_unclean_end_is_two_rows() {
        let actions =
            |events: Vec<AuditEvent>| events.iter().map(|it| it.action).collect::<Vec<_>>();
        assert_eq!(actions(start_events(None)), ["start service"]);
        let unclean = start_events(Some(Timestamp(0)));
        assert_eq!(unclean[0].details["started_at"], "1970-01-01T00:00:00.000000Z");
        assert_eq!(actions(unclean), ["note unclean end of service", "start service"]);
    }
}
