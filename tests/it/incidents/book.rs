//! The rules, row by row.

use unoc::domain::{DeviceId, Severity, Timestamp};
use unoc::incidents::{
    ActionKind, Incident, IncidentAction, IncidentBook, IncidentError, IncidentEvent,
    IncidentSource, IncidentState, NETWORK_INCIDENTS_MAX, ProblemReport, REOPEN_WITHIN,
    TimelineKind, WindowPlan,
};
use unoc::store::{IncidentBatch, TIMELINE_BYTES_MAX, TIMELINE_ENTRIES_MAX};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;

pub(crate) fn cut(id: u64) -> ProblemReport {
    let key = format!("network:link:{id}");
    let title = format!("Link {id} is set to DOWN");
    let source = IncidentSource::Network;
    let report = ProblemReport::lasting(source, key, Severity::Critical, title, "4 customers");
    ProblemReport { customer_count: 4, places: vec![DeviceId(id)], ..report }
}

fn failed(run: u64) -> ProblemReport {
    let detail = format!("run {run} failed");
    let source = IncidentSource::Job;
    ProblemReport::lasting(source, "job:backup", Severity::Major, "The job failed", detail)
        .occurred(run)
}

fn by(name: &str, kind: ActionKind) -> IncidentAction {
    IncidentAction { name: name.to_owned(), kind }
}

fn acknowledge() -> IncidentAction {
    by("Ada", ActionKind::Acknowledge { note: Some("on my way".to_owned()) })
}

fn close() -> IncidentAction {
    by("Ada", ActionKind::Close { note: None })
}

/// A book, its time, and what it has written.
#[derive(Default)]
struct Desk {
    book: IncidentBook,
    now: i64,
    last: Option<IncidentBatch>,
}

impl Desk {
    fn now(&self) -> Timestamp {
        Timestamp(self.now)
    }

    /// Takes what is to be told.
    fn told(&mut self) -> Vec<(TimelineKind, bool)> {
        let now = self.now();
        let Some((batch, news)) = self.book.take_changes(now) else { return Vec::new() };
        self.last = Some(batch);
        let told = |event: &IncidentEvent| (event.kind, event.is_quiet);
        news.events.iter().map(told).collect()
    }

    fn kinds(&mut self) -> Vec<TimelineKind> {
        self.told().into_iter().map(|(kind, _)| kind).collect()
    }

    fn observe(&mut self, report: ProblemReport) -> Vec<TimelineKind> {
        let now = self.now();
        self.book.observe(report, now).expect("room");
        self.kinds()
    }

    fn clear(&mut self, key: &str) -> Vec<TimelineKind> {
        let now = self.now();
        self.book.clear(key, now);
        self.kinds()
    }

    fn tick(&mut self) -> Vec<TimelineKind> {
        let now = self.now();
        self.book.tick(now);
        self.kinds()
    }

    fn act(&mut self, id: u64, action: IncidentAction) -> Result<(), IncidentError> {
        let now = self.now();
        self.book.act(id, action, None, now)
    }

    fn window(&mut self, device: Option<u64>, minutes: std::ops::Range<i64>) -> u64 {
        let plan = WindowPlan {
            device: device.map(DeviceId),
            starts_at: Timestamp(self.now + minutes.start * MINUTE),
            ends_at: Timestamp(self.now + minutes.end * MINUTE),
            reason: "splicing".to_owned(),
            name: "Bo".to_owned(),
        };
        let now = self.now();
        self.book.add_window(plan, now).expect("a window").id
    }

    /// The last incident that was written.
    fn written(&self) -> &Incident {
        self.last.as_ref().expect("a write").incidents.last().expect("an incident")
    }
}

#[test]
fn it_opens_once_and_closes_by_itself() {
    let mut desk = Desk::default();
    assert_eq!(desk.observe(cut(1)), [TimelineKind::Opened]);
    assert_eq!(desk.written().state(), IncidentState::Open);
    assert_eq!(desk.observe(cut(1)), [], "the same again is nothing to write");
    assert!(desk.last.as_ref().is_some_and(|batch| batch.counters.next_incident == 2));
    desk.now += MINUTE;
    assert_eq!(desk.clear("network:link:1"), [TimelineKind::Closed]);
    let closed = desk.written();
    assert_eq!((closed.count, closed.first_seen, closed.last_seen), (1, Timestamp(0), desk.now()));
    assert_eq!(closed.closure.as_ref().map(|closure| closure.name.clone()), Some(None));
    assert_eq!(desk.clear("network:link:1"), []);
    assert_eq!(desk.clear("network:link:9"), [], "one that never was");
}

