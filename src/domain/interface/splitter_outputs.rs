//! The output ports of a splitter, which follow its ratio.

use super::create::add_port_named;
use crate::domain::interface::splitter_side::SplitterSide;
use crate::domain::plant::joins::linked_ports;
use crate::domain::plant::splitter::side_of;
use crate::domain::transaction::Transaction;
use crate::domain::{Device, Interface, InterfaceId, InterfaceType, Refusal, SplitRatio, World};

/// Adds or removes free outputs until the splitter has as many as its ratio says.
///
/// # Errors
/// [`Refusal::SplitRatioTooSmall`] when more outputs are in use.
pub(in crate::domain) fn fit_outputs(
    transaction: &mut Transaction<'_>,
    splitter: &Device,
    ratio: SplitRatio,
) -> Result<(), Refusal> {
    let wanted = usize::from(ratio.outputs());
    let linked = linked_output_count(transaction.world(), splitter);
    if linked > wanted {
        let name = splitter.name.to_string();
        return Err(Refusal::SplitRatioTooSmall { name, linked, ratio });
    }
    let mut free = free_outputs(transaction.world(), splitter);
    let mut count = linked + free.len();
    while count > wanted
        && let Some(last) = free.pop()
    {
        transaction.remove::<Interface>(last);
        count -= 1;
    }
    while count < wanted {
        add_port_named(transaction, splitter, "out", 0, InterfaceType::Optical)?;
        count += 1;
    }
    Ok(())
}

/// How many outputs of a splitter carry a link.
pub(in crate::domain) fn linked_output_count(world: &World, splitter: &Device) -> usize {
    let linked = linked_ports(world, splitter.id).into_iter();
    linked.filter(|at| side_of(world, splitter.id, at.port) == SplitterSide::Output).count()
}

/// Outputs without a link, in the order of their creation.
fn free_outputs(world: &World, splitter: &Device) -> Vec<InterfaceId> {
    let ports = world.ports(splitter.id).iter().filter_map(|port| world.interface(*port));
    let free = ports.filter(|port| {
        world.link_at(port.id).is_none()
            && SplitterSide::of_name(&port.name) == Some(SplitterSide::Output)
    });
    free.map(|port| port.id).collect()
}
