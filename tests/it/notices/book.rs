//! The rules, row by row.

use std::collections::BTreeSet;
use std::sync::Arc;

use unoc::domain::{Severity, Timestamp};
use unoc::incidents::{ActionKind, IncidentAction, IncidentBook, ProblemReport, WindowPlan};
use unoc::logs::{LogFilter, Logs, PageRequest};
use unoc::notices::{
    Channel, Contact, EscalationStep, Notice, NoticeBook, NoticeKind, NoticePolicy, NoticeState,
    NoticeSubject, QuietHours,
};
use unoc::store::{NoticeBatch, ReportHead, ReportKind, ReportResult};
use unoc::util::Zone;

use crate::incidents::book::cut;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
/// 1970-01-01, 12:00 UTC.
const NOON: i64 = 12 * 60 * MINUTE;
const KEY: &str = "network:link:1";

fn contact(name: &str, severities: &[Severity]) -> Contact {
    Contact {
        name: name.to_owned(),
        channel: Channel::Email { address: format!("{name}@example.org") },
        severities: severities.to_vec(),
        quiet_hours: None,
        reports: Vec::new(),
    }
}

fn step(minutes: i64, contacts: &[&str]) -> EscalationStep {
    let contacts = contacts.iter().map(|&name| name.to_owned()).collect();
    EscalationStep { after_us: minutes * MINUTE, contacts }
}

/// Somebody at once, somebody after 15 minutes, and one who is told of the worst only.
fn policy() -> NoticePolicy {
    NoticePolicy {
        contacts: vec![
            contact("on-call", &Severity::ALL),
            contact("manager", &Severity::ALL),
            contact("chief", &[Severity::Critical]),
        ],
        steps: vec![step(0, &["on-call", "chief"]), step(15, &["manager"])],
        zone: Zone::from(jiff::tz::TimeZone::UTC),
    }
}

/// Both books and a time.
struct Desk {
    incidents: IncidentBook,
    notices: NoticeBook,
    policy: Arc<NoticePolicy>,
    /// Everything that was written.
    written: Vec<Notice>,
    now: i64,
}

/// A notice as the rows have it: contact, step, what, minutes after noon.
type Row = (String, u8, NoticeKind, i64);

impl Desk {
    fn new(policy: NoticePolicy) -> Self {
        let policy = Arc::new(policy);
        Self {
            incidents: IncidentBook::default(),
            notices: NoticeBook::restore(Arc::clone(&policy), [], &BTreeSet::new()),
            policy,
            written: Vec::new(),
            now: NOON,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.now)
    }

    /// Lets the notices follow from what happened.
    fn plan(&mut self) -> NoticeBatch {
        let Some((_, news)) = self.incidents.take_changes(self.now()) else {
            return NoticeBatch::default();
        };
        let batch = self.notices.plan(&news.events, self.now());
        self.notices.apply(&batch);
        self.written.retain(|notice| !batch.cancelled.contains(&notice.key()));
        self.written.extend(batch.saved.clone());
        batch
    }

    fn rows(&mut self) -> Vec<Row> {
        let batch = self.plan();
        let row =
            |it: &Notice| (it.contact.clone(), it.step, it.kind, (it.due_at.0 - NOON) / MINUTE);
        batch.saved.iter().map(row).collect()
    }

    fn observe(&mut self, report: ProblemReport) -> Vec<Row> {
        self.incidents.observe(report, self.now()).expect("room for it");
        self.rows()
    }

    fn clear(&mut self) -> Vec<Row> {
        self.incidents.clear(KEY, self.now());
        self.rows()
    }

    fn acknowledge(&mut self) -> NoticeBatch {
        let kind = ActionKind::Acknowledge { note: None };
        let action = IncidentAction { name: "Ada".to_owned(), kind };
        self.incidents.act(1, action, None, self.now()).expect("it is open");
        self.plan()
    }

    /// Delivers what is due, as after a restart.
    fn deliver(&mut self) {
        let now = self.now();
        for notice in &mut self.written {
            if notice.due_at <= now && notice.state.is_pending() {
                notice.state = NoticeState::Sent { at: now, answer: String::new() };
            }
        }
        let open: BTreeSet<u64> = self.incidents.open().map(|incident| incident.id).collect();
        let policy = Arc::clone(&self.policy);
        self.notices = NoticeBook::restore(policy, self.written.clone(), &open);
    }
}

