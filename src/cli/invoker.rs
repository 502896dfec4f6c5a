//! Who runs this command, for the audit trail.

use std::process::Command;

use crate::store::AuditOrigin;
use crate::util::host_user_name;

/// Set by a command of root's that goes on as the owner of the data directory: the number of the user who typed it.
/// Who can set it without being root can write the store as well.
const INVOKER_UID: &str = "INVOKER_UID";

/// The origin of what this command changes without a server: named as somebody who asks by the Unix socket.
pub(super) fn origin() -> AuditOrigin {
    AuditOrigin::local(&actor())
}

/// The user of this host who typed this command: `host user ada`.
pub(super) fn actor() -> String {
    let uid = uid();
    let name = host_user_name(uid).unwrap_or_else(|| format!("uid {uid}"));
    format!("host user {name}")
}

/// Tells the command that goes on as another user who typed it.
pub(super) fn pass_on(command: &mut Command) {
    command.env(INVOKER_UID, uid().to_string());
}

fn uid() -> u32 {
    let environment = crate::config::environment();
    let passed_on = environment.get(INVOKER_UID).and_then(|uid| uid.parse().ok());
    passed_on.unwrap_or_else(|| rustix::process::getuid().as_raw())
}
