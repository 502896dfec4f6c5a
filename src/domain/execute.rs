//! From a command to a decision.

use super::command::Verdict;
use super::transaction::Edits;
use super::{
    Change, Command, Decision, DeviceId, ImportCounts, InterfaceId, LinkId, Lookalike, Lookalikes,
    Refusal, Reply, RowRefusal, Timestamp, World, recompute, seed,
};
use crate::domain::device::create as provision;
use crate::domain::device::{delete as containers, provision as bulk};
use crate::domain::import::{devices as import, links as import_links};
use crate::domain::link::create as links;
use crate::domain::site::replace;

/// More ids of a kind than any generated network takes: 2^32 leaves with a few dozen ports each.
const BLUEPRINT_IDS_MAX: u64 = 1 << 40;

/// What a command made, by id: the reply is read from the world once everything is settled.
pub(super) enum Made {
    Provisioned(DeviceId),
    ProvisionedMany(Vec<DeviceId>),
    /// With the devices among them.
    Imported(ImportCounts, Vec<DeviceId>),
    Device(DeviceId),
    /// A device that was given a name.
    Named(DeviceId),
    Interface(InterfaceId),
    Link(LinkId),
    Nothing,
}

impl World {
    /// Carries a command out at the time `now`: all of it, or nothing and the reason.
    ///
    /// # Errors
    /// A [`Refusal`]; the world and its id counters are then what they were.
    pub fn execute(&mut self, command: Command, now: Timestamp) -> Verdict {
        let counters = self.next;
        let is_connect = matches!(command, Command::ConnectDevices(_));
        let is_sweeping = command.replaces_site() || matches!(command, Command::Refresh);
        let mut edits = Edits::new(self, now);
        match run(&mut edits, command) {
            Ok(made) => {
                let direct = if is_sweeping { 0 } else { edits.journal().len() };
                recompute::settle(&mut edits);
                let (changes, direct_count) = edits.finish(direct);
                Ok(Decision { reply: self.reply(made, is_connect), changes, direct_count })
            }
            Err(refusal) => {
                edits.roll_back();
                self.next = counters;
                Err(refusal)
            }
        }
    }

    /// What a command would answer: it is carried out and taken back.
    ///
    /// # Errors
    /// The [`Refusal`] that [`World::execute`] would answer.
    pub fn try_out(&mut self, command: Command, now: Timestamp) -> Result<Reply, Refusal> {
        let counters = self.next;
        let Decision { reply, changes, .. } = self.execute(command, now)?;
        self.undo(changes, counters);
        Ok(reply)
    }

    /// What commands would change, without changing anything: all of them together.
    ///
    /// # Errors
    /// The first command that is refused, with its index.
    pub fn simulate(
        &mut self,
        commands: Vec<Command>,
        now: Timestamp,
    ) -> Result<Vec<Change>, RowRefusal> {
        let counters = self.next;
        let mut edits = Edits::new(self, now);
        let mut refused = None;
        for (index, command) in commands.into_iter().enumerate() {
            if let Err(refusal) = run(&mut edits, command) {
                refused = Some(RowRefusal { index, refusal });
                break;
            }
        }
        let changes = match refused {
            Some(refused) => {
                edits.roll_back();
                Err(refused)
            }
            None => {
                recompute::settle(&mut edits);
                Ok(edits.finish_and_roll_back())
            }
        };
        self.next = counters;
        changes
    }

    /// What people take for the names of these devices.
    fn lookalikes(&self, ids: &[DeviceId]) -> Lookalikes {
        let mut found = Lookalikes::default();
        for device in ids.iter().filter_map(|id| self.device(*id)) {
            if let Some(other) = self.lookalike_of(device) {
                let (name, other) = (device.name.clone(), other.name.clone());
                found.note(Lookalike { name, other });
            }
        }
        found
    }

