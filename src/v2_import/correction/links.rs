//! Links: M01, M06 and M11 to M18.

use rustc_hash::FxHashSet;

use super::interfaces::Plant;
use super::values::{Range, status};
use super::{LinkStatus, Mending, RowKey, kept_id};
use crate::domain::rule_between;
use crate::domain::{Interface, InterfaceId, Link, LinkId, Medium, Override, Status, Timestamp};
use crate::v2_import::report::quoted;
use crate::v2_import::rules::RuleId;
use crate::v2_import::tables::{LinkRow, Table};

/// The site's links, by id; the plant gets a port for each end that was taken already.
pub(super) fn mend(mending: &mut Mending, plant: &mut Plant, rows: &[LinkRow]) -> Vec<Link> {
    let mut last = None;
    let mut taken = FxHashSet::default();
    let mut links = Vec::with_capacity(rows.len());
    for row in rows {
        let key = (Table::Links, row.id);
        let Some(id) = kept_id(mending, key, &mut last) else { continue };
        let ends = match ends(plant, row) {
            Ok(ends) => ends,
            Err((rule, found)) => {
                mending.report.note(rule, key, found, "left out");
                continue;
            }
        };
        let [created_at, updated_at] =
            mending.times(key, row.created_at.as_deref(), row.updated_at.as_deref());
        let [a, b] = ends.map(|end| free_port(mending, plant, &mut taken, key, &end, created_at));
        links.push(Link {
            id: LinkId(id),
            a,
            b,
            length_km: mending.number(key, "length_km", row.length_km, Range::NotNegative),
            medium: medium(mending, key, row.physical_medium_id.as_deref()),
            // Computed when the site is loaded.
            status: Status::Up,
            status_override: status_override(mending, key, row.status.as_deref()),
            status_since: mending.now,
            created_at,
            updated_at,
        });
    }
    links
}

/// The ports that a link connects, or the rule by which it is left out and why.
fn ends(plant: &Plant, row: &LinkRow) -> Result<[Interface; 2], (RuleId, String)> {
    let port = |id: Option<i64>| {
        let port = id.and_then(|id| plant.port(id));
        port.ok_or_else(|| {
            let found = match id {
                Some(id) => format!("interface {id}, which does not exist or was left out"),
                None => "an end without an interface".to_owned(),
            };
            (RuleId::NoPort, found)
        })
    };
    let ends = [port(row.a_interface_id)?, port(row.b_interface_id)?];
    let [a, b] = ends.map(|end| plant.device(end));
    if ends[0].device == ends[1].device {
        return Err((RuleId::SelfLink, format!("both ends on {}", a.name)));
    }
    if let Some(end) = ends.into_iter().find(|end| !end.can_carry_link()) {
        let found = format!("interface {} ({} of {})", end.id, end.name, plant.device(end).name);
        return Err((RuleId::NotALinkEnd, found));
    }
    if rule_between(a.device_type, b.device_type).is_none() {
        let [x, y] = [a, b].map(|end| format!("{} {}", end.device_type.as_str(), end.name));
        return Err((RuleId::NoLinkRule, format!("{x} to {y}")));
    }
    Ok(ends.map(Interface::clone))
}

/// The port itself, or a new one beside it when it carries a link already.
fn free_port(
    mending: &mut Mending,
    plant: &mut Plant,
    taken: &mut FxHashSet<InterfaceId>,
    key: RowKey,
    port: &Interface,
    at: Timestamp,
) -> InterfaceId {
    if taken.insert(port.id) {
        return port.id;
    }
    let (id, name) = plant.add_port(port, at);
    let device = &plant.device(port).name;
    let found = format!("interface {} ({} of {device}) carries another link", port.id, port.name);
    let done = format!("moved to a new port {name} there (interface {id})");
    mending.report.note(RuleId::PortTaken, key, found, done);
    id
}

fn medium(mending: &mut Mending, key: RowKey, text: Option<&str>) -> Option<Medium> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    if let Some(medium) = Medium::parse(text) {
        return Some(medium);
    }
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let medium = Medium::parse(&letters.to_ascii_uppercase());
    let done = medium.map_or("cleared".to_owned(), |medium| format!("read as {}", medium.as_str()));
    mending.report.note(RuleId::Medium, key, format!("medium {}", quoted(text)), done);
    medium
}

/// v2 gives DOWN to a new link and never computes another status, so what stands there is an
/// override only where the operator says so.
fn status_override(mending: &mut Mending, key: RowKey, word: Option<&str>) -> Option<Override> {
    let word = word.filter(|word| !word.is_empty())?;
    let found = format!("status {}", quoted(word));
    let status = match status(word) {
        Some(Status::Up) => return None,
        Some(status) => status,
        None => {
            mending.report.note(RuleId::LinkStatus, key, found, "computed");
            return None;
        }
    };
    if mending.link_status == LinkStatus::Computed {
        let done = format!("computed; --keep-link-status would hold it {}", status.as_str());
        mending.report.note(RuleId::LinkStatus, key, found, done);
        return None;
    }
    let done = format!("held {} by an override", status.as_str());
    mending.report.note(RuleId::LinkHeld, key, found, done);
    Some(Override { status, reason: None })
}
