//! Which state of an entity a command was meant for.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::command::{Command, CommandKind};
use super::transaction::Transaction;
use super::{
    CrossConnect, Device, DeviceDetails, DeviceId, Interface, Link, LinkId, Optics, Override,
    Refusal, World,
};

/// What operators have set of a device or link, as a number: equal for equal settings. Computed values,
/// such as the status, are not in it. Comparable within one build of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision(pub u64);

/// What a revision is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revised {
    Device(DeviceId),
    Link(LinkId),
    /// All cross-connects of a device.
    CrossConnects(DeviceId),
}

/// A command that is refused when its entity was changed meanwhile.
#[derive(Debug)]
pub struct IfUnchanged<C> {
    pub of: Revised,
    /// The revisions that the command was meant for.
    pub revisions: Vec<Revision>,
    pub command: C,
}

impl<C: Command> Command for IfUnchanged<C> {
    type Reply = C::Reply;
    type Output = C::Output;

    fn kind(&self) -> CommandKind {
        self.command.kind()
    }

    fn erased(&self) -> &[DeviceId] {
        self.command.erased()
    }

    fn undone_rows(&self) -> &[u64] {
        self.command.undone_rows()
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<C::Output, Refusal> {
        // What does not exist is refused by the command itself.
        match Revision::of(transaction.world(), self.of) {
            Some(current) if !self.revisions.contains(&current) => Err(Refusal::Changed),
            _ => self.command.run(transaction),
        }
    }

    fn reply(world: &World, output: C::Output) -> C::Reply {
        C::reply(world, output)
    }
}

impl Revision {
    pub fn of_device(device: &Device) -> Self {
        let Device { name, position, optics, lifecycle, details, parent, status_override, .. } =
            device;
        let Optics { tx_power_dbm, sensitivity_min_dbm, insertion_loss_db, pon_class, split_ratio } =
            optics;
        let mut hasher = DefaultHasher::new();
        (name.as_str(), position.x.to_bits(), position.y.to_bits(), parent).hash(&mut hasher);
        let values = [tx_power_dbm, sensitivity_min_dbm, insertion_loss_db];
        values.map(|value| value.map(f64::to_bits)).hash(&mut hasher);
        (pon_class, split_ratio, lifecycle).hash(&mut hasher);
        hash_details(details.as_deref(), &mut hasher);
        Self::with_override(hasher, status_override.as_deref())
    }

    pub fn of_link(link: &Link) -> Self {
        let Link { a, b, length_km, medium, lifecycle, status_override, .. } = link;
        let mut hasher = DefaultHasher::new();
        (a, b, length_km.map(f64::to_bits), medium, lifecycle).hash(&mut hasher);
        Self::with_override(hasher, status_override.as_deref())
    }

    fn with_override(mut hasher: DefaultHasher, status_override: Option<&Override>) -> Self {
        let set = status_override.map(|set| {
            (
                set.status,
                set.reason.as_ref().map(|reason| reason.as_str()),
                set.ends_at,
                set.is_planned_work,
            )
        });
        set.hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Of the cross-connects of a device with these ports, in the order of their creation.
    pub fn of_cross_connects<'i>(ports: impl IntoIterator<Item = &'i Interface>) -> Self {
        let mut hasher = DefaultHasher::new();
        for port in ports {
            if let Some(CrossConnect { to, loss_db, is_assumed }) = port.cross_connect.as_deref() {
                (port.id, to, loss_db.map(f64::to_bits), is_assumed).hash(&mut hasher);
            }
        }
        Self(hasher.finish())
    }

    /// `None` for what does not exist.
    fn of(world: &World, revised: Revised) -> Option<Self> {
        match revised {
            Revised::Device(id) => world.device(id).map(|device| Self::of_device(device)),
            Revised::Link(id) => world.link(id).map(|link| Self::of_link(link)),
            Revised::CrossConnects(id) => {
                let ports = world.ports(id).iter().filter_map(|port| world.interface(*port));
                world.device(id).map(|_| Self::of_cross_connects(ports.map(AsRef::as_ref)))
            }
        }
    }
}

fn hash_details(details: Option<&DeviceDetails>, hasher: &mut DefaultHasher) {
    let Some(details) = details else { return };
    let DeviceDetails {
        serial,
        customer_reference,
        customer_name,
        phone,
        address,
        coordinates,
        tags,
        note,
    } = details;
    (serial, customer_reference, customer_name, phone, address, tags, note).hash(hasher);
    coordinates.map(|at| (at.latitude.to_bits(), at.longitude.to_bits())).hash(hasher);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        AccessLine, CreateDevice, DeviceType, InterfaceId, Lifecycle, Medium, Name, NewDevice,
        OverrideReason, PonClass, Position, Reasons, ServedBy, SplitRatio, Status, Timestamp,
    };

