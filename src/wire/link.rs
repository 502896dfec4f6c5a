//! A link as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;
use super::time::Time;
use crate::domain::{Link, Medium, OverrideReason, Status};

/// A link between two interfaces. The first seven keys are v2's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Link)]
pub struct LinkView<'a> {
    pub id: u64,
    /// Computed from its ends and its override.
    #[schema(schema_with = schemas::status_schema)]
    pub status: &'static str,
    pub a_interface_id: u64,
    pub b_interface_id: u64,
    pub length_km: Option<f64>,
    #[schema(schema_with = schemas::nullable_medium_schema)]
    pub physical_medium_id: Option<&'static str>,
    /// Fibre loss at the downstream wavelength; null if the length is unknown.
    pub link_loss_db: Option<f64>,
    #[schema(schema_with = schemas::nullable_status_schema)]
    pub status_override: Option<&'static str>,
    pub override_reason: Option<&'a str>,
    /// When the status last changed.
    #[schema(value_type = String, format = DateTime)]
    pub status_since: Time,
    /// Only what is in service alarms.
    #[schema(schema_with = schemas::lifecycle_schema)]
    pub lifecycle: &'static str,
    /// When the override ends by itself; null for one that stays until it is cleared.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub override_ends_at: Option<Time>,
    /// Whether the override is planned work, which alarms nobody.
    pub override_is_planned_work: bool,
}

/// A link with its times, as in events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkTimed)]
pub struct LinkTimedView<'a> {
    #[serde(flatten)]
    pub link: LinkView<'a>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Time,
}

impl<'a> LinkView<'a> {
    pub fn new(link: &'a Link) -> Self {
        let set = link.status_override.as_deref();
        Self {
            id: link.id.0,
            status: link.status.as_str(),
            a_interface_id: link.a.0,
            b_interface_id: link.b.0,
            length_km: link.length_km,
            physical_medium_id: link.medium.map(Medium::as_str),
            link_loss_db: link.loss_db(),
            status_override: set.map(|set| Status::as_str(set.status)),
            override_reason: set.and_then(|set| set.reason.as_ref()).map(OverrideReason::as_str),
            status_since: Time(link.status_since),
            lifecycle: link.lifecycle.as_str(),
            override_ends_at: set.and_then(|set| set.ends_at).map(Time),
            override_is_planned_work: set.is_some_and(|set| set.is_planned_work),
        }
    }
}

impl<'a> LinkTimedView<'a> {
    pub fn new(link: &'a Link) -> Self {
        Self {
            link: LinkView::new(link),
            created_at: Time(link.created_at),
            updated_at: Time(link.updated_at),
        }
    }
}
