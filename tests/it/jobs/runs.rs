//! What a run leaves behind, and what it cannot do to others.

use unoc::jobs::{JobContext, JobError, JobRun, JobSpec, LOG_LINES_MAX, RunResult, Trigger};
use unoc::store::{JOB_RUNS_MAX, JobWrite};

use super::rig::{Rig, Service, counting, gated, time};

const NOON: &str = "2026-11-25T12:00:00Z";

/// Runs a job to its end.
fn ran(service: &Service<'_>, name: &str) -> JobRun {
    let run = service.wait(service.jobs.run_now(name, Trigger::Manual)).expect("it begins");
    assert_eq!(run.result, RunResult::Running);
    service.wait(service.jobs.wait(name, run.id)).expect("its end")
}

#[test]
fn a_job_never_runs_twice_at_once() {
    let rig = Rig::at(NOON);
    let (spec, gate) = gated("slow");
    let service = rig.start(vec![spec, counting("other").0]);
    let first = service.wait(service.jobs.run_now("slow", Trigger::Manual)).unwrap();
    let again = service.wait(service.jobs.run_now("slow", Trigger::Manual));
    assert!(matches!(again, Err(JobError::AlreadyRunning)), "{again:?}");
    assert_eq!(ran(&service, "other").result, RunResult::Ok, "others do not wait for it");
    let status = service.status("slow");
    assert!(status.runs.is_empty());
    assert_eq!(status.running.unwrap().log, ["waiting"], "its log can be read meanwhile");
    rig.clock.jump_to(time("2026-11-25T12:00:03Z"));
    gate.add_permits(1);
    let ended = service.wait(service.jobs.wait("slow", first.id)).unwrap();
    assert_eq!(
        ended,
        JobRun {
            id: 1,
            trigger: Trigger::Manual,
            started_at: time(NOON),
            ended_at: Some(time("2026-11-25T12:00:03Z")),
            result: RunResult::Ok,
            message: Some("let through".to_owned()),
            log: vec!["waiting".to_owned()],
            report: None,
        }
    );
    assert_eq!(service.engine.read().seq(), 0, "the site is as it was");
    service.end();
}

#[test]
fn a_panic_is_a_failed_run_and_nothing_more() {
    let rig = Rig::at(NOON);
    let early = JobSpec::new("early", "Panics before it begins", "15 2 * * *", |context| {
        assert!(context.is_stopping(), "no work today");
        std::future::ready(Ok(String::new()))
    });
    let late = JobSpec::new("late", "Panics in the middle", "15 2 * * *", |context| async move {
        context.log.line("so far so good");
        tokio::task::yield_now().await;
        panic!("{} is too many", 7)
    });
    let service = rig.start(vec![early, late, counting("count").0]);
    let run = ran(&service, "early");
    assert_eq!(run.result, RunResult::Failed);
    assert_eq!(run.message.as_deref(), Some("It panicked: no work today"));
    for id in 1..=2 {
        let run = ran(&service, "late");
        assert_eq!((run.id, run.result), (id, RunResult::Failed));
        assert_eq!(run.message.as_deref(), Some("It panicked: 7 is too many"));
        assert_eq!(run.log, ["so far so good"]);
    }
    assert_eq!(ran(&service, "count").result, RunResult::Ok);
    service.end();
}

#[test]
fn a_failed_run_has_the_error_and_its_causes() {
    let rig = Rig::at(NOON);
    let spec = JobSpec::new("fail", "Fails", "15 2 * * *", |_| async {
        Err(anyhow::anyhow!("the disk is gone").context("cannot write the file"))
    });
    let service = rig.start(vec![spec]);
    let run = ran(&service, "fail");
    assert_eq!(run.result, RunResult::Failed);
    assert_eq!(run.message.as_deref(), Some("cannot write the file: the disk is gone"));
    service.end();
}

#[test]
fn a_long_log_keeps_its_end() {
    let rig = Rig::at(NOON);
    let spec = JobSpec::new("talk", "Talks", "15 2 * * *", |context: JobContext| async move {
        for number in 0..1_000 {
            context.log.line(format!("line {number}"));
        }
        Ok("m".repeat(5_000))
    });
    let service = rig.start(vec![spec]);
    let run = ran(&service, "talk");
    assert_eq!(run.log.len(), LOG_LINES_MAX + 1);
    assert_eq!(run.log[0], "(936 earlier lines left out)");
    assert_eq!(run.log[LOG_LINES_MAX], "line 999");
    assert_eq!(run.message.map(|message| message.chars().count()), Some(1_000));
    service.end();
}

