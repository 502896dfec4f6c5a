//! A whole site as JSON Lines: a header, then one entity per line. Reading an export restores the
//! site exactly, including ids and times.

mod entity;

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{Device, ID_MAX, IdCounters, Interface, Link, Site};
use crate::util::without_bom;
use entity::EntityLine;

/// The version of the format that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;
/// Longest accepted line, far above any entity.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// The entity of a line.
#[derive(Clone, Copy, Debug)]
pub enum ExportLine<'a> {
    Device(&'a Device),
    Interface(&'a Interface),
    Link(&'a Link),
}

/// Why a line cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error("line {line}: {what}")]
    Line { line: usize, what: String },
    #[error("the file ends after {found} of {expected} entities: it is truncated")]
    Truncated { found: u64, expected: u64 },
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[derive(Serialize, Deserialize)]
struct HeaderLine {
    unoc_export: u32,
    site_id: Uuid,
    seq: u64,
    next_device_id: u64,
    next_interface_id: u64,
    next_link_id: u64,
    entities: u64,
}

impl HeaderLine {
    fn counters(&self) -> IdCounters {
        IdCounters {
            device: self.next_device_id,
            interface: self.next_interface_id,
            link: self.next_link_id,
        }
    }
}

/// Writes the first line; `entities` is the number of lines that follow.
pub fn write_header(
    out: &mut impl Write,
    site_id: Uuid,
    seq: u64,
    counters: IdCounters,
    entities: u64,
) -> io::Result<()> {
    let header = HeaderLine {
        unoc_export: FORMAT_VERSION,
        site_id,
        seq,
        next_device_id: counters.device,
        next_interface_id: counters.interface,
        next_link_id: counters.link,
        entities,
    };
    end_line(out, &header)
}

/// Writes one entity.
pub fn write_line(out: &mut impl Write, line: ExportLine<'_>) -> io::Result<()> {
    match line {
        ExportLine::Device(device) => end_line(out, &EntityLine::Device(Box::new(device.into()))),
        ExportLine::Interface(port) => end_line(out, &EntityLine::Interface(port.into())),
        ExportLine::Link(link) => end_line(out, &EntityLine::Link(link.into())),
    }
}

fn end_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Reads an export line by line.
pub struct SiteReader<R> {
    input: R,
    line: usize,
}

impl<R: BufRead> SiteReader<R> {
    pub fn new(input: R) -> Self {
        Self { input, line: 0 }
    }

    /// Reads everything. Calls `progress` with the numbers of entities read and announced.
    ///
    /// # Errors
    /// [`LineError`] with the number of the first invalid line.
    pub fn read_all(mut self, mut progress: impl FnMut(u64, u64)) -> Result<Site, LineError> {
        let mut text = String::new();
        let header = self.header(&mut text)?;
        let mut site = Site { counters: header.counters(), ..Site::default() };
        let mut found = 0;
        while self.next_line(&mut text)? {
            if text.trim().is_empty() {
                continue;
            }
            self.entity(&text, &mut site)?;
            found += 1;
            progress(found, header.entities);
        }
        if found != header.entities {
            return Err(LineError::Truncated { found, expected: header.entities });
        }
        Ok(site)
    }

    fn header(&mut self, text: &mut String) -> Result<HeaderLine, LineError> {
        self.next_line(text)?;
        let header: HeaderLine = serde_json::from_slice(without_bom(text.as_bytes()))
            .map_err(|error| self.error(format!("this is not a UNOC export ({error})")))?;
        if header.unoc_export != FORMAT_VERSION {
            return Err(self.error(format!(
                "export format {} is not supported; this version of UNOC reads format {FORMAT_VERSION}",
                header.unoc_export
            )));
        }
        if let Some((name, next)) = header.counters().out_of_bounds() {
            let most = ID_MAX + 1;
            return Err(self.error(format!("{name} is {next}; it must be between 1 and {most}")));
        }
        Ok(header)
    }

    fn next_line(&mut self, text: &mut String) -> Result<bool, LineError> {
        use std::io::Read;
        text.clear();
        self.line += 1;
        let limit = LINE_BYTES_MAX as u64;
        let length = self.input.by_ref().take(limit).read_line(text)?;
        if length == LINE_BYTES_MAX && !text.ends_with('\n') {
            return Err(self.error(format!("the line is longer than {LINE_BYTES_MAX} bytes")));
        }
        Ok(length > 0)
    }

    fn entity(&self, text: &str, site: &mut Site) -> Result<(), LineError> {
        let line: EntityLine<'_> =
            serde_json::from_str(text).map_err(|error| self.error(error.to_string()))?;
        let placed = match line {
            EntityLine::Device(line) => line.read().map(|it| site.devices.push(it)),
            EntityLine::Interface(line) => line.read().map(|it| site.interfaces.push(it)),
            EntityLine::Link(line) => line.read().map(|it| site.links.push(it)),
        };
        placed.map_err(|what| self.error(what))
    }

    fn error(&self, what: impl Into<String>) -> LineError {
        LineError::Line { line: self.line, what: what.into() }
    }
}
