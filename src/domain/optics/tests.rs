//! Planning vectors, and the borders between the classes of signals.

use crate::domain::{
    ConnectDevices, CreateDevice, DeviceId, DevicePatch, DeviceType, Direction, InterfaceType,
    Lifecycle, Name, NewDevice, Optics, PonClass, Position, Signal, SignalClass, Status, Timestamp,
    UpdateDevice, World,
};

const NOW: Timestamp = Timestamp(0);

/// A PON with a splitter of this ratio behind a fibre; connectors and splices are losses of the
/// passive parts beside it.
struct Pon {
    world: World,
    olt: DeviceId,
    odf: DeviceId,
    ont: DeviceId,
}

fn device(world: &mut World, device_type: DeviceType, name: &str, optics: Optics) -> DeviceId {
    let new = NewDevice {
        name: Name::new(name).unwrap(),
        device_type,
        parent: None,
        validate_upstream: false,
        position: Position::default(),
        optics,
        lifecycle: Lifecycle::InService,
        details: None,
    };
    world.execute(CreateDevice(new), NOW).unwrap().reply.device.id
}

fn link(world: &mut World, a: DeviceId, b: DeviceId, length_km: Option<f64>) {
    let new = ConnectDevices {
        a,
        b,
        interface_type: InterfaceType::Optical,
        ports: [None; 2],
        status: Status::Up,
        length_km,
        medium: None,
        validate: true,
    };
    world.execute(new, NOW).unwrap();
}

fn with_loss(db: f64) -> Optics {
    Optics { insertion_loss_db: Some(db), ..Optics::default() }
}

/// Gateway - core - edge - OLT, which is UP then.
fn olt(world: &mut World, pon_class: Option<PonClass>) -> DeviceId {
    let chain = [DeviceType::BackboneGateway, DeviceType::CoreRouter, DeviceType::EdgeRouter];
    let chain = chain.map(|kind| device(world, kind, kind.as_str(), Optics::default()));
    let olt = device(world, DeviceType::Olt, "OLT", Optics { pon_class, ..Optics::default() });
    for (above, below) in chain.into_iter().zip([chain[1], chain[2], olt]) {
        link(world, above, below, None);
    }
    olt
}

impl Pon {
    fn new(class: PonClass, km: f64, ratio: usize, connectors: u32, splices: u32) -> Self {
        let mut world = World::default();
        let olt = olt(&mut world, Some(class));
        let odf = with_loss(f64::from(connectors) * 0.5);
        let odf = device(&mut world, DeviceType::Odf, "ODF", odf);
        let sleeve = with_loss(f64::from(splices) * 0.1);
        let sleeve = device(&mut world, DeviceType::Hop, "sleeve", sleeve);
        let splitter = device(&mut world, DeviceType::Splitter, "splitter", Optics::default());
        link(&mut world, olt, odf, None);
        link(&mut world, odf, sleeve, Some(km));
        link(&mut world, sleeve, splitter, None);
        let mut ont = DeviceId(0);
        for number in 0..ratio {
            ont = device(&mut world, DeviceType::Ont, &format!("ONT {number}"), Optics::default());
            link(&mut world, splitter, ont, None);
        }
        Self { world, olt, odf, ont }
    }

    /// An ONT straight behind an ODF, with the planning values.
    fn direct() -> Self {
        let mut world = World::default();
        let olt = olt(&mut world, None);
        let odf = device(&mut world, DeviceType::Odf, "ODF", Optics::default());
        let ont = device(&mut world, DeviceType::Ont, "ONT", Optics::default());
        link(&mut world, olt, odf, None);
        link(&mut world, odf, ont, None);
        Self { world, olt, odf, ont }
    }

    fn tune(&mut self, id: DeviceId, patch: DevicePatch) {
        self.world.execute(UpdateDevice { id, patch }, NOW).unwrap();
    }

    fn signal(&self) -> Signal {
        self.world.device(self.ont).unwrap().signal.unwrap()
    }
}

/// The vectors of `domain.md`: upstream at 1310 nm, connectors of 0.5 dB, splices of 0.1 dB.
#[test]
fn the_planning_vectors() {
    use PonClass::{GponBPlus, GponCPlus};
    use SignalClass::{Critical, NoSignal, Overload};
    let check = |pon: Pon, loss_up_db: f64, margin_db: f64, class: SignalClass| {
        let signal = pon.signal();
        let row = pon.world.device(pon.olt).unwrap().optics.pon_class.unwrap().row();
        let loss_db = row.onu_tx_min_dbm - signal.rx_up_dbm;
        assert!((loss_db - loss_up_db).abs() < 1e-9, "{loss_db} dB: {signal:?}");
        assert!((signal.margin_db - margin_db).abs() < 1e-9, "{signal:?}");
        assert_eq!(signal.class, class, "{signal:?}");
    };
    check(Pon::new(GponBPlus, 20.0, 32, 4, 6), 26.8, 1.2, Critical);
    check(Pon::new(GponBPlus, 20.0, 64, 4, 6), 31.1, -3.1, NoSignal);
    check(Pon::new(GponCPlus, 20.0, 64, 4, 6), 31.1, 0.9, Critical);
    check(Pon::new(GponBPlus, 0.1, 2, 2, 0), 5.335, 22.665, Overload);
}

#[test]
fn the_worse_direction_binds() {
    let pon = Pon::new(PonClass::GponBPlus, 20.0, 32, 4, 6);
    let signal = pon.signal();
    assert_eq!(signal.limiting, Direction::Up);
    // Down: 1.5 dBm - (5.0 + 17.2 + 2.6) dB.
    assert!((signal.rx_down_dbm + 23.3).abs() < 1e-9, "{signal:?}");
    let mut pon = pon;
    let insensitive =
        DevicePatch { sensitivity_min_dbm: Some(Some(-24.0)), ..DevicePatch::default() };
    pon.tune(pon.ont, insensitive);
    let signal = pon.signal();
    assert_eq!(signal.limiting, Direction::Down);
    assert!((signal.margin_db - 0.2).abs() < 1e-9, "with the path penalty of 0.5: {signal:?}");
}

#[test]
fn borders_belong_to_the_better_class() {
    use SignalClass::{Critical, NoSignal, Ok, Overload, Warning};
    let mut pon = Pon::direct();
    // The OLT receives 0.5 dBm less the loss, and needs -28 dBm; the ONT tolerates 5 dBm less 13 dB.
    for (loss_db, class, limiting) in [
        (12.999_999, Overload, Direction::Down),
        (13.0, Ok, Direction::Up),
        (22.5, Ok, Direction::Up),
        (22.500_001, Warning, Direction::Up),
        (25.5, Warning, Direction::Up),
        (25.500_001, Critical, Direction::Up),
        (28.5, Critical, Direction::Up),
        (28.500_001, NoSignal, Direction::Up),
        (1e12, NoSignal, Direction::Up),
    ] {
        let patch =
            DevicePatch { insertion_loss_db: Some(Some(loss_db)), ..DevicePatch::default() };
        pon.tune(pon.odf, patch);
        let signal = pon.signal();
        assert_eq!((signal.class, signal.limiting), (class, limiting), "{loss_db} dB: {signal:?}");
    }
    let loud = DevicePatch { tx_power_dbm: Some(Some(9.0)), ..DevicePatch::default() };
    pon.tune(pon.ont, loud);
    let patch = DevicePatch { insertion_loss_db: Some(Some(14.0)), ..DevicePatch::default() };
    pon.tune(pon.odf, patch);
    assert_eq!((pon.signal().class, pon.signal().limiting), (Overload, Direction::Up));
}
