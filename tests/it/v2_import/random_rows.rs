//! For any content of v2's tables, the corrected site is one that the world accepts.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use unoc::domain::{DeviceType, Override, ReplaceSite, Site, World};
use unoc::v2_import::{
    CorrectionOutcome, CorrectionRuleId, V2Device, V2Interface, V2Link, V2LinkStatus, V2NextIds,
    V2Tables, correct,
};

use super::NOW;

/// Few different ids, so that rows refer to each other, and some invalid ones.
fn id() -> impl Strategy<Value = i64> {
    prop_oneof![20 => 1..24_i64, 1 => select(vec![0, -1, i64::MIN, i64::MAX, i64::from(i32::MAX)])]
}

/// Mostly words of v2, and some that were written by hand.
fn word(words: Vec<&'static str>) -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(words).prop_map(str::to_owned),
        1 => select(vec!["", " up ", "g.652.d", "ROUTER", "\u{0}", "null"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn name() -> impl Strategy<Value = String> {
    let names = vec![
        "A", "A", "A-2", "OLT-3", "ONT-4-2", "port1", "port2", "mgmt0", "lo0", "", " ", "a\tb",
    ];
    prop_oneof![
        6 => select(names).prop_map(str::to_owned),
        1 => Just("x".repeat(128)),
        1 => Just("x".repeat(129)),
        1 => any::<String>(),
    ]
}

fn number() -> impl Strategy<Value = f64> {
    let odd = vec![
        0.0,
        -0.0,
        -1.5,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN_POSITIVE,
    ];
    prop_oneof![3 => 0.0..40.0, 1 => select(odd), 1 => any::<f64>()]
}

fn time() -> impl Strategy<Value = Option<String>> {
    let times = vec![
        "2025-10-24 08:00:00",
        "2025-10-24 08:00:00.5+02",
        "infinity",
        "0044-03-15 00:00:00 BC",
        "",
    ];
    option::of(select(times).prop_map(str::to_owned))
}

fn device() -> impl Strategy<Value = V2Device> {
    let types = DeviceType::all().map(DeviceType::as_str).collect();
    let status = word(vec!["UP", "DOWN", "DEGRADED", "up"]);
    let numbers =
        (number(), number(), option::of(number()), option::of(number()), option::of(number()));
    let rest = (option::of(id()), option::of(status), option::of(".{0,300}"), time(), time());
    (id(), name(), word(types), numbers, rest).prop_map(|(id, name, kind, numbers, rest)| {
        V2Device {
            id,
            name: name.into(),
            device_type: kind.into(),
            x: numbers.0,
            y: numbers.1,
            tx_power_dbm: numbers.2,
            sensitivity_min_dbm: numbers.3,
            insertion_loss_db: numbers.4,
            parent_container_id: rest.0,
            status_override: rest.1.map(Into::into),
            override_reason: rest.2.map(Into::into),
            created_at: rest.3.map(Into::into),
            updated_at: rest.4.map(Into::into),
        }
    })
}

fn interface() -> impl Strategy<Value = V2Interface> {
    let kind = word(vec!["ETHERNET", "OPTICAL", "OPTICAL", "LOOPBACK"]);
    (id(), name(), kind, option::of(id()), time(), time()).prop_map(
        |(id, name, kind, device_id, created_at, updated_at)| V2Interface {
            id,
            name: name.into(),
            interface_type: kind.into(),
            device_id,
            created_at: created_at.map(Into::into),
            updated_at: updated_at.map(Into::into),
        },
    )
}

fn link() -> impl Strategy<Value = V2Link> {
    let status = option::of(word(vec!["UP", "DOWN", "DEGRADED"]));
    let medium = option::of(word(vec!["G652D", "OM4", "G657A1"]));
    (id(), status, (option::of(id()), option::of(id())), option::of(number()), medium, time())
        .prop_map(|(id, status, ends, length_km, medium, at)| V2Link {
            id,
            status: status.map(Into::into),
            a_interface_id: ends.0,
            b_interface_id: ends.1,
            length_km,
            physical_medium_id: medium.map(Into::into),
            created_at: at.clone().map(Into::into),
            updated_at: at.map(Into::into),
        })
}

fn next() -> impl Strategy<Value = Option<u64>> {
    option::of(prop_oneof![0..100_u64, Just(u64::MAX)])
}

fn tables() -> impl Strategy<Value = V2Tables> {
    let next_ids = (next(), next(), next());
    (vec(device(), 0..24), vec(interface(), 0..40), vec(link(), 0..30), next_ids).prop_map(
        |(devices, interfaces, links, next)| V2Tables {
            devices,
            interfaces,
            links,
            next_ids: V2NextIds { device: next.0, interface: next.1, link: next.2 },
        },
    )
}

/// A site as v2 would have stored it.
fn as_tables(site: &Site) -> V2Tables {
    let time = |at: unoc::domain::Timestamp| {
        let value = serde_json::to_value(unoc::wire::Time(at)).expect("a time");
        value.as_str().map(Into::into)
    };
    let id = |id: u64| i64::try_from(id).expect("small");
    let word = |set: &Option<Box<Override>>| set.as_ref().map(|set| set.status.as_str().into());
    V2Tables {
        devices: site
            .devices
            .iter()
            .map(|device| V2Device {
                id: id(device.id.0),
                name: device.name.as_str().into(),
                device_type: device.device_type.as_str().into(),
                x: device.position.x,
                y: device.position.y,
                tx_power_dbm: device.optics.tx_power_dbm,
                sensitivity_min_dbm: device.optics.sensitivity_min_dbm,
                insertion_loss_db: device.optics.insertion_loss_db,
                parent_container_id: device.parent.map(|parent| id(parent.0)),
                status_override: word(&device.status_override),
                override_reason: device
                    .status_override
                    .as_ref()
                    .and_then(|set| set.reason.as_ref())
                    .map(|reason| reason.as_str().into()),
                created_at: time(device.created_at),
                updated_at: time(device.updated_at),
            })
            .collect(),
        interfaces: site
            .interfaces
            .iter()
            .map(|port| V2Interface {
                id: id(port.id.0),
                name: port.name.as_str().into(),
                interface_type: port.interface_type.as_str().into(),
                device_id: Some(id(port.device.0)),
                created_at: time(port.created_at),
                updated_at: time(port.updated_at),
            })
            .collect(),
        links: site
            .links
            .iter()
            .map(|link| V2Link {
                id: id(link.id.0),
                status: Some(word(&link.status_override).unwrap_or("UP".into())),
                a_interface_id: Some(id(link.a.0)),
                b_interface_id: Some(id(link.b.0)),
                length_km: link.length_km,
                physical_medium_id: link.medium.map(|medium| medium.as_str().into()),
                created_at: time(link.created_at),
                updated_at: time(link.updated_at),
            })
            .collect(),
        next_ids: V2NextIds {
            device: Some(site.counters.device),
            interface: Some(site.counters.interface),
            link: Some(site.counters.link),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_corrected_site_is_accepted(tables in tables(), status in select(vec![V2LinkStatus::Compute, V2LinkStatus::Keep])) {
        let found = tables.counts();
        let corrected = correct(tables, status, NOW);
        let report = &corrected.report;
        prop_assert_eq!(report.read, found);
        // Each row is in the site, or the report says that it was left out.
        let skipped = report.findings.iter().filter(|row| row.rule.row().outcome == CorrectionOutcome::Skipped).count();
        let new_ports = report.findings.iter().filter(|row| row.rule == CorrectionRuleId::PortTaken).count();
        let loaded = report.loaded.devices + report.loaded.interfaces + report.loaded.links;
        prop_assert_eq!(found.devices + found.interfaces + found.links + new_ports, loaded + skipped);
        let mut world = World::default();
        let accepted = world.execute(ReplaceSite(corrected.site.clone()), NOW);
        accepted.map_err(|refusal| TestCaseError::fail(refusal.to_string()))?;
        world.check_invariants().map_err(|violation| TestCaseError::fail(violation.to_string()))?;
    }

    #[test]
    fn a_corrected_site_needs_no_correction(tables in tables()) {
        let once = correct(tables, V2LinkStatus::Keep, NOW).site;
        prop_assume!(once.counters.interface < 1 << 60 && once.counters.device < 1 << 60 && once.counters.link < 1 << 60);
        let again = correct(as_tables(&once), V2LinkStatus::Keep, NOW);
        let findings: Vec<_> = again.report.findings.iter().filter(|row| row.rule != CorrectionRuleId::LinkHeld).collect();
        prop_assert!(findings.is_empty(), "{findings:?}");
        prop_assert_eq!(again.site, once);
    }
}
