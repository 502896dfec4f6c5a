//! Who the clients are: only those who may look at the site join a namespace, and they leave it when their session,
//! their token or what they may do ends.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use socketioxide::SocketIo;
use socketioxide::extract::{SocketRef, State, TryData};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::info;

use super::fanout::{JOINED, LIVE};
use super::joined_caller::caller_of;
use super::log_followers::LogFollowers;
use crate::auth::{AuthHandle, AuthMode, Caller, Identity, Permission};

/// How often it is looked whether clients may still be there, besides at each end of a session or token.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How often a client's session or token counts as used.
const USE_INTERVAL: Duration = Duration::from_secs(60);

/// What a client sends when it joins a namespace.
#[derive(Deserialize)]
pub(super) struct ConnectAuth {
    /// An API token, for clients that cannot set a header.
    #[serde(default)]
    token: Option<String>,
}

/// Why a client does not join a namespace.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ConnectRefusal {
    BadToken,
    NoUsers,
    Unknown,
    NotAllowed,
}

impl fmt::Display for ConnectRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadToken => "The API token is unknown, or has expired or was revoked",
            Self::NoUsers => {
                "UNOC has no users yet, so only its own host may use it, and no proxy. Add the first user there: \
                 sudo unoc user add NAME --role admin"
            }
            Self::Unknown => {
                "Log in, or send an API token: as auth.token, or in the header Authorization: Bearer unoc_…"
            }
            Self::NotAllowed => "This needs the role viewer, or a token with the scope read",
        })
    }
}

/// Lets a client join a namespace, and remembers who it is. The gate has found out whose the connection is; a token
/// that is sent for the namespace counts instead.
pub(super) async fn admit(
    socket: SocketRef,
    State(auth): State<AuthHandle>,
    TryData(given): TryData<ConnectAuth>,
) -> Result<(), ConnectRefusal> {
    let token = given.ok().and_then(|given| given.token);
    let caller = match &token {
        Some(token) => auth.token_caller(token).ok_or(ConnectRefusal::BadToken)?,
        None => {
            let known = socket.req_parts().extensions.get::<Caller>().cloned();
            known.unwrap_or_else(|| Caller::anonymous(None))
        }
    };
    // The connection may be older than the end of the session.
    if caller.may(Permission::Read) && auth.is_current(&caller) {
        socket.extensions.insert(caller);
        return Ok(());
    }
    Err(match caller.identity {
        Identity::Anonymous | Identity::Host if auth.mode() != AuthMode::Login => {
            ConnectRefusal::NoUsers
        }
        _ if caller.may(Permission::Read) => ConnectRefusal::Unknown,
        Identity::Anonymous | Identity::Host => ConnectRefusal::Unknown,
        _ => ConnectRefusal::NotAllowed,
    })
}

/// Disconnects the clients that may no longer be there. Never returns.
pub(super) async fn watch(auth: AuthHandle, io: SocketIo, followers: LogFollowers) {
    let mut ends = auth.ends();
    let mut look = interval(LOOK_INTERVAL);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut noted = Instant::now();
    loop {
        tokio::select! {
            _ = look.tick() => {}
            // Its sender lives as long as the handle.
            _ = ends.changed() => {}
        }
        let is_noting = noted.elapsed() >= USE_INTERVAL;
        if is_noting {
            noted = Instant::now();
        }
        for socket in
            ["/", LIVE].into_iter().filter_map(|name| io.of(name)).flat_map(|it| it.sockets())
        {
            let caller = caller_of(&socket);
            if !auth.is_current(&caller) {
                disconnect(socket, &followers, &caller);
            } else if is_noting {
                auth.note_use(&caller);
            }
        }
    }
}

fn disconnect(socket: SocketRef, followers: &LogFollowers, caller: &Caller) {
    // A client that does not read cannot be told; it is sent nothing more, and told at the next look.
    socket.leave(JOINED);
    if socket.ns() == LIVE {
        followers.remove(socket.id);
    }
    let (sid, namespace) = (socket.id, socket.ns().to_owned());
    if socket.disconnect().is_ok() {
        info!(
            client.sid = %sid,
            client.namespace = namespace,
            "Client disconnected, because the login or the token of {} has ended: {sid}",
            caller.actor()
        );
    }
}
