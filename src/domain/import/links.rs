//! Rows of a table of links: ports by their names.

use rustc_hash::FxHashMap;

use crate::domain::execute::Made;
use crate::domain::import::devices::{ImportCounts, LinkEnd, LinkRow};
use crate::domain::link::create as links;
use crate::domain::transaction::Edits;
use crate::domain::{
    DeviceId, InterfaceId, LinkId, LinkPatch, NewInterface, NewLink, Refusal, RowRefusal, World,
};

/// Links the ports of the rows, or changes the links that they have.
///
/// # Errors
/// [`Refusal::Rows`] with everything that is wrong with them; the caller rolls back.
pub(in crate::domain) fn import_links(
    edits: &mut Edits<'_>,
    rows: &[LinkRow],
) -> Result<Made, Refusal> {
    let mut counts = ImportCounts::default();
    let mut about: FxHashMap<LinkId, usize> = FxHashMap::default();
    let mut refused = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let ends = [&row.a, &row.b].map(|end| port(edits, end, row.is_partial, &mut counts));
        let mut ports = [None; 2];
        for (place, end) in ports.iter_mut().zip(ends) {
            match end {
                Ok(found) => *place = found,
                Err(refusal) => refused.push(RowRefusal { index, refusal }),
            }
        }
        let [Some(a), Some(b)] = ports else { continue };
        if let Err(refusal) = put(edits, [a, b], (index, row), &mut about, &mut counts) {
            refused.push(RowRefusal { index, refusal });
        }
    }
    if refused.is_empty() {
        Ok(Made::Imported(counts, Vec::new()))
    } else {
        Err(Refusal::Rows { rows: refused, total: rows.len() })
    }
}

/// The port of an end, made where its row says what it is; `None` where the row's own faults say
/// why there is none.
fn port(
    edits: &mut Edits<'_>,
    end: &LinkEnd,
    is_partial: bool,
    counts: &mut ImportCounts,
) -> Result<Option<InterfaceId>, Refusal> {
    let (Some(device), Some(interface)) = (&end.device, &end.interface) else { return Ok(None) };
    let Some(id) = edits.world().device_named(device) else {
        return Err(Refusal::NoDeviceNamed(device.to_string()));
    };
    if let Some(found) = named(edits.world(), id, interface.as_str()) {
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
    let new = NewInterface { device: id, name: interface.clone(), interface_type };
    let made = links::create_interface(edits, &new)?;
    counts.interfaces += 1;
    Ok(Some(made))
}

fn put(
    edits: &mut Edits<'_>,
    [a, b]: [InterfaceId; 2],
    (index, row): (usize, &LinkRow),
    about: &mut FxHashMap<LinkId, usize>,
    counts: &mut ImportCounts,
) -> Result<(), Refusal> {
    let world = edits.world();
    let at = [a, b].map(|port| world.link_at(port));
    if let [Some(there), Some(same)] = at
        && there == same
        && a != b
    {
        if let Some(first) = about.insert(there, index) {
            return Err(Refusal::RowRepeated { first });
        }
        let before = world.link(there).cloned();
        let patch = LinkPatch {
            length_km: row.length_km.map(Some),
            medium: row.medium.map(Some),
            status_override: None,
        };
        links::update_link(edits, there, patch)?;
        let is_same = edits.world().link(there) == before.as_ref();
        let count = if is_same { &mut counts.unchanged } else { &mut counts.updated };
        *count += 1;
        return Ok(());
    }
    if let Some((port, link)) = [a, b].into_iter().zip(at).find_map(|(port, at)| Some((port, at?)))
    {
        return Err(taken(world, port, link));
    }
    let new = NewLink { a, b, length_km: row.length_km, medium: row.medium, validate: true };
    about.insert(links::create_link(edits, &new)?, index);
    counts.created += 1;
    Ok(())
}

fn taken(world: &World, port: InterfaceId, link: LinkId) -> Refusal {
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

fn named(world: &World, device: DeviceId, name: &str) -> Option<InterfaceId> {
    let is_it = |port: &&InterfaceId| {
        world.interface(**port).is_some_and(|port| port.name.as_str() == name)
    };
    world.ports(device).iter().find(is_it).copied()
}
