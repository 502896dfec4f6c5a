//! Writing the history of the network, and what it has to know of planned work.

use std::sync::Arc;

use super::activity::LONG_STEP_TIME_MAX;
use super::error::EngineError;
use super::handle::EngineHandle;
use super::writer::Engine;
use crate::domain::{DeviceId, OutageTracker, Timestamp};
use crate::store::{Sample, StoreError};

/// What these tasks are, for [`super::EngineTask::what`].
const WHAT: &str = "a record of the network's history";

impl EngineHandle {
    /// Adds samples to their series, durably and without a new seq. Returns how many were not recorded
    /// because there are too many series.
    ///
    /// # Errors
    /// [`EngineError::ReadOnly`] when the data volume has too little space: nothing was written then.
    /// [`EngineError::Busy`] and [`EngineError::Stopped`].
    pub async fn record_samples(
        &self,
        at: Timestamp,
        samples: Vec<Sample>,
    ) -> Result<usize, EngineError> {
        let recorded = self
            .run(WHAT, move |engine| {
                if let Err(low_space) = engine.volume.check_space(samples.len())? {
                    return Ok(Err(low_space));
                }
                let refused = engine.store.record_samples(at, &samples)?;
                engine.update_snapshot()?;
                Ok(Ok(refused))
            })
            .await?;
        recorded.map_err(|low_space| EngineError::from(&low_space))
    }

    /// Records the devices that an analysis found to be DOWN because of planned work, so that their
    /// outages count as that. Durable, and without a new seq.
    ///
    /// # Errors
    /// As [`EngineHandle::record_samples`].
    pub async fn set_planned_work(
        &self,
        devices: Arc<[DeviceId]>,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        self.run(WHAT, move |engine| {
            let world = &engine.world;
            // Some may have come back since.
            let outage = |id: &DeviceId| {
                let device = world.device(*id).filter(|device| device.is_in_outage())?;
                Some((*id, device.status_since))
            };
            let devices: Vec<(DeviceId, Timestamp)> = devices.iter().filter_map(outage).collect();
            let changes = engine.outages.set_planned_work(&devices, at);
            if changes.is_empty() {
                return Ok(Ok(()));
            }
            if let Err(low_space) = engine.volume.check_space(changes.len())? {
                // What is in memory is always on record.
                engine.resume_outages()?;
                return Ok(Err(low_space));
            }
            engine.activity.start_step(LONG_STEP_TIME_MAX);
            engine.store.record_planned_work(&changes)?;
            engine.update_snapshot()?;
            Ok(Ok(()))
        })
        .await?
        .map_err(|low_space| EngineError::from(&low_space))
    }
}

impl Engine {
    /// Continues with the planned work that is on record for devices that are out.
    pub(super) fn resume_outages(&mut self) -> Result<(), StoreError> {
        let mut planned = self.store.read()?.planned_outages()?;
        let is_out = |id: DeviceId| self.world.device(id).is_some_and(|one| one.is_in_outage());
        planned.retain(|(id, _)| is_out(*id));
        self.outages = OutageTracker::resume(planned);
        Ok(())
    }
}
