//! Erasing what people wrote about devices whose personal data is erased.

use std::collections::BTreeSet;

use crate::domain::{DeviceId, EntityKind};
use crate::store::{Incident, TimelineKind};

/// What precedes the reason of an override in the detail of a problem.
pub(super) const REASON_LABEL: &str = "; reason: ";
/// What stands where a text was.
pub(super) const ERASED: &str = "(erased)";

/// Whether one of the devices is the cause of an incident, or may be an end of the link that is. An incident
/// has no more of a link than its ends and the containers around them, which count as ends.
pub(super) fn is_about(incident: &Incident, devices: &BTreeSet<DeviceId>) -> bool {
    match incident.subject {
        Some(subject) if subject.kind == EntityKind::Device => {
            devices.contains(&DeviceId(subject.id))
        }
        Some(_) => incident.places.iter().any(|place| devices.contains(place)),
        None => false,
    }
}

/// Removes the notes of people, and the reasons of overrides and maintenance. What happened, when, and who
/// did it stay.
pub(super) fn erase_texts(incident: &mut Incident) {
    let note = incident.acknowledgement.as_mut().and_then(|it| it.note.as_mut());
    note.into_iter().for_each(erase);
    erase_reason(&mut incident.detail);
    for entry in &mut incident.timeline {
        match entry.kind {
            TimelineKind::Acknowledged | TimelineKind::Noted | TimelineKind::Muted => {
                erase(&mut entry.text);
            }
            TimelineKind::Closed if entry.name.is_some() => erase(&mut entry.text),
            TimelineKind::Opened
            | TimelineKind::Reopened
            | TimelineKind::Escalated
            | TimelineKind::Eased => erase_reason(&mut entry.text),
            TimelineKind::Gone
            | TimelineKind::FlappingBegan
            | TimelineKind::FlappingEnded
            | TimelineKind::Unmuted
            | TimelineKind::Closed => {}
        }
    }
}

fn erase(text: &mut String) {
    if !text.is_empty() {
        ERASED.clone_into(text);
    }
}

fn erase_reason(detail: &mut String) {
    if let Some(at) = detail.find(REASON_LABEL) {
        detail.truncate(at + REASON_LABEL.len());
        detail.push_str(ERASED);
    }
}
