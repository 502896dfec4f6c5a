//! When jobs run: once for what is due, whatever the clock and the host do.

use unoc::domain::Timestamp;
use unoc::jobs::JobPatch;

use super::rig::{Rig, Service, counting, gated, time};
use crate::harness::wait;

#[test]
fn a_job_runs_at_its_time_and_only_once() {
    let rig = Rig::at("2026-11-25T12:00:00Z");
    let (spec, _) = counting("count");
    let service = rig.start(vec![spec]);
    assert!(service.runs("count").is_empty(), "due times of a new job count from now");
    assert_eq!(service.status("count").next_run_at, Some(time("2026-11-26T01:15:00Z")));
    service.now_is("2026-11-26T01:14:59.999999Z");
    assert!(service.runs("count").is_empty());
    for _ in 0..3 {
        service.now_is("2026-11-26T01:15:00Z");
    }
    service.now_is("2026-11-26T01:15:30Z");
    assert_eq!(service.triggers("count"), ["schedule"]);
    assert_eq!(service.status("count").next_run_at, Some(time("2026-11-27T01:15:00Z")));
    service.now_is("2026-11-27T01:15:20Z");
    assert_eq!(service.triggers("count"), ["schedule", "schedule"]);
    service.end();
    let (spec, _) = counting("count");
    let service = rig.start(vec![spec]);
    service.now_is("2026-11-27T01:16:00Z");
    assert_eq!(service.triggers("count"), ["schedule"; 2], "a restart repeats nothing");
    service.end();
}

#[test]
fn missed_runs_are_made_up_for_once() {
    let rig = Rig::at("2026-11-20T12:00:00Z");
    rig.start(vec![counting("count").0]).end();
    rig.clock.jump_to(time("2026-11-25T12:00:00Z"));
    let service = rig.start(vec![counting("count").0]);
    service.now_is("2026-11-25T12:00:01Z");
    service.now_is("2026-11-25T12:01:00Z");
    assert_eq!(service.triggers("count"), ["missed"], "five nights, one run");
    service.now_is("2026-11-26T01:15:00Z");
    assert_eq!(service.triggers("count"), ["missed", "schedule"]);
    service.end();
}

#[test]
fn a_clock_that_jumps_ahead_and_back_stops_no_job() {
    let rig = Rig::at("2026-11-25T12:00:00Z");
    let service = rig.start(vec![counting("count").0]);
    service.now_is("2027-11-25T12:00:00Z");
    assert_eq!(service.triggers("count"), ["missed"]);
    service.now_is("2026-11-25T13:00:00Z");
    service.now_is("2026-11-25T13:00:30Z");
    assert_eq!(service.triggers("count"), ["missed"], "setting the clock back makes nothing due");
    service.now_is("2026-11-26T01:15:00Z");
    assert_eq!(service.triggers("count"), ["missed", "schedule"]);
    // Set back by less than a minute, across the due time.
    service.now_is("2026-11-26T01:14:30Z");
    service.now_is("2026-11-26T01:15:00Z");
    assert_eq!(service.triggers("count"), ["missed", "schedule"]);
    service.end();
}

#[test]
fn a_clock_set_back_while_the_host_was_off_stops_no_job() {
    let rig = Rig::at("2030-01-01T00:00:00Z");
    rig.start(vec![counting("count").0]).end();
    rig.clock.jump_to(time("2026-11-25T12:00:00Z"));
    let service = rig.start(vec![counting("count").0]);
    service.now_is("2026-11-25T12:00:30Z");
    service.now_is("2026-11-26T01:15:00Z");
    assert_eq!(service.triggers("count"), ["schedule"]);
    service.end();
}

#[test]
fn a_host_whose_clock_starts_in_1970_repeats_no_run() {
    let rig = Rig::at("2026-11-25T12:00:00Z");
    let service = rig.start(vec![counting("count").0]);
    service.now_is("2026-11-26T01:15:00Z");
    assert_eq!(service.triggers("count"), ["schedule"]);
    service.end();
    rig.clock.jump_to(time("1970-01-01T00:00:10Z"));
    let service = rig.start(vec![counting("count").0]);
    service.now_is("1970-01-01T00:00:40Z");
    service.now_is("2026-11-26T02:00:00Z");
    assert_eq!(service.triggers("count"), ["schedule"]);
    service.now_is("2026-11-27T02:00:00Z");
    assert_eq!(service.triggers("count"), ["schedule", "missed"]);
    service.end();
}