    fn held(status: Status, reason: Option<&str>) -> Option<Box<Override>> {
        let reason = reason.map(|text| OverrideReason::new(text).expect("short"));
        Some(Box::new(Override::new(status, reason)))
    }

    fn with(set: impl Fn(&mut DeviceDetails)) -> Option<Box<DeviceDetails>> {
        let mut details = DeviceDetails::default();
        set(&mut details);
        Some(Box::new(details))
    }

    fn served_by() -> Option<ServedBy> {
        let port_name = Name::new("pon0").expect("a name");
        let line =
            AccessLine { node: DeviceId(1), port: InterfaceId(1), port_name, splitter: None };
        Some(ServedBy { line: line.into(), splitter_port: None })
    }

    /// All revisions are different, except those of states that are equal to an operator.
    fn check<T: Clone>(
        entity: &T,
        revision: impl Fn(&T) -> Revision,
        set: &[fn(&mut T)],
        computed: &[fn(&mut T)],
    ) {
        let after = |edit: &fn(&mut T)| {
            let mut edited = entity.clone();
            edit(&mut edited);
            revision(&edited)
        };
        let mut seen = vec![revision(entity)];
        for (n, edit) in set.iter().enumerate() {
            assert!(!seen.contains(&after(edit)), "edit {n}");
            seen.push(after(edit));
        }
        for (n, edit) in computed.iter().enumerate() {
            assert_eq!(after(edit), seen[0], "computed {n}");
        }
    }

    #[test]
    fn what_operators_set_of_a_device_makes_another_revision() {
        let new = NewDevice {
            name: Name::new("A").expect("a name"),
            device_type: DeviceType::Olt,
            parent: None,
            validate_upstream: false,
            position: Position::default(),
            optics: Optics::default(),
            lifecycle: Lifecycle::InService,
            details: None,
        };
        let created = World::default().execute(CreateDevice(new), Timestamp(1)).expect("created");
        let device = Device::clone(&created.reply.device);
        let set: &[fn(&mut Device)] = &[
            |it| it.name = Name::new("B").expect("a name"),
            |it| it.position.x = 1.0,
            |it| it.position.y = 1.0,
            |it| it.parent = Some(DeviceId(9)),
            |it| it.optics.tx_power_dbm = Some(1.0),
            |it| it.optics.sensitivity_min_dbm = Some(1.0),
            |it| it.optics.insertion_loss_db = Some(1.0),
            |it| it.optics.pon_class = Some(PonClass::GponBPlus),
            |it| it.optics.split_ratio = SplitRatio::new(8),
            |it| it.lifecycle = Lifecycle::Planned,
            |it| it.details = with(|details| details.serial = Some("A".into())),
            |it| it.details = with(|details| details.note = Some("A".into())),
            |it| it.details = with(|details| details.tags = vec!["A".into()]),
            |it| it.status_override = held(Status::Down, None),
            |it| it.status_override = held(Status::Up, None),
            |it| it.status_override = held(Status::Up, Some("dug up")),
        ];
        let computed: &[fn(&mut Device)] = &[
            |it| it.status = Status::Degraded,
            |it| it.reasons = Reasons::default(),
            |it| it.uplink = Box::new([LinkId(3)]),
            |it| it.served_by = served_by(),
            |it| it.through_loss_db = Some(3.5),
            |it| it.status_since = Timestamp(7),
            |it| it.updated_at = Timestamp(7),
        ];
        check(&device, Revision::of_device, set, computed);
    }

    #[test]
    fn what_operators_set_of_a_link_makes_another_revision() {
        let link = Link {
            id: LinkId(1),
            a: InterfaceId(1),
            b: InterfaceId(2),
            length_km: None,
            medium: None,
            lifecycle: Lifecycle::InService,
            status: Status::Up,
            status_override: None,
            status_since: Timestamp(1),
            created_at: Timestamp(1),
            updated_at: Timestamp(1),
        };
        let set: &[fn(&mut Link)] = &[
            |it| it.a = InterfaceId(3),
            |it| it.b = InterfaceId(3),
            |it| it.length_km = Some(0.0),
            |it| it.medium = Some(Medium::G652d),
            |it| it.lifecycle = Lifecycle::Retired,
            |it| it.status_override = held(Status::Down, None),
            |it| it.status_override = held(Status::Down, Some("")),
        ];
        let computed: &[fn(&mut Link)] =
            &[|it| it.status = Status::Down, |it| it.updated_at = Timestamp(7)];
        check(&link, Revision::of_link, set, computed);
    }
}
