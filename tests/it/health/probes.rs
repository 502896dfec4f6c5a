//! Probes that hang, fail or panic: each is on its own.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use unoc::domain::Severity;
use unoc::health::{
    self, CheckBounds, CheckReading, CheckSpec, CheckState, HealthHandle, ProbeTable, Unmeasured,
    check_table,
};
use unoc::incidents::{self, IncidentSource, IncidentState, ProblemReport};
use unoc::notices::{NoticePolicy, Outbox};
use unoc::util::Zone;

use crate::harness::TestApp;

/// The table with deadlines that a test can wait for.
fn impatient_table() -> Vec<CheckSpec> {
    let bounds =
        CheckBounds { min_free_bytes: 0, backup_stale_after_s: 3600, engine_queue_max: 100 };
    let impatient = |spec| CheckSpec { deadline: Duration::from_millis(50), ..spec };
    check_table(bounds).into_iter().map(impatient).collect()
}

async fn state(health: &HealthHandle, id: &str) -> CheckState {
    health.run(Some(id)).await.expect("it runs")[0].state
}

async fn states(health: &HealthHandle, id: &str, count: usize) -> Vec<CheckState> {
    let mut states = Vec::new();
    for _ in 0..count {
        states.push(state(health, id).await);
    }
    states
}

/// Probes that hang, panic, or measure nothing, and how often that of `store.write` began.
fn failing_probes() -> (ProbeTable, Arc<AtomicUsize>) {
    let mut probes = ProbeTable::default();
    let begun = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&begun);
    // Late is critical for the first, and nothing measured for the second.
    probes.add("store.write", move || {
        count.fetch_add(1, Ordering::SeqCst);
        pending()
    });
    probes.add("disk.free", pending);
    probes.add("files.open", || async { panic!("on purpose") });
    probes.add("memory.resident", || -> std::future::Ready<Result<CheckReading, Unmeasured>> {
        panic!("on purpose, at once")
    });
    probes.add("engine.queue", || async { Ok(CheckReading::of(f64::NAN)) });
    let mut readings = vec![true, false, false, false, false].into_iter();
    probes.add("jobs.overdue", move || {
        let is_read = readings.next().unwrap_or(true);
        async move {
            if is_read { Ok(CheckReading::of(0.0)) } else { Err(Unmeasured("away".to_owned())) }
        }
    });
    (probes, begun)
}

#[test]
fn a_probe_that_hangs_or_panics_is_alone_with_that() {
    use CheckState::{Critical, Ok as InOrder, Unknown};
    let app = TestApp::empty();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("one");
    runtime.block_on(async {
        let nobody =
            NoticePolicy { contacts: Vec::new(), steps: Vec::new(), zone: Zone::host().clone() };
        let outbox = Outbox::restore(&app.handle, Arc::new(nobody)).expect("they are read");
        let (incidents, service) =
            incidents::start(app.handle.clone(), outbox.planner()).expect("they are read");
        let (mut book, mut checks) = (JoinSet::new(), JoinSet::new());
        book.spawn(service.run());
        let former = ProblemReport::lasting(
            IncidentSource::Check,
            "check:former",
            Severity::Minor,
            "A check of an older version",
            "",
        );
        incidents.observe(former).await.expect("it is written");

        let (probes, begun) = failing_probes();
        let (health, service) =
            health::start(app.handle.clone(), incidents.clone(), impatient_table(), probes)
                .expect("the incidents are read");
        checks.spawn(service.run());

        let all = health.run(None).await.expect("they run");
        assert_eq!(all.len(), 6);
        assert_eq!(states(&health, "store.write", 2).await, [Unknown, Critical]);
        assert_eq!(begun.load(Ordering::SeqCst), 3, "one after the other");
        assert_eq!(states(&health, "disk.free", 3).await, [Unknown; 3]);
        let disk = &health.run(Some("disk.free")).await.expect("it runs")[0];
        assert_eq!(disk.message.as_deref(), Some("There was no result in time"));
        assert_eq!(states(&health, "files.open", 3).await, [Unknown; 3]);
        assert_eq!(states(&health, "memory.resident", 3).await, [Unknown; 3]);
        assert_eq!(states(&health, "engine.queue", 3).await, [Unknown; 3]);
        // In order until three readings in a row failed.
        let expected = [InOrder, InOrder, Unknown, Unknown, InOrder];
        assert_eq!(states(&health, "jobs.overdue", 5).await, expected);
        health.run(Some("clock.jump")).await.expect_err("it has no probe here");

        // The one that is late is an incident, that of the former check is closed.
        let mut news = incidents.subscribe();
        let snapshot = || app.handle.read();
        loop {
            let state_of = |key: &str| {
                let snapshot = snapshot();
                IncidentState::ALL.into_iter().find(|state| {
                    let mut found = snapshot.incidents(*state, None).expect("they are read");
                    found.any(|incident| incident.is_ok_and(|incident| incident.key == key))
                })
            };
            let is_closed = state_of("check:former") == Some(IncidentState::Closed);
            if is_closed && state_of("check:store.write") == Some(IncidentState::Open) {
                break;
            }
            let wait = tokio::time::timeout(Duration::from_secs(60), news.recv());
            wait.await.expect("in time").expect("there is more");
        }
        drop(health);
        let ended = checks.join_next().await.expect("there is one");
        ended.expect("the service of the checks ends with its last handle");
    });
}
