//! The generated networks.

use unoc::domain::{Blueprint, DeviceClass, ReseedSite, SignalClass, Status, Timestamp, World};

#[test]
fn problems_come_from_the_plant_and_not_from_receivers() {
    let mut world = World::default();
    world.execute(ReseedSite(Blueprint::Demo), Timestamp(0)).unwrap();
    world.check_invariants().unwrap();
    let mut problems = Vec::new();
    for device in world.devices() {
        let optics = device.optics;
        assert_eq!((optics.tx_power_dbm, optics.sensitivity_min_dbm), (None, None));
        let is_leaf = device.device_type.class() == DeviceClass::Leaf;
        if device.effective_status() != Status::Up || is_leaf && device.signal.is_some() {
            let class = device.signal.map(|signal| signal.class);
            if (class, device.effective_status()) != (Some(SignalClass::Ok), Status::Up) {
                problems.push((device.name.to_string(), device.effective_status(), class));
            }
        }
    }
    problems.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [
        ("ONT-1-1-05", Status::Up, Some(SignalClass::Warning)),
        ("ONT-1-2-10", Status::Degraded, Some(SignalClass::Critical)),
        ("ONT-2-1-07", Status::Down, Some(SignalClass::NoSignal)),
        ("ONT-2-2-08", Status::Down, None),
    ];
    assert_eq!(problems, expected.map(|(name, status, class)| (name.to_owned(), status, class)));
}
