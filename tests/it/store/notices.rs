//! Notices on disk: written, cancelled, forgotten.

use tempfile::TempDir;
use unoc::domain::Timestamp;
use unoc::store::{
    NOTICES_MAX, Notice, NoticeBatch, NoticeKey, NoticeKind, NoticeState, NoticeSubject,
    OpenOptions, Store,
};

fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
    let store = Store::open(directory.path(), options).expect("a new store");
    (directory, store)
}

fn pending(id: u64, attempts: u32) -> Notice {
    Notice {
        id,
        subject: NoticeSubject::Incident(id % 7),
        contact: "on-call".to_owned(),
        step: 0,
        kind: NoticeKind::Opened,
        planned_at: Timestamp(1),
        due_at: Timestamp(2),
        attempt_at: Timestamp(2),
        attempts,
        state: NoticeState::Pending { error: None },
    }
}

fn sent(id: u64) -> Notice {
    let state = NoticeState::Sent { at: Timestamp(3), answer: "HTTP 200".to_owned() };
    Notice { state, ..pending(id, 1) }
}

fn save(store: &Store, saved: Vec<Notice>, cancelled: Vec<NoticeKey>) {
    let batch = NoticeBatch { saved, cancelled, planned_report: None };
    store.save_notices(&batch).expect("a write");
}

fn ids(store: &Store, before: Option<u64>) -> Vec<u64> {
    let snapshot = store.read().expect("a snapshot");
    let notices = snapshot.notices(before).expect("a list");
    notices.map(|notice| notice.expect("a record").id).collect()
}

#[test]
fn notices_are_listed_by_themselves_and_by_incident() {
    let (_directory, store) = store();
    assert_eq!(ids(&store, None), [0; 0]);
    assert_eq!(store.read().expect("a snapshot").notices_of(1).expect("a list"), []);
    save(&store, vec![pending(1, 0), pending(2, 0), pending(8, 0)], Vec::new());
    assert_eq!(ids(&store, None), [8, 2, 1]);
    assert_eq!(ids(&store, Some(8)), [2, 1]);
    let of_incident = store.read().expect("a snapshot").notices_of(1).expect("a list");
    assert_eq!(of_incident, [pending(1, 0), pending(8, 0)]);
}

/// A report and an incident may have the same number.
#[test]
fn the_notices_of_reports_are_not_those_of_incidents() {
    let (_directory, store) = store();
    let (subject, kind) = (NoticeSubject::Report(1), NoticeKind::Reported);
    let report = Notice { subject, kind, ..pending(2, 0) };
    let read = || store.read().expect("a snapshot");
    assert_eq!(read().planned_report().expect("it is read"), None);
    let saved = vec![pending(1, 0), report.clone()];
    let batch = NoticeBatch { saved, cancelled: Vec::new(), planned_report: Some(1) };
    store.save_notices(&batch).expect("a write");
    assert_eq!(read().notices_of(1).expect("a list"), [pending(1, 0)]);
    assert_eq!(read().planned_report().expect("it is read"), Some(1));
    save(&store, Vec::new(), vec![report.key()]);
    assert_eq!(ids(&store, None), [1]);
}

/// A notice may be cancelled while it is being sent.
#[test]
fn what_was_cancelled_comes_back_only_if_it_was_sent() {
    let (_directory, store) = store();
    save(&store, vec![pending(1, 0), pending(2, 0)], Vec::new());
    save(&store, Vec::new(), vec![pending(1, 0).key(), pending(2, 0).key()]);
    assert_eq!(ids(&store, None), [0; 0]);
    save(&store, vec![pending(1, 1), sent(2)], Vec::new());
    assert_eq!(ids(&store, None), [2]);
    save(&store, Vec::new(), vec![sent(2).key()]);
    assert_eq!(ids(&store, None), [2], "it was sent: that stays");
}

#[test]
fn the_oldest_that_do_not_wait_are_forgotten() {
    let (_directory, store) = store();
    let first = pending(1, 0);
    let rest = (2..=NOTICES_MAX + 10).map(sent);
    save(&store, std::iter::once(first).chain(rest).collect(), Vec::new());
    let kept = ids(&store, None);
    assert_eq!(u64::try_from(kept.len()), Ok(NOTICES_MAX));
    assert_eq!(kept[kept.len() - 2..], [12, 1], "the one that waits stays");
    let of_incident = store.read().expect("a snapshot").notices_of(2).expect("a list");
    assert_eq!(of_incident[0].id, 16, "2 and 9 are gone there too");
}