#[test]
fn the_newest_runs_are_kept() {
    let rig = Rig::at(NOON);
    let specs = || vec![counting("count").0, counting("count-2").0];
    let service = rig.start(specs());
    for _ in 0..JOB_RUNS_MAX + 3 {
        ran(&service, "count");
    }
    ran(&service, "count-2");
    service.end();
    let service = rig.start(specs());
    let runs = service.status("count").runs;
    let ids: Vec<u64> = runs.iter().map(|run| run.id).collect();
    assert_eq!(ids, (4..=53).rev().collect::<Vec<_>>());
    assert_eq!(service.runs("count-2").len(), 1);
    assert_eq!(ran(&service, "count").id, 54, "numbers go on after a restart");
    let old = service.wait(service.jobs.wait("count", 3));
    assert!(matches!(old, Err(JobError::NotFound)), "{old:?}");
    service.end();
}

#[test]
fn a_run_during_which_the_process_ended_is_interrupted() {
    let rig = Rig::at(NOON);
    rig.start(vec![counting("count").0]).end();
    let (engine, thread) = rig.engine();
    let run = JobRun {
        id: 1,
        trigger: Trigger::Schedule,
        started_at: time(NOON),
        ended_at: None,
        result: RunResult::Running,
        message: None,
        log: Vec::new(),
        report: None,
    };
    let write = JobWrite { name: "count".to_owned(), settings: None, run: Some(run.clone()) };
    rig.runtime.block_on(engine.save_jobs(vec![write])).unwrap();
    rig.runtime.block_on(engine.stop());
    drop(engine);
    thread.join().unwrap();
    let service = rig.start(vec![counting("count").0]);
    let message = Some("The service stopped during this run".to_owned());
    let expected = JobRun { result: RunResult::Interrupted, message, ..run };
    assert_eq!(service.runs("count"), [expected]);
    assert_eq!(ran(&service, "count").id, 2);
    service.end();
}

#[test]
fn at_shutdown_runs_may_end_and_are_aborted_if_they_do_not() {
    let rig = Rig::at(NOON);
    let polite = |context: JobContext| async move {
        context.stopped().await;
        Ok("put away".to_owned())
    };
    let specs =
        || vec![gated("deaf").0, JobSpec::new("polite", "Stops when told", "15 2 * * *", polite)];
    let service = rig.start(specs());
    for name in ["deaf", "polite"] {
        service.wait(service.jobs.run_now(name, Trigger::Manual)).unwrap();
    }
    let jobs = service.jobs.clone();
    service.end();
    let late = rig.runtime.block_on(jobs.list());
    assert!(matches!(late, Err(JobError::Stopping)), "{late:?}");
    drop(jobs);
    let service = rig.start(specs());
    let outcome = |name| {
        let run = service.runs(name).remove(0);
        (run.result, run.message.unwrap())
    };
    assert_eq!(outcome("polite"), (RunResult::Ok, "put away".to_owned()));
    let cut_off = "The service stopped before the run ended".to_owned();
    assert_eq!(outcome("deaf"), (RunResult::Interrupted, cut_off));
    service.end();
}

#[test]
fn a_full_volume_stops_no_job_and_no_process() {
    let mut rig = Rig::at(NOON);
    rig.min_free_bytes = 1 << 60;
    let service = rig.start(vec![counting("count").0]);
    service.now_is("2026-11-26T01:15:00Z");
    service.now_is("2026-11-26T01:15:30Z");
    assert_eq!(service.triggers("count"), ["schedule"], "remembered as long as the process lives");
    assert!(service.engine.read().job_runs("count", 9).unwrap().is_empty());
    service.wait(service.engine.ping()).unwrap();
    service.end();
}

#[test]
fn a_job_can_start_another_job() {
    let rig = Rig::at(NOON);
    let spec = JobSpec::new("mend", "Mends", "15 2 * * *", |context: JobContext| async move {
        let run = context.jobs.run_now("count", Trigger::Repair).await?;
        let ended = context.jobs.wait("count", run.id).await?;
        Ok(ended.message.unwrap_or_default())
    });
    let service = rig.start(vec![spec, counting("count").0]);
    assert_eq!(ran(&service, "mend").message.as_deref(), Some("after 0"));
    assert_eq!(service.triggers("count"), ["repair"]);
    service.end();
}
