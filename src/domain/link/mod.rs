//! A link between two interfaces, and the commands that change links.

pub(super) mod connect;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod medium;
mod port;
pub(super) mod rules;
pub(super) mod update;

use crate::domain::{InterfaceId, Lifecycle, LinkId, Medium, Override, Status, Timestamp};
use medium::DOWNSTREAM_NM;

/// A cable between two ports.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub id: LinkId,
    pub a: InterfaceId,
    pub b: InterfaceId,
    /// Finite and not negative.
    pub length_km: Option<f64>,
    pub medium: Option<Medium>,
    pub lifecycle: Lifecycle,
    /// Computed: see [`super::status::rules`].
    pub status: Status,
    /// Boxed, because few have one and every link would be larger by it.
    pub status_override: Option<Box<Override>>,
    /// Since when the status is what it is.
    pub status_since: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Link {
    /// Fibre loss at the downstream wavelength in dB; `None` without a length. The
    /// medium defaults to [`Medium::ASSUMED`].
    pub fn loss_db(&self) -> Option<f64> {
        let medium = self.medium.unwrap_or(Medium::ASSUMED);
        self.length_km.map(|km| km * medium.attenuation_db_per_km(DOWNSTREAM_NM))
    }

    pub fn is_in_service(&self) -> bool {
        self.lifecycle == Lifecycle::InService
    }

    /// Whether nothing passes the link, whatever is at its ends: an operator has set it to DOWN, or it
    /// is not in service.
    pub fn is_out_of_use(&self) -> bool {
        self.is_forced_down() || !self.is_in_service()
    }

    /// Whether an operator has set the link to DOWN.
    pub fn is_forced_down(&self) -> bool {
        self.status_override.as_ref().is_some_and(|set| set.status == Status::Down)
    }
}
