//! Problems of the network: one per root cause.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::warn;

use super::book::NETWORK_PREFIX;
use super::capacity::NETWORK_INCIDENTS_MAX;
use super::erasure::REASON_LABEL;
use super::error::IncidentError;
use super::handle::IncidentsHandle;
use super::report::ProblemReport;
use crate::domain::{
    DeviceId, EntityKey, EntityKind, Problem, ProblemKind, Reason, RootCause, Severity,
    SignalClass, Timestamp, World, problems,
};
use crate::engine::EngineHandle;
use crate::store::{IncidentSource, IncidentState, StoreError};
use crate::util::counted;
use crate::wire::Subject;

/// How long a problem must exist before it is an incident: a script that replaces a link takes less.
const HOLD_OFF_US: i64 = 2 * 1_000_000;
/// How long until a problem that is too young is looked at again.
const YOUNG_PAUSE: Duration = Duration::from_secs(1);
/// After an analysis, no other starts for this many times as long: analyses take at most 2 % of the engine's
/// time, as long as one takes at most 200 ms, which is [`REST_MAX`] / 50. Where it takes longer, problems
/// that are reported too late are worse than an engine that is slower.
const REST_FACTOR: u32 = 50;
/// Shortest and longest such pause.
const REST_MIN: Duration = Duration::from_millis(100);
const REST_MAX: Duration = Duration::from_secs(10);
/// How long it waits after an error, such as a volume without free space.
const RETRY_PAUSE: Duration = Duration::from_secs(30);
/// Containers above a device that are looked at: no site has more levels.
const CONTAINERS_MAX: usize = 8;

/// What an analysis found.
struct Found {
    /// By key; at most [`NETWORK_INCIDENTS_MAX`], and those that were reported before.
    problems: Vec<(Timestamp, ProblemReport)>,
    /// Problems that are not among these.
    unlisted: usize,
}

