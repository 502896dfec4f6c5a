//! Importing cross-connects: ports by the names of their devices and their own.

use rustc_hash::FxHashMap;

use super::counts::ImportCounts;
use crate::domain::interface::join::remove;
use crate::domain::plant::assumed_joins::put_join;
use crate::domain::plant::joins::{cross_connect, is_through_part};
use crate::domain::transaction::Transaction;
use crate::domain::{CrossConnect, InterfaceId, Name, Refusal, RowRefusal, World};

/// A cross-connect as a row of a table describes it.
#[derive(Clone, Debug, Default)]
pub struct CrossConnectTableRow {
    pub device: Option<Name>,
    pub ports: [Option<Name>; 2],
    /// Absent, it stays as it is.
    pub loss_db: Option<f64>,
    /// Recorded by the rule for links that name none, where the table comes from.
    pub is_assumed: bool,
}

/// Records the cross-connects of the rows, which take the place of assumed ones at the same ports.
///
/// # Errors
/// [`Refusal::Rows`] with everything that is wrong with them; the caller rolls back.
pub(in crate::domain) fn import_cross_connects(
    transaction: &mut Transaction<'_>,
    rows: &[CrossConnectTableRow],
) -> Result<ImportCounts, Refusal> {
    let mut counts = ImportCounts::default();
    let mut refused = Vec::new();
    let mut rows_of_ports: FxHashMap<InterfaceId, usize> = FxHashMap::default();
    for (index, row) in rows.iter().enumerate() {
        let put = ports_of(transaction.world(), row).and_then(|ports| {
            let Some(ports) = ports else { return Ok(()) };
            check_not_repeated(transaction.world(), ports, &rows_of_ports)?;
            put(transaction, ports, row, &mut counts)?;
            rows_of_ports.extend(ports.map(|port| (port, index)));
            Ok(())
        });
        if let Err(refusal) = put {
            refused.push(RowRefusal { index, refusal });
        }
    }
    if refused.is_empty() {
        Ok(counts)
    } else {
        Err(Refusal::Rows { rows: refused, total: rows.len() })
    }
}

/// The two ports of a row; `None` for a row that could not be read, which is reported elsewhere.
fn ports_of(
    world: &World,
    row: &CrossConnectTableRow,
) -> Result<Option<[InterfaceId; 2]>, Refusal> {
    let (Some(name), [Some(a), Some(b)]) = (&row.device, &row.ports) else { return Ok(None) };
    let named = world.device_named(name).and_then(|id| world.device(id));
    let device = named.ok_or_else(|| Refusal::NoDeviceNamed(name.to_string()))?;
    if !is_through_part(world, device.id) {
        return Err(Refusal::HasNoCrossConnects(device.device_type));
    }
    let port = |port: &Name| {
        world.port_named(device.id, port).ok_or_else(|| Refusal::NoPortNamed {
            name: port.to_string(),
            device: device.name.to_string(),
        })
    };
    let ports = [port(a)?, port(b)?];
    if ports[0] == ports[1] {
        return Err(Refusal::SelfCrossConnect(a.to_string()));
    }
    Ok(Some(ports))
}

/// No row before has one of the ports.
fn check_not_repeated(
    world: &World,
    [a, b]: [InterfaceId; 2],
    rows_of_ports: &FxHashMap<InterfaceId, usize>,
) -> Result<(), Refusal> {
    for (port, other) in [(a, b), (b, a)] {
        if let Some(first) = rows_of_ports.get(&port).copied() {
            let is_same = joined_with(world, port) == Some(other);
            return Err(if is_same { Refusal::RowRepeated { first } } else { taken(world, port) });
        }
    }
    Ok(())
}

fn put(
    transaction: &mut Transaction<'_>,
    [a, b]: [InterfaceId; 2],
    row: &CrossConnectTableRow,
    counts: &mut ImportCounts,
) -> Result<(), Refusal> {
    let is_assumed = row.is_assumed;
    if let Some(before) = cross_connect(transaction.world(), a).copied().filter(|it| it.to == b) {
        let after = CrossConnect { loss_db: row.loss_db.or(before.loss_db), is_assumed, ..before };
        if after == before {
            counts.unchanged += 1;
        } else {
            put_join(transaction, [a, b], after.loss_db, is_assumed);
            counts.updated += 1;
        }
        return Ok(());
    }
    for port in [a, b] {
        match cross_connect(transaction.world(), port) {
            Some(joined) if joined.is_assumed => remove(transaction, port),
            Some(_) => return Err(taken(transaction.world(), port)),
            None => {}
        }
    }
    put_join(transaction, [a, b], row.loss_db, is_assumed);
    counts.created += 1;
    Ok(())
}

fn joined_with(world: &World, port: InterfaceId) -> Option<InterfaceId> {
    cross_connect(world, port).map(|joined| joined.to)
}

fn taken(world: &World, port: InterfaceId) -> Refusal {
    let name = |id| world.interface(id).map_or_else(String::new, |port| port.name.to_string());
    let to = joined_with(world, port).map_or_else(String::new, name);
    Refusal::CrossConnected { port: name(port), to }
}
