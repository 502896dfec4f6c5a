//! Following the outages of devices from one commit to the next.

use rustc_hash::{FxHashMap, FxHashSet};

use super::device_outage::{DeviceOutage, OutageEdge, outage_edge};
use super::planned_outage::PlannedOutage;
use crate::domain::{Change, Device, DeviceId, Edit, Timestamp};

/// What has to be recorded of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageChange {
    /// The outage of a device that was DOWN before began at this time.
    LateStart(DeviceId, Timestamp),
    /// Planned work has become the cause of a present outage, or is not any more.
    Planned(DeviceId, PlannedOutage),
    /// It ended. It began at `from`, or with its late start.
    End(DeviceOutage),
}

/// Knows which devices are DOWN because of planned work, and since when.
#[derive(Debug, Default)]
pub struct OutageTracker {
    /// Of devices that are out, also those whose planned work is over.
    planned: FxHashMap<DeviceId, PlannedOutage>,
    /// Whether the network was analysed since the start.
    is_analysed: bool,
}

impl OutageTracker {
    /// Continues with what was recorded before a restart.
    pub fn resume(planned: impl IntoIterator<Item = (DeviceId, PlannedOutage)>) -> Self {
        Self { planned: planned.into_iter().collect(), is_analysed: false }
    }

    /// Takes over which devices an analysis at `at` found to be DOWN because of planned work, each with
    /// the beginning of its outage, and returns what has to be recorded of that. The first analysis
    /// after a start cannot say since when: what was not known counts from the beginning.
    pub fn set_planned_work(
        &mut self,
        devices: &[(DeviceId, Timestamp)],
        at: Timestamp,
    ) -> Vec<OutageChange> {
        let was_analysed = std::mem::replace(&mut self.is_analysed, true);
        let mut changes = Vec::new();
        for (id, began) in devices {
            let first_seen = if was_analysed { at } else { *began };
            changes.extend(self.begin_planned_work(*id, first_seen, at));
        }
        let found: FxHashSet<DeviceId> = devices.iter().map(|(id, _)| *id).collect();
        for (id, planned) in &mut self.planned {
            if planned.until.is_none() && !found.contains(id) {
                planned.until = Some(at);
                changes.push(OutageChange::Planned(*id, *planned));
            }
        }
        changes
    }

