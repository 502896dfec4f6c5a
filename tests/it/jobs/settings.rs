//! What an operator changes, and that it is remembered.

use unoc::domain::Timestamp;
use unoc::engine::EngineError;
use unoc::jobs::{JobError, JobPatch};
use unoc::store::{JobSettings, JobWrite};

use super::rig::{Rig, counting, time};

fn schedule(text: Option<&str>) -> JobPatch {
    JobPatch { schedule: Some(text.map(str::to_owned)), ..JobPatch::default() }
}

#[test]
fn a_new_schedule_applies_at_once_and_after_a_restart() {
    let rig = Rig::at("2026-11-25T12:00:00Z");
    let service = rig.start(vec![counting("count").0]);
    let changed = service.wait(service.jobs.set("count", schedule(Some(" 30  4 * * mon "))));
    let changed = changed.unwrap();
    assert_eq!(changed.schedule, "30 4 * * mon");
    assert_eq!(changed.default_schedule, "15 2 * * *");
    assert_eq!(changed.next_run_at, Some(time("2026-11-30T03:30:00Z")));
    service.end();
    let service = rig.start(vec![counting("count").0]);
    assert_eq!(service.status("count").schedule, "30 4 * * mon");
    service.now_is("2026-11-26T01:15:00Z");
    assert!(service.runs("count").is_empty(), "the old time is no more");
    service.now_is("2026-11-30T03:30:00Z");
    assert_eq!(service.triggers("count"), ["schedule"]);
    let back = service.wait(service.jobs.set("count", schedule(None))).unwrap();
    assert_eq!(back.schedule, "15 2 * * *");
    service.end();
    let service = rig.start(vec![counting("count").0]);
    assert_eq!(service.status("count").schedule, "15 2 * * *");
    service.end();
}

#[test]
fn a_disabled_job_stays_disabled() {
    let rig = Rig::at("2026-11-25T12:00:00Z");
    let service = rig.start(vec![counting("count").0]);
    let patch = JobPatch { is_enabled: Some(false), ..JobPatch::default() };
    service.wait(service.jobs.set("count", patch)).unwrap();
    service.end();
    rig.clock.jump_to(time("2026-11-28T12:00:00Z"));
    let service = rig.start(vec![counting("count").0]);
    service.now_is("2026-11-28T12:01:00Z");
    let status = service.status("count");
    assert!(!status.is_enabled && status.next_run_at.is_none() && status.runs.is_empty());
    service.end();
}

#[test]
fn an_invalid_change_changes_nothing() {
    let rig = Rig::at("2026-11-25T12:00:00Z");
    let service = rig.start(vec![counting("count").0]);
    let wrong = service.wait(service.jobs.set("count", schedule(Some("61 * * * *"))));
    assert!(matches!(wrong, Err(JobError::Schedule(_))), "{wrong:?}");
    let unknown = service.wait(service.jobs.set("nobody", schedule(None)));
    assert!(matches!(unknown, Err(JobError::NotFound)), "{unknown:?}");
    assert_eq!(service.status("count").schedule, "15 2 * * *");
    service.end();
}

#[test]
fn a_setting_that_cannot_be_recorded_is_refused() {
    let mut rig = Rig::at("2026-11-25T12:00:00Z");
    rig.start(vec![counting("count").0]).end();
    // No volume has that much room.
    rig.min_free_bytes = 1 << 60;
    let service = rig.start(vec![counting("count").0]);
    let patch = JobPatch { is_enabled: Some(false), ..schedule(Some("30 4 * * *")) };
    let refused = service.wait(service.jobs.set("count", patch));
    let is_refused = matches!(refused, Err(JobError::Engine(EngineError::ReadOnly { .. })));
    assert!(is_refused, "{refused:?}");
    let status = service.status("count");
    assert!(status.is_enabled);
    assert_eq!(status.schedule, "15 2 * * *");
    service.end();
}

#[test]
fn an_invalid_recorded_schedule_is_replaced_by_the_default() {
    let rig = Rig::at("2026-11-25T12:00:00Z");
    let (engine, thread) = rig.engine();
    let settings = JobSettings {
        schedule: Some("each night".to_owned()),
        is_enabled: true,
        first_seen: Timestamp(0),
        settled: time("2026-11-25T12:00:00Z"),
    };
    let write = JobWrite { name: "count".to_owned(), settings: Some(settings), run: None };
    rig.runtime.block_on(engine.save_jobs(vec![write])).unwrap();
    rig.runtime.block_on(engine.stop());
    drop(engine);
    thread.join().unwrap();
    let service = rig.start(vec![counting("count").0]);
    service.now_is("2026-11-26T01:15:00Z");
    assert_eq!(service.triggers("count"), ["schedule"]);
    service.end();
}
