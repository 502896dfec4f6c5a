//! One reading of a probe, with its deadline. A panic is a reading that failed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::timeout;

use super::probe::{CheckReading, Probe, ProbeResult, Unmeasured};
use super::spec::CheckSpec;

/// Begins a reading at once; the future ends within the deadline of the check.
pub(super) fn read(spec: Arc<CheckSpec>, probe: &mut Probe) -> BoxFuture<'static, ProbeResult> {
    let begun = catch_unwind(AssertUnwindSafe(probe));
    let reading = async move {
        let result = match begun {
            Ok(reading) => timeout(spec.deadline, AssertUnwindSafe(reading).catch_unwind()).await,
            Err(panic) => Ok(Err(panic)),
        };
        match result {
            Ok(Ok(result)) => result.and_then(finite),
            Ok(Err(_)) => {
                Err(Unmeasured("An internal error ended the check; the log has it".to_owned()))
            }
            Err(_) => late(&spec),
        }
    };
    reading.boxed()
}

fn finite(reading: CheckReading) -> ProbeResult {
    match reading.value {
        Some(value) if !value.is_finite() => Err(Unmeasured("There is no value".to_owned())),
        _ => Ok(reading),
    }
}

fn late(spec: &CheckSpec) -> ProbeResult {
    let message = "There was no result in time".to_owned();
    if spec.is_late_critical { Ok(CheckReading::broken(message)) } else { Err(Unmeasured(message)) }
}