#[test]
fn it_is_the_same_incident_if_the_cause_comes_again_soon() {
    for (pause, kind, id, count) in [
        (REOPEN_WITHIN - 1, TimelineKind::Reopened, 1, 2),
        (REOPEN_WITHIN, TimelineKind::Opened, 2, 1),
    ] {
        let mut desk = Desk::default();
        desk.observe(cut(1));
        desk.act(1, acknowledge()).expect("it is open");
        desk.clear("network:link:1");
        desk.now += pause;
        assert_eq!(desk.observe(cut(1)), [kind], "{pause}");
        assert_eq!((desk.written().id, desk.written().count), (id, count));
        let state = if id == 1 { IncidentState::Acknowledged } else { IncidentState::Open };
        assert_eq!(desk.written().state(), state, "{pause}");
    }
}

#[test]
fn what_becomes_worse_is_told_and_a_number_alone_is_not() {
    let mut desk = Desk::default();
    desk.observe(cut(1));
    let with =
        |customers, severity| ProblemReport { customer_count: customers, severity, ..cut(1) };
    let rows = [
        (with(7, Severity::Critical), vec![]),
        (with(8, Severity::Critical), vec![TimelineKind::Escalated]),
        (with(15, Severity::Critical), vec![]),
        (with(3, Severity::Critical), vec![]),
        (with(3, Severity::Minor), vec![TimelineKind::Eased]),
        (with(3, Severity::Major), vec![TimelineKind::Escalated]),
    ];
    for (report, expected) in rows {
        assert_eq!(desk.observe(report.clone()), expected, "{report:?}");
        assert_eq!(desk.written().customer_count, report.customer_count, "it is written");
    }
    assert_eq!(desk.written().customer_count_max, 15);
}

#[test]
fn people_acknowledge_note_and_close_where_it_makes_sense() {
    let mut desk = Desk::default();
    desk.observe(cut(1));
    assert!(matches!(desk.act(9, acknowledge()), Err(IncidentError::NotFound)));
    assert!(matches!(desk.act(1, close()), Err(IncidentError::StillActive)));
    desk.act(1, acknowledge()).expect("it is open");
    assert_eq!(desk.kinds(), [TimelineKind::Acknowledged]);
    let acknowledged = desk.written().acknowledgement.clone().expect("somebody");
    assert_eq!((acknowledged.name.as_str(), acknowledged.at), ("Ada", Timestamp(0)));
    desk.clear("network:link:1");
    let stored = desk.written().clone();
    let now = desk.now();
    let refused = desk.book.act(1, acknowledge(), Some(stored.clone()), now);
    assert!(matches!(refused, Err(IncidentError::Closed)));
    let note = by("Bo", ActionKind::Note { text: "it was the excavator".to_owned() });
    desk.book.act(1, note, Some(stored), now).expect("notes are added later, too");
    assert_eq!(desk.kinds(), [TimelineKind::Noted]);
    let written = desk.written();
    assert_eq!((written.state(), written.timeline.len()), (IncidentState::Closed, 4));
}

#[test]
fn an_event_is_counted_once_and_closed_by_a_person_or_by_the_next_success() {
    let mut desk = Desk::default();
    assert_eq!(desk.observe(failed(5)), [TimelineKind::Opened]);
    assert_eq!(desk.observe(failed(5)), []);
    assert_eq!(desk.observe(failed(6)), [TimelineKind::Reopened]);
    assert_eq!((desk.written().count, desk.written().detail.as_str()), (2, "run 6 failed"));
    desk.act(1, close()).expect("it is over already");
    assert_eq!(desk.kinds(), [TimelineKind::Closed]);
    desk.now += DAY;
    desk.tick();
    assert_eq!(desk.observe(failed(6)), [], "the run that a person has closed");
    assert_eq!(desk.observe(failed(7)), [TimelineKind::Opened]);
    assert_eq!(desk.clear("job:backup"), [TimelineKind::Closed]);
    desk.now += 8 * DAY;
    assert_eq!(desk.observe(failed(9)), [TimelineKind::Opened]);
    desk.act(3, close()).expect("it is over already");
    desk.kinds();
    desk.now += 399 * DAY;
    desk.tick();
    assert_eq!(desk.observe(failed(9)), [], "as long as the store has its incident");
    desk.now += DAY;
    desk.tick();
    assert_eq!(desk.observe(failed(9)), [TimelineKind::Opened]);
    desk.now += 30 * DAY;
    assert_eq!(desk.tick(), [], "a job is over with its next success only");
}

#[test]
fn an_event_of_the_service_is_over_after_a_week() {
    let mut desk = Desk::default();
    let source = IncidentSource::Service;
    let crash = ProblemReport::lasting(source, "service:crash", Severity::Major, "It crashed", "");
    desk.observe(crash.occurred(1));
    assert_eq!(desk.book.next_tick(Timestamp(30 * DAY)), Some(Timestamp(MINUTE)));
    desk.now = 7 * DAY - 1;
    assert_eq!(desk.tick(), []);
    assert_eq!(desk.book.next_tick(desk.now()), Some(Timestamp(7 * DAY)));
    desk.now = 7 * DAY;
    assert_eq!(desk.tick(), [TimelineKind::Closed]);
}

