//! Following the outages of devices from one commit to the next.

use rustc_hash::FxHashMap;

use super::device_outage::{DeviceOutage, OutageEdge, outage_edge};
use crate::domain::{Change, Device, DeviceId, Edit, Timestamp};

/// How long after its beginning an outage may be seen to be planned work and counts as that from the
/// beginning: twice the interval of the analyses.
const PLANNED_WORK_DELAY_MAX_US: i64 = 120_000_000;

/// What has to be recorded of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageChange {
    /// The outage of a device that was DOWN before began at this time.
    LateStart(DeviceId, Timestamp),
    /// It ended. It began at `from`, or with its late start.
    End(DeviceOutage),
}

/// Knows which devices are DOWN because of planned work, and since when.
#[derive(Debug, Default)]
pub struct OutageTracker {
    planned_from: FxHashMap<DeviceId, Timestamp>,
    /// Whether the network was analysed since the start.
    is_analysed: bool,
}

impl OutageTracker {
    /// Remembers the devices that an analysis at `at` found to be DOWN because of planned work, in place
    /// of those of the one before. The first one cannot say since when: it counts from the beginning.
    pub fn set_planned_work(&mut self, devices: &[DeviceId], at: Timestamp) {
        let first_seen = if self.is_analysed { at } else { Timestamp(i64::MIN) };
        self.is_analysed = true;
        let planned = devices.iter().map(|id| {
            let known = self.planned_from.get(id);
            (*id, known.copied().unwrap_or(first_seen))
        });
        self.planned_from = planned.collect();
    }

    /// Since when planned work is the cause of a device's outage that began at `from`; `None` if it is
    /// not.
    pub fn planned_from(&self, device: DeviceId, from: Timestamp) -> Option<Timestamp> {
        self.planned_from.get(&device).map(|since| seen_in_time(*since, from))
    }

    /// What these changes, which were made at `at`, say about outages, in their order.
    pub fn follow<'a>(
        &mut self,
        changes: impl IntoIterator<Item = &'a Change>,
        at: Timestamp,
    ) -> Vec<OutageChange> {
        let mut outages = Vec::new();
        for change in changes {
            let Change::Device(edit) = change else { continue };
            let device = edit.latest().id;
            match outage_edge(edit, at) {
                Some(OutageEdge::LateStart) => {
                    outages.push(OutageChange::LateStart(device, at));
                }
                Some(OutageEdge::End { from, to }) => {
                    let planned_from = self.planned_from(device, from);
                    self.planned_from.remove(&device);
                    let outage = DeviceOutage { device, from, to, planned_from };
                    outages.push(OutageChange::End(outage));
                }
                Some(OutageEdge::Start) | None => {}
            }
            self.follow_override(edit, at);
        }
        outages
    }

    /// What a device's own override says is known at once.
    fn follow_override(&mut self, edit: &Edit<Device>, at: Timestamp) {
        let [was_planned, is_planned] = [&edit.before, &edit.after]
            .map(|side| side.as_deref().is_some_and(is_under_planned_work));
        if is_planned {
            self.planned_from.entry(edit.latest().id).or_insert(at);
        } else if was_planned {
            self.planned_from.remove(&edit.latest().id);
        }
    }
}

fn seen_in_time(planned_from: Timestamp, from: Timestamp) -> Timestamp {
    let is_in_time = planned_from.0 <= from.0.saturating_add(PLANNED_WORK_DELAY_MAX_US);
    if is_in_time { from } else { planned_from }
}

