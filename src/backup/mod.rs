//! Backups that prove themselves.
mod activity;
mod backups;
mod catalog;
mod diff;
mod dump;
mod error;
mod files;
mod keys;
mod load;
mod make;
mod manifest;
mod name;
mod notes;
mod restore;
mod retention;
mod seal;
mod stage;
mod verify;
pub mod targets {
    #[derive(Debug, thiserror::Error)]
    #[error("x")]
    pub struct TargetError;
    pub struct Target;
    impl Target {
        pub fn name(&self) -> &str {
            ""
        }
    }
}
