//! Writing the history of the network, and what it has to know of planned work.

use std::sync::Arc;

use super::error::EngineError;
use super::handle::EngineHandle;
use crate::domain::{Device, DeviceId, Timestamp};
use crate::store::Sample;

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

    /// Remembers the devices that an analysis found to be DOWN because of planned work, so that their
    /// outages are recorded as that.
    ///
    /// # Errors
    /// [`EngineError::Busy`] and [`EngineError::Stopped`]; so does [`EngineHandle::planned_since`].
    pub async fn set_planned_work(
        &self,
        devices: Arc<[DeviceId]>,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        self.run(WHAT, move |engine| {
            let world = &engine.world;
            // Some may have come back since.
            let is_out = |id: &DeviceId| world.device(*id).is_some_and(|one| one.is_in_outage());
            let devices: Vec<DeviceId> = devices.iter().copied().filter(is_out).collect();
            engine.outages.set_planned_work(&devices, at);
            Ok(())
        })
        .await
    }

    /// Since when planned work is the cause of a device's present outage, if it is.
    pub async fn planned_since(&self, device: &Device) -> Result<Option<Timestamp>, EngineError> {
        let (id, from) = (device.id, device.status_since);
        self.run(WHAT, move |engine| Ok(engine.outages.planned_from(id, from))).await
    }
}
