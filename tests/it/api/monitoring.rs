//! The files for monitoring systems in `ops/`, read by the real tools.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::postgres::{Postgres, free_port};
use crate::harness::receiver::WebhookReceiver;
use crate::harness::{TestApp, skip, wait};

const RULES: &str = "ops/prometheus-rules.yml";
const DASHBOARD: &str = "ops/grafana-dashboard.json";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text_of_file(name: &str) -> String {
    fs::read_to_string(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Runs `promtool`, which must find nothing; false where it is not installed.
#[track_caller]
fn promtool(arguments: &[&str], input: &str) -> bool {
    let mut command = Command::new("promtool");
    command.args(arguments).current_dir(file(""));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        skip("promtool is not installed (package prometheus)");
        return false;
    };
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "promtool {arguments:?}: {output:?}");
    if arguments == ["check", "metrics"] {
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    }
    true
}

/// The metrics of ours, and of the process, that a text names.
fn named_metrics(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_part(c));
    words.filter(|word| word.starts_with("unoc_") || word.starts_with("process_")).collect()
}

/// An appliance that has done some of everything, and has a mirror and a contact.
fn busy_appliance(postgres: &Postgres, receiver: &WebhookReceiver) -> TestApp {
    let contacts = json!([{"name": "on-call", "webhook": {"url": receiver.url("/x")}}]).to_string();
    let url = postgres.url();
    let variables = [("DATABASE_URL", url.as_str()), ("UNOC_CONTACTS", contacts.as_str())];
    let app = TestApp::with_environment(&variables);
    app.provision_pops("P", 3);
    wait::until("the mirror is in step", || {
        (app.post("/api/sync/now", &Value::Null).status == 200).then_some(())
    });
    app.back_up();
    app
}

#[test]
fn the_dashboard_and_the_rules_name_only_metrics_that_there_are() {
    let Some(postgres) = Postgres::start() else { return };
    let receiver = WebhookReceiver::start();
    let app = busy_appliance(&postgres, &receiver);
    wait::until("the checks have run", || {
        let samples = app.metrics();
        samples.keys().any(|name| name.starts_with("unoc_check_value")).then_some(())
    });
    let text = app.get("/metrics").expect(200).text().to_owned();
    let known = named_metrics(&text);
    let dashboard = text_of_file(DASHBOARD);
    serde_json::from_str::<Value>(&dashboard).expect("the dashboard is JSON");
    for (of, text) in [(DASHBOARD, &dashboard), (RULES, &text_of_file(RULES))] {
        let named = named_metrics(text);
        let unknown: Vec<&&str> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{of} names metrics that do not exist: {unknown:?}");
    }
    promtool(&["check", "metrics"], &text);
}

#[test]
fn the_rules_are_valid_and_fire_when_they_should() {
    if promtool(&["check", "rules", RULES], "") {
        promtool(&["test", "rules", "tests/monitoring/rules-test.yml"], "");
    }
}

#[test]
fn each_rule_is_shown_to_fire() {
    let shown = text_of_file("tests/monitoring/rules-test.yml");
    let rules = text_of_file(RULES);
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let silent = alerts.filter(|name| !shown.contains(&format!("alertname=\"{name}\"")));
    assert_eq!(silent.collect::<Vec<_>>(), [""; 0]);
}

/// A condition on a label, `label="value"` or `label!="value"`, of a metric.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LabelCondition<'a> {
    metric: &'a str,
    label: &'a str,
    value: &'a str,
}

/// Labels that Prometheus adds itself, and the value of one of them in our documentation.
const ADDED_LABELS: [&str; 3] = ["job", "instance", "alertname"];
const JOB: &str = "unoc";

/// The conditions in expressions of PromQL, but those by regular expressions.
fn conditions(text: &str) -> BTreeSet<LabelCondition<'_>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices('{') {
        let before = &text[..at];
        let metric = before.rsplit(|c| !is_part(c)).next().unwrap_or_default();
        let is_ours = metric.starts_with("unoc_") || metric.starts_with("process_");
        let Some((inside, _)) = text[at + 1..].split_once('}').filter(|_| is_ours) else {
            continue;
        };
        for pair in inside.split(',') {
            let Some((label, value)) = pair.split_once('=').filter(|it| !it.1.starts_with('~'))
            else {
                continue;
            };
            let label = label.trim().trim_end_matches('!');
            found.insert(LabelCondition { metric, label, value: value.trim().trim_matches('"') });
        }
    }
    found
}

/// The names of labels by which is grouped, and those in texts.
fn named_labels(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let grouped = text.match_indices("by (").filter_map(|(at, by)| {
        let inside = text[at + by.len()..].split_once(')')?.0;
        Some(inside.split(',').map(str::trim))
    });
    let shown = text.match_indices("{{").filter_map(|(at, begin)| {
        let inside = text[at + begin.len()..].split_once("}}")?.0.trim();
        let name = inside.strip_prefix("$labels.").unwrap_or(inside);
        (!name.is_empty() && name.chars().all(is_part)).then_some(name)
    });
    grouped.flatten().chain(shown).collect()
}

