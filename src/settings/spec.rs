//! The table of settings.

/// A setting. Its number is its place in [`SETTINGS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuntimeSetting {
    EventInterval,
    V2EventsMax,
    LiveChangesMax,
    V2Events,
    LogStreaming,
    Forecasts,
    Exports,
    Imports,
}

/// A row of the table of settings.
#[derive(Debug)]
pub struct SettingSpec {
    pub setting: RuntimeSetting,
    /// Its name in the API and in the store; it never changes.
    pub key: &'static str,
    pub title: &'static str,
    /// What it does.
    pub effect: &'static str,
    /// A feature is on (1) or off (0).
    pub is_feature: bool,
    /// Of a number.
    pub unit: Option<&'static str>,
    pub default: u64,
    pub min: u64,
    pub max: u64,
}

impl SettingSpec {
    const fn number(
        setting: RuntimeSetting,
        key: &'static str,
        (title, effect): (&'static str, &'static str),
        unit: &'static str,
        (min, default, max): (u64, u64, u64),
    ) -> Self {
        let unit = Some(unit);
        Self { setting, key, title, effect, is_feature: false, unit, default, min, max }
    }

    const fn feature(
        setting: RuntimeSetting,
        key: &'static str,
        (title, effect): (&'static str, &'static str),
    ) -> Self {
        let (is_feature, unit) = (true, None);
        Self { setting, key, title, effect, is_feature, unit, default: 1, min: 0, max: 1 }
    }

    /// Returns the row of a key.
    pub fn of_key(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|spec| spec.key == key)
    }

    pub fn allows(&self, value: u64) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// A value for people: `500 ms`, `off`.
    pub fn text(&self, value: u64) -> String {
        match (self.unit, value) {
            (Some(unit), value) => format!("{value} {unit}"),
            (None, 0) => "off".to_owned(),
            (None, _) => "on".to_owned(),
        }
    }
}

impl RuntimeSetting {
    pub fn spec(self) -> &'static SettingSpec {
        &SETTINGS[self as usize]
    }
}

/// Longest interval: a page that is 10 s old is still of use.
const EVENT_INTERVAL_MS_MAX: u64 = 10_000;
/// Fewest changes that are sent one by one: a device is provisioned with up to 50.
const BATCH_MIN: u64 = 50;
/// Half of what a client's buffer holds.
const V2_EVENTS_MAX: u64 = 2_000;
/// About 250 kB, which is kept for each slow client; reading the list again is faster from there on.
const LIVE_CHANGES_MAX: u64 = 500;

/// A number rather than the length of [`SETTINGS`]: as that is computed by a function, a type that depends on it
/// is a cycle to the compiler when it optimises.
pub(super) const SETTING_COUNT: usize = 8;

/// Every setting, in the order of its numbers.
pub const SETTINGS: [SettingSpec; SETTING_COUNT] = [
    SettingSpec::number(
        RuntimeSetting::EventInterval,
        "event_interval_ms",
        (
            "Interval of events",
            "The least time between two events about the network to a client. With 0, programs written for v2 \
             get each change at once, and pages at most 20 updates a second.",
        ),
        "ms",
        (0, 0, EVENT_INTERVAL_MS_MAX),
    ),
    SettingSpec::number(
        RuntimeSetting::V2EventsMax,
        "v2_events_max",
        (
            "Largest batch on /",
            "When more events are due at once, programs written for v2 are asked to read everything again.",
        ),
        "events",
        (BATCH_MIN, V2_EVENTS_MAX, V2_EVENTS_MAX),
    ),
    SettingSpec::number(
        RuntimeSetting::LiveChangesMax,
        "live_changes_max",
        (
            "Largest batch on /live",
            "When more devices, interfaces and links changed, pages are asked to read everything again.",
        ),
        "changes",
        (BATCH_MIN, LIVE_CHANGES_MAX, LIVE_CHANGES_MAX),
    ),
    SettingSpec::feature(
        RuntimeSetting::V2Events,
        "v2_events",
        (
            "Events for programs written for v2",
            "Off: the namespace / sends nothing. When it is on again, its clients are asked to read everything.",
        ),
    ),
    SettingSpec::feature(
        RuntimeSetting::LogStreaming,
        "log_streaming",
        (
            "Live log",
            "Off: the page Logs does not follow the log; it can still be read and downloaded.",
        ),
    ),
    SettingSpec::feature(
        RuntimeSetting::Forecasts,
        "forecasts",
        (
            "Forecasts",
            "Off: POST /api/simulate is refused, and dialogs do not show what a change would do.",
        ),
    ),
    SettingSpec::feature(
        RuntimeSetting::Exports,
        "exports",
        ("Exports", "Off: the site and its tables cannot be exported as JSON Lines and CSV."),
    ),
    SettingSpec::feature(
        RuntimeSetting::Imports,
        "imports",
        ("Imports", "Off: CSV tables cannot be imported or tried."),
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_row_is_at_the_place_of_its_number() {
        for (index, spec) in SETTINGS.iter().enumerate() {
            assert_eq!(spec.setting as usize, index, "{}", spec.key);
            assert!(spec.allows(spec.default), "{}", spec.key);
            assert_eq!(spec.is_feature, spec.unit.is_none(), "{}", spec.key);
            assert!(spec.effect.ends_with('.'), "{}", spec.key);
        }
        let keys: BTreeSet<&str> = SETTINGS.iter().map(|spec| spec.key).collect();
        assert_eq!(keys.len(), SETTINGS.len(), "each key once");
    }
}
