//! What decides who is told of what happens to incidents.

use super::event::IncidentEvent;
use crate::domain::Timestamp;
use crate::store::NoticeBatch;

/// Decides who is told. The task of the incidents calls it, so that its notices are written in the transaction
/// of what they tell of: a kill loses none.
pub trait NoticePlanner: Send {
    /// Returns the notices that follow from what happened. It changes nothing: the write may fail.
    fn plan(&mut self, events: &[IncidentEvent], now: Timestamp) -> NoticeBatch;

    /// Notes that the batch which [`NoticePlanner::plan`] returned is durable. It is empty when the write
    /// failed.
    fn saved(&mut self, batch: &NoticeBatch);
}
