//! The book equals a naive list of incidents, whatever happens.

use std::collections::BTreeMap;

use proptest::prelude::*;
use unoc::domain::{DeviceId, Timestamp};
use unoc::incidents::{
    ActionKind, Incident, IncidentAction, IncidentBook, IncidentState, WindowPlan,
};

use super::book::cut;

const MINUTE: i64 = 60_000_000;
const KEYS: u64 = 4;

#[derive(Clone, Debug)]
enum Step {
    Observe(u64),
    Clear(u64),
    /// Minutes go by, one at a time.
    Wait(u8),
    Acknowledge(u64),
    Close(u64),
    /// (key or all, minutes until it begins, minutes that it takes)
    Plan(Option<u64>, u8, u8),
    Delete(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 1..=KEYS;
    prop_oneof![
        4 => key.clone().prop_map(Step::Observe),
        4 => key.clone().prop_map(Step::Clear),
        3 => (1..14_u8).prop_map(Step::Wait),
        1 => key.clone().prop_map(Step::Acknowledge),
        1 => key.clone().prop_map(Step::Close),
        1 => (proptest::option::of(key), 0..9_u8, 1..9_u8)
            .prop_map(|(key, begin, minutes)| Step::Plan(key, begin, minutes)),
        1 => (0..4_usize).prop_map(Step::Delete),
    ]
}

/// Every incident there ever was, without an index, and every state of it.
#[derive(Default)]
struct Naive {
    now: i64,
    incidents: Vec<NaiveIncident>,
    /// (id, key or all, begin, end)
    windows: Vec<(u64, Option<u64>, i64, i64)>,
    next_window: u64,
}

#[derive(Clone, Debug)]
struct NaiveIncident {
    key: u64,
    count: u32,
    is_active: bool,
    is_acknowledged: bool,
    closed_at: Option<i64>,
    is_flapping: bool,
    states: Vec<bool>,
}

/// As a person compares them: (id, key, state, count, active, flapping, muted).
type Row = (usize, u64, &'static str, u32, bool, bool, bool);

impl NaiveIncident {
    fn push(&mut self, state: bool) {
        self.states.push(state);
        if self.closed_at.is_some() {
            return;
        }
        let padded: Vec<bool> =
            std::iter::repeat_n(false, 21).chain(self.states.iter().copied()).collect();
        let last = &padded[padded.len() - 21..];
        let weights = (0..20).map(|change| 0.8 + 0.4 * f64::from(change) / 19.0);
        let changed = last.windows(2).map(|pair| pair[0] != pair[1]).zip(weights);
        let percent =
            changed.filter(|(is_change, _)| *is_change).map(|(_, weight)| weight).sum::<f64>()
                * 5.0;
        let limit = if self.is_flapping { 25.0 } else { 30.0 };
        self.is_flapping = percent >= limit - 1e-9;
    }

    fn close(&mut self, now: i64) {
        self.closed_at = Some(now);
        self.is_active = false;
        self.is_flapping = false;
    }
}

impl Naive {
    fn last(&mut self, key: u64) -> Option<&mut NaiveIncident> {
        self.incidents.iter_mut().rev().find(|one| one.key == key)
    }

    fn apply(&mut self, step: &Step) {
        let now = self.now;
        match step {
            Step::Observe(key) => match self.last(*key) {
                Some(one) if one.closed_at.is_none_or(|at| now - at < 10 * MINUTE) => {
                    if !one.is_active {
                        one.closed_at = None;
                        one.is_active = true;
                        one.count += 1;
                        one.push(true);
                    }
                }
                _ => self.incidents.push(NaiveIncident {
                    key: *key,
                    count: 1,
                    is_active: true,
                    is_acknowledged: false,
                    closed_at: None,
                    is_flapping: false,
                    states: vec![true],
                }),
            },
            Step::Clear(key) => {
                if let Some(one) = self.last(*key).filter(|one| one.is_active) {
                    one.is_active = false;
                    one.push(false);
                    if !one.is_flapping {
                        one.close(now);
                    }
                }
            }
            Step::Wait(_) => {
                self.now += MINUTE;
                let now = self.now;
                for one in &mut self.incidents {
                    one.push(one.is_active);
                    if one.closed_at.is_none() && !one.is_active && !one.is_flapping {
                        one.close(now);
                    }
                }
            }
            Step::Acknowledge(key) => {
                if let Some(one) = self.last(*key).filter(|one| one.closed_at.is_none()) {
                    one.is_acknowledged = true;
                }
            }
            Step::Close(key) => {
                let is_closable =
                    |one: &&mut NaiveIncident| one.closed_at.is_none() && !one.is_active;
                if let Some(one) = self.last(*key).filter(is_closable) {
                    one.close(now);
                }
            }
            Step::Plan(key, begin, minutes) => {
                let begin = now + i64::from(*begin) * MINUTE;
                self.next_window += 1;
                let end = begin + i64::from(*minutes) * MINUTE;
                self.windows.push((self.next_window, *key, begin, end));
            }
            Step::Delete(index) => {
                if *index < self.windows.len() {
                    self.windows.remove(*index);
                }
            }
        }
    }

    fn rows(&self) -> Vec<Row> {
        let row = |(index, one): (usize, &NaiveIncident)| {
            let is_muted = self.windows.iter().any(|(_, key, begin, end)| {
                key.is_none_or(|key| key == one.key) && *begin <= self.now && self.now < *end
            });
            let state = match one {
                one if one.closed_at.is_some() => "closed",
                one if one.is_acknowledged => "acknowledged",
                _ => "open",
            };
            let is_muted = is_muted && one.closed_at.is_none();
            (index + 1, one.key, state, one.count, one.is_active, one.is_flapping, is_muted)
        };
        self.incidents.iter().enumerate().map(row).collect()
    }
}

/// The book, and the incidents as they were last written.
#[derive(Default)]
struct Kept {
    book: IncidentBook,
    written: BTreeMap<u64, Incident>,
}

impl Kept {
    fn apply(&mut self, step: &Step, naive: &Naive) {
        let now = Timestamp(naive.now);
        let id_of = |key: u64| naive.incidents.iter().rposition(|one| one.key == key);
        let act = |book: &mut IncidentBook, key: u64, kind| {
            let id = id_of(key).map_or(0, |index| index as u64 + 1);
            let action = IncidentAction { name: "Ada".to_owned(), kind };
            // What the rules refuse changes nothing.
            book.act(id, action, None, now).ok();
        };
        let book = &mut self.book;
        match step {
            Step::Observe(key) => book.observe(cut(*key), now).expect("room"),
            Step::Clear(key) => book.clear(&format!("network:link:{key}"), now),
            Step::Wait(_) => book.tick(Timestamp(naive.now + MINUTE)),
            Step::Acknowledge(key) => act(book, *key, ActionKind::Acknowledge { note: None }),
            Step::Close(key) => act(book, *key, ActionKind::Close { note: None }),
            Step::Plan(key, begin, minutes) => {
                let starts_at = naive.now + i64::from(*begin) * MINUTE;
                let plan = WindowPlan {
                    device: key.map(DeviceId),
                    starts_at: Timestamp(starts_at),
                    ends_at: Timestamp(starts_at + i64::from(*minutes) * MINUTE),
                    reason: String::new(),
                    name: String::new(),
                };
                book.add_window(plan, now).expect("a valid window");
            }
            Step::Delete(index) => {
                if let Some((id, ..)) = naive.windows.get(*index) {
                    book.remove_window(*id, now).expect("it exists");
                }
            }
        }
        if let Some((batch, news)) = book.take_changes(now) {
            for event in &news.events {
                assert!(event.is_quiet || event.incident.muted_by.is_none(), "{event:?}");
            }
            for incident in batch.incidents {
                self.written.insert(incident.id, (*incident).clone());
            }
        }
    }

    fn rows(&self) -> Vec<Row> {
        let row = |(id, one): (&u64, &Incident)| {
            let state = one.state();
            let key = one.key.rsplit(':').next().and_then(|key| key.parse().ok()).expect("a key");
            let is_muted = one.muted_by.is_some() && state != IncidentState::Closed;
            let id = usize::try_from(*id).expect("small");
            (id, key, state.as_str(), one.count, one.is_active, one.is_flapping, is_muted)
        };
        self.written.iter().map(row).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// What is written is what the list has, and the book's open incidents are those written as open.
    #[test]
    fn the_book_is_a_list_with_rules(steps in proptest::collection::vec(step(), 1..120)) {
        let (mut naive, mut kept) = (Naive::default(), Kept::default());
        for step in &steps {
            let times = if let Step::Wait(minutes) = step { *minutes } else { 1 };
            for _ in 0..times {
                kept.apply(step, &naive);
                naive.apply(step);
                prop_assert_eq!(kept.rows(), naive.rows(), "after {:?}", step);
            }
            let open: Vec<u64> = kept.book.open().map(|incident| incident.id).collect();
            let mut written: Vec<u64> = kept.written.values()
                .filter(|incident| incident.closure.is_none())
                .map(|incident| incident.id)
                .collect();
            written.sort_by_key(|id| kept.written[id].key.clone());
            prop_assert_eq!(open, written);
        }
    }
}
