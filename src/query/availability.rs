//! How much of the time a device was in service, and its outages.

use std::ops::Range;

use crate::domain::{Device, DeviceOutage, Status, Timestamp};
use crate::store::{Snapshot, StoreError};
use crate::util::Zone;

/// The shortest time of which an availability is told: a minute of an hour is 1.7 %.
pub const AVAILABILITY_TIME_MIN_S: i64 = 3600;

const SECOND_US: i64 = 1_000_000;

/// The availability of a device, and its outages.
#[derive(Debug)]
pub struct Availability {
    /// The time that it is about: what was asked for, since the device exists and outages are recorded.
    pub from: Timestamp,
    pub to: Timestamp,
    /// Since when every outage is recorded.
    pub complete_since: Timestamp,
    pub downtime_us: i64,
    /// Planned work, which is not part of the downtime.
    pub planned_us: i64,
    /// Disjoint, ascending; the first one may have begun before `from`.
    pub outages: Vec<OutageSpan>,
    /// The days of the time as the host counts them, ascending.
    pub days: Vec<OutageDay>,
    /// Whether the device is DOWN and that is no outage: it is not in service, or was never up.
    pub is_down_without_outage: bool,
}

/// One outage of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutageSpan {
    pub from: Timestamp,
    /// Of an open one, the present time.
    pub to: Timestamp,
    pub is_open: bool,
    /// From when on it was planned work; `to` if it was none.
    pub planned_from: Timestamp,
}

/// The outages of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutageDay {
    /// Midnight, or the beginning of the time.
    pub start: Timestamp,
    pub downtime_us: i64,
    pub planned_us: i64,
    pub outage_count: usize,
}

/// The availability of a device in a time that ends now.
///
/// # Errors
/// Read errors.
pub fn availability(
    snapshot: &Snapshot,
    device: &Device,
    time: Range<Timestamp>,
    zone: &Zone,
) -> Result<Availability, StoreError> {
    let now = time.end;
    let complete_since = snapshot.outages_complete_since()?.unwrap_or(now);
    let from = time.start.max(device.created_at).max(complete_since).min(now);
    let recorded = snapshot.outages(device.id, from, now)?;
    let open = open_outage(snapshot, device, now)?;
    let outages = disjoint(recorded, open, device.created_at);
    let is_down = device.effective_status() == Status::Down;
    let mut availability = Availability {
        from,
        to: now,
        complete_since,
        downtime_us: 0,
        planned_us: 0,
        days: days(from, now, zone),
        is_down_without_outage: is_down && !outages.iter().any(|span| span.is_open),
        outages,
    };
    availability.add_up();
    Ok(availability)
}

impl Availability {
    /// The part of the time, without planned work, in which the device was not DOWN; `None` when that
    /// is less than [`AVAILABILITY_TIME_MIN_S`], and for a device that is DOWN without an outage.
    pub fn ratio(&self) -> Option<f64> {
        let time_us = self.to.0 - self.from.0 - self.planned_us;
        if self.is_down_without_outage || time_us < AVAILABILITY_TIME_MIN_S * SECOND_US {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "below 2^53 for 285 years")]
        let ratio = 1.0 - self.downtime_us as f64 / time_us as f64;
        Some(ratio)
    }

    fn add_up(&mut self) {
        for span in &self.outages {
            let (downtime_us, planned_us) = span.within(self.from, self.to);
            self.downtime_us += downtime_us;
            self.planned_us += planned_us;
        }
        let ends: Vec<Timestamp> =
            self.days.iter().skip(1).map(|day| day.start).chain([self.to]).collect();
        for (day, end) in self.days.iter_mut().zip(ends) {
            for span in self.outages.iter().filter(|it| it.from < end && it.to > day.start) {
                let (downtime_us, planned_us) = span.within(day.start, end);
                day.downtime_us += downtime_us;
                day.planned_us += planned_us;
                day.outage_count += 1;
            }
        }
    }
}

impl OutageSpan {
    /// How long it lasted between two times, without and with planned work.
    fn within(&self, from: Timestamp, to: Timestamp) -> (i64, i64) {
        let overlap = |a: Timestamp, b: Timestamp| (b.min(to).0 - a.max(from).0).max(0);
        (overlap(self.from, self.planned_from), overlap(self.planned_from, self.to))
    }
}

/// The present outage of a device as if it ended now; `None` if it is not out.
fn open_outage(
    snapshot: &Snapshot,
    device: &Device,
    now: Timestamp,
) -> Result<Option<DeviceOutage>, StoreError> {
    if !device.is_in_outage() {
        return Ok(None);
    }
    let late_start = snapshot.late_start(device.id)?;
    let from = late_start.map_or(device.status_since, |at| at.max(device.status_since));
    let planned = snapshot.planned_outage(device.id)?;
    let planned_from = planned.and_then(|planned| planned.counted_from(from));
    Ok(Some(DeviceOutage { device: device.id, from, to: now, planned_from }))
}

/// The outages one after another. After a restore the open one may have begun before one that is
/// recorded; and a device may have the id of one that a former site had, before it was created.
fn disjoint(
    recorded: Vec<DeviceOutage>,
    open: Option<DeviceOutage>,
    created_at: Timestamp,
) -> Vec<OutageSpan> {
    let recorded = recorded.into_iter().map(|outage| (outage, false));
    let mut outages: Vec<(DeviceOutage, bool)> =
        recorded.chain(open.map(|outage| (outage, true))).collect();
    outages.sort_by_key(|(outage, _)| (outage.from, outage.to));
    let mut spans: Vec<OutageSpan> = Vec::with_capacity(outages.len());
    let mut end = created_at;
    for (outage, is_open) in outages {
        let from = outage.from.max(end);
        if outage.to <= from {
            continue;
        }
        let planned_from = outage.planned_from.map_or(outage.to, |at| at.clamp(from, outage.to));
        spans.push(OutageSpan { from, to: outage.to, is_open, planned_from });
        end = outage.to;
    }
    spans
}

/// The days between two times, without their outages.
fn days(from: Timestamp, to: Timestamp, zone: &Zone) -> Vec<OutageDay> {
    let mut days = Vec::new();
    let mut start = from;
    while start < to || days.is_empty() {
        days.push(OutageDay { start, downtime_us: 0, planned_us: 0, outage_count: 0 });
        let Some(next_us) = zone.next_midnight_us(start.0) else { break };
        start = Timestamp(next_us);
    }
    days
}
