//! What an operator changes while the service runs, and how fast events are sent.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::{Body422, Origin};
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::settings::{
    DeliveryFacts, FOR_S_MAX, NamespaceFacts, NewSetting, RuntimeSetting, RuntimeSettings,
    SETTINGS, SettingSpec,
};
use crate::util::milliseconds;
use crate::wire::Time;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(settings, change_settings))
}

/// The settings that are changed while the service runs.
#[derive(Serialize, ToSchema)]
#[schema(as = Settings)]
struct SettingsView {
    settings: Vec<SettingView>,
    delivery: DeliveryView,
    /// Longest `for_s`.
    for_s_max: u64,
}

/// A setting, its value and who changed it last.
#[derive(Serialize, ToSchema)]
#[schema(as = Setting)]
struct SettingView {
    /// Its name in `PATCH /api/settings`; it never changes.
    key: &'static str,
    title: &'static str,
    /// What it does.
    effect: &'static str,
    value: SettingValue,
    default: SettingValue,
    /// Of a number: its unit, and the least and the greatest value.
    unit: Option<&'static str>,
    min: Option<u64>,
    max: Option<u64>,
    /// Who changed it last; null if it never was.
    changed_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    changed_at: Option<Time>,
    /// When it goes back to the default by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Time>,
}

/// A number, or whether a feature is on.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum SettingValue {
    Number(u64),
    Switch(bool),
}

impl SettingValue {
    fn of(spec: &SettingSpec, value: u64) -> Self {
        if spec.is_feature { Self::Switch(value != 0) } else { Self::Number(value) }
    }
}

/// How events are sent at present. Clients that cannot follow are asked to read everything again, each at most
/// every few seconds; that goes up to 8 s, and back by itself.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
struct DeliveryView {
    /// The least time between two batches to a client of `/live`.
    interval_ms: u64,
    /// The interval that the service has chosen itself, because there were more commits than it could send; 0
    /// otherwise.
    own_interval_ms: u64,
    namespaces: [NamespaceView; 2],
    /// Clients that follow the log.
    log_follower_count: u64,
}

/// The clients of a namespace of Socket.IO.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryNamespace)]
struct NamespaceView {
    namespace: &'static str,
    client_count: u64,
    /// Those that missed something and are to read everything again.
    behind_count: u64,
    /// Those that missed something repeatedly, and are asked less often.
    slowed_count: u64,
    /// The longest time between two such requests to one client.
    longest_wait_ms: u64,
}

impl SettingsView {
    fn of(settings: &RuntimeSettings) -> Self {
        Self {
            settings: SETTINGS.iter().map(|spec| SettingView::of(spec, settings)).collect(),
            delivery: settings.delivery().into(),
            for_s_max: FOR_S_MAX,
        }
    }
}

impl SettingView {
    fn of(spec: &'static SettingSpec, settings: &RuntimeSettings) -> Self {
        let last = settings.last_change(spec.setting);
        let bound = |bound| Some(bound).filter(|_| !spec.is_feature);
        Self {
            key: spec.key,
            title: spec.title,
            effect: spec.effect,
            value: SettingValue::of(spec, settings.value(spec.setting)),
            default: SettingValue::of(spec, spec.default),
            unit: spec.unit,
            min: bound(spec.min),
            max: bound(spec.max),
            changed_at: last.as_ref().map(|change| Time(change.changed_at)),
            ends_at: last.as_ref().and_then(|change| change.ends_at).map(Time),
            changed_by: last.map(|change| change.actor),
        }
    }
}

impl From<DeliveryFacts> for DeliveryView {
    fn from(facts: DeliveryFacts) -> Self {
        Self {
            interval_ms: milliseconds(facts.interval),
            own_interval_ms: milliseconds(facts.own_interval),
            namespaces: [NamespaceView::of("/", facts.v2), NamespaceView::of("/live", facts.live)],
            log_follower_count: facts.log_followers.used,
        }
    }
}

impl NamespaceView {
    fn of(namespace: &'static str, facts: NamespaceFacts) -> Self {
        Self {
            namespace,
            client_count: facts.client_count,
            behind_count: facts.behind_count,
            slowed_count: facts.slowed_count,
            longest_wait_ms: milliseconds(facts.longest_wait),
        }
    }
}

