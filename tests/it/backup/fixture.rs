//! Shared by the tests of backups: sites to save, requests, keys.

use std::fs;
use std::path::{Path, PathBuf};

use http::Method;
use serde_json::{Value, json};
use unoc::backup::KeyPair;

use crate::harness::http::{Answer, Http};
use crate::harness::plant::Plant;
use crate::harness::process::{Said, run, said, unoc};
use crate::harness::site::text_of;
use crate::harness::wait;

impl Http {
    /// A POST request without a body.
    #[track_caller]
    pub(super) fn ask(&self, path: &str) -> Answer {
        self.send(Method::POST, path, &[], None)
    }

    /// Makes a backup, which must succeed.
    #[track_caller]
    pub(crate) fn back_up(&self) -> Value {
        self.ask("/api/backups").expect(201).json()
    }

    /// `GET /api/backups`.
    #[track_caller]
    pub(super) fn backups(&self) -> Value {
        self.get("/api/backups").expect(200).json()
    }

    #[track_caller]
    pub(super) fn backup(&self, id: &Value) -> Value {
        self.get(&format!("/api/backups/{}", text_of(id))).expect(200).json()
    }

    pub(super) fn verify(&self, id: &Value) -> Answer {
        self.ask(&format!("/api/backups/{}/verify", text_of(id)))
    }

    pub(crate) fn restore(&self, id: &Value, is_dry_run: bool) -> Answer {
        let path = format!("/api/backups/{}/restore", text_of(id));
        // A clock that jumps makes scheduled backups due.
        wait::until("no backup runs", || {
            let answer = self.post(&path, &json!({"dry_run": is_dry_run}));
            let is_busy = answer.status == 409 && answer.text().contains("a backup is running");
            (!is_busy).then_some(answer)
        })
    }

    pub(super) fn undo(&self) -> Answer {
        self.ask("/api/backups/undo")
    }

    #[track_caller]
    pub(super) fn export(&self) -> String {
        self.get("/api/export").expect(200).text().to_owned()
    }

    /// Runs a job to its end and returns that run.
    #[track_caller]
    pub(super) fn run_job(&self, name: &str) -> Value {
        let path = format!("/api/jobs/{name}");
        let begun = self.ask(&format!("{path}/run")).expect(202).json();
        wait::until("the run ends", || {
            let runs = self.get(&path).expect(200).json()["runs"].take();
            let run = runs.as_array()?.iter().find(|run| run["id"] == begun["id"])?.clone();
            (!run["ended_at"].is_null()).then_some(run)
        })
    }

    /// A site with all kinds of entities, overrides on devices and links, and texts with special
    /// characters.
    pub(super) fn odd_site(&self) -> Plant {
        let plant = Plant::build(self);
        self.hold(plant.id("ONT-A1"), &json!("DOWN"));
        self.cut(plant.link("SPL-B", "ONT-B1"));
        for (name, reason) in [
            ("Straße 7 / „Süd“ 名 🦀", "tab\there, line\nhere, \r\n and \u{b}\u{c}\u{8}"),
            (r"back\slash \N \. \t", r"\N"),
            ("quote ' \" $$ ; -- %s {a,b}", "it's \\ 'quoted' \u{1}\u{7f}"),
            (" spaces outside ", ""),
            (r"\.", "\\."),
            ("\u{202e}right\u{a0}to left e\u{301}", "\u{2028}\u{feff}"),
        ] {
            let id = self.provision(name, "HOP");
            let body = json!({"status_override": "DOWN", "override_reason": reason});
            self.patch(&format!("/api/devices/{id}/override"), &body).expect(200);
        }
        let gone = self.provision("gone", "ODF");
        self.delete(&format!("/api/devices/{gone}")).expect(204);
        self.patch(&plant.path("OLT"), &json!({"x": 0.1, "y": -1e-9, "tx_power_dbm": 4.75}))
            .expect(200);
        plant
    }
}