fn row(contact: &str, step: u8, kind: NoticeKind, minutes: i64) -> Row {
    (contact.to_owned(), step, kind, minutes)
}

fn minor(report: ProblemReport) -> ProblemReport {
    ProblemReport { severity: Severity::Minor, ..report }
}

#[test]
fn each_step_is_planned_when_it_opens() {
    let mut desk = Desk::new(policy());
    let opened = desk.observe(cut(1));
    let expected = [
        row("on-call", 0, NoticeKind::Opened, 0),
        row("chief", 0, NoticeKind::Opened, 0),
        row("manager", 1, NoticeKind::Opened, 15),
    ];
    assert_eq!(opened, expected);
    assert_eq!(desk.observe(cut(1)), [], "the same problem again tells nobody");
    let minor_one = desk.observe(minor(cut(2)));
    assert_eq!(minor_one.len(), 2, "the chief is not told of it: {minor_one:?}");
}

#[test]
fn an_acknowledgement_stops_the_escalation() {
    let mut desk = Desk::new(policy());
    desk.observe(cut(1));
    let cancelled = desk.acknowledge().cancelled;
    assert_eq!(
        cancelled,
        [(NoticeSubject::Incident(1), 3)],
        "the manager is not told; the others are about to be"
    );
    desk.deliver();
    let closed = desk.clear();
    let expected =
        [row("chief", 0, NoticeKind::Closed, 0), row("on-call", 0, NoticeKind::Closed, 0)];
    assert_eq!(closed, expected);
}

#[test]
fn its_end_is_told_to_those_who_know_of_it() {
    let mut desk = Desk::new(policy());
    desk.observe(cut(1));
    assert_eq!(desk.clear(), [], "nobody was told yet");
    assert_eq!(desk.written, [], "and nobody is");

    desk.now += MINUTE;
    let again = desk.observe(cut(1));
    assert_eq!(again[0], row("on-call", 0, NoticeKind::Reopened, 1));
    desk.deliver();
    desk.now += 20 * MINUTE;
    desk.deliver();
    let closed = desk.clear();
    let names: Vec<&str> = closed.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(names, ["chief", "manager", "on-call"]);
    // It comes back before the end is delivered.
    assert_eq!(desk.observe(cut(1)).len(), 3);
    assert!(desk.written.iter().all(|it| it.kind != NoticeKind::Closed), "{:?}", desk.written);
}

#[test]
fn an_end_that_was_not_delivered_before_it_came_again_is_told_when_it_ends_again() {
    let expected =
        [row("chief", 0, NoticeKind::Closed, 0), row("on-call", 0, NoticeKind::Closed, 0)];
    for is_written_together in [false, true] {
        let mut desk = Desk::new(policy());
        desk.observe(cut(1));
        desk.deliver();
        assert_eq!(desk.clear(), expected);
        desk.incidents.observe(cut(1), desk.now()).expect("room for it");
        if !is_written_together {
            assert_eq!(desk.rows().len(), 3, "it comes again");
        }
        assert_eq!(desk.clear(), expected, "{is_written_together}");
        let ends = desk.written.iter().filter(|it| it.kind == NoticeKind::Closed);
        assert_eq!(ends.count(), 2, "one for each: {:?}", desk.written);
    }
}

#[test]
fn a_restart_keeps_who_was_not_told_of_an_end() {
    let mut policy = policy();
    policy.contacts[0].quiet_hours = Some(QuietHours {
        start_min: 12 * 60 + 1,
        end_min: 13 * 60,
        severities: Severity::ALL.to_vec(),
    });
    let mut desk = Desk::new(policy);
    desk.observe(cut(1));
    desk.deliver();
    desk.now += MINUTE;
    assert!(desk.clear().contains(&row("on-call", 0, NoticeKind::Closed, 60)));
    desk.deliver();
    desk.observe(cut(1));
    desk.deliver();
    let closed = desk.clear();
    assert!(closed.contains(&row("on-call", 0, NoticeKind::Closed, 60)), "{closed:?}");
}

#[test]
fn what_becomes_worse_is_told_to_those_who_know_and_to_those_for_whom_it_matters_now() {
    let mut desk = Desk::new(policy());
    desk.observe(minor(cut(1)));
    desk.deliver();
    desk.now += 5 * MINUTE;
    let worse = desk.observe(cut(1));
    let expected =
        [row("on-call", 0, NoticeKind::Worsened, 5), row("chief", 0, NoticeKind::Worsened, 5)];
    assert_eq!(worse, expected, "the manager is told later, as planned");
}

