//! Files on disk: opened or refused, whole after a power cut, a failing disk and a full one.

mod audit_trail;
mod crash_images;
mod denied;
pub(crate) mod disk_full;
mod incidents;
mod io_errors;
mod notices;
mod opening;
mod outages;
