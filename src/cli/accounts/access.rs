//! Users, tokens and sessions where they are: on the running server, or in a store that no server uses.

use std::io::Read;
use std::thread::JoinHandle;

use anyhow::Context;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use super::rows::{IssuedTokenRow, SessionRow, SetupCodeRow, SetupLinkRow, TokenRow, UserRow};
use crate::app;
use crate::auth::{
    AuthError, AuthHandle, NewToken, NewUser, Password, Role, SessionId, TokenId, TokenScope,
    UserChange, UserId,
};
use crate::cli::client::ApplianceClient;
use crate::cli::exit::CommandError;
use crate::cli::{invoker, offline};
use crate::config::Config;
use crate::engine::{EngineExit, EngineHandle};
use crate::store::Store;
use crate::util::Hidden;

/// A user to make.
pub(super) struct UserInput {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) password: Option<Hidden<String>>,
}

/// What to change of a user.
#[derive(Default)]
pub(super) struct UserChangeInput {
    pub(super) role: Option<Role>,
    pub(super) is_disabled: Option<bool>,
    pub(super) password: Option<Hidden<String>>,
    pub(super) clear_totp: bool,
}

/// A token to make.
pub(super) struct TokenInput {
    pub(super) name: String,
    pub(super) scope: TokenScope,
    pub(super) owner: String,
    pub(super) days: u32,
}

/// Where users, tokens and sessions are.
pub(super) enum Accounts {
    Server(ApplianceClient),
    Local(Box<LocalAccounts>),
}

/// An engine in this process on a store that no server uses.
pub(super) struct LocalAccounts {
    auth: AuthHandle,
    engine: EngineHandle,
    thread: JoinHandle<EngineExit>,
    runtime: Runtime,
}

/// Whether a command may make the first store of a data directory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StoreWanted {
    Existing,
    OrNew,
}

/// Does `work` on the server that uses the store, or on the store itself.
pub(super) fn with_accounts<T>(
    config: &Config,
    wanted: StoreWanted,
    work: impl FnOnce(&Accounts) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let store = match wanted {
        StoreWanted::Existing => offline::open_existing(config)?,
        StoreWanted::OrNew => offline::open_store(config)?,
    };
    let accounts = match store {
        None => Accounts::Server(ApplianceClient::connect(config)?),
        Some(store) => Accounts::Local(Box::new(LocalAccounts::open(config, store)?)),
    };
    let done = work(&accounts);
    if let Accounts::Local(local) = accounts {
        local.close()?;
    }
    done
}

impl LocalAccounts {
    fn open(config: &Config, store: Store) -> Result<Self, CommandError> {
        let runtime = offline::runtime()?;
        let (engine, thread) = offline::start_engine(config, store)?;
        let auth = app::load_auth(config, &engine)?;
        Ok(Self { auth, engine, thread, runtime })
    }

    fn close(self) -> Result<(), CommandError> {
        self.runtime.block_on(self.engine.stop());
        offline::join(self.thread)
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T, AuthError>>) -> Result<T, CommandError> {
        Ok(self.runtime.block_on(work)?)
    }

    fn owner(&self, name: &str) -> Result<UserId, CommandError> {
        let owner = self.auth.user_named(name).map(|user| user.id);
        owner.ok_or_else(|| CommandError::refused(format!("there is no user {name}")))
    }
}

impl Accounts {
    pub(super) fn users(&self) -> Result<Vec<UserRow>, CommandError> {
        match self {
            Self::Server(server) => read(server.get("/api/users")?),
            Self::Local(local) => Ok(local.auth.users().into_iter().map(UserRow::new).collect()),
        }
    }

    pub(super) fn add_user(&self, new: UserInput) -> Result<UserRow, CommandError> {
        let UserInput { name, role, password } = new;
        match self {
            Self::Server(server) => {
                let password = password.map(|password| password.0);
                let body = json!({"name": name, "role": role.as_str(), "password": password});
                read(server.post_json("/api/users", &body)?)
            }
            Self::Local(local) => {
                let password = password.map(|password| Password::new(password.0));
                let new = NewUser { name, role, password };
                Ok(UserRow::new(local.wait(local.auth.add_user(new, invoker::origin()))?))
            }
        }
    }

