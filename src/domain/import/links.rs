//! Importing links: ports by the names of their devices and their own.

use rustc_hash::FxHashMap;

use super::counts::ImportCounts;
use crate::domain::command::Command;
use crate::domain::transaction::Transaction;
use crate::domain::{
    CreateInterface, CreateLink, DeviceId, InterfaceId, InterfaceType, Lifecycle, Link, LinkId,
    LinkPatch, Medium, Name, Refusal, RowRefusal, UpdateLink, World,
};

/// A link as a row of a table describes it. What is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct LinkTableRow {
    pub a: LinkTableEnd,
    pub b: LinkTableEnd,
    pub length_km: Option<f64>,
    pub medium: Option<Medium>,
    pub lifecycle: Option<Lifecycle>,
    /// Of a new link; existing ones keep theirs then.
    pub lifecycle_of_new: Option<Lifecycle>,
    /// A value of the row could not be read, which is reported elsewhere.
    pub is_partial: bool,
}

/// An end of a link: a port by its name.
#[derive(Clone, Debug, Default)]
pub struct LinkTableEnd {
    pub device: Option<Name>,
    pub interface: Option<Name>,
    /// The type of the port, which is created if the device has none with that name.
    pub interface_type: Option<InterfaceType>,
}

/// Links the ports of the rows, or changes the links that they have.
///
/// # Errors
/// [`Refusal::Rows`] with everything that is wrong with them; the caller rolls back.
pub(in crate::domain) fn import_links(
    transaction: &mut Transaction<'_>,
    rows: &[LinkTableRow],
) -> Result<ImportCounts, Refusal> {
    let mut counts = ImportCounts::default();
    let mut rows_of_links: FxHashMap<LinkId, usize> = FxHashMap::default();
    let mut refused = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let ends = [&row.a, &row.b].map(|end| port(transaction, end, row.is_partial, &mut counts));
        let mut ports = [None; 2];
        for (port, end) in ports.iter_mut().zip(ends) {
            match end {
                Ok(found) => *port = found,
                Err(refusal) => refused.push(RowRefusal { index, refusal }),
            }
        }
        let [Some(a), Some(b)] = ports else { continue };
        if let Err(refusal) =
            put(transaction, [a, b], (index, row), &mut rows_of_links, &mut counts)
        {
            refused.push(RowRefusal { index, refusal });
        }
    }
    if refused.is_empty() {
        Ok(counts)
    } else {
        Err(Refusal::Rows { rows: refused, total: rows.len() })
    }
}

/// The port of an end, created if the row has its type; `None` for a row that could not be read.
fn port(
    transaction: &mut Transaction<'_>,
    end: &LinkTableEnd,
    is_partial: bool,
    counts: &mut ImportCounts,
) -> Result<Option<InterfaceId>, Refusal> {
    let (Some(device), Some(interface)) = (&end.device, &end.interface) else { return Ok(None) };
    let Some(id) = transaction.world().device_named(device) else {
        return Err(Refusal::NoDeviceNamed(device.to_string()));
    };
    if let Some(found) = transaction.world().port_named(id, interface) {
        return Ok(Some(found));
    }
    let Some(interface_type) = end.interface_type else {
        return if is_partial {
            Ok(None)
        } else {
            Err(Refusal::NoInterfaceNamed {
                name: interface.to_string(),
                device: device.to_string(),
            })
        };
    };
    let command = CreateInterface { device: id, name: interface.clone(), interface_type };
    let created = command.run(transaction)?;
    counts.interfaces += 1;
    Ok(Some(created))
}

fn put(
    transaction: &mut Transaction<'_>,
    [a, b]: [InterfaceId; 2],
    (index, row): (usize, &LinkTableRow),
    rows_of_links: &mut FxHashMap<LinkId, usize>,
    counts: &mut ImportCounts,
) -> Result<(), Refusal> {
    let world = transaction.world();
    let at = [a, b].map(|port| world.link_at(port));
    if let [Some(there), Some(same)] = at
        && there == same
        && a != b
    {
        if let Some(first) = rows_of_links.insert(there, index) {
            return Err(Refusal::RowRepeated { first });
        }
        let before = world.link(there).cloned();
        let patch = LinkPatch {
            length_km: row.length_km.map(Some),
            medium: row.medium.map(Some),
            lifecycle: row.lifecycle,
            status_override: None,
        };
        UpdateLink { id: there, patch }.run(transaction)?;
        let is_same = transaction.world().link(there) == before.as_ref();
        let count = if is_same { &mut counts.unchanged } else { &mut counts.updated };
        *count += 1;
        return Ok(());
    }
    if let Some((port, link)) = [a, b].into_iter().zip(at).find_map(|(port, at)| Some((port, at?)))
    {
        return Err(interface_taken(world, port, link));
    }
    let command = CreateLink {
        a,
        b,
        length_km: row.length_km,
        medium: row.medium,
        joins: Default::default(),
        validate: true,
    };
    let id = command.run(transaction)?;
    if let Some(lifecycle) = row.lifecycle_of_new.or(row.lifecycle) {
        transaction.update::<Link>(id, |link| link.lifecycle = lifecycle);
        counts.planned += usize::from(lifecycle == Lifecycle::Planned);
    }
    rows_of_links.insert(id, index);
    counts.created += 1;
    Ok(())
}

fn interface_taken(world: &World, port: InterfaceId, link: LinkId) -> Refusal {
    let name_of = |id: DeviceId| world.device(id).map_or(String::new(), |it| it.name.to_string());
    let Some(interface) = world.interface(port) else { return Refusal::InterfaceNotFound };
    let mut ends = world.ends(link).into_iter().flatten();
    let other = ends.find(|end| *end != interface.device).unwrap_or(interface.device);
    Refusal::InterfaceTaken {
        name: interface.name.to_string(),
        device: name_of(interface.device),
        other: name_of(other),
    }
}