/// Three times within an hour: it stays one open incident, told once, until it has been quiet.
#[test]
fn what_comes_and_goes_stays_open_until_it_is_quiet() {
    let mut desk = Desk::default();
    let mut told = Vec::new();
    for _ in 0..3 {
        let now = desk.now();
        desk.book.observe(cut(1), now).expect("room");
        told.extend(desk.told());
        desk.now += 10 * SECOND;
        let now = desk.now();
        desk.book.clear("network:link:1", now);
        told.extend(desk.told());
        desk.now += 10 * SECOND;
    }
    let expected = [
        (TimelineKind::Opened, false),
        (TimelineKind::Closed, false),
        (TimelineKind::Reopened, false),
        (TimelineKind::Closed, false),
        (TimelineKind::Reopened, false),
        (TimelineKind::FlappingBegan, false),
        (TimelineKind::Gone, true),
    ];
    assert_eq!(told, expected);
    let written = desk.written();
    assert!(written.is_flapping && !written.is_active && written.state() == IncidentState::Open);
    let mut minutes = 0;
    let ended = loop {
        desk.now += MINUTE;
        minutes += 1;
        let told = desk.told_after_tick();
        if !told.is_empty() {
            break told;
        }
    };
    assert_eq!(ended, [(TimelineKind::FlappingEnded, false), (TimelineKind::Closed, false)]);
    assert!((14..=16).contains(&minutes), "{minutes}");
    assert_eq!((desk.written().id, desk.written().count), (1, 3));
}

impl Desk {
    fn told_after_tick(&mut self) -> Vec<(TimelineKind, bool)> {
        let now = self.now();
        self.book.tick(now);
        self.told()
    }
}

#[test]
fn maintenance_mutes_but_does_not_forget_and_tells_what_is_left() {
    let mut desk = Desk::default();
    desk.observe(cut(9));
    let window = desk.window(Some(1), 10..20);
    assert_eq!(desk.told(), [], "it has not begun");
    desk.now += 10 * MINUTE;
    assert_eq!(desk.told_after_tick(), []);
    let now = desk.now();
    for id in [1, 2] {
        desk.book.observe(cut(id), now).expect("room");
    }
    let expected =
        [(TimelineKind::Opened, true), (TimelineKind::Muted, true), (TimelineKind::Opened, false)];
    assert_eq!(desk.told(), expected, "the place of the other is not under maintenance");
    assert_eq!(desk.book.next_tick(now), Some(Timestamp(11 * MINUTE)));
    desk.now += 10 * MINUTE;
    assert_eq!(desk.told_after_tick(), [(TimelineKind::Unmuted, false)]);
    assert_eq!(desk.written().key, "network:link:1");
    let text = &desk.written().timeline.last().expect("an entry").text;
    assert_eq!(text, "The maintenance has ended, and the problem still exists");

    // What exists is muted when it begins; the whole site; deleted early.
    let whole = desk.window(None, 0..60);
    assert_eq!(desk.told(), [(TimelineKind::Muted, true); 3]);
    let now = desk.now();
    desk.book.remove_window(whole, now).expect("it exists");
    assert_eq!(desk.told(), [(TimelineKind::Unmuted, false); 3]);
    desk.book.remove_window(window, now).expect("ended ones can be deleted");
    assert!(matches!(desk.book.remove_window(99, now), Err(IncidentError::WindowNotFound)));
}

#[test]
fn a_window_must_end_after_its_start_and_after_now() {
    let mut desk = Desk { now: DAY, ..Desk::default() };
    let plan = |starts_at, ends_at| WindowPlan {
        device: None,
        starts_at: Timestamp(starts_at),
        ends_at: Timestamp(ends_at),
        reason: "r".to_owned(),
        name: "n".to_owned(),
    };
    let now = desk.now();
    let order = desk.book.add_window(plan(DAY + 2, DAY + 2), now);
    assert!(matches!(order, Err(IncidentError::WindowOrder)));
    let over = desk.book.add_window(plan(0, DAY), now);
    assert!(matches!(over, Err(IncidentError::WindowOver)));
    for _ in 0..200 {
        desk.book.add_window(plan(0, DAY + 1), now).expect("room");
    }
    let full = desk.book.add_window(plan(0, DAY + 1), now);
    assert!(matches!(full, Err(IncidentError::WindowsFull { max: 200 })));
    desk.told();
    desk.now += 1;
    let now = desk.now();
    desk.book.add_window(plan(0, DAY + 2), now).expect("the others have ended");
    desk.told();
    let removed = &desk.last.as_ref().expect("a write").removed_windows;
    assert_eq!(removed.len(), 100, "of those that have ended, 100 are kept");
}

