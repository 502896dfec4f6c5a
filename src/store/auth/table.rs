//! Reading and writing users, sessions and tokens.

use redb::{ReadableTable, Table, WriteTransaction};

use super::api_token::{ApiToken, TokenId, decode_token, encode_token};
use super::batch::AuthBatch;
use super::login_session::{LoginSession, SessionId, decode_session, encode_session};
use super::user::{User, UserId, decode_user, encode_user};
use crate::domain::Timestamp;
use crate::store::audit_event::AuditEvent;
use crate::store::audit_writer::append_events;
use crate::store::error::StoreError;
use crate::store::open::Store;
use crate::store::snapshot::{Snapshot, open_if_written};
use crate::store::tables;
use crate::util::Hidden;

/// The last ids that were used, also of what was removed since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuthCounters {
    pub user: u64,
    pub session: u64,
    pub token: u64,
}

/// All users, sessions and tokens, each by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthRows {
    pub users: Vec<User>,
    pub sessions: Vec<LoginSession>,
    pub tokens: Vec<ApiToken>,
    pub counters: AuthCounters,
    /// Signs device cookies; `None` until it is drawn.
    pub device_key: Option<Hidden<[u8; 32]>>,
}

impl AuthCounters {
    /// Counts the ids of what a batch writes.
    pub fn raise(&mut self, batch: &AuthBatch) {
        let greatest = |ids: &mut dyn Iterator<Item = u64>, last: u64| ids.fold(last, u64::max);
        self.user = greatest(&mut batch.users.iter().map(|user| user.id.0), self.user);
        self.session =
            greatest(&mut batch.sessions.iter().map(|session| session.id.0), self.session);
        self.token = greatest(&mut batch.tokens.iter().map(|token| token.id.0), self.token);
    }
}

impl Store {
    /// Writes a change of users, sessions and tokens, and what the audit trail says of it, in one durable
    /// transaction. The site and its seq stay what they are.
    pub fn save_auth(
        &self,
        batch: &AuthBatch,
        events: &[&AuditEvent],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        write(&tx, batch)?;
        append_events(&tx, events, at)?;
        tx.commit()?;
        Ok(())
    }
}

impl Snapshot {
    /// Returns all users, sessions and tokens.
    pub fn auth(&self) -> Result<AuthRows, StoreError> {
        let tx = self.transaction();
        let mut rows = AuthRows::default();
        if let Some(table) = open_if_written(tx, tables::USERS)? {
            rows.users = read(&table, |id, bytes| decode_user(UserId(id), bytes))?;
        }
        if let Some(table) = open_if_written(tx, tables::LOGIN_SESSIONS)? {
            rows.sessions = read(&table, |id, bytes| decode_session(SessionId(id), bytes))?;
        }
        if let Some(table) = open_if_written(tx, tables::API_TOKENS)? {
            rows.tokens = read(&table, |id, bytes| decode_token(TokenId(id), bytes))?;
        }
        if let Some(table) = open_if_written(tx, tables::AUTH_COUNTERS)? {
            rows.counters = counters(&table)?;
        }
        if let Some(table) = open_if_written(tx, tables::DEVICE_KEY)? {
            rows.device_key = table.get(())?.map(|row| Hidden(row.value()));
        }
        Ok(rows)
    }
}

fn write(tx: &WriteTransaction, batch: &AuthBatch) -> Result<(), StoreError> {
    if batch.is_empty() {
        return Ok(());
    }
    let mut users = tx.open_table(tables::USERS)?;
    let removed = batch.removed_users.iter().map(|id| id.0);
    let saved = batch.users.iter().map(|user| (user.id.0, encode_user(user)));
    replace(&mut users, removed, saved)?;
    let mut sessions = tx.open_table(tables::LOGIN_SESSIONS)?;
    let removed = batch.removed_sessions.iter().map(|id| id.0);
    let saved = batch.sessions.iter().map(|session| (session.id.0, encode_session(session)));
    replace(&mut sessions, removed, saved)?;
    let mut tokens = tx.open_table(tables::API_TOKENS)?;
    let removed = batch.removed_tokens.iter().map(|id| id.0);
    let saved = batch.tokens.iter().map(|token| (token.id.0, encode_token(token)));
    replace(&mut tokens, removed, saved)?;
    let mut table = tx.open_table(tables::AUTH_COUNTERS)?;
    let before = counters(&table)?;
    let mut after = before;
    after.raise(batch);
    if after != before {
        table.insert((), (after.user, after.session, after.token))?;
    }
    if let Some(key) = &batch.device_key {
        tx.open_table(tables::DEVICE_KEY)?.insert((), key.0)?;
    }
    Ok(())
}