    /// Returns what has to be recorded: nothing if planned work was the cause already.
    fn begin_planned_work(
        &mut self,
        device: DeviceId,
        first_seen: Timestamp,
        at: Timestamp,
    ) -> Option<OutageChange> {
        let known = self.planned.get(&device).copied();
        let planned = known.map_or(PlannedOutage::since(first_seen), |known| known.resumed(at));
        self.planned.insert(device, planned);
        (known != Some(planned)).then_some(OutageChange::Planned(device, planned))
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
                    let planned = self.planned.remove(&device);
                    let planned_from = planned.and_then(|planned| planned.counted_from(from));
                    let outage = DeviceOutage { device, from, to, planned_from };
                    outages.push(OutageChange::End(outage));
                }
                Some(OutageEdge::Start) | None => {}
            }
            outages.extend(self.follow_override(edit, at));
        }
        outages
    }

    /// What a device's own override says is known at once.
    fn follow_override(&mut self, edit: &Edit<Device>, at: Timestamp) -> Option<OutageChange> {
        let id = edit.latest().id;
        let [was_planned, is_planned] = [&edit.before, &edit.after]
            .map(|side| side.as_deref().is_some_and(is_under_planned_work));
        if is_planned {
            return self.begin_planned_work(id, at, at);
        }
        let planned = self.planned.get_mut(&id).filter(|planned| planned.until.is_none());
        let planned = planned.filter(|_| was_planned)?;
        planned.until = Some(at);
        Some(OutageChange::Planned(id, *planned))
    }
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

    /// What an analysis is told of: the device is out since minute 10.
    const FOUND: [(DeviceId, Timestamp); 1] = [(DeviceId(7), Timestamp(10 * MINUTE_US))];

    fn planned(from: i64, until: Option<i64>) -> OutageChange {
        let outage = PlannedOutage { from: minute(from), until: until.map(minute) };
        OutageChange::Planned(DeviceId(7), outage)
    }

    /// The device that is out since minute 10 recovers at minute 90.
    fn recover(tracker: &mut OutageTracker) -> Vec<OutageChange> {
        follow(tracker, &edit(&device(Status::Down, 10), Some(&device(Status::Up, 90))), 90)
    }

    #[test]
    fn planned_work_counts_from_when_it_is_found_unless_that_is_the_beginning() {
        for (found, planned_from) in [(11, 10), (12, 10), (60, 60)] {
            let mut tracker = OutageTracker::default();
            assert_eq!(tracker.set_planned_work(&[], minute(1)), []);
            assert_eq!(tracker.set_planned_work(&FOUND, minute(found)), [planned(found, None)]);
            assert_eq!(tracker.set_planned_work(&FOUND, minute(found + 1)), [], "as before");
            let outages = recover(&mut tracker);
            assert_eq!(outages, [ended(10, 90, Some(planned_from))], "found at {found}");
            assert_eq!(recover(&mut tracker), [ended(10, 90, None)], "once");
        }
    }

    #[test]
    fn the_first_analysis_after_a_start_counts_from_the_beginning() {
        let mut tracker = OutageTracker::default();
        assert_eq!(tracker.set_planned_work(&FOUND, minute(60)), [planned(10, None)]);
        assert_eq!(recover(&mut tracker), [ended(10, 90, Some(10))]);
    }

    #[test]
    fn a_restart_keeps_what_is_known_of_planned_work() {
        let since_60 = PlannedOutage::since(minute(60));
        let over = PlannedOutage { until: Some(minute(20)), ..PlannedOutage::since(minute(11)) };
        let resumed = |known| OutageTracker::resume([(DeviceId(7), known)]);
        assert_eq!(
            recover(&mut resumed(since_60)),
            [ended(10, 90, Some(60))],
            "before an analysis"
        );
        assert_eq!(recover(&mut resumed(over)), [ended(10, 90, None)]);
        let mut tracker = resumed(since_60);
        assert_eq!(tracker.set_planned_work(&FOUND, minute(70)), []);
        assert_eq!(recover(&mut tracker), [ended(10, 90, Some(60))]);
        // It was known not to be planned work between the two.
        let mut tracker = resumed(over);
        assert_eq!(tracker.set_planned_work(&FOUND, minute(70)), [planned(70, None)]);
        assert_eq!(recover(&mut tracker), [ended(10, 90, Some(70))]);
    }

    #[test]
    fn planned_work_that_is_over_leaves_an_outage() {
        let mut tracker = OutageTracker::default();
        tracker.set_planned_work(&FOUND, minute(11));
        assert_eq!(tracker.set_planned_work(&[], minute(12)), [planned(10, Some(12))]);
        assert_eq!(tracker.set_planned_work(&[], minute(13)), []);
        assert_eq!(recover(&mut tracker), [ended(10, 90, None)]);
    }

    #[test]
    fn planned_work_goes_on_where_it_seemed_to_be_over_for_a_moment() {
        for (again, planned_from) in [(13, 10), (14, 10), (15, 15)] {
            let mut tracker = OutageTracker::default();
            tracker.set_planned_work(&FOUND, minute(11));
            tracker.set_planned_work(&[], minute(12));
            let changes = tracker.set_planned_work(&FOUND, minute(again));
            assert_eq!(changes, [planned(planned_from, None)], "again at {again}");
        }
    }

    #[test]
    fn an_override_for_planned_work_is_known_at_once() {
        let up = device(Status::Up, 5);
        let work = Override { is_planned_work: true, ..Override::new(Status::Down, None) };
        let held = |set: &Override, since| Device {
            status_override: Some(Box::new(set.clone())),
            status_since: minute(since),
            ..up.clone()
        };
        let mut tracker = OutageTracker::default();
        let outages = follow(&mut tracker, &edit(&up, Some(&held(&work, 10))), 10);
        assert_eq!(outages, [planned(10, None)]);
        let recovery = edit(&held(&work, 10), Some(&device(Status::Up, 11)));
        assert_eq!(follow(&mut tracker, &recovery, 11), [ended(10, 11, Some(10))]);

        follow(&mut tracker, &edit(&up, Some(&held(&work, 10))), 10);
        let fault = Override::new(Status::Down, None);
        let outages = follow(&mut tracker, &edit(&held(&work, 10), Some(&held(&fault, 10))), 20);
        assert_eq!(outages, [planned(10, Some(20))]);
        let recovery = edit(&held(&fault, 10), Some(&device(Status::Up, 30)));
        assert_eq!(follow(&mut tracker, &recovery, 30), [ended(10, 30, None)]);
    }
}