/// Every text in a document of JSON.
fn texts(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(all) => all.iter().map(texts).collect(),
        Value::Object(fields) => fields.values().map(texts).collect(),
        _ => String::new(),
    }
}

#[test]
fn the_labels_in_the_dashboard_and_the_rules_can_occur() {
    let Some(postgres) = Postgres::start() else { return };
    let receiver = WebhookReceiver::start();
    let app = busy_appliance(&postgres, &receiver);
    wait::until("the checks have run", || {
        let text = app.get("/metrics").expect(200).text().to_owned();
        text.contains("unoc_check_state{").then_some(())
    });
    app.get("/nothing").expect(404);
    // Errors of its own: a volume on which less is free than it wants.
    let full = TestApp::with_environment(&[("UNOC_MIN_FREE_MIB", "1048576")]);
    let pop = json!({"name": "P", "device_type": "POP"});
    full.post("/api/devices/provision", &pop).expect(507);
    let samples = [&app, &full].map(|it| it.get("/metrics").expect(200).text().to_owned()).concat();
    let occurs = |it: &LabelCondition<'_>| match it.label {
        "job" => it.value == JOB,
        label => samples.lines().any(|line| {
            line.starts_with(&format!("{}{{", it.metric))
                && line.contains(&format!("{label}=\"{}\"", it.value))
        }),
    };
    let dashboard = serde_json::from_str(&text_of_file(DASHBOARD)).expect("the dashboard is JSON");
    for (of, text) in [(DASHBOARD, texts(&dashboard)), (RULES, text_of_file(RULES))] {
        let conditions = conditions(&text);
        assert!(conditions.len() > 2, "{of} has none: {conditions:?}");
        let never: Vec<_> = conditions.iter().filter(|it| !occurs(it)).collect();
        assert!(never.is_empty(), "{of} has labels that never occur: {never:?}");
        let is_known = |label: &&str| {
            ADDED_LABELS.contains(label)
                || samples.contains(&format!("{{{label}=\""))
                || samples.contains(&format!(",{label}=\""))
        };
        let labels = named_labels(&text);
        let unknown: Vec<_> = labels.iter().filter(|label| !is_known(label)).collect();
        assert!(unknown.is_empty(), "{of} names labels that no metric has: {unknown:?}");
    }
}

/// A real server that is killed when this is dropped.
struct Prometheus {
    child: Child,
    url: String,
    _directory: tempfile::TempDir,
}

impl Prometheus {
    /// Starts one that scrapes an appliance each second; `None` where it is not installed.
    fn start(app: &TestApp) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let config = directory.path().join("prometheus.yml");
        let (rules, target) = (file(RULES), app.address);
        let text = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
             rule_files: [{}]\n\
             scrape_configs: [{{job_name: unoc, static_configs: [{{targets: ['{target}']}}]}}]\n",
            rules.display()
        );
        fs::write(&config, text).expect("the configuration is written");
        let port = free_port();
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", directory.path().join("data").display()));
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            skip("prometheus is not installed");
            return None;
        };
        let url = format!("http://127.0.0.1:{port}");
        Some(Self { child, url, _directory: directory })
    }

    /// Waits until a query has a result that is as wanted.
    #[track_caller]
    fn wait_for(&self, path: &str, is_wanted: impl Fn(&Value) -> bool) {
        wait::until(path, || {
            let mut answer = ureq::get(format!("{}{path}", self.url)).call().ok()?;
            let body = answer.body_mut().read_to_string().ok()?;
            let answer: Value = serde_json::from_str(&body).ok()?;
            is_wanted(&answer["data"]).then_some(())
        });
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_real_prometheus_scrapes_it_and_evaluates_the_rules() {
    let app = TestApp::demo();
    app.get("/api/devices/1").expect(200);
    let Some(prometheus) = Prometheus::start(&app) else { return };
    prometheus.wait_for("/api/v1/targets", |data| {
        let target = &data["activeTargets"][0];
        target["health"] == "up" && target["lastError"] == ""
    });
    let routes = "/api/v1/query?query=unoc_http_request_duration_seconds_count";
    prometheus.wait_for(routes, |data| {
        let series = data["result"].as_array();
        series
            .is_some_and(|all| all.iter().any(|one| one["metric"]["route"] == "/api/devices/{id}"))
    });
    prometheus.wait_for("/api/v1/rules", |data| {
        let rules = data["groups"][0]["rules"].as_array();
        rules.is_some_and(|all| !all.is_empty() && all.iter().all(|rule| rule["health"] == "ok"))
    });
}