#[test]
fn a_storm_is_bounded_and_its_rest_is_counted() {
    let mut desk = Desk::default();
    let many = NETWORK_INCIDENTS_MAX as u64 + 30;
    let reports: Vec<_> = (1..=many).map(cut).collect();
    let now = desk.now();
    let refused = desk.book.reconcile_network(reports.clone(), 5, now);
    assert_eq!(refused.len(), 30);
    assert_eq!(desk.book.open().count(), NETWORK_INCIDENTS_MAX + 1);
    let overflow = desk.book.open().find(|one| one.key == "service:overflow").expect("counted");
    assert_eq!(overflow.detail, "35 more are listed among the problems only");
    desk.book.observe(failed(1), now).expect("there is room for the jobs");
    desk.told();

    // Those that have an incident keep it, others get the room of those that are gone.
    let left = reports[20..].to_vec();
    desk.book.reconcile_network(left, 0, now);
    let kinds = desk.kinds();
    let count = |kind| kinds.iter().filter(|one| **one == kind).count();
    assert_eq!((count(TimelineKind::Closed), count(TimelineKind::Opened)), (20, 20));
    desk.book.reconcile_network(Vec::new(), 0, now);
    let keys: Vec<_> = desk.book.open().map(|incident| incident.key.as_str()).collect();
    assert_eq!(keys, ["job:backup"], "another source is not touched");
}

#[test]
fn a_timeline_keeps_its_beginning_and_its_end() {
    let mut desk = Desk::default();
    desk.observe(cut(1));
    for number in 0..TIMELINE_ENTRIES_MAX + 5 {
        let note = by("Ada", ActionKind::Note { text: number.to_string() });
        desk.act(1, note).expect("it is open");
    }
    desk.told();
    let written = desk.written();
    assert_eq!(written.timeline.len(), TIMELINE_ENTRIES_MAX);
    assert_eq!(written.timeline_removed, 6);
    assert_eq!(written.timeline[0].kind, TimelineKind::Opened);
    assert_eq!(written.timeline.last().expect("an entry").text, "104");
}

#[test]
fn a_timeline_of_long_notes_is_bounded_in_bytes() {
    let mut desk = Desk::default();
    desk.observe(cut(1));
    let longest = "\u{1f6a8}".repeat(1000);
    for _ in 0..50 {
        let note = by("Ada", ActionKind::Note { text: longest.clone() });
        desk.act(1, note).expect("it is open");
    }
    desk.told();
    let written = desk.written();
    assert_eq!((written.timeline.len(), written.timeline_removed), (1 + 8, 42));
    assert_eq!(written.timeline[0].kind, TimelineKind::Opened);
    let bytes: usize = written.timeline.iter().map(|entry| entry.text.len()).sum();
    assert!(bytes <= TIMELINE_BYTES_MAX, "{bytes}");
}

#[test]
fn the_last_incident_of_a_problem_is_restored_in_any_order() {
    let mut desk = Desk::default();
    let mut stored = Vec::new();
    for run in 1..=3 {
        desk.observe(failed(run));
        desk.clear("job:backup");
        stored.push(desk.written().clone());
        desk.now += DAY;
    }
    let now = desk.now();
    for order in [[0, 1, 2], [2, 1, 0]] {
        let mut book = IncidentBook::default();
        for index in order {
            book.restore(stored[index].clone(), now);
        }
        book.observe(failed(3), now).expect("room");
        assert!(book.take_changes(now).is_none(), "the last run is known");
        book.observe(failed(2), now).expect("room");
        assert!(book.take_changes(now).is_some(), "only the last one");
    }
}

#[test]
fn a_book_from_the_store_goes_on() {
    let mut desk = Desk::default();
    for report in [cut(1), cut(2), failed(3)] {
        desk.observe(report);
    }
    desk.act(3, close()).expect("it is over");
    desk.clear("network:link:2");
    let window = desk.window(Some(1), 0..5);
    let now = desk.now();
    let (batch, _) = desk.book.take_changes(now).expect("a window");
    let mut stored: Vec<Incident> = desk.book.open().map(|one| Incident::clone(one)).collect();
    let mut all =
        IncidentBook::new(batch.counters, batch.windows.iter().map(|window| (**window).clone()));
    all.observe(cut(4), now).expect("room");
    let (first, news) = all.take_changes(now).expect("it is new");
    assert_eq!(first.incidents[0].id, 4, "ids are never used twice");
    assert!(!news.events[0].is_quiet);

    stored.retain(|incident| incident.key == "network:link:1");
    let mut restored = IncidentBook::new(batch.counters, []);
    restored.restore(stored.remove(0), now);
    assert!(restored.has_open("network:link:1") && window == 1);
}