/// The file of a backup in its directory.
pub(super) fn file_of(data_dir: &Path, backup: &Value) -> PathBuf {
    data_dir.join("backups").join(text_of(&backup["file"]))
}

/// Names in a directory, sorted.
pub(super) fn names_in(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let names = entries.map(|entry| entry.expect("it is readable").file_name());
    let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// `unoc export` of a data directory, by its server or without one.
#[track_caller]
pub(super) fn export_of(data_dir: &Path) -> String {
    run(data_dir, &["export"]).expect(0).stdout
}

/// An export without the number of the commit, which changes when a site is restored.
pub(super) fn portable(export: &str) -> String {
    let (header, rest) = export.split_once('\n').expect("a header");
    let mut header: Value = serde_json::from_str(header).expect("JSON");
    header["seq"].take();
    format!("{header}\n{rest}")
}

/// The rows of an export as operators recorded them, without the cross-connects that were assumed when a
/// site of 0.1.0 was taken over, and the number of ports that have such.
pub(super) fn without_assumed_joins(export: &str) -> (Vec<Value>, usize) {
    let mut assumed_count = 0;
    let mut row = |line: &str| -> Value {
        let mut row: Value = serde_json::from_str(line).expect("a row is JSON");
        let fields = row.as_object_mut().expect("a row is an object");
        // Ports and parts with such were changed; a splitter's loss follows its ratio now.
        for computed in ["updated_at", "status", "status_since"] {
            fields.remove(computed);
        }
        let joined = fields.remove("cross_connect");
        assumed_count += usize::from(joined.is_some_and(|joined| joined["is_assumed"] == true));
        row
    };
    (entities(export).lines().map(&mut row).collect(), assumed_count)
}

/// The rows of an export, without its first line, which has the commit and the next ids.
pub(super) fn entities(export: &str) -> &str {
    export.split_once('\n').expect("a header").1
}

/// A site of this many leaves in a new data directory.
#[track_caller]
pub(super) fn seed(data_dir: &Path, leaves: u32) {
    run(data_dir, &["seed", "--size", &leaves.to_string()]).expect(0);
}

/// `unoc backup now` without a server.
#[track_caller]
pub(super) fn back_up(data_dir: &Path) -> Value {
    let said = run(data_dir, &["backup", "now", "--json"]).expect(0);
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// `unoc ARGUMENTS` with further settings.
#[track_caller]
pub(super) fn run_with(data_dir: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Said {
    let mut command = unoc(arguments);
    said(command.arg("--data-dir").arg(data_dir).envs(environment.iter().copied()))
}

/// Asserts that no unfinished file is left in the directories of this appliance.
#[track_caller]
pub(super) fn assert_no_left_overs(data_dir: &Path) {
    let backups = names_in(&data_dir.join("backups"));
    assert!(!backups.iter().any(|name| name.ends_with(".part")), "{backups:?}");
    for name in backups.iter().filter(|name| name.starts_with("unoc_")) {
        let id = name.split('.').next().expect("a first part");
        assert!(backups.contains(&format!("{id}.json")), "{name} belongs to nothing: {backups:?}");
    }
    assert_eq!(names_in(&data_dir.join("staged")), [""; 0], "a staged store is left");
}

/// A pair of keys, the secret one in a file.
pub(super) struct Key {
    pub(super) file: PathBuf,
    pub(super) recipient: String,
    pub(super) key_id: String,
}

impl Key {
    pub(super) fn new(directory: &Path, name: &str) -> Self {
        let pair = KeyPair::generate();
        let file = directory.join(name);
        fs::write(&file, format!("# {name}\n{}\n", pair.secret)).expect("a writable directory");
        Self { file, recipient: pair.recipient, key_id: pair.key_id }
    }

    pub(super) fn path(&self) -> &str {
        self.file.to_str().expect("our names are UTF-8")
    }
}

pub(super) fn path_of(file: &Path) -> &str {
    file.to_str().expect("our names are UTF-8")
}
