//! Why a request about checks failed.

#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    #[error("Check not found")]
    NotFound,
    #[error("the service is stopping")]
    Stopping,
}
