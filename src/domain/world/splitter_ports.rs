//! The ports of splitters by their names.

use crate::domain::InterfaceId;
use crate::domain::interface::splitter_side::SplitterSide;

/// The ports of a device that are named like those of a splitter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::domain) struct SplitterPorts {
    /// Ascending; one, or two of a 2:N splitter.
    pub(in crate::domain) inputs: Vec<InterfaceId>,
    pub(in crate::domain) output_count: usize,
}

impl SplitterPorts {
    pub(in crate::domain) fn insert(&mut self, side: SplitterSide, port: InterfaceId) {
        match side {
            SplitterSide::Input => {
                self.inputs.insert(self.inputs.partition_point(|input| *input < port), port);
            }
            SplitterSide::Output => self.output_count += 1,
        }
    }

    pub(in crate::domain) fn remove(&mut self, side: SplitterSide, port: InterfaceId) {
        match side {
            SplitterSide::Input => self.inputs.retain(|input| *input != port),
            SplitterSide::Output => self.output_count -= 1,
        }
    }

    pub(in crate::domain) fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.output_count == 0
    }
}
