//! The daily review: the log, the incidents, the backup and the overrides of the last day.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result};
use tracing::Level;

use super::section::{count, fact, section, table, text, time};
use super::{Findings, with_report};
use crate::backup::{Backups, Overview};
use crate::domain::{RootCause, Timestamp, World};
use crate::engine::EngineHandle;
use crate::jobs::{JobContext, RunResult};
use crate::logs::{LogGroup, LogSummary, Logs};
use crate::store::{
    Incident, IncidentSource, IncidentState, ReportKind, ReportResult, ReportSection, ReportValue,
    Snapshot, StoreError, TimelineKind,
};
use crate::util::{counted, format_span, run_blocking};
use crate::wire::Subject;

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
/// The review to compare with is at least this old: one that somebody ran just now has the same lines.
const COMPARED_AGE_US_MIN: i64 = DAY_US / 2;
/// Reviews that are looked through for it.
const COMPARED_MAX: usize = 50;
/// Most rows of a table. The log has new kinds and errors first.
const ROWS_MAX: usize = 100;
/// The log's section, and its column of messages, in the review before.
const LOG_TITLE: &str = "Log";
const MESSAGE_COLUMN: usize = 1;

/// What the review looks at.
pub(crate) struct DailyReview {
    pub(crate) engine: EngineHandle,
    pub(crate) backups: Backups,
    pub(crate) logs: Logs,
}

/// A section, what the summary says of it, and whether a person should look at it.
struct Part {
    section: ReportSection,
    summary: String,
    is_conspicuous: bool,
}

impl DailyReview {
    /// Does the review and keeps its report. Returns the summary.
    pub(crate) async fn run(self, context: JobContext) -> Result<String> {
        let engine = self.engine.clone();
        let work = self.findings(context.clone());
        with_report(ReportKind::DailyReview, &engine, context, work).await
    }

    async fn findings(self, context: JobContext) -> Result<Findings> {
        let now = context.clock.now();
        let since = Timestamp(now.0.saturating_sub(DAY_US));
        let snapshot = self.engine.read();
        let (logs, created_at) = (self.logs.clone(), snapshot.created_at()?);
        let (log, incidents) = run_blocking(move || -> Result<(Part, Part), StoreError> {
            let known = messages_before(&snapshot, now)?;
            Ok((
                log(&logs.summary(since), known.as_ref(), created_at),
                incidents(&snapshot, since)?,
            ))
        })
        .await??;
        let backup = self.backup(&context, now).await;
        let (_, overrides) = self.engine.inspect(overrides).await?;
        let parts = [log, incidents, backup, overrides];
        let is_conspicuous = parts.iter().any(|part| part.is_conspicuous);
        let summaries: Vec<&str> = parts.iter().map(|part| part.summary.as_str()).collect();
        Ok(Findings {
            result: if is_conspicuous { ReportResult::Warning } else { ReportResult::Ok },
            summary: summaries.join("; "),
            sections: parts.into_iter().map(|part| part.section).collect(),
        })
    }

    async fn backup(&self, context: &JobContext, now: Timestamp) -> Part {
        let run = match context.jobs.list().await.context("the jobs cannot be read") {
            Ok(jobs) => jobs.into_iter().find(|job| job.name == "backup"),
            Err(error) => return unreadable("Backup", &error),
        };
        let run = run.and_then(|job| job.runs.into_iter().next());
        let mut part = match self.backups.observe().await {
            Ok(overview) => backup(&overview, now),
            Err(error) => return unreadable("Backup", &error.into()),
        };
        if let Some(run) = run {
            let message = run.message.unwrap_or_else(|| run.result.as_str().to_owned());
            part.section.facts.push(fact("Last run began", time(run.started_at)));
            part.section.facts.push(fact("Last run", text(message)));
            if run.result == RunResult::Failed {
                part.summary.push_str(", but the last run failed");
                part.is_conspicuous = true;
            }
        }
        part
    }
}

fn unreadable(title: &str, error: &anyhow::Error) -> Part {
    let summary = format!("{error:#}");
    let section = ReportSection { text: Some(summary.clone()), ..section(title) };
    Part { section, summary, is_conspicuous: true }
}

