//! What stands in the way of an undo.

use std::fmt;

use crate::domain::{DeviceId, LinkId};

/// Obstacles that are listed; the others are counted. More than anybody reads at once.
const OBSTACLES_LISTED_MAX: usize = 20;

/// Something that changed since the command, so that it cannot be undone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UndoObstacle {
    /// `what` names the entity, as in the others.
    #[error("the {field} of {what} was changed meanwhile")]
    FieldChanged { what: String, field: &'static str },
    #[error("{0} was deleted meanwhile")]
    Deleted(String),
    /// The site was replaced: another entity has the id.
    #[error("{0} is another device now")]
    Replaced(String),
    #[error("the name '{name}' of {what} is used by device {owner} now")]
    NameUsed { what: String, name: String, owner: DeviceId },
    #[error("the serial {serial} of {what} is used by device {owner} now")]
    SerialUsed { what: String, serial: String, owner: DeviceId },
    #[error("the container of {0} does not exist any more")]
    NoContainer(String),
    #[error("{0} was added meanwhile")]
    PortAdded(String),
    #[error("{what} contains {child} now")]
    ChildAdded { what: String, child: String },
    #[error("{what} carries link {link} now")]
    LinkAdded { what: String, link: LinkId },
    #[error("{what} is cross-connected otherwise now")]
    JoinChanged { what: String },
    #[error("another port of {device} is named '{name}' now")]
    PortNameUsed { device: String, name: String },
    #[error("the device of {0} does not exist any more")]
    NoDevice(String),
    #[error("a port at an end of {0} does not exist any more")]
    NoPort(String),
    #[error("{0} has as many interfaces as a device can have")]
    TooManyPorts(String),
}

/// The first obstacles, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UndoObstacles {
    listed: Vec<UndoObstacle>,
    count: usize,
}

impl UndoObstacles {
    pub(super) fn add(&mut self, obstacle: UndoObstacle) {
        if self.listed.contains(&obstacle) {
            return;
        }
        self.count += 1;
        if self.listed.len() < OBSTACLES_LISTED_MAX {
            self.listed.push(obstacle);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// At most 20 of them.
    pub fn listed(&self) -> &[UndoObstacle] {
        &self.listed
    }

    /// All of them, those included that are not listed.
    pub fn count(&self) -> usize {
        self.count
    }
}

impl fmt::Display for UndoObstacles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, obstacle) in self.listed.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{obstacle}")?;
        }
        match self.count - self.listed.len() {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
