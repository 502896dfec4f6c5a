//! A whole site as JSON Lines: a header, then one entity per line. Reading an export restores the
//! site exactly, including ids and times.

use std::borrow::Cow;
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::time::Time;
use crate::domain::{
    Device, DeviceId, DeviceType, ID_MAX, IdCounters, Interface, InterfaceId, InterfaceType, Link,
    LinkId, Medium, Name, Optics, Override, OverrideReason, PonClass, Position, Reasons, Site,
    Status, Timestamp, Uplink,
};
use crate::util::without_bom;

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

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum EntityLine<'a> {
    Device {
        id: u64,
        name: Cow<'a, str>,
        device_type: Cow<'a, str>,
        status: Cow<'a, str>,
        x: f64,
        y: f64,
        tx_power_dbm: Option<f64>,
        sensitivity_min_dbm: Option<f64>,
        insertion_loss_db: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pon_class: Option<Cow<'a, str>>,
        parent_container_id: Option<u64>,
        status_since: String,
        status_override: Option<Cow<'a, str>>,
        override_reason: Option<Cow<'a, str>>,
        created_at: String,
        updated_at: String,
    },
    Interface {
        id: u64,
        device_id: u64,
        name: Cow<'a, str>,
        interface_type: Cow<'a, str>,
        status: Cow<'a, str>,
        created_at: String,
        updated_at: String,
    },
    Link {
        id: u64,
        a_interface_id: u64,
        b_interface_id: u64,
        length_km: Option<f64>,
        physical_medium_id: Option<Cow<'a, str>>,
        status: Cow<'a, str>,
        status_since: String,
        status_override: Option<Cow<'a, str>>,
        override_reason: Option<Cow<'a, str>>,
        created_at: String,
        updated_at: String,
    },
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
        ExportLine::Device(device) => end_line(out, &device_line(device)),
        ExportLine::Interface(interface) => end_line(out, &interface_line(interface)),
        ExportLine::Link(link) => end_line(out, &link_line(link)),
    }
}

fn end_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

fn time_text(time: Timestamp) -> String {
    match serde_json::to_value(Time(time)) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

fn device_line(device: &Device) -> EntityLine<'_> {
    let set = device.status_override.as_ref();
    EntityLine::Device {
        id: device.id.0,
        name: device.name.as_str().into(),
        device_type: device.device_type.as_str().into(),
        status: device.status.as_str().into(),
        x: device.position.x,
        y: device.position.y,
        tx_power_dbm: device.optics.tx_power_dbm,
        sensitivity_min_dbm: device.optics.sensitivity_min_dbm,
        insertion_loss_db: device.optics.insertion_loss_db,
        pon_class: device.optics.pon_class.map(|class| class.as_str().into()),
        parent_container_id: device.parent.map(|id| id.0),
        status_since: time_text(device.status_since),
        status_override: set.map(|set| set.status.as_str().into()),
        override_reason: reason_text(set),
        created_at: time_text(device.created_at),
        updated_at: time_text(device.updated_at),
    }
}

fn interface_line(interface: &Interface) -> EntityLine<'_> {
    EntityLine::Interface {
        id: interface.id.0,
        device_id: interface.device.0,
        name: interface.name.as_str().into(),
        interface_type: interface.interface_type.as_str().into(),
        status: interface.status.as_str().into(),
        created_at: time_text(interface.created_at),
        updated_at: time_text(interface.updated_at),
    }
}

fn link_line(link: &Link) -> EntityLine<'_> {
    let set = link.status_override.as_ref();
    EntityLine::Link {
        id: link.id.0,
        a_interface_id: link.a.0,
        b_interface_id: link.b.0,
        length_km: link.length_km,
        physical_medium_id: link.medium.map(|medium| medium.as_str().into()),
        status: link.status.as_str().into(),
        status_since: time_text(link.status_since),
        status_override: set.map(|set| set.status.as_str().into()),
        override_reason: reason_text(set),
        created_at: time_text(link.created_at),
        updated_at: time_text(link.updated_at),
    }
}

