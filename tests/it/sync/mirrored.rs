//! An appliance with a mirror, and helpers to read both sides.

use std::path::Path;

use serde_json::Value;

use crate::harness::postgres::Postgres;
use crate::harness::process::Server;
use crate::harness::wait;

/// Starts an appliance that mirrors into this database and begins without a device.
#[track_caller]
pub(crate) fn serve(data_dir: &Path, url: &str) -> Server {
    serve_with(data_dir, url, &[])
}

/// The same with additional environment variables.
#[track_caller]
pub(crate) fn serve_with(data_dir: &Path, url: &str, more: &[(&str, &str)]) -> Server {
    let mut environment = vec![("DATABASE_URL", url), ("UNOC_DEV_FEATURES", "0")];
    environment.extend(more);
    Server::start(data_dir, &environment)
}

impl Server {
    /// `GET /api/sync`.
    #[track_caller]
    pub(crate) fn sync(&self) -> Value {
        self.http.get("/api/sync").expect(200).json()
    }

    /// Waits until everything is in PostgreSQL; returns the state.
    #[track_caller]
    pub(crate) fn in_step(&self) -> Value {
        let state = self.sync_now();
        assert_eq!(state["applied_seq"], state["seq"], "{state:#}");
        state
    }

    /// Asks for a round until one succeeds; returns the state.
    #[track_caller]
    pub(crate) fn sync_now(&self) -> Value {
        let mut last = Value::Null;
        wait::until("the mirror is in step", || {
            let answer = self.http.post("/api/sync/now", &Value::Null);
            last = answer.json();
            (answer.status == 200).then(|| last.clone())
        })
    }

    /// Waits for a state and returns it.
    #[track_caller]
    pub(crate) fn sync_is(&self, state: &str) -> Value {
        let mut last = Value::Null;
        wait::until(&format!("the mirror is {state}"), || {
            last = self.sync();
            (last["state"] == state).then(|| last.clone())
        })
    }
}

impl Postgres {
    /// The one value of a statement, as text.
    #[track_caller]
    pub(crate) fn value(&self, sql: &str) -> String {
        let mut rows = self.rows(sql);
        assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
        rows.remove(0).remove(0)
    }

    /// The names of all devices, by id.
    #[track_caller]
    pub(crate) fn device_names(&self) -> Vec<String> {
        let rows = self.rows("SELECT name FROM devices ORDER BY site_id, id");
        rows.into_iter().map(|mut row| row.remove(0)).collect()
    }
}
