//! Changes: entities before and after a command.

use std::sync::Arc;

use super::{Device, Interface, Link, Status, Timestamp};

/// One entity before and after. `before` is `None` for a new entity, `after` for a deleted one;
/// never both.
#[derive(Debug, PartialEq)]
pub struct Edit<T> {
    pub before: Option<Arc<T>>,
    pub after: Option<Arc<T>>,
}

impl<T> Clone for Edit<T> {
    fn clone(&self) -> Self {
        Self { before: self.before.clone(), after: self.after.clone() }
    }
}

impl<T> Edit<T> {
    /// The entity, in its newest known state.
    pub fn latest(&self) -> &Arc<T> {
        self.after.as_ref().or(self.before.as_ref()).expect("an edit has at least one side")
    }

    pub fn is_create(&self) -> bool {
        self.before.is_none()
    }

    pub fn is_delete(&self) -> bool {
        self.after.is_none()
    }

    pub(super) fn reversed(self) -> Self {
        Self { before: self.after, after: self.before }
    }
}

impl<T: Clone + PartialEq> Edit<T> {
    fn correction(
        &self,
        is_for_times_only: bool,
        status: impl Fn(&T) -> (Status, Timestamp),
        set_since: impl Fn(&mut T, Timestamp),
    ) -> Option<Self> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        let (was, is) = (status(before), status(after));
        if is_for_times_only && before != after {
            return Some(self.clone().reversed());
        }
        if was.0 != is.0 || was.1 == is.1 {
            return None;
        }
        let mut corrected = T::clone(after);
        set_since(&mut corrected, was.1);
        Some(Self { before: Some(Arc::clone(after)), after: Some(Arc::new(corrected)) })
    }
}

/// One changed entity.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Device(Edit<Device>),
    Interface(Edit<Interface>),
    Link(Edit<Link>),
}

/// The kinds of entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    Device,
    Interface,
    Link,
}

impl EntityKind {
    pub const ALL: [Self; 3] = [Self::Device, Self::Interface, Self::Link];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Interface => "interface",
            Self::Link => "link",
        }
    }
}

/// Which entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityKey {
    pub kind: EntityKind,
    pub id: u64,
}

impl Change {
    pub fn key(&self) -> EntityKey {
        match self {
            Self::Device(edit) => EntityKey { kind: EntityKind::Device, id: edit.latest().id.0 },
            Self::Interface(edit) => {
                EntityKey { kind: EntityKind::Interface, id: edit.latest().id.0 }
            }
            Self::Link(edit) => EntityKey { kind: EntityKind::Link, id: edit.latest().id.0 },
        }
    }

    pub(super) fn reversed(self) -> Self {
        match self {
            Self::Device(edit) => Self::Device(edit.reversed()),
            Self::Interface(edit) => Self::Interface(edit.reversed()),
            Self::Link(edit) => Self::Link(edit.reversed()),
        }
    }

    /// Whether before and after are the same.
    pub(super) fn is_unchanged(&self) -> bool {
        match self {
            Self::Device(edit) => edit.before == edit.after,
            Self::Interface(edit) => edit.before == edit.after,
            Self::Link(edit) => edit.before == edit.after,
        }
    }

    /// Whether before and after differ in nothing but times.
    pub(super) fn is_for_times_only(&self) -> bool {
        match self {
            Self::Device(Edit { before: Some(before), after: Some(after) }) => {
                let (updated_at, status_since) = (before.updated_at, before.status_since);
                Device { updated_at, status_since, ..Device::clone(after) } == **before
            }
            Self::Interface(Edit { before: Some(before), after: Some(after) }) => {
                let updated_at = before.updated_at;
                Interface { updated_at, ..Interface::clone(after) } == **before
            }
            Self::Link(Edit { before: Some(before), after: Some(after) }) => {
                let (updated_at, status_since) = (before.updated_at, before.status_since);
                Link { updated_at, status_since, ..Link::clone(after) } == **before
            }
            _ => false,
        }
    }

    /// The change that returns to `after` the times of `before` that should not have changed: all
    /// of them when nothing else differs, and `status_since` when the status is the same.
    pub(super) fn correction_of_times(&self) -> Option<Self> {
        match self {
            Self::Device(edit) => edit
                .correction(
                    self.is_for_times_only(),
                    |device| (device.effective_status(), device.status_since),
                    |device, since| device.status_since = since,
                )
                .map(Self::Device),
            Self::Link(edit) => edit
                .correction(
                    self.is_for_times_only(),
                    |link| (link.status, link.status_since),
                    |link, since| link.status_since = since,
                )
                .map(Self::Link),
            Self::Interface(edit) => self.is_for_times_only().then(|| {
                Self::Interface(Edit { before: edit.after.clone(), after: edit.before.clone() })
            }),
        }
    }

    /// Joins a later change of the same entity to this one.
    pub(super) fn absorb(&mut self, later: Self) {
        match (self, later) {
            (Self::Device(first), Self::Device(last)) => first.after = last.after,
            (Self::Interface(first), Self::Interface(last)) => first.after = last.after,
            (Self::Link(first), Self::Link(last)) => first.after = last.after,
            _ => unreachable!("changes are joined by their key, which names the kind"),
        }
    }
}