    pub(super) fn change_user(
        &self,
        id: u64,
        change: UserChangeInput,
    ) -> Result<UserRow, CommandError> {
        match self {
            Self::Server(server) => {
                read(server.patch(&format!("/api/users/{id}"), &patch(change))?)
            }
            Self::Local(local) => {
                let change = UserChange {
                    role: change.role,
                    is_disabled: change.is_disabled,
                    password: change.password.map(|password| Password::new(password.0)),
                    clear_totp: change.clear_totp,
                    revoke_tokens: false,
                };
                let changed = local.auth.change_user(UserId(id), change, invoker::origin());
                Ok(UserRow::new(local.wait(changed)?))
            }
        }
    }

    pub(super) fn remove_user(&self, id: u64) -> Result<(), CommandError> {
        match self {
            Self::Server(server) => server.delete(&format!("/api/users/{id}")),
            Self::Local(local) => local.wait(local.auth.remove_user(UserId(id), invoker::origin())),
        }
    }

    /// Returns the link and when it expires; only a server has a set-up code.
    pub(super) fn setup_link(&self, config: &Config) -> Result<SetupLinkRow, CommandError> {
        match self {
            Self::Server(server) => {
                let drawn: SetupCodeRow = read(server.post("/api/setup/code")?)?;
                let url = config.public_url.as_deref().unwrap_or_else(|| server.shown_url());
                let url = format!("{}/set-up#{}", url.trim_end_matches('/'), drawn.code);
                Ok(SetupLinkRow { url, expires_at: drawn.expires_at })
            }
            Self::Local(_) => Err(CommandError::temporary(
                "no server runs that could open the link; start it (systemctl start unoc), or make the user \
                 here: unoc user add NAME --role admin",
            )),
        }
    }

    pub(super) fn tokens(&self) -> Result<Vec<TokenRow>, CommandError> {
        match self {
            Self::Server(server) => read(server.get("/api/tokens?all=true")?),
            Self::Local(local) => {
                let auth = &local.auth;
                let tokens = auth.tokens(None).into_iter();
                Ok(tokens.map(|token| TokenRow::new(auth, token)).collect())
            }
        }
    }

    pub(super) fn add_token(&self, new: TokenInput) -> Result<IssuedTokenRow, CommandError> {
        let TokenInput { name, scope, owner, days } = new;
        match self {
            Self::Server(server) => {
                let body = json!({
                    "name": name, "scope": scope.as_str(), "owner": owner, "expires_in_days": days,
                });
                read(server.post_json("/api/tokens", &body)?)
            }
            Self::Local(local) => {
                let owner = local.owner(&owner)?;
                let new = NewToken { name, scope, owner, expires_in_days: Some(days) };
                let issued = local.wait(local.auth.add_token(new, invoker::origin()))?;
                let row = TokenRow::new(&local.auth, issued.token);
                Ok(IssuedTokenRow { row, token: issued.secret.0 })
            }
        }
    }

    pub(super) fn revoke_token(&self, id: u64) -> Result<(), CommandError> {
        match self {
            Self::Server(server) => server.delete(&format!("/api/tokens/{id}")),
            Self::Local(local) => {
                local.wait(local.auth.revoke_token(TokenId(id), None, invoker::origin()))
            }
        }
    }

    pub(super) fn sessions(&self) -> Result<Vec<SessionRow>, CommandError> {
        match self {
            Self::Server(server) => read(server.get("/api/sessions?all=true")?),
            Self::Local(local) => {
                let auth = &local.auth;
                let sessions = auth.sessions(None).into_iter();
                Ok(sessions.map(|session| SessionRow::new(auth, session)).collect())
            }
        }
    }

    pub(super) fn end_session(&self, id: u64) -> Result<(), CommandError> {
        match self {
            Self::Server(server) => server.delete(&format!("/api/sessions/{id}")),
            Self::Local(local) => {
                local.wait(local.auth.end_session(SessionId(id), None, invoker::origin()))
            }
        }
    }
}

/// What is absent stays as it is.
fn patch(change: UserChangeInput) -> Value {
    let mut patch = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        patch.extend(value.map(|value| (key.to_owned(), value)));
    };
    set("role", change.role.map(|role| json!(role.as_str())));
    set("is_disabled", change.is_disabled.map(|is_disabled| json!(is_disabled)));
    set("password", change.password.map(|password| json!(password.0)));
    set("clear_totp", change.clear_totp.then_some(json!(true)));
    Value::Object(patch)
}

fn read<T: DeserializeOwned>(mut body: impl Read) -> Result<T, CommandError> {
    let mut text = String::new();
    body.read_to_string(&mut text).context("the server's answer was cut off")?;
    // The text may hold a token.
    Ok(serde_json::from_str(&text)
        .context("the server's answer is not what this command expects")?)
}
