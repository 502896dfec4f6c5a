//! Creating and connecting the devices of a generated network.

use std::fmt;

use crate::domain::device::provision::provision;
use crate::domain::interface::create::add_port;
use crate::domain::link::create::put_link;
use crate::domain::plant::assumed_joins::put_join;
use crate::domain::transaction::Transaction;
use crate::domain::{
    Device, DeviceId, DeviceType, InterfaceId, InterfaceType, Lifecycle, Medium, Name, NewDevice,
    Optics, Override, OverrideReason, Position, Status,
};

/// Builds a network through the same functions that commands use.
pub(super) struct NetworkBuilder<'e, 'w> {
    transaction: &'e mut Transaction<'w>,
}

/// The container and the position of a device.
#[derive(Clone, Copy)]
pub(super) struct Placement {
    pub(super) parent: Option<DeviceId>,
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Why no rule refuses a generated device.
const GENERATED: &str = "a generated network has unique names and existing ports";

impl<'e, 'w> NetworkBuilder<'e, 'w> {
    pub(super) fn new(transaction: &'e mut Transaction<'w>) -> Self {
        Self { transaction }
    }

    pub(super) fn device(
        &mut self,
        device_type: DeviceType,
        name: fmt::Arguments<'_>,
        placement: Placement,
    ) -> DeviceId {
        self.device_with(device_type, name, placement, Optics::default())
    }

    pub(super) fn device_with(
        &mut self,
        device_type: DeviceType,
        name: fmt::Arguments<'_>,
        placement: Placement,
        optics: Optics,
    ) -> DeviceId {
        let new = NewDevice {
            name: Name::generated(name),
            device_type,
            parent: placement.parent,
            validate_upstream: true,
            position: Position { x: placement.x, y: placement.y },
            optics,
            lifecycle: Lifecycle::InService,
            details: None,
        };
        provision(self.transaction, new).expect(GENERATED)
    }

    /// The port of a provisioned device with this index.
    pub(super) fn port(&self, device: DeviceId, index: usize) -> InterfaceId {
        *self.transaction.world().ports(device).get(index).expect(GENERATED)
    }

    /// A further port, as connecting devices creates one.
    pub(super) fn new_port(&mut self, device: DeviceId, kind: InterfaceType) -> InterfaceId {
        let device = self.transaction.world().device(device).expect(GENERATED).clone();
        add_port(self.transaction, &device, kind).expect(GENERATED)
    }

    /// Links two ports by single-mode fibre of this length.
    pub(super) fn fibre(&mut self, a: InterfaceId, b: InterfaceId, length_km: f64) {
        put_link(self.transaction, [a, b], Some(length_km), Some(Medium::G652d), None)
            .expect(GENERATED);
    }

    /// Splices two ports of an ODF, NVT or HOP.
    pub(super) fn cross_connect(&mut self, a: InterfaceId, b: InterfaceId) {
        put_join(self.transaction, [a, b], None, false);
    }

    /// Links two devices by new ports and fibre.
    pub(super) fn trunk(&mut self, a: DeviceId, b: DeviceId, length_km: f64) {
        let a = self.new_port(a, InterfaceType::Optical);
        let b = self.new_port(b, InterfaceType::Optical);
        self.fibre(a, b, length_km);
    }

    pub(super) fn override_status(&mut self, device: DeviceId, status: Status, reason: &str) {
        let reason = OverrideReason::new(reason).ok();
        self.transaction.update::<Device>(device, |device| {
            device.status_override = Some(Box::new(Override::new(status, reason)));
        });
    }
}

/// Lengths in km between `min` and `max`, in steps of a metre, the same for the same `key`.
pub(super) fn spread_km(key: u64, min: f64, max: f64) -> f64 {
    let share = f64::from(u32::try_from(mix(key) >> 32).expect("32 bits remain")) / 4_294_967_296.0;
    ((min + (max - min) * share) * 1000.0).round() / 1000.0
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, OOPSLA 2014).
fn mix(key: u64) -> u64 {
    let mut z = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