fn is_under_planned_work(device: &Device) -> bool {
    let set = device.status_override.as_ref();
    device.is_in_outage() && set.is_some_and(|set| set.is_planned_work)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{
        DeviceType, Lifecycle, Name, Optics, Override, Position, Reasons, Status, Uplink,
    };

    const MINUTE_US: i64 = 60_000_000;

    fn minute(number: i64) -> Timestamp {
        Timestamp(number * MINUTE_US)
    }

    fn device(status: Status, since: i64) -> Device {
        Device {
            id: DeviceId(7),
            name: Name::new("OLT-1").unwrap(),
            device_type: DeviceType::Olt,
            position: Position::default(),
            optics: Optics::default(),
            lifecycle: Lifecycle::InService,
            details: None,
            parent: None,
            status,
            reasons: Reasons::NONE,
            signal: None,
            uplink: Uplink::default(),
            served_by: None,
            through_loss_db: None,
            status_since: minute(since),
            status_override: None,
            created_at: minute(0),
            updated_at: minute(since),
        }
    }

    fn edit(before: &Device, after: Option<&Device>) -> Change {
        let after = after.map(|after| Arc::new(after.clone()));
        Change::Device(Edit { before: Some(Arc::new(before.clone())), after })
    }

    fn ended(from: i64, to: i64, planned_from: Option<i64>) -> OutageChange {
        let planned_from = planned_from.map(minute);
        let (from, to) = (minute(from), minute(to));
        OutageChange::End(DeviceOutage { device: DeviceId(7), from, to, planned_from })
    }

    fn follow(tracker: &mut OutageTracker, change: &Change, at: i64) -> Vec<OutageChange> {
        tracker.follow([change], minute(at))
    }

    #[test]
    fn an_outage_ends_with_the_status_the_device_or_its_service() {
        let mut tracker = OutageTracker::default();
        let (down, up) = (device(Status::Down, 10), device(Status::Up, 20));
        let retired = Device { lifecycle: Lifecycle::Retired, ..down.clone() };
        for (after, to) in [(Some(&up), 20), (None, 21), (Some(&retired), 21)] {
            let outages = follow(&mut tracker, &edit(&down, after), 21);
            assert_eq!(outages, [ended(10, to, None)], "{after:?}");
        }
        assert_eq!(follow(&mut tracker, &edit(&up, Some(&down)), 10), []);
    }

    #[test]
    fn a_device_that_was_never_up_has_no_outage() {
        let mut tracker = OutageTracker::default();
        let (new, up) = (device(Status::Down, 0), device(Status::Up, 20));
        assert_eq!(follow(&mut tracker, &edit(&new, Some(&up)), 20), []);
    }

    #[test]
    fn an_outage_begins_late_when_a_dark_device_is_put_into_service() {
        let mut tracker = OutageTracker::default();
        let down = device(Status::Down, 10);
        let retired = Device { lifecycle: Lifecycle::Retired, ..down.clone() };
        let outages = follow(&mut tracker, &edit(&retired, Some(&down)), 15);
        assert_eq!(outages, [OutageChange::LateStart(DeviceId(7), minute(15))]);
    }

    #[test]
    fn planned_work_counts_from_when_it_is_found_unless_that_is_the_beginning() {
        let (down, up) = (device(Status::Down, 10), device(Status::Up, 90));
        let recovery = edit(&down, Some(&up));
        for (found, planned_from) in [(11, 10), (12, 10), (60, 60)] {
            let mut tracker = OutageTracker::default();
            tracker.set_planned_work(&[], minute(1));
            tracker.set_planned_work(&[DeviceId(7)], minute(found));
            tracker.set_planned_work(&[DeviceId(7)], minute(found + 1));
            let outages = follow(&mut tracker, &recovery, 90);
            assert_eq!(outages, [ended(10, 90, Some(planned_from))], "found at {found}");
            assert_eq!(follow(&mut tracker, &recovery, 90), [ended(10, 90, None)], "once");
        }
    }

    #[test]
    fn the_first_analysis_after_a_start_counts_from_the_beginning() {
        let mut tracker = OutageTracker::default();
        tracker.set_planned_work(&[DeviceId(7)], minute(60));
        let recovery = edit(&device(Status::Down, 10), Some(&device(Status::Up, 90)));
        assert_eq!(follow(&mut tracker, &recovery, 90), [ended(10, 90, Some(10))]);
    }

    #[test]
    fn planned_work_that_is_over_leaves_an_outage() {
        let mut tracker = OutageTracker::default();
        tracker.set_planned_work(&[DeviceId(7)], minute(11));
        tracker.set_planned_work(&[], minute(12));
        let recovery = edit(&device(Status::Down, 10), Some(&device(Status::Up, 90)));
        assert_eq!(follow(&mut tracker, &recovery, 90), [ended(10, 90, None)]);
    }

    #[test]
    fn an_override_for_planned_work_is_known_at_once() {
        let up = device(Status::Up, 5);
        let planned = Override { is_planned_work: true, ..Override::new(Status::Down, None) };
        let held = |set: &Override, since| Device {
            status_override: Some(set.clone()),
            status_since: minute(since),
            ..up.clone()
        };
        let mut tracker = OutageTracker::default();
        follow(&mut tracker, &edit(&up, Some(&held(&planned, 10))), 10);
        let recovery = edit(&held(&planned, 10), Some(&device(Status::Up, 11)));
        assert_eq!(follow(&mut tracker, &recovery, 11), [ended(10, 11, Some(10))]);

        follow(&mut tracker, &edit(&up, Some(&held(&planned, 10))), 10);
        let fault = Override::new(Status::Down, None);
        follow(&mut tracker, &edit(&held(&planned, 10), Some(&held(&fault, 10))), 20);
        let recovery = edit(&held(&fault, 10), Some(&device(Status::Up, 30)));
        assert_eq!(follow(&mut tracker, &recovery, 30), [ended(10, 30, None)]);
    }
}
