//! Everything that a snapshot tells, in a form that can be compared.

use std::ops::Bound;

use unoc::domain::{Device, DeviceType, EntityKind, Interface, Link, Site, World};
use unoc::store::{AuditEntry, IdRange, LastCommit, Snapshot, StoreError};

const ALL_IDS: IdRange = (Bound::Unbounded, Bound::Unbounded);

/// What a store holds at one sequence number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Content {
    pub(crate) last_commit: LastCommit,
    pub(crate) devices: Vec<Device>,
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) links: Vec<Link>,
    /// Ids by type, in the order of the types.
    pub(crate) by_type: Vec<Vec<u64>>,
    /// (device, ids of the devices in it, ids of its ports), for each device.
    pub(crate) parts: Vec<(u64, Vec<u64>, Vec<u64>)>,
    /// (block, seq of its last change) by kind.
    pub(crate) blocks: [Vec<(u64, u64)>; 3],
    pub(crate) counts: [u64; 3],
    pub(crate) dirty_count: u64,
    /// Oldest first, without hashes.
    pub(crate) audit: Vec<AuditEntry>,
}

impl Content {
    /// Reads a snapshot through every query that it offers, and checks the chain of the audit trail.
    pub(crate) fn read(snapshot: &Snapshot) -> Result<Self, StoreError> {
        let devices: Vec<Device> = snapshot.devices(ALL_IDS)?.collect::<Result<_, _>>()?;
        let mut by_type = Vec::with_capacity(DeviceType::COUNT);
        for device_type in DeviceType::all() {
            by_type.push(snapshot.ids_of_type(device_type, 0)?.collect::<Result<_, _>>()?);
        }
        let mut parts = Vec::with_capacity(devices.len());
        for device in &devices {
            let inside = snapshot.ids_in_container(device.id, 0)?.collect::<Result<_, _>>()?;
            let ports = snapshot.ports(device.id)?.into_iter().map(|port| port.id.0).collect();
            parts.push((device.id.0, inside, ports));
        }
        let blocks = |kind| snapshot.blocks(kind, 0)?.collect::<Result<Vec<_>, StoreError>>();
        let mut audit = snapshot.audit(None, usize::MAX)?.collect::<Result<Vec<_>, _>>()?;
        audit.reverse();
        let verification = snapshot.verify_audit()?;
        assert!(verification.faults.is_empty(), "the audit trail: {verification:?}");
        // Two trails with the same content have other salts.
        audit.iter_mut().for_each(|row| row.link = None);
        Ok(Self {
            last_commit: snapshot.last_commit(),
            interfaces: snapshot.interfaces(ALL_IDS)?.collect::<Result<_, _>>()?,
            links: snapshot.links(ALL_IDS)?.collect::<Result<_, _>>()?,
            by_type,
            parts,
            blocks: [
                blocks(EntityKind::Device)?,
                blocks(EntityKind::Interface)?,
                blocks(EntityKind::Link)?,
            ],
            counts: [
                snapshot.count(EntityKind::Device)?,
                snapshot.count(EntityKind::Interface)?,
                snapshot.count(EntityKind::Link)?,
            ],
            dirty_count: snapshot.dirty_count()?,
            audit,
            devices,
        })
    }

    /// The first part in which two contents differ.
    pub(crate) fn first_difference(&self, other: &Self) -> Option<&'static str> {
        let parts = [
            ("last commit", self.last_commit == other.last_commit),
            ("devices", self.devices == other.devices),
            ("interfaces", self.interfaces == other.interfaces),
            ("links", self.links == other.links),
            ("the index by type", self.by_type == other.by_type),
            ("the index by container or of ports", self.parts == other.parts),
            ("blocks", self.blocks == other.blocks),
            ("counts", self.counts == other.counts),
            ("dirty entities", self.dirty_count == other.dirty_count),
            ("audit", self.audit == other.audit),
        ];
        parts.into_iter().find(|(_, is_same)| !is_same).map(|(name, _)| name)
    }

    /// The entities alone.
    pub(crate) fn site(&self) -> Site {
        Site {
            counters: self.last_commit.counters,
            devices: self.devices.clone(),
            interfaces: self.interfaces.clone(),
            links: self.links.clone(),
        }
    }
}

/// Everything of a world, each kind by id: equal worlds give equal sites.
pub(crate) fn export(world: &World) -> Site {
    let mut site = Site {
        counters: world.counters(),
        devices: world.devices().map(|device| Device::clone(device)).collect(),
        interfaces: world.interfaces().map(|port| Interface::clone(port)).collect(),
        links: world.links().map(|link| Link::clone(link)).collect(),
    };
    site.devices.sort_unstable_by_key(|device| device.id);
    site.interfaces.sort_unstable_by_key(|port| port.id);
    site.links.sort_unstable_by_key(|link| link.id);
    site
}

/// A world made of a site's records alone, as the engine makes it at start.
pub(crate) fn restore(site: Site) -> World {
    let mut world = World::default();
    // Each kind the other way round than the engine: the order within a kind does not matter.
    for device in site.devices.into_iter().rev() {
        world.restore_device(device);
    }
    for port in site.interfaces.into_iter().rev() {
        world.restore_interface(port);
    }
    for link in site.links.into_iter().rev() {
        world.restore_link(link);
    }
    world.restore_counters(site.counters);
    world
}