    fn reply(&self, made: Made, is_connect: bool) -> Reply {
        let device = |id| self.device(id).expect("a command's reply names what it made").clone();
        let interface =
            |id| self.interface(id).expect("a command's reply names what it made").clone();
        match made {
            Made::Provisioned(id) => Reply::Provisioned {
                device: device(id),
                lookalikes: self.lookalikes(&[id]),
                interfaces: self.ports(id).iter().copied().map(interface).collect(),
            },
            Made::ProvisionedMany(ids) => Reply::ProvisionedMany {
                interface_count: ids.iter().map(|id| self.ports(*id).len()).sum(),
                lookalikes: self.lookalikes(&ids),
                devices: ids.into_iter().map(device).collect(),
            },
            Made::Imported(counts, ids) => {
                Reply::Imported { counts, lookalikes: self.lookalikes(&ids) }
            }
            Made::Device(id) => {
                Reply::Device { device: device(id), lookalikes: Lookalikes::default() }
            }
            Made::Named(id) => {
                Reply::Device { device: device(id), lookalikes: self.lookalikes(&[id]) }
            }
            Made::Interface(id) => Reply::Interface(interface(id)),
            Made::Link(id) => {
                let link = self.link(id).expect("a command's reply names what it made").clone();
                if is_connect {
                    let (a, b) = (interface(link.a), interface(link.b));
                    let names = [a.device, b.device].map(|id| device(id).name.clone());
                    Reply::Connected { a, b, names, link }
                } else {
                    Reply::Link(link)
                }
            }
            Made::Nothing => Reply::Done,
        }
    }
}

fn run(edits: &mut Edits<'_>, command: Command) -> Result<Made, Refusal> {
    match command {
        Command::ProvisionDevice(new) => provision::provision(edits, new).map(Made::Provisioned),
        Command::ProvisionDevices(rows) => bulk::provision_all(edits, rows),
        Command::ImportDevices(rows) => import::import_devices(edits, &rows),
        Command::ImportLinks(rows) => import_links::import_links(edits, &rows),
        Command::CreateDevice(new) => provision::create(edits, new).map(Made::Named),
        Command::UpdateDevice(id, patch) => provision::update(edits, id, patch),
        Command::SetDeviceOverride(id, set) => {
            provision::set_override(edits, id, Some(set)).map(Made::Device)
        }
        Command::ClearDeviceOverride(id) => {
            provision::set_override(edits, id, None).map(Made::Device)
        }
        Command::DeleteDevice(id) => containers::delete_device(edits, id),
        Command::CreateInterface(new) => links::create_interface(edits, &new).map(Made::Interface),
        Command::CreateLink(new) => links::create_link(edits, &new).map(Made::Link),
        Command::ConnectDevices(new) => links::connect(edits, &new).map(Made::Link),
        Command::UpdateLink(id, patch) => links::update_link(edits, id, patch).map(Made::Link),
        Command::DeleteLink(id) => links::delete_link(edits, id),
        Command::Refresh => {
            recompute::settle_all(edits);
            Ok(Made::Nothing)
        }
        Command::Reseed(blueprint) => {
            edits.check_ids_left(BLUEPRINT_IDS_MAX)?;
            replace::clear(edits);
            seed::build(edits, blueprint);
            Ok(Made::Nothing)
        }
        Command::ReplaceSite(site) => replace::replace(edits, *site),
    }
}

impl Command {
    /// What is being done, for the audit trail and the log.
    pub fn action(&self) -> &'static str {
        match self {
            Self::ProvisionDevice(_) => "provision device",
            Self::ProvisionDevices(_) => "provision devices",
            Self::ImportDevices(_) => "import devices",
            Self::ImportLinks(_) => "import links",
            Self::CreateDevice(_) => "create device",
            Self::UpdateDevice(..) => "update device",
            Self::SetDeviceOverride(..) => "set override",
            Self::ClearDeviceOverride(_) => "clear override",
            Self::DeleteDevice(_) => "delete device",
            Self::CreateInterface(_) => "create interface",
            Self::CreateLink(_) => "create link",
            Self::ConnectDevices(_) => "connect devices",
            Self::UpdateLink(..) => "update link",
            Self::DeleteLink(_) => "delete link",
            Self::Refresh => "refresh status",
            Self::Reseed(_) => "reseed site",
            Self::ReplaceSite(_) => "import site",
        }
    }

    /// True for commands that put another site in the place of the current one.
    pub fn replaces_site(&self) -> bool {
        matches!(self, Self::Reseed(_) | Self::ReplaceSite(_))
    }
}
