//! Who a client is.

use socketioxide::extract::SocketRef;

use crate::auth::Caller;

/// Returns who a client is that has joined.
pub(super) fn caller_of(socket: &SocketRef) -> Caller {
    socket.extensions.get().unwrap_or_else(|| Caller::anonymous(None))
}
