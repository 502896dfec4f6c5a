//! An export of a site. What is read is the same when it is written and read again.

use std::io::Cursor;

use unoc::domain::{ReplaceSite, Site, Timestamp, World};
use unoc::wire::{ExportLine, SiteReader, write_header, write_line};

pub(crate) fn run(data: &[u8]) {
    let Ok(site) = SiteReader::new(Cursor::new(data)).read_all(|_, _| {}) else { return };
    let again = SiteReader::new(Cursor::new(written(&site))).read_all(|_, _| {});
    assert_eq!(again.expect("what was written can be read"), site);
    let mut world = World::default();
    if world.execute(ReplaceSite(site), Timestamp(0)).is_ok() {
        world.check_invariants().expect("a site that is accepted keeps the rules of the network");
    }
}

fn written(site: &Site) -> Vec<u8> {
    let mut text = Vec::new();
    let Site { counters, devices, interfaces, links } = site;
    let count = devices.len() + interfaces.len() + links.len();
    let id = serde_json::from_str("\"00000000-0000-4000-8000-000000000000\"").expect("a UUID");
    write_header(&mut text, id, 0, *counters, count.try_into().expect("few")).expect("memory");
    let lines = (devices.iter().map(ExportLine::Device))
        .chain(interfaces.iter().map(ExportLine::Interface))
        .chain(links.iter().map(ExportLine::Link));
    lines.for_each(|line| write_line(&mut text, line).expect("memory"));
    text
}
