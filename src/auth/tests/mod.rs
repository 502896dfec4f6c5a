//! Users, logins, sessions and tokens on a store of their own, with a clock that tests set.

mod account;
mod devices;
mod login;
mod model;
mod oidc;
mod sessions;
mod tokens;
mod users;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;

use super::hasher::PasswordCost;
use super::*;
use crate::domain::Timestamp;
use crate::engine::{Clock, Engine, EngineExit, EngineHandle, EngineOptions};
use crate::store::{AuditOrigin, OpenOptions, Store};
use crate::util::Hidden;

/// What most tests log in with.
const PASSWORD: &str = "correct horse battery";
const HOUR: i64 = 3600;

struct Rig {
    auth: AuthHandle,
    engine: EngineHandle,
    thread: Option<JoinHandle<EngineExit>>,
    now: Arc<AtomicI64>,
    directory: TempDir,
}

impl Rig {
    fn new() -> Self {
        Self::on(tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(1_795_000_000_000_000)))
    }

    fn on(directory: TempDir, now: Arc<AtomicI64>) -> Self {
        let options = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
        let store = Store::open(directory.path(), options).unwrap();
        let clock = Arc::clone(&now);
        let clock = Clock::manual(move || Timestamp(clock.load(Ordering::Relaxed)));
        let options = EngineOptions { min_free_bytes: 0, clock };
        let (engine, thread) = Engine::start(store, options).unwrap();
        let limits = SessionLimits {
            idle: Duration::from_secs(12 * 60 * 60),
            absolute: Duration::from_secs(7 * 24 * 60 * 60),
        };
        let options = AuthOptions { sessions: limits, is_insecure: false };
        let auth = AuthHandle::load_with(engine.clone(), options, PasswordCost::TEST).unwrap();
        Self { auth, engine, thread: Some(thread), now, directory }
    }

    /// With an admin `ada` and an operator `bo`.
    async fn with_users() -> (Self, UserId, UserId) {
        let rig = Self::new();
        let ada = rig.add("ada", Role::Admin).await.unwrap().id;
        let bo = rig.add("bo", Role::Operator).await.unwrap().id;
        (rig, ada, bo)
    }

    /// Ends the engine and starts again on the same store.
    async fn restarted(mut self) -> Self {
        self.engine.stop().await;
        self.thread.take().unwrap().join().unwrap();
        let Self { auth, engine, now, directory, .. } = self;
        drop((auth, engine));
        Self::on(directory, now)
    }

    fn wait_s(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    async fn add(&self, name: &str, role: Role) -> Result<User, AuthError> {
        let password = Some(Password::new(PASSWORD));
        let new = NewUser { name: name.to_owned(), role, password };
        self.auth.add_user(new, origin()).await
    }

    async fn log_in(&self, name: &str, password: &str) -> Result<NewSession, LoginError> {
        self.log_in_from(name, password, None, "192.0.2.7").await
    }

    async fn log_in_from(
        &self,
        name: &str,
        password: &str,
        code: Option<&str>,
        address: &str,
    ) -> Result<NewSession, LoginError> {
        let login = PasswordLogin {
            name: name.to_owned(),
            password: Password::new(password),
            code: code.map(|code| Hidden(code.to_owned())),
        };
        self.auth.log_in(login, client(address), origin()).await
    }

    /// The rows of the audit trail: who, what, outcome, and about what.
    fn audit(&self) -> Vec<(String, String)> {
        let rows = self.engine.read();
        let all = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
        let rows = rows.audit_range(all, 0).unwrap().map(|row| row.unwrap());
        rows.map(|row| (row.origin.actor, row.action)).collect()
    }
}

fn client(address: &str) -> LoginClient {
    LoginClient {
        address: Some(address.parse().unwrap()),
        user_agent: "Firefox".to_owned(),
        device_cookie: None,
    }
}

fn origin() -> AuditOrigin {
    AuditOrigin { actor: "api".to_owned(), ..AuditOrigin::default() }
}

/// The text of a refusal.
#[track_caller]
fn refusal<T: std::fmt::Debug>(result: Result<T, AuthError>) -> String {
    match result {
        Err(AuthError::Refused(text)) => text,
        other => panic!("{other:?}"),
    }
}