/// Settings to change.
struct SettingsPatch {
    new: Vec<NewSetting>,
    wait: Option<Duration>,
}

/// Settings to change; null sets one back to its default.
#[derive(ToSchema)]
#[schema(as = SettingsPatch)]
#[expect(
    dead_code,
    reason = "read by the OpenAPI generator only; `SettingsPatch` holds the change"
)]
struct PatchSchema {
    #[schema(minimum = 0, maximum = 10_000)]
    event_interval_ms: Option<u64>,
    #[schema(minimum = 50, maximum = 2_000)]
    v2_events_max: Option<u64>,
    #[schema(minimum = 50, maximum = 500)]
    live_changes_max: Option<u64>,
    v2_events: Option<bool>,
    log_streaming: Option<bool>,
    forecasts: Option<bool>,
    exports: Option<bool>,
    imports: Option<bool>,
    /// After so many seconds those that are not null go back to their defaults by themselves; if absent, they
    /// stay.
    #[schema(nullable = false, minimum = 1, maximum = 604_800)]
    for_s: Option<u64>,
}

/// Why `for_s` is refused.
const NOTHING_ENDS: &str = "for_s needs a setting beside it that is not null, such as \"exports\": false; null sets \
                            one back for good";

impl FromFields for SettingsPatch {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let mut new = Vec::new();
        for spec in &SETTINGS {
            let (setting, key) = (spec.setting, spec.key);
            let value = match spec.is_feature {
                true => fields.nullable(key, |value| parse::boolean(value).map(u64::from)),
                false => fields.nullable(key, parse::integer_in(spec.min, spec.max)),
            };
            new.extend(value.map(|value| NewSetting { setting, value }));
        }
        let sets_none = SETTINGS.iter().all(|spec| !fields.has_value(spec.key));
        let for_s = fields.present("for_s", |value| {
            let for_s = parse::integer_in(1, FOR_S_MAX)(value)?;
            if sets_none { Err(parse::contradiction(NOTHING_ENDS)) } else { Ok(for_s) }
        });
        let known: Vec<&str> = SETTINGS.iter().map(|spec| spec.key).chain(["for_s"]).collect();
        fields.refuse_others(&known);
        Some(Self { new, wait: for_s.map(Duration::from_secs) })
    }
}

/// The settings that are changed while the service runs, and how events are sent at present.
#[utoipa::path(
    get,
    path = "/api/settings",
    tag = "settings",
    responses((status = 200, body = SettingsView))
)]
async fn settings(State(state): State<ApiState>) -> Json<SettingsView> {
    Json(SettingsView::of(state.settings()))
}

/// Changes settings, all or none. They are in force at once and after a restart, until they are changed again or
/// `for_s` is over.
#[utoipa::path(
    patch,
    path = "/api/settings",
    tag = "settings",
    request_body = PatchSchema,
    responses((status = 200, body = SettingsView))
)]
async fn change_settings(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(SettingsPatch { new, wait }): Body422<SettingsPatch>,
) -> Result<Json<SettingsView>, ApiError> {
    if !new.is_empty() {
        state.settings().change(state.handle(), &new, wait, origin).await?;
    }
    Ok(Json(SettingsView::of(state.settings())))
}

impl ApiState {
    /// Refuses a request for a feature that is off.
    pub(super) fn require(&self, feature: RuntimeSetting) -> Result<(), ApiError> {
        if self.settings().is_on(feature) { Ok(()) } else { Err(ApiError::SwitchedOff(feature)) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_has_every_setting() {
        let schema =
            serde_json::to_value(<PatchSchema as utoipa::PartialSchema>::schema()).unwrap();
        let documented = schema["properties"].as_object().unwrap();
        let keys: BTreeSet<&str> = documented.keys().map(String::as_str).collect();
        let expected = SETTINGS.iter().map(|spec| spec.key).chain(["for_s"]);
        assert_eq!(keys, expected.collect());
        for spec in SETTINGS.iter().filter(|spec| !spec.is_feature) {
            let property = &schema["properties"][spec.key];
            assert_eq!(property["minimum"], spec.min, "{}", spec.key);
            assert_eq!(property["maximum"], spec.max, "{}", spec.key);
        }
        assert_eq!(schema["properties"]["for_s"]["maximum"], FOR_S_MAX);
    }
}