/// The messages that the review of the day before had; `None` if there was none.
fn messages_before(
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<Option<BTreeSet<String>>, StoreError> {
    let latest = now.0.saturating_sub(COMPARED_AGE_US_MIN);
    let heads = snapshot.reports(Some(ReportKind::DailyReview), None, COMPARED_MAX)?;
    let head = heads
        .into_iter()
        .find(|head| head.result != ReportResult::Failed && head.ended_at.0 <= latest);
    let Some(head) = head else { return Ok(None) };
    let sections = snapshot.report(head.id)?.map(|report| report.sections).unwrap_or_default();
    let tables = sections.into_iter().filter(|section| section.title == LOG_TITLE);
    let rows = tables.filter_map(|section| section.table).flat_map(|table| table.rows);
    let messages = rows.filter_map(|row| match row.into_iter().nth(MESSAGE_COLUMN) {
        Some(ReportValue::Text(message)) => Some(message),
        _ => None,
    });
    Ok(Some(messages.collect()))
}

/// The warnings and errors by kind. New is what neither the log nor the review of the day before has: the
/// log in memory begins anew with each start of the service.
fn log(summary: &LogSummary, known: Option<&BTreeSet<String>>, created_at: Timestamp) -> Part {
    let is_new = |group: &LogGroup| match known {
        Some(known) => group.is_new != Some(false) && !known.contains(&group.message),
        None => group.is_new == Some(true),
    };
    let lines = |level| -> u64 {
        let of_level = summary.groups.iter().filter(|group| group.level == level);
        of_level.map(|group| group.count).sum()
    };
    let (errors, warnings) = (lines(Level::ERROR), lines(Level::WARN));
    let new: Vec<&LogGroup> = summary.groups.iter().filter(|group| is_new(group)).collect();
    let mut groups: Vec<&LogGroup> = summary.groups.iter().collect();
    groups.sort_by_key(|group| (!is_new(group), group.level));
    let rows = groups.iter().take(ROWS_MAX).map(|group| {
        vec![
            text(group.level.as_str()),
            text(&*group.message),
            ReportValue::Count(group.count),
            text(if is_new(group) { "new" } else { "" }),
            time(group.newest.at),
        ]
    });
    let mut section = section(LOG_TITLE);
    section.table = table(&["Level", "Message", "Count", "New", "Last"], rows.collect());
    if let Some(table) = &mut section.table {
        table.omitted = groups.len().saturating_sub(ROWS_MAX) as u64;
    }
    section.facts = vec![
        fact("Errors", ReportValue::Count(errors)),
        fact("Warnings", ReportValue::Count(warnings)),
        fact("New kinds", count(new.len())),
    ];
    // Before the site there was nothing to log.
    let is_partial = summary.complete_since > summary.since.max(created_at);
    if is_partial {
        section.text = Some(
            "The log in memory does not cover the whole day; earlier lines are in the journal."
                .to_owned(),
        );
        section.facts.push(fact("Complete since", time(summary.complete_since)));
    }
    let (errors, warnings) = (counted(errors, "error"), counted(warnings, "warning"));
    let new_text = match new.len() {
        0 => String::new(),
        count => format!(", {}", counted(count, "new kind")),
    };
    let partial = if is_partial { " since the last start; the journal has the rest" } else { "" };
    Part {
        section,
        summary: format!("{errors} and {warnings} in the log{new_text}{partial}"),
        is_conspicuous: is_partial || new.iter().any(|group| group.level == Level::ERROR),
    }
}

/// The incidents that were opened or closed, and what the health checks found.
fn incidents(snapshot: &Arc<Snapshot>, since: Timestamp) -> Result<Part, StoreError> {
    let (mut opened, mut closed, mut open) = (0, 0, 0);
    let (mut rows, mut changes) = (Vec::new(), Vec::new());
    for state in IncidentState::ALL {
        for incident in snapshot.incidents(state, None)? {
            let incident = incident?;
            let is_closed = incident.closure.as_ref();
            if is_closed.is_some_and(|closure| closure.at < since) {
                // They are in the order of this time.
                break;
            }
            opened += usize::from(incident.first_seen >= since);
            closed += usize::from(is_closed.is_some());
            open += usize::from(is_closed.is_none());
            rows.push(incident_row(&incident));
            if incident.source == IncidentSource::Check {
                changes.extend(check_changes(&incident, since));
            }
        }
    }
    let omitted = rows.len().saturating_sub(ROWS_MAX);
    rows.truncate(ROWS_MAX);
    let mut section = section("Incidents and health");
    section.facts = vec![
        fact("Opened", count(opened)),
        fact("Closed", count(closed)),
        fact("Not closed now", count(open)),
        fact("Changes of health checks", count(changes.len())),
    ];
    let columns = ["Incident", "Severity", "State", "First seen", "Closed"];
    section.table = table(&columns, rows);
    if let Some(table) = &mut section.table {
        table.omitted = omitted as u64;
    }
    if !changes.is_empty() {
        changes.truncate(ROWS_MAX);
        section.text = Some(format!("Health checks: {}.", changes.join("; ")));
    }
    let summary = match (opened, closed, open) {
        (0, 0, 0) => "no incident".to_owned(),
        _ => format!("{} opened, {closed} closed, {open} open", counted(opened, "incident")),
    };
    Ok(Part { section, summary, is_conspicuous: false })
}

/// Without its detail, which may have what people wrote: that can be erased, and a report cannot.
fn incident_row(incident: &Incident) -> Vec<ReportValue> {
    vec![
        text(&*incident.title),
        text(incident.severity.as_str()),
        text(incident.state().as_str()),
        time(incident.first_seen),
        incident.closure.as_ref().map_or(ReportValue::Absent, |closure| time(closure.at)),
    ]
}

/// What happened to a check: `disk.free opened, closed`.
fn check_changes(incident: &Incident, since: Timestamp) -> Option<String> {
    let entries = incident.timeline.iter().filter(|entry| entry.at >= since);
    let words = entries.filter_map(|entry| match entry.kind {
        TimelineKind::Opened | TimelineKind::Reopened => Some("failed"),
        TimelineKind::Escalated => Some("became worse"),
        TimelineKind::Eased => Some("became better"),
        TimelineKind::Closed | TimelineKind::Gone => Some("recovered"),
        TimelineKind::FlappingBegan => Some("began to come and go"),
        TimelineKind::FlappingEnded
        | TimelineKind::Muted
        | TimelineKind::Unmuted
        | TimelineKind::Acknowledged
        | TimelineKind::Noted => None,
    });
    let words: Vec<&str> = words.collect();
    let check = incident.key.split_once(':').map_or(incident.key.as_str(), |(_, check)| check);
    (!words.is_empty()).then(|| format!("{check} {}", words.join(", ")))
}

fn backup(overview: &Overview, now: Timestamp) -> Part {
    let mut section = section("Backup");
    let Some(newest) = overview.entries.first() else {
        let summary = "no backup has been made yet".to_owned();
        section.text = Some("No backup has been made yet.".to_owned());
        return Part { section, summary, is_conspicuous: overview.is_stale };
    };
    let is_verified = newest.is_verified();
    let taken_at = newest.manifest.taken_at();
    section.facts = vec![
        fact("Newest", text(newest.id.to_string())),
        fact("Taken", time(taken_at)),
        fact("Size", ReportValue::Bytes(newest.manifest.bytes)),
        fact("Restored and compared", text(if is_verified { "yes" } else { "no" })),
        fact("Would be lost now", overview.rpo_s.map_or(ReportValue::Absent, ReportValue::Seconds)),
        fact("Backups", count(overview.entries.len())),
    ];
    let state = match newest {
        entry if entry.is_bad() => "is damaged",
        _ if is_verified => "was restored and compared",
        _ => "is not verified",
    };
    let age_us = u64::try_from(now.0.saturating_sub(taken_at.0)).unwrap_or(0);
    let age = format_span(std::time::Duration::from_micros(age_us).as_secs_f64());
    let summary = format!("the newest backup is {age} old and {state}");
    Part { section, summary, is_conspicuous: !is_verified || overview.is_stale }
}

/// The overrides, without their reasons: those can be erased, and a report cannot.
fn overrides(world: &World) -> Part {
    let devices = world.devices().filter(|device| device.status_override.is_some());
    let devices = devices.map(|device| (device.status_since, RootCause::Device(device.id)));
    let links = world.links().filter(|link| link.status_override.is_some());
    let links = links.map(|link| (link.status_since, RootCause::Link(link.id)));
    let mut found: Vec<(Timestamp, RootCause)> = devices.chain(links).collect();
    found.sort();
    let rows = found.iter().take(ROWS_MAX).filter_map(|(since, cause)| {
        let subject = Subject::new(world, *cause);
        let set = subject.set?;
        let ends_at = set.ends_at.map_or(ReportValue::Absent, time);
        let status = text(set.status.as_str());
        Some(vec![text(subject.kind), text(subject.name), status, time(*since), ends_at])
    });
    let mut section = section("Overrides");
    section.facts = vec![fact("In force", count(found.len()))];
    let columns = ["Kind", "Name", "Status", "Status since", "Ends"];
    section.table = table(&columns, rows.collect());
    if let Some(table) = &mut section.table {
        table.omitted = found.len().saturating_sub(ROWS_MAX) as u64;
    }
    let summary = format!("{} in force", counted(found.len(), "override"));
    Part { section, summary, is_conspicuous: false }
}
