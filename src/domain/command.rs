//! Commands: the requests to change the site, and what comes of an accepted one.

use super::transaction::Transaction;
use super::{Change, DeviceId, Refusal, World};

/// A request to change the site. The only way in which it changes.
///
/// Only the domain can implement it, because [`Transaction`] has no name outside of it.
pub trait Command: Send + 'static {
    /// What the caller of an accepted command gets back.
    type Reply: Send + 'static;
    /// What [`Command::reply`] needs to know of the run, such as the id of a new device.
    type Output;

    fn kind(&self) -> CommandKind;

    /// The devices whose personal data is erased, in the audit trail too.
    fn erased(&self) -> &[DeviceId] {
        &[]
    }

    /// The rows of the audit trail that the command undoes.
    fn undone_rows(&self) -> &[u64] {
        &[]
    }

    /// Makes the changes that the command asks for, without the changes of status that follow.
    ///
    /// # Errors
    /// A [`Refusal`]; the caller rolls the transaction back.
    fn run(self, transaction: &mut Transaction<'_>) -> Result<Self::Output, Refusal>;

    /// Reads the reply from the world, once every status is computed.
    fn reply(world: &World, output: Self::Output) -> Self::Reply;
}

/// Every kind of command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandKind {
    ProvisionDevice,
    ProvisionDevices,
    ImportDevices,
    ImportLinks,
    ImportCrossConnects,
    CreateDevice,
    UpdateDevice,
    SetDeviceOverride,
    ClearDeviceOverride,
    SetOverrides,
    EndOverrides,
    SetLifecycles,
    DeleteDevice,
    ErasePersonalData,
    CreateInterface,
    CreateLink,
    ConnectDevices,
    UpdateLink,
    DeleteLink,
    AddCrossConnects,
    ReplaceCrossConnects,
    RemoveCrossConnect,
    AssumeCrossConnects,
    RefreshStatus,
    ReseedSite,
    ReplaceSite,
    UndoChanges,
}

impl CommandKind {
    pub const ALL: [Self; 27] = [
        Self::ProvisionDevice,
        Self::ProvisionDevices,
        Self::ImportDevices,
        Self::ImportLinks,
        Self::ImportCrossConnects,
        Self::CreateDevice,
        Self::UpdateDevice,
        Self::SetDeviceOverride,
        Self::ClearDeviceOverride,
        Self::SetOverrides,
        Self::EndOverrides,
        Self::SetLifecycles,
        Self::DeleteDevice,
        Self::ErasePersonalData,
        Self::CreateInterface,
        Self::CreateLink,
        Self::ConnectDevices,
        Self::UpdateLink,
        Self::DeleteLink,
        Self::AddCrossConnects,
        Self::ReplaceCrossConnects,
        Self::RemoveCrossConnect,
        Self::AssumeCrossConnects,
        Self::RefreshStatus,
        Self::ReseedSite,
        Self::ReplaceSite,
        Self::UndoChanges,
    ];

    /// The name in the audit trail, where it is stored.
    pub const fn action(self) -> &'static str {
        match self {
            Self::ProvisionDevice => "provision device",
            Self::ProvisionDevices => "provision devices",
            Self::ImportDevices => "import devices",
            Self::ImportLinks => "import links",
            Self::ImportCrossConnects => "import cross-connects",
            Self::CreateDevice => "create device",
            Self::UpdateDevice => "update device",
            Self::SetDeviceOverride => "set override",
            Self::ClearDeviceOverride => "clear override",
            Self::SetOverrides => "set overrides",
            Self::EndOverrides => "end overrides",
            Self::SetLifecycles => "set lifecycle",
            Self::DeleteDevice => "delete device",
            Self::ErasePersonalData => "erase personal data",
            Self::CreateInterface => "create interface",
            Self::CreateLink => "create link",
            Self::ConnectDevices => "connect devices",
            Self::UpdateLink => "update link",
            Self::DeleteLink => "delete link",
            Self::AddCrossConnects => "add cross-connects",
            Self::ReplaceCrossConnects => "replace cross-connects",
            Self::RemoveCrossConnect => "remove cross-connect",
            Self::AssumeCrossConnects => "assume cross-connects",
            Self::RefreshStatus => "refresh status",
            Self::ReseedSite => "reseed site",
            Self::ReplaceSite => "import site",
            Self::UndoChanges => "undo",
        }
    }

    /// The kind with this name in the audit trail, if there is one.
    pub fn of_action(action: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.action() == action)
    }

    /// Whether another site takes the place of the current one.
    pub const fn replaces_site(self) -> bool {
        matches!(self, Self::ReseedSite | Self::ReplaceSite)
    }

    /// Whether the command names no entity, so that each change counts as one that follows from it.
    pub(super) const fn concerns_whole_site(self) -> bool {
        self.replaces_site() || matches!(self, Self::RefreshStatus | Self::AssumeCrossConnects)
    }
}

/// The result of an accepted command: the reply, and each changed entity once.
#[derive(Clone, Debug)]
pub struct Decision<R> {
    pub reply: R,
    pub changes: Vec<Change>,
    /// How many of them, at the front, the command itself asked for; the others follow from these. 0
    /// for a command that replaces the site or computes every status again.
    pub direct_count: usize,
}

/// A command of any kind, for [`World::simulate`].
pub struct SimulatedCommand(RunFunction);

type RunFunction = Box<dyn FnOnce(&mut Transaction<'_>) -> Result<(), Refusal> + Send>;

impl SimulatedCommand {
    pub(super) fn run(self, transaction: &mut Transaction<'_>) -> Result<(), Refusal> {
        (self.0)(transaction)
    }
}

impl<C: Command> From<C> for SimulatedCommand {
    fn from(command: C) -> Self {
        Self(Box::new(|transaction| command.run(transaction).map(|_| ())))
    }
}
