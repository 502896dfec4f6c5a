//! A command of any kind, for tests that mix them.

use unoc::domain::{
    AddCrossConnects, ClearDeviceOverride, Command, CommandKind, ConnectDevices, CreateDevice,
    CreateInterface, CreateLink, Decision, DeleteDevice, DeleteLink, ProvisionDevice,
    ProvisionDevices, RefreshStatus, Refusal, RemoveCrossConnect, ReplaceCrossConnects,
    ReplaceSite, ReseedSite, SetDeviceOverride, Timestamp, UpdateDevice, UpdateLink, World,
};
use unoc::engine::{EngineError, EngineHandle};
use unoc::store::AuditOrigin;

use super::answer::Answer;

macro_rules! any_command {
    ($($command:ident),* $(,)?) => {
        #[derive(Clone, Debug)]
        pub(crate) enum AnyCommand {
            $($command($command)),*
        }

        $(impl From<$command> for AnyCommand {
            fn from(command: $command) -> Self {
                Self::$command(command)
            }
        })*

        impl AnyCommand {
            pub(crate) fn kind(&self) -> CommandKind {
                match self {
                    $(Self::$command(command) => command.kind()),*
                }
            }

            /// Carries the command out on a world.
            pub(crate) fn execute(
                self,
                world: &mut World,
                now: Timestamp,
            ) -> Result<Decision<Answer>, Refusal> {
                match self {
                    $(Self::$command(command) => world.execute(command, now).map(answered)),*
                }
            }

            /// Carries the command out on an engine.
            pub(crate) async fn submit(
                self,
                engine: &EngineHandle,
                origin: AuditOrigin,
            ) -> Result<Answer, EngineError> {
                match self {
                    $(Self::$command(command) => {
                        engine.execute(command, origin).await.map(Answer::from)
                    })*
                }
            }
        }
    };
}

any_command!(
    ProvisionDevice,
    ProvisionDevices,
    CreateDevice,
    UpdateDevice,
    SetDeviceOverride,
    ClearDeviceOverride,
    DeleteDevice,
    CreateInterface,
    CreateLink,
    ConnectDevices,
    UpdateLink,
    DeleteLink,
    AddCrossConnects,
    ReplaceCrossConnects,
    RemoveCrossConnect,
    RefreshStatus,
    ReseedSite,
    ReplaceSite,
);

fn answered<R>(decision: Decision<R>) -> Decision<Answer>
where
    Answer: From<R>,
{
    let Decision { reply, changes, direct_count } = decision;
    Decision { reply: Answer::from(reply), changes, direct_count }
}