/// Reports the problems of the network, at the start and after changes. Returns when the service stops.
pub async fn watch_network(engine: EngineHandle, incidents: IncidentsHandle) {
    let mut seqs = engine.watch_seq();
    let known = match open_keys(&engine) {
        Ok(known) => known,
        Err(error) => {
            warn!(%error, "The open incidents of the network could not be read");
            BTreeSet::new()
        }
    };
    let mut source =
        NetworkSource { engine, incidents, known, reported: None, analysis_time: Duration::ZERO };
    loop {
        seqs.borrow_and_update();
        let next = source.report().await;
        sleep(rest_after(source.analysis_time)).await;
        let pause = match next {
            Ok(Next::Change) => None,
            Ok(Next::Soon) => Some(YOUNG_PAUSE),
            Ok(Next::Room) => Some(RETRY_PAUSE),
            Err(IncidentError::Stopping) => return,
            Err(error) => {
                warn!(%error, "Problems of the network could not be reported as incidents");
                Some(RETRY_PAUSE)
            }
        };
        let pause = async {
            match pause {
                Some(pause) => sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = seqs.changed() => if changed.is_err() { return },
            () = pause => {}
        }
    }
}

/// What the source waits for.
enum Next {
    Change,
    /// A problem becomes old enough.
    Soon,
    /// There are too many incidents for all problems.
    Room,
}

struct NetworkSource {
    engine: EngineHandle,
    incidents: IncidentsHandle,
    /// Keys that have an incident, as far as is known.
    known: BTreeSet<String>,
    /// What was reported last, and how many more there were; `None` if it has to be reported again.
    reported: Option<(Vec<ProblemReport>, usize)>,
    /// How long the last analysis kept the engine.
    analysis_time: Duration,
}

impl NetworkSource {
    async fn report(&mut self) -> Result<Next, IncidentError> {
        let known = self.known.clone();
        let analyse = move |world: &World| {
            let began = Instant::now();
            let found = find(world, &known);
            (found, began.elapsed())
        };
        let (_, (found, took)) = self.engine.inspect(analyse).await?;
        self.analysis_time = took;
        let is_new = |report: &ProblemReport| !self.known.contains(&report.key);
        let has_new = found.problems.iter().any(|(_, report)| is_new(report));
        // The clock is only read when it matters.
        let now = has_new.then(|| self.engine.now());
        let is_young = |since: Timestamp| {
            now.is_some_and(|now| (0..HOLD_OFF_US).contains(&now.0.saturating_sub(since.0)))
        };
        let (young, reports): (Vec<_>, Vec<_>) = found
            .problems
            .into_iter()
            .partition(|(since, report)| is_new(report) && is_young(*since));
        let reports: Vec<ProblemReport> = reports.into_iter().map(|(_, report)| report).collect();
        let current = (reports, found.unlisted);
        let mut has_room = true;
        if self.reported.as_ref() != Some(&current) {
            let (reports, unlisted) = current;
            let refused = self.incidents.reconcile_network(reports.clone(), unlisted).await?;
            let keys = reports.iter().map(|report| &report.key);
            self.known = keys.filter(|key| !refused.contains(*key)).cloned().collect();
            has_room = refused.is_empty();
            self.reported = has_room.then_some((reports, unlisted));
        }
        Ok(match (young.is_empty(), has_room) {
            (false, _) => Next::Soon,
            (true, false) => Next::Room,
            (true, true) => Next::Change,
        })
    }
}

/// How long no other analysis starts after one that kept the engine for this long.
fn rest_after(analysis: Duration) -> Duration {
    (analysis * REST_FACTOR).clamp(REST_MIN, REST_MAX)
}

/// The keys of problems that have an incident, so that a restart does not take them for new.
fn open_keys(engine: &EngineHandle) -> Result<BTreeSet<String>, StoreError> {
    let snapshot = engine.read();
    let mut keys = BTreeSet::new();
    for state in [IncidentState::Open, IncidentState::Acknowledged] {
        for incident in snapshot.incidents(state, None)? {
            keys.insert(incident?.key);
        }
    }
    Ok(keys)
}

/// The problems of the network that may become incidents, the worst first. Planned work is
/// none.
fn find(world: &World, known: &BTreeSet<String>) -> Found {
    let mut of_cause: BTreeMap<RootCause, (usize, Problem)> = BTreeMap::new();
    let alarming = problems(world).into_iter().filter(|one| one.severity != Severity::Planned);
    for (rank, problem) in alarming.enumerate() {
        // The first one of a cause is the worst.
        of_cause.entry(problem.cause).or_insert((rank, problem));
    }
    let mut ranked: Vec<(usize, Problem)> = of_cause.into_values().collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut found = Found { problems: Vec::new(), unlisted: 0 };
    for (_, problem) in ranked {
        let key = key(problem.cause);
        if found.problems.len() < NETWORK_INCIDENTS_MAX || known.contains(&key) {
            found.problems.push((problem.since, report(world, &problem, key)));
        } else {
            found.unlisted += 1;
        }
    }
    found
}

fn key(cause: RootCause) -> String {
    match cause {
        RootCause::Device(id) => format!("{NETWORK_PREFIX}device:{id}"),
        RootCause::Link(id) => format!("{NETWORK_PREFIX}link:{id}"),
    }
}

fn report(world: &World, problem: &Problem, key: String) -> ProblemReport {
    let subject = Subject::new(world, problem.cause);
    let (entity, devices) = match problem.cause {
        RootCause::Device(id) => (EntityKey { kind: EntityKind::Device, id: id.0 }, vec![id]),
        RootCause::Link(id) => {
            let ends = world.ends(id).map(Vec::from).unwrap_or_default();
            (EntityKey { kind: EntityKind::Link, id: id.0 }, ends)
        }
    };
    ProblemReport {
        key,
        source: IncidentSource::Network,
        severity: problem.severity,
        title: title(&subject, problem.kind),
        detail: detail(&subject, problem),
        subject: Some(entity),
        places: places(world, devices),
        customer_count: u32::try_from(problem.customers.len()).unwrap_or(u32::MAX),
        occurrence: 0,
    }
}

/// Devices and the containers around them.
fn places(world: &World, devices: Vec<DeviceId>) -> Vec<DeviceId> {
    let mut places = BTreeSet::new();
    for device in devices {
        let parent = |id: &DeviceId| world.device(*id)?.parent;
        places.extend(std::iter::successors(Some(device), parent).take(CONTAINERS_MAX + 1));
    }
    places.into_iter().collect()
}

fn title(subject: &Subject<'_>, kind: ProblemKind) -> String {
    let name = &subject.name;
    let set = subject.set.map_or("DOWN", |set| set.status.as_str());
    match kind {
        ProblemKind::Held => format!("{name} is set to {set}"),
        ProblemKind::Conflict => format!("{name} is set to {set}, but its computed status is DOWN"),
        ProblemKind::NotInService => {
            format!("{name} is planned or retired, but devices in service depend on it")
        }
        ProblemKind::Unreachable(Reason::NoOpticalPath) => {
            format!("{name} has no optical path to an OLT")
        }
        ProblemKind::Unreachable(Reason::NoSwitch) => {
            format!("{name} has no path to an AON switch")
        }
        ProblemKind::Unreachable(Reason::NoActiveDevice) => {
            format!("{name} is connected with no device that works")
        }
        ProblemKind::Unreachable(_) => format!("{name} has no path to the backbone"),
        ProblemKind::Signal(SignalClass::NoSignal) => {
            format!("Less light arrives behind {name} than receivers need")
        }
        ProblemKind::Signal(SignalClass::Overload) => {
            format!("More light arrives behind {name} than receivers tolerate")
        }
        ProblemKind::Signal(_) => format!("The optical margin behind {name} is too small"),
    }
}

fn detail(subject: &Subject<'_>, problem: &Problem) -> String {
    let customers = counted(problem.customers.len(), "customer");
    let devices = counted(problem.victims.len(), "device");
    let mut detail = match (problem.customers.len(), problem.victims.len()) {
        (_, 0) => format!("{customers} affected"),
        _ => format!("{customers} affected, {devices} behind it"),
    };
    if let Some(place) = &subject.place {
        detail.push_str(&format!("; in {place}"));
    }
    if let Some(reason) = subject.override_reason() {
        detail.push_str(&format!("{REASON_LABEL}{reason}"));
    }
    detail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn analyses_take_at_most_2_percent_up_to_200_ms_each() {
        for (analysis_ms, rest_ms) in [(0, 100), (1, 100), (10, 500), (200, 10_000), (600, 10_000)]
        {
            let rest = rest_after(Duration::from_millis(analysis_ms));
            assert_eq!(rest, Duration::from_millis(rest_ms), "{analysis_ms}");
        }
    }
}