fn reason_text(set: Option<&Override>) -> Option<Cow<'_, str>> {
    set.and_then(|set| set.reason.as_ref()).map(|reason| reason.as_str().into())
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
            line @ EntityLine::Device { .. } => to_device(line).map(|it| site.devices.push(it)),
            line @ EntityLine::Interface { .. } => {
                to_interface(line).map(|it| site.interfaces.push(it))
            }
            line @ EntityLine::Link { .. } => to_link(line).map(|it| site.links.push(it)),
        };
        placed.map_err(|what| self.error(what))
    }

    fn error(&self, what: impl Into<String>) -> LineError {
        LineError::Line { line: self.line, what: what.into() }
    }
}

fn to_device(line: EntityLine<'_>) -> Result<Device, String> {
    let EntityLine::Device {
        id,
        name: text,
        device_type,
        status: word,
        x,
        y,
        tx_power_dbm,
        sensitivity_min_dbm,
        insertion_loss_db,
        pon_class,
        parent_container_id,
        status_since,
        status_override,
        override_reason,
        created_at,
        updated_at,
    } = line
    else {
        return Err("not a device".to_owned());
    };
    let pon_class = pon_class
        .map(|word| PonClass::parse(&word).ok_or_else(|| format!("unknown pon_class {word:?}")));
    Ok(Device {
        id: DeviceId(number(id)?),
        name: name(&text)?,
        device_type: DeviceType::parse(&device_type)
            .ok_or_else(|| format!("unknown device_type {device_type:?}"))?,
        position: Position { x, y },
        optics: Optics {
            tx_power_dbm,
            sensitivity_min_dbm,
            insertion_loss_db,
            pon_class: pon_class.transpose()?,
        },
        parent: parent_container_id.map(DeviceId),
        status: status(&word)?,
        // These are computed when the site is loaded.
        reasons: Reasons::NONE,
        signal: None,
        uplink: Uplink::default(),
        through_loss_db: None,
        status_since: time(&status_since)?,
        status_override: over(status_override.as_deref(), override_reason.as_deref())?,
        created_at: time(&created_at)?,
        updated_at: time(&updated_at)?,
    })
}

fn to_interface(line: EntityLine<'_>) -> Result<Interface, String> {
    let EntityLine::Interface {
        id,
        device_id,
        name: text,
        interface_type,
        status: word,
        created_at,
        updated_at,
    } = line
    else {
        return Err("not an interface".to_owned());
    };
    Ok(Interface {
        id: InterfaceId(number(id)?),
        device: DeviceId(device_id),
        name: name(&text)?,
        interface_type: InterfaceType::parse(&interface_type)
            .ok_or_else(|| format!("unknown interface_type {interface_type:?}"))?,
        status: status(&word)?,
        created_at: time(&created_at)?,
        updated_at: time(&updated_at)?,
    })
}

fn to_link(line: EntityLine<'_>) -> Result<Link, String> {
    let EntityLine::Link {
        id,
        a_interface_id,
        b_interface_id,
        length_km,
        physical_medium_id,
        status: word,
        status_since,
        status_override,
        override_reason,
        created_at,
        updated_at,
    } = line
    else {
        return Err("not a link".to_owned());
    };
    let medium = physical_medium_id
        .map(|key| Medium::parse(&key).ok_or_else(|| format!("unknown medium {key:?}")));
    Ok(Link {
        id: LinkId(number(id)?),
        a: InterfaceId(a_interface_id),
        b: InterfaceId(b_interface_id),
        length_km,
        medium: medium.transpose()?,
        status: status(&word)?,
        status_since: time(&status_since)?,
        status_override: over(status_override.as_deref(), override_reason.as_deref())?,
        created_at: time(&created_at)?,
        updated_at: time(&updated_at)?,
    })
}

fn number(id: u64) -> Result<u64, String> {
    if (1..=ID_MAX).contains(&id) {
        Ok(id)
    } else {
        Err(format!("id {id} is not between 1 and {ID_MAX}"))
    }
}

fn name(text: &str) -> Result<Name, String> {
    Name::stored(text).map_err(|error| error.to_string())
}

fn status(word: &str) -> Result<Status, String> {
    Status::parse(word).ok_or_else(|| format!("unknown status {word:?}"))
}

fn time(text: &str) -> Result<Timestamp, String> {
    Time::parse(text).ok_or_else(|| format!("{text:?} is not an RFC 3339 time"))
}

fn over(word: Option<&str>, reason: Option<&str>) -> Result<Option<Override>, String> {
    let reason = reason.map(OverrideReason::new).transpose().map_err(|error| error.to_string())?;
    word.map(|word| status(word).map(|status| Override { status, reason })).transpose()
}
