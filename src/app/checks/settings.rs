//! What operators have changed at run time, and what the service has changed by itself: why something is off or
//! comes late.

use super::measure::{float, milliseconds};
use crate::domain::Timestamp;
use crate::health::{CheckReading, ProbeTable};
use crate::settings::RuntimeSettings;
use crate::util::counted;
use crate::wire::Time;

pub(super) fn add(probes: &mut ProbeTable, settings: &RuntimeSettings) {
    let of_features = settings.clone();
    probes.add("settings.off", move || {
        let reading = switched_off(&of_features);
        async move { Ok(reading) }
    });
    let of_delivery = settings.clone();
    probes.add("events.interval", move || {
        let reading = chosen_interval(&of_delivery);
        async move { Ok(reading) }
    });
}

/// How many features are off. The message has every setting that is not at its default.
fn switched_off(settings: &RuntimeSettings) -> CheckReading {
    let changed = settings.changed();
    let off = changed.iter().filter(|(spec, _)| spec.is_feature).count();
    let texts = changed.iter().map(|(spec, change)| {
        let value = change.value.unwrap_or(spec.default);
        let end = change.ends_at.map_or(String::new(), |at| format!(" until {}", second(at)));
        format!("{}: {}{end}, set by {}", spec.title, spec.text(value), change.actor)
    });
    let message = texts.collect::<Vec<_>>().join("; ");
    let reading = CheckReading::of(float(off as u64));
    if message.is_empty() { reading } else { reading.with(message) }
}

/// A time without parts of a second: `2026-11-29T02:15:00Z`.
fn second(at: Timestamp) -> String {
    let text = Time(at).to_string();
    format!("{}Z", text.split(['.', 'Z']).next().unwrap_or_default())
}

/// The interval that the service has chosen itself. The message has the clients that cannot follow.
fn chosen_interval(settings: &RuntimeSettings) -> CheckReading {
    let delivery = settings.delivery();
    let reading = CheckReading::of(milliseconds(delivery.own_interval));
    match delivery.v2.slowed_count + delivery.live.slowed_count {
        0 => reading,
        slowed => reading.with(format!(
            "{} cannot follow and {} asked to read everything again, each at most every few seconds",
            counted(slowed, "client"),
            if slowed == 1 { "is" } else { "are" }
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_no_parts_of_a_second() {
        for micros in [1_795_000_000_000_000, 1_795_000_000_772_034] {
            assert_eq!(second(Timestamp(micros)), "2026-11-18T11:06:40Z");
        }
    }
}