#[test]
fn a_day_that_the_clock_showed_too_early_is_not_left_out() {
    let rig = Rig::at("2026-11-25T12:00:00Z");
    let service = rig.start(vec![counting("count").0]);
    service.now_is("2026-11-26T12:00:00Z");
    service.now_is("2026-11-25T12:00:30Z");
    pass(&service, "2026-11-25T12:05:00Z", "2026-11-26T02:00:00Z");
    assert_eq!(service.triggers("count"), ["missed", "schedule"]);
    service.end();
}

#[test]
fn due_jobs_start_without_a_request() {
    let rig = Rig::at("2026-11-25T12:00:00Z");
    rig.start(vec![counting("count").0]).end();
    rig.clock.jump_to(time("2026-11-26T12:00:00Z"));
    let service = rig.start(vec![counting("count").0]);
    wait::until("the missed run", || service.status("count").runs.pop());
    service.end();
}

/// Advances the clock in steps of five minutes.
fn pass(service: &Service<'_>, first: &str, last: &str) {
    const STEP_US: i64 = 5 * 60 * 1_000_000;
    let (mut now, last) = (time(first), time(last));
    while now <= last {
        service.at(now);
        now.0 += STEP_US;
    }
}

/// Returns when runs began in these days.
fn runs_between(first: &str, last: &str) -> Vec<Timestamp> {
    let rig = Rig::at(first);
    let service = rig.start(vec![counting("count").0]);
    pass(&service, first, last);
    let runs = service.runs("count");
    service.end();
    runs.iter().map(|run| run.started_at).collect()
}

#[test]
fn summer_time_begins_and_ends_with_one_run_a_day() {
    let spring = runs_between("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
    assert_eq!(spring, ["2026-03-29T01:15:00Z", "2026-03-30T00:15:00Z"].map(time));
    let autumn = runs_between("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
    assert_eq!(autumn, ["2026-10-25T00:15:00Z", "2026-10-26T01:15:00Z"].map(time));
}

#[test]
fn a_due_time_during_a_run_is_skipped() {
    let rig = Rig::at("2026-11-25T12:00:00Z");
    let (spec, gate) = gated("slow");
    let service = rig.start(vec![spec]);
    service.now_is("2026-11-26T01:15:00Z");
    service.now_is("2026-11-27T01:15:00Z");
    assert_eq!(service.status("slow").running.map(|run| run.id), Some(1));
    gate.add_permits(2);
    assert_eq!(service.triggers("slow"), ["schedule"]);
    service.now_is("2026-11-27T01:15:30Z");
    assert_eq!(service.triggers("slow"), ["schedule"], "not made up for afterwards");
    service.now_is("2026-11-28T01:15:00Z");
    assert_eq!(service.triggers("slow"), ["schedule", "schedule"]);
    service.end();
}

#[test]
fn due_times_while_disabled_are_not_made_up_for() {
    let rig = Rig::at("2026-11-25T12:00:00Z");
    let service = rig.start(vec![counting("count").0]);
    let set = |is_enabled| {
        let patch = JobPatch { is_enabled: Some(is_enabled), ..JobPatch::default() };
        service.wait(service.jobs.set("count", patch)).unwrap()
    };
    assert_eq!(set(false).next_run_at, None);
    service.now_is("2026-11-28T12:00:00Z");
    assert_eq!(set(true).next_run_at, Some(time("2026-11-29T01:15:00Z")));
    service.now_is("2026-11-28T12:01:00Z");
    assert!(service.runs("count").is_empty());
    // Neither are due times of a schedule before it was set.
    let patch = JobPatch { schedule: Some(Some("0 6 * * *".to_owned())), ..JobPatch::default() };
    service.wait(service.jobs.set("count", patch)).unwrap();
    service.now_is("2026-11-28T12:02:00Z");
    assert!(service.runs("count").is_empty());
    service.end();
}
