//! v2's events of a commit.

use serde::Serialize;
use serde_json::json;

use super::fanout::Event;
use crate::domain::{Change, Device, Edit};
use crate::engine::{AppliedCommand, Commit, CommitCause};
use crate::wire::{DeviceView, InterfaceTimedView, LinkTimedView};

/// The events that wait to be sent. When there are more than the setting allows, `topology:reset` is sent
/// instead: nobody reads a thousand single events, and a client's buffer would overflow.
#[derive(Default)]
pub(super) struct PendingEvents {
    events: Vec<Event>,
    is_overflowing: bool,
}

impl PendingEvents {
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && !self.is_overflowing
    }

    /// Adds the events of a commit, if no more than `events_max` wait then.
    pub(super) fn add(&mut self, commit: &Commit, events_max: usize) {
        if self.is_overflowing {
            return;
        }
        match of_commit(commit, events_max.saturating_sub(self.events.len())) {
            Some(events) => self.events.extend(events),
            None => self.overflow(),
        }
    }

    /// Too much is due: clients are asked to read everything again.
    pub(super) fn overflow(&mut self) {
        self.events.clear();
        self.is_overflowing = true;
    }

    /// What is to be sent. Nothing waits afterwards.
    pub(super) fn take(&mut self) -> Vec<Event> {
        match std::mem::take(self) {
            Self { is_overflowing: true, .. } => vec![reset()],
            Self { events, .. } => events,
        }
    }
}

/// Asks clients to read everything again.
pub(super) fn reset() -> Event {
    Event::new("topology:reset", &json!({}))
}

/// The events of a commit, in the order of its commands; `None` when there are more than `events_max`, or when
/// clients have to read everything again anyway.
fn of_commit(commit: &Commit, events_max: usize) -> Option<Vec<Event>> {
    if commit.applied.iter().any(|applied| applied.cause == CommitCause::Reset) {
        return None;
    }
    let mut events = Vec::new();
    for applied in &commit.applied {
        for change in &applied.changes {
            add_events(applied, change, &mut events);
            if events.len() > events_max {
                return None;
            }
        }
    }
    Some(events)
}

/// Adds the events of a change: two at most, and none for what v2 tells nobody.
fn add_events(applied: &AppliedCommand, change: &Change, events: &mut Vec<Event>) {
    match change {
        Change::Device(edit) => device_events(applied, edit, events),
        Change::Interface(edit) => {
            if let (true, Some(after)) = (edit.is_create(), &edit.after)
                && applied.cause != CommitCause::Provision
            {
                events.push(Event::new("interface:created", &InterfaceTimedView::new(after)));
            }
        }
        Change::Link(edit) => match &edit.after {
            Some(after) if edit.is_create() => {
                events.push(Event::new("link:created", &LinkTimedView::new(after)));
            }
            Some(_) => {}
            None => events.push(Event::new("link:deleted", &Deleted::new(edit.latest().id.0))),
        },
    }
}

#[derive(Serialize)]
struct Deleted {
    id: u64,
}

impl Deleted {
    fn new(id: u64) -> Self {
        Self { id }
    }
}

fn device_events(applied: &AppliedCommand, edit: &Edit<Device>, events: &mut Vec<Event>) {
    match (&edit.before, &edit.after) {
        (None, Some(after)) => {
            if applied.cause == CommitCause::Provision {
                events.push(provisioned(applied, after));
            }
            let view = DeviceView::new(after);
            events.push(Event::new(
                "device:created",
                &json!({
                    "id": view.id,
                    "name": view.name,
                    "device_type": view.device_type,
                    "status": view.status,
                    "x": view.x,
                    "y": view.y,
                }),
            ));
        }
        (Some(before), Some(after)) => {
            if differs_beyond_position(before, after) {
                events.push(Event::new("device:updated", &DeviceView::new(after)));
            }
        }
        (_, None) => events.push(Event::new("device:deleted", &Deleted::new(edit.latest().id.0))),
    }
}

fn provisioned(applied: &AppliedCommand, device: &Device) -> Event {
    let is_port = |change: &&Change| matches!(change, Change::Interface(edit) if edit.latest().device == device.id);
    let payload = json!({
        "device_id": device.id,
        "name": device.name.as_str(),
        "device_type": device.device_type.as_str(),
        "interface_count": applied.changes.iter().filter(is_port).count(),
    });
    Event::new("device_created", &payload)
}

/// Whether anything but the position changed: a mere move sends nothing, as in v2.
fn differs_beyond_position(before: &Device, after: &Device) -> bool {
    let mut moved = before.clone();
    moved.position = after.position;
    moved.updated_at = after.updated_at;
    moved != *after
}
