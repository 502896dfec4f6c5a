//! Sites with values in every field that operators can set, beyond what random commands set.

use unoc::domain::{
    Coordinates, CrossConnect, Device, DeviceDetails, DeviceType, Interface, InterfaceId,
    Lifecycle, Override, Site, SplitRatio,
};

use super::commands::{FAR_END, Rng};

/// Texts that some format would have to escape.
const TEXTS: [&str; 8] = [
    "Weg 7, 2. OG",
    "O'Neill \"& Sons\"",
    r"back\slash \N",
    "tab\there\nand there",
    "{a,b}",
    "NULL",
    "名 🦀 ü",
    " spaces ",
];

/// Gives some of the devices and links what identifies them, another lifecycle, planned work.
pub(crate) fn label(rng: &mut Rng, site: &mut Site) {
    for device in &mut site.devices {
        if rng.chance(40) {
            device.details = details(rng, device.id.0).boxed();
        }
        if rng.chance(20) {
            device.lifecycle = rng.one_of(&Lifecycle::ALL);
        }
        if device.device_type == DeviceType::Splitter {
            device.optics.split_ratio = rng.chance(50).then(|| rng.one_of(&SplitRatio::ALL));
        }
        plan(rng, device.status_override.as_deref_mut());
    }
    for link in &mut site.links {
        if rng.chance(20) {
            link.lifecycle = rng.one_of(&Lifecycle::ALL);
        }
        plan(rng, link.status_override.as_deref_mut());
    }
}

fn details(rng: &mut Rng, id: u64) -> DeviceDetails {
    let mut text = || rng.chance(50).then(|| rng.one_of(&TEXTS).into());
    let (customer_reference, customer_name) = (text(), text());
    let (phone, address, note) = (text(), text(), text());
    let coordinates = Coordinates { latitude: rng.quarter() % 90.0, longitude: -13.25 };
    let mut tags: Vec<Box<str>> = TEXTS.iter().map(|tag| Box::from(*tag)).collect();
    tags.truncate(rng.below(TEXTS.len()));
    tags.sort_unstable();
    DeviceDetails {
        serial: rng.chance(70).then(|| format!("SERIAL{id}").into()),
        customer_reference,
        customer_name,
        phone,
        address,
        coordinates: rng.chance(50).then_some(coordinates),
        tags,
        note,
    }
}

fn plan(rng: &mut Rng, set: Option<&mut Override>) {
    let Some(set) = set else { return };
    set.ends_at = rng.chance(50).then_some(FAR_END);
    set.is_planned_work = rng.chance(50);
}

/// Joins free ports of each ODF, NVT and HOP, two by two.
pub(crate) fn join_ports(site: &mut Site) {
    let joins = [DeviceType::Odf, DeviceType::Nvt, DeviceType::Hop];
    let through = |device: &&Device| joins.contains(&device.device_type);
    let parts: Vec<_> = site.devices.iter().filter(through).map(|device| device.id).collect();
    let is_linked = |id: InterfaceId| site.links.iter().any(|link| [link.a, link.b].contains(&id));
    for (number, part) in parts.into_iter().enumerate() {
        let is_free = |port: &&mut Interface| {
            port.device == part && port.cross_connect.is_none() && !is_linked(port.id)
        };
        let mut free: Vec<&mut Interface> =
            site.interfaces.iter_mut().filter(is_free).take(4).collect();
        for pair in free.chunks_exact_mut(2) {
            let ids = [pair[0].id, pair[1].id];
            let loss_db = (number % 2 == 0).then_some(0.1);
            for (port, to) in pair.iter_mut().zip([ids[1], ids[0]]) {
                let joined = CrossConnect { to, loss_db, is_assumed: false };
                port.cross_connect = Some(Box::new(joined));
            }
        }
    }
}
