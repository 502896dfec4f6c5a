//! Duties that concern the backups.

use super::duty::{DoneBy, Duty, DutyAction, DutyState, Frequency};
use super::facts::{RunbookFacts, last_success};
use super::job_duties::{by_job, reviewed, with};
use super::operator_duties::by_record;
use crate::backup::{CopyState, Overview, TargetOverview, TargetState};
use crate::store::ReportKind;
use crate::util::{counted, format_bytes, format_span};

const PAGE: &str = "/operations/backups";

pub(super) fn backup(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let base = Duty {
        command: Some("unoc backup now"),
        action: Some(DutyAction { label: "Back up now", path: "/api/jobs/backup/run" }),
        ..by_job(key, "Backup", Frequency::Daily, PAGE, facts.job("backup"))
    };
    let overview = match &facts.backups {
        Ok(overview) => overview,
        Err(error) => return unreadable(base, error),
    };
    let Some(newest) = overview.entries.first() else {
        return with(base, without_backup(overview), "No backup has been made yet");
    };
    let state = match newest {
        entry if entry.is_bad() => DutyState::Error,
        entry if entry.is_verified() => DutyState::Ok,
        _ => DutyState::Warning,
    };
    let words = match state {
        DutyState::Error => "is damaged and was set aside",
        DutyState::Ok => "was restored and compared",
        _ => "is not verified",
    };
    let bytes = format_bytes(newest.manifest.bytes);
    let evidence = format!("{} ({bytes}) {words}", newest.id);
    let done = Duty { last_done_at: Some(newest.manifest.taken_at()), ..base };
    with(done, state, &evidence)
}

pub(super) fn restore_test(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let base = Duty {
        command: Some("unoc backup verify"),
        action: Some(DutyAction { label: "Verify now", path: "/api/jobs/verify/run" }),
        ..by_job(key, "Restore test", Frequency::Weekly, PAGE, facts.job("verify"))
    };
    let overview = match &facts.backups {
        Ok(overview) => overview,
        Err(error) => return unreadable(base, error),
    };
    let Some(at) = overview.rehearsed_at else {
        let evidence = "No backup has been restored and compared yet";
        return with(base, without_backup(overview), evidence);
    };
    let took = overview.rto_s.map_or_else(String::new, |s| format!(", in {}", format_span(s)));
    let loss = overview.rpo_s.map_or_else(String::new, |s| {
        format!("; the changes of the last {} would be lost now", format_span(s))
    });
    let state = if overview.is_stale { DutyState::Error } else { DutyState::Ok };
    let done = Duty { last_done_at: Some(at), ..base };
    with(done, state, &format!("A backup was restored and compared{took}{loss}"))
}

pub(super) fn off_host(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let overview = match &facts.backups {
        Ok(overview) => overview,
        Err(error) => {
            return unreadable(
                by_job(key, OFF_HOST, Frequency::Daily, PAGE, facts.job("copy")),
                error,
            );
        }
    };
    if overview.targets.is_empty() {
        let evidence = "Without a copy off this host, the loss of its disk loses every backup. \
                        Set backup_targets, or copy the newest backup elsewhere";
        let base = Duty { page: PAGE, ..by_record(key, OFF_HOST, Frequency::Daily, facts) };
        return Duty { evidence: evidence.to_owned(), ..base };
    }
    let base = Duty {
        action: Some(DutyAction { label: "Copy now", path: "/api/jobs/copy/run" }),
        last_done_at: overview.targets.iter().filter_map(|target| target.last_ok_at).max(),
        ..by_job(key, OFF_HOST, Frequency::Daily, PAGE, facts.job("copy"))
    };
    let failing: Vec<String> = overview.targets.iter().filter_map(failing).collect();
    if !failing.is_empty() {
        return with(base, DutyState::Error, &failing.join("; "));
    }
    let copies = overview.targets.iter();
    let copies: Vec<String> = copies
        .map(|target| format!("{} on {}", counted(target.copies, "copy"), target.name))
        .collect();
    let waiting = waiting_copies(overview);
    let waiting = if waiting == 0 { String::new() } else { format!("; {waiting} waiting") };
    with(base, DutyState::Ok, &format!("{}{waiting}", copies.join(", ")))
}

/// A new site has its first backup in the night that follows; until then it is healthy, as for `/health`.
fn without_backup(overview: &Overview) -> DutyState {
    if overview.is_stale { DutyState::Error } else { DutyState::Unknown }
}

const OFF_HOST: &str = "Copies off the host";

fn failing(target: &TargetOverview) -> Option<String> {
    let is_failing = target.state == TargetState::Failing;
    let why = target.last_error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
    is_failing.then(|| format!("Copying to {} failed{why}", target.name))
}

fn waiting_copies(overview: &Overview) -> usize {
    let copies = overview.entries.iter().flat_map(|entry| entry.notes.copies.values());
    copies.filter(|copy| copy.state != CopyState::Done).count()
}

pub(super) fn prune(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let base = Duty {
        command: Some("unoc backup prune --dry-run"),
        ..by_job(key, "Pruning of backups", Frequency::Daily, PAGE, facts.job("prune"))
    };
    let run = last_success(facts.job("prune"));
    let base = Duty { last_done_at: run.map(|run| run.started_at), ..base };
    let overview = match &facts.backups {
        Ok(overview) => overview,
        Err(error) => return unreadable(base, error),
    };
    let kept = counted(overview.entries.len(), "backup");
    let last = run.and_then(|run| run.message.as_ref());
    let last = last.map_or_else(String::new, |message| format!("; last pruned: {message}"));
    with(base, DutyState::Ok, &format!("{kept}{last}"))
}

/// Without a target the drill shows only that this host can restore what it has.
pub(super) fn disaster_recovery_test(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    const TITLE: &str = "Disaster recovery test";
    let job = facts.job("disaster-drill");
    let action = DutyAction { label: "Drill now", path: "/api/jobs/disaster-drill/run" };
    let command = Some("unoc jobs run disaster-drill");
    if facts.backups.as_ref().is_ok_and(|overview| overview.targets.is_empty()) {
        let evidence = "There is no copy off this host to restore from. Restore a downloaded backup \
                        on another host";
        let base = Duty { page: PAGE, ..by_record(key, TITLE, Frequency::Monthly, facts) };
        // That there is no copy is told by the duty of the copies: this one may be due, but is never late.
        return Duty {
            state: base.state.min(DutyState::Due),
            overdue_at: None,
            evidence: evidence.to_owned(),
            command,
            action: Some(action),
            ..base
        };
    }
    let base = Duty {
        command,
        action: Some(action),
        ..by_job(key, TITLE, Frequency::Monthly, "/operations/jobs", job)
    };
    let otherwise = "The site has not been rebuilt from a copy off the host yet";
    reviewed(base, ReportKind::DisasterDrill, facts, otherwise)
}

fn unreadable(duty: Duty, error: &str) -> Duty {
    with(Duty { done_by: DoneBy::Appliance, ..duty }, DutyState::Error, error)
}
