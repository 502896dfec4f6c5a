//! Optical reference tables.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::ApiState;
use crate::domain::{Medium, PON_CLASSES, PonClassRow};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list_fiber_types)).routes(routes!(list_classes))
}

/// A fibre medium.
#[derive(Serialize, ToSchema)]
struct FiberType {
    /// The value of `physical_medium_id`.
    id: &'static str,
    attenuations: Vec<AttenuationView>,
}

/// Design attenuation at a wavelength.
#[derive(Serialize, ToSchema)]
#[schema(as = Attenuation)]
struct AttenuationView {
    wavelength_nm: u32,
    attenuation_db_per_km: f64,
}

/// A class of PON transceivers: powers in dBm, losses in dB, wavelengths in nm.
#[derive(Serialize, ToSchema)]
#[schema(as = PonClass)]
struct PonClassView {
    /// The value of `pon_class`.
    id: &'static str,
    source: &'static str,
    olt_tx_min_dbm: f64,
    olt_tx_max_dbm: f64,
    onu_sensitivity_dbm: f64,
    onu_overload_dbm: f64,
    onu_tx_min_dbm: f64,
    onu_tx_max_dbm: f64,
    olt_sensitivity_dbm: f64,
    olt_overload_dbm: f64,
    penalty_down_db: f64,
    penalty_up_db: f64,
    odn_loss_min_db: f64,
    odn_loss_max_db: f64,
    downstream_nm: u32,
    upstream_nm: u32,
}

/// The fibre media and their attenuation per kilometre.
#[utoipa::path(
    get,
    path = "/api/optical/fiber-types",
    tag = "optics",
    responses((status = 200, body = Vec<FiberType>))
)]
async fn list_fiber_types() -> Json<Vec<FiberType>> {
    let fiber_type = |medium: Medium| FiberType {
        id: medium.as_str(),
        attenuations: medium
            .attenuations()
            .iter()
            .map(|row| AttenuationView {
                wavelength_nm: row.wavelength_nm,
                attenuation_db_per_km: row.attenuation_db_per_km,
            })
            .collect(),
    };
    Json(Medium::ALL.into_iter().map(fiber_type).collect())
}

/// The transceiver classes for the `pon_class` of an OLT.
#[utoipa::path(
    get,
    path = "/api/optical/classes",
    tag = "optics",
    responses((status = 200, body = Vec<PonClassView>))
)]
async fn list_classes() -> Json<Vec<PonClassView>> {
    Json(PON_CLASSES.iter().map(class_view).collect())
}

fn class_view(row: &PonClassRow) -> PonClassView {
    PonClassView {
        id: row.word,
        source: row.source,
        olt_tx_min_dbm: row.olt_tx_min_dbm,
        olt_tx_max_dbm: row.olt_tx_max_dbm,
        onu_sensitivity_dbm: row.onu_sensitivity_dbm,
        onu_overload_dbm: row.onu_overload_dbm,
        onu_tx_min_dbm: row.onu_tx_min_dbm,
        onu_tx_max_dbm: row.onu_tx_max_dbm,
        olt_sensitivity_dbm: row.olt_sensitivity_dbm,
        olt_overload_dbm: row.olt_overload_dbm,
        penalty_down_db: row.penalty_down_db,
        penalty_up_db: row.penalty_up_db,
        odn_loss_min_db: row.odn_loss_min_db,
        odn_loss_max_db: row.odn_loss_max_db,
        downstream_nm: row.downstream_nm,
        upstream_nm: row.upstream_nm,
    }
}