fn replace(
    table: &mut Table<'_, u64, &'static [u8]>,
    removed: impl Iterator<Item = u64>,
    saved: impl Iterator<Item = (u64, Vec<u8>)>,
) -> Result<(), StoreError> {
    for id in removed {
        table.remove(id)?;
    }
    for (id, record) in saved {
        table.insert(id, record.as_slice())?;
    }
    Ok(())
}

fn read<T>(
    table: &impl ReadableTable<u64, &'static [u8]>,
    decode: impl Fn(u64, &[u8]) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let rows = table.iter()?.map(|row| {
        let (id, value) = row?;
        decode(id.value(), value.value())
    });
    rows.collect()
}

fn counters(table: &impl ReadableTable<(), (u64, u64, u64)>) -> Result<AuthCounters, StoreError> {
    let row = table.get(())?.map(|row| row.value());
    let (user, session, token) = row.unwrap_or_default();
    Ok(AuthCounters { user, session, token })
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::store::{AuditOrigin, OpenOptions, Role, TokenScope};

    fn user(id: u64) -> User {
        User {
            id: UserId(id),
            name: format!("user{id}"),
            role: Role::Viewer,
            password_hash: None,
            totp: None,
            is_disabled: false,
            created_at: Timestamp(5),
            password_changed_at: None,
            last_login: None,
            oidc_subject: None,
        }
    }

    fn session(id: u64) -> LoginSession {
        LoginSession {
            id: SessionId(id),
            secret_hash: Hidden([1; 32]),
            user: UserId(1),
            created_at: Timestamp(5),
            last_used_at: Timestamp(6),
            address: None,
            user_agent: String::new(),
        }
    }

    fn token(id: u64) -> ApiToken {
        ApiToken {
            id: TokenId(id),
            secret_hash: Hidden([2; 32]),
            prefix: "unoc_".to_owned(),
            name: "ci".to_owned(),
            scope: TokenScope::Read,
            owner: UserId(1),
            created_at: Timestamp(5),
            expires_at: Timestamp(6),
            last_used_at: None,
        }
    }

    #[test]
    fn rows_are_kept_with_their_event_and_ids_are_never_used_again() {
        let options = OpenOptions { cache_bytes: 16 << 20, now: Timestamp(0), site_id: None };
        let store = Store::with_backend(InMemoryBackend::new(), options).unwrap();
        assert_eq!(store.read().unwrap().auth().unwrap(), AuthRows::default());
        let batch = AuthBatch {
            users: vec![user(1), user(2)],
            sessions: vec![session(1), session(4)],
            tokens: vec![token(3)],
            device_key: Some(Hidden([7; 32])),
            ..AuthBatch::default()
        };
        let event = AuditEvent::done(AuditOrigin::local("cli"), "add user", "details".into());
        store.save_auth(&batch, &[&event], Timestamp(7)).unwrap();
        let removal = AuthBatch {
            users: vec![User { role: Role::Admin, ..user(1) }],
            removed_users: vec![UserId(2)],
            removed_sessions: vec![SessionId(4)],
            removed_tokens: vec![TokenId(3)],
            ..AuthBatch::default()
        };
        store.save_auth(&removal, &[], Timestamp(8)).unwrap();
        let snapshot = store.read().unwrap();
        let expected = AuthRows {
            users: vec![User { role: Role::Admin, ..user(1) }],
            sessions: vec![session(1)],
            tokens: Vec::new(),
            counters: AuthCounters { user: 2, session: 4, token: 3 },
            device_key: Some(Hidden([7; 32])),
        };
        assert_eq!(snapshot.auth().unwrap(), expected);
        let rows = snapshot
            .audit_range((std::ops::Bound::Unbounded, std::ops::Bound::Unbounded), 0)
            .unwrap();
        let actions: Vec<String> = rows.map(|row| row.unwrap().action).collect();
        assert_eq!(actions, ["add user"]);
        assert_eq!(snapshot.seq(), 0);
    }
}