#[test]
fn quiet_hours_hold_back_what_can_wait_until_it_becomes_worse() {
    let mut policy = policy();
    policy.contacts[0].quiet_hours = Some(QuietHours {
        start_min: 11 * 60,
        end_min: 13 * 60,
        severities: vec![Severity::Minor],
    });
    let mut desk = Desk::new(policy);
    assert_eq!(desk.observe(minor(cut(1)))[0], row("on-call", 0, NoticeKind::Opened, 60));
    desk.now += MINUTE;
    let worse = desk.observe(cut(1));
    assert!(worse.contains(&row("on-call", 0, NoticeKind::Opened, 1)), "{worse:?}");
    let of_on_call = desk.written.iter().filter(|it| it.contact == "on-call");
    assert_eq!(of_on_call.count(), 1, "the one that waited is replaced: {:?}", desk.written);
}

#[test]
fn maintenance_mutes_and_what_is_still_wrong_at_its_end_is_told() {
    let mut desk = Desk::new(policy());
    desk.observe(cut(1));
    let plan = WindowPlan {
        device: None,
        starts_at: desk.now(),
        ends_at: Timestamp(NOON + 30 * MINUTE),
        reason: "splicing".to_owned(),
        name: "Ada".to_owned(),
    };
    desk.incidents.add_window(plan, desk.now()).expect("room");
    desk.plan();
    assert_eq!(desk.written, [], "nobody is told during the maintenance");
    assert_eq!(desk.observe(cut(2)), []);
    desk.now += 30 * MINUTE;
    let now = desk.now();
    desk.incidents.tick(now);
    let told = desk.rows();
    assert_eq!(told.len(), 6, "{told:?}");
    assert_eq!(told[0], row("on-call", 0, NoticeKind::Continued, 30));
    assert_eq!(told[2], row("manager", 1, NoticeKind::Continued, 45));
}

#[test]
fn a_contact_that_cannot_be_told_is_not_told_of_that() {
    let mut desk = Desk::new(policy());
    let report = ProblemReport { key: "notice:on-call".to_owned(), ..cut(1) };
    let names: Vec<String> = desk.observe(report).into_iter().map(|row| row.0).collect();
    assert_eq!(names, ["chief", "manager"]);
}

#[test]
fn a_restart_goes_on_with_what_waits() {
    let mut desk = Desk::new(policy());
    desk.observe(cut(1));
    desk.deliver();
    let cancelled = desk.acknowledge().cancelled;
    assert_eq!(cancelled, [(NoticeSubject::Incident(1), 3)]);
    desk.now += MINUTE;
    desk.deliver();
    assert_eq!(desk.clear().len(), 2);
    let ids: BTreeSet<u64> = desk.written.iter().map(|notice| notice.id).collect();
    assert_eq!(ids.len(), desk.written.len(), "no id is used twice");
}

#[test]
fn reports_beyond_the_limit_of_notices_are_named_in_the_log() {
    let manager = Contact { reports: vec![ReportKind::Capacity], ..contact("manager", &[]) };
    let mut desk = Desk::new(NoticePolicy { contacts: vec![manager], ..policy() });
    let report = |id| ReportHead {
        id,
        kind: ReportKind::Capacity,
        started_at: Timestamp(NOON),
        ended_at: Timestamp(NOON),
        result: ReportResult::Ok,
        summary: String::new(),
    };
    let reports: Vec<ReportHead> = (1..=10_007).map(report).collect();
    let logs = Logs::new(tracing::Level::INFO, || Timestamp(NOON));
    let plan = || desk.notices.plan_reports(&reports, Timestamp(NOON));
    let planned = tracing::dispatcher::with_default(&logs.dispatch(), plan);
    assert_eq!((planned.saved.len(), planned.planned_report), (10_000, Some(10_007)));
    let all = PageRequest { after: 0, before: u64::MAX, lines_max: 9, bytes_max: 1 << 20 };
    let lines = logs.page(&LogFilter::default(), &all).lines;
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line.message(), "10000 notices wait, so these reports are not sent");
    assert_eq!(line.fields(), r#"{"dropped":7}"#);
}
