//! Correcting links: rules M01, M06 and M11 to M19.

use rustc_hash::FxHashSet;

use super::corrector::{Corrector, RowKey, V2LinkStatus, kept_id};
use super::interfaces::Ports;
use super::values::{NumberRange, status};
use crate::domain::rule_between;
use crate::domain::{
    Interface, InterfaceId, Lifecycle, Link, LinkId, Medium, Override, Status, Timestamp,
};
use crate::v2_import::report::quoted;
use crate::v2_import::rules::CorrectionRuleId;
use crate::v2_import::tables::{V2Link, V2Table};

/// Returns the site's links, sorted by id. Adds a port for each end whose port carries another
/// link.
pub(super) fn correct(corrector: &mut Corrector, ports: &mut Ports, rows: &[V2Link]) -> Vec<Link> {
    let mut last = None;
    let mut taken = FxHashSet::default();
    let mut links = Vec::with_capacity(rows.len());
    for row in rows {
        let key = (V2Table::Links, row.id);
        let Some(id) = kept_id(corrector, key, &mut last) else { continue };
        let ends = match ends(ports, row) {
            Ok(ends) => ends,
            Err((rule, found)) => {
                corrector.report.note(rule, key, found, "left out");
                continue;
            }
        };
        let [created_at, updated_at] =
            corrector.times(key, row.created_at.as_deref(), row.updated_at.as_deref());
        let [a, b] = ends.map(|end| free_port(corrector, ports, &mut taken, key, &end, created_at));
        links.push(Link {
            id: LinkId(id),
            a,
            b,
            length_km: corrector.number(key, "length_km", row.length_km, NumberRange::NotNegative),
            medium: medium(corrector, key, row.physical_medium_id.as_deref()),
            lifecycle: Lifecycle::InService,
            // Computed when the site is loaded.
            status: Status::Up,
            status_override: status_override(corrector, key, row.status.as_deref()).map(Box::new),
            status_since: corrector.now,
            created_at,
            updated_at,
        });
    }
    links
}

/// The ports that a link connects.
///
/// # Errors
/// The rule that leaves the link out, and why.
fn ends(ports: &Ports, row: &V2Link) -> Result<[Interface; 2], (CorrectionRuleId, String)> {
    let port = |id: Option<i64>| {
        let port = id.and_then(|id| ports.port(id));
        port.ok_or_else(|| {
            let found = match id {
                Some(id) => format!("interface {id}, which does not exist or was left out"),
                None => "an end without an interface".to_owned(),
            };
            (CorrectionRuleId::NoPort, found)
        })
    };
    let ends = [port(row.a_interface_id)?, port(row.b_interface_id)?];
    let [a, b] = ends.map(|end| ports.device(end));
    if ends[0].device == ends[1].device {
        return Err((CorrectionRuleId::SelfLink, format!("both ends on {}", a.name)));
    }
    if let Some(end) = ends.into_iter().find(|end| !end.can_carry_link()) {
        let found = format!("interface {} ({} of {})", end.id, end.name, ports.device(end).name);
        return Err((CorrectionRuleId::NotALinkEnd, found));
    }
    if rule_between(a.device_type, b.device_type).is_none() {
        let [x, y] = [a, b].map(|end| format!("{} {}", end.device_type.as_str(), end.name));
        return Err((CorrectionRuleId::NoLinkRule, format!("{x} to {y}")));
    }
    Ok(ends.map(Interface::clone))
}

/// The port itself, or a new one on the same device if it carries a link already.
fn free_port(
    corrector: &mut Corrector,
    ports: &mut Ports,
    taken: &mut FxHashSet<InterfaceId>,
    key: RowKey,
    port: &Interface,
    at: Timestamp,
) -> InterfaceId {
    if taken.insert(port.id) {
        return port.id;
    }
    let (id, name) = ports.add_port(port, at);
    let device = &ports.device(port).name;
    let found = format!("interface {} ({} of {device}) carries another link", port.id, port.name);
    let done = format!("moved to a new port {name} there (interface {id})");
    corrector.report.note(CorrectionRuleId::PortTaken, key, found, done);
    id
}

fn medium(corrector: &mut Corrector, key: RowKey, text: Option<&str>) -> Option<Medium> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    if let Some(medium) = Medium::parse(text) {
        return Some(medium);
    }
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let medium = Medium::parse(&letters.to_ascii_uppercase());
    let done = medium.map_or("cleared".to_owned(), |medium| format!("read as {}", medium.as_str()));
    corrector.report.note(CorrectionRuleId::Medium, key, format!("medium {}", quoted(text)), done);
    medium
}

/// v2 gives each new link the status DOWN and never computes another, so it is taken for an
/// override only if the operator asks for it.
fn status_override(corrector: &mut Corrector, key: RowKey, word: Option<&str>) -> Option<Override> {
    let word = word.filter(|word| !word.is_empty())?;
    let found = format!("status {}", quoted(word));
    let status = match status(word) {
        Some(Status::Up) => return None,
        Some(status) => status,
        None => {
            corrector.report.note(CorrectionRuleId::LinkStatus, key, found, "computed");
            return None;
        }
    };
    if corrector.link_status == V2LinkStatus::Compute {
        let done = format!("computed; --keep-link-status would hold it {}", status.as_str());
        corrector.report.note(CorrectionRuleId::LinkStatus, key, found, done);
        return None;
    }
    let done = format!("held {} by an override", status.as_str());
    corrector.report.note(CorrectionRuleId::LinkHeld, key, found, done);
    Some(Override::new(status, None))
}
