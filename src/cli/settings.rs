//! `unoc settings`

use std::collections::BTreeSet;
use std::io::Read;

use anyhow::Context;
use serde_json::{Map, Value, json};

use super::args::{Cli, SettingsAction};
use super::client::ApplianceClient;
use super::exit::CommandError;
use super::table::print_table;
use crate::app::read_endpoint;
use crate::settings::{FOR_S_MAX, SETTINGS, SettingSpec};

const PATH: &str = "/api/settings";

pub(super) fn run(cli: &Cli, action: Option<&SettingsAction>) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    let patch = action.map(patch).transpose()?;
    if read_endpoint(&config.data_dir).is_none() {
        return Err(CommandError::temporary(format!(
            "no server runs on {}; start it with systemctl start unoc",
            config.data_dir.display()
        )));
    }
    let server = ApplianceClient::connect(&config)?;
    let answer = match &patch {
        None => read(server.get(PATH)?)?,
        Some(patch) => read(server.patch(PATH, &Value::Object(patch.clone()))?)?,
    };
    let settings =
        answer["settings"].as_array().context("the server is older than this command")?;
    match patch {
        _ if cli.json => print_line!("{answer:#}"),
        None => print_all(settings),
        Some(patch) => settings
            .iter()
            .filter(|setting| key(setting).is_some_and(|key| patch.contains_key(key)))
            .for_each(print_change),
    }
    Ok(())
}

/// The body of the request. What the server would refuse without naming a remedy is refused here.
fn patch(action: &SettingsAction) -> Result<Map<String, Value>, CommandError> {
    let mut patch = Map::new();
    match action {
        SettingsAction::Set { settings, wait } => {
            for (name, text) in settings {
                patch.insert(name.clone(), value(spec_of(name)?, text)?);
            }
            if let Some(wait) = wait {
                if !(1..=FOR_S_MAX).contains(&wait.as_secs()) {
                    return Err(CommandError::refused("--for is from 1s to 7d"));
                }
                patch.insert("for_s".to_owned(), json!(wait.as_secs()));
            }
        }
        SettingsAction::Reset { names } => {
            for name in names {
                patch.insert(spec_of(name)?.key.to_owned(), Value::Null);
            }
        }
    }
    Ok(patch)
}

fn spec_of(name: &str) -> Result<&'static SettingSpec, CommandError> {
    SettingSpec::of_key(name).ok_or_else(|| {
        let names: BTreeSet<&str> = SETTINGS.iter().map(|spec| spec.key).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        CommandError::refused(format!("there is no setting {name:?}; use one of {names}"))
    })
}

fn value(spec: &SettingSpec, text: &str) -> Result<Value, CommandError> {
    if spec.is_feature {
        return match text {
            "on" => Ok(json!(true)),
            "off" => Ok(json!(false)),
            _ => Err(CommandError::refused(format!("{} is on or off, not {text:?}", spec.key))),
        };
    }
    let number = text.parse::<u64>().ok().filter(|number| spec.allows(*number));
    number.map(|number| json!(number)).ok_or_else(|| {
        let (key, min, max, unit) = (spec.key, spec.min, spec.max, spec.unit.unwrap_or_default());
        CommandError::refused(format!("{key} is from {min} to {max} {unit}, not {text:?}"))
    })
}

/// Prints one line for each setting.
fn print_all(settings: &[Value]) {
    let heads = ["NAME", "VALUE", "DEFAULT", "UNTIL", "CHANGED BY"];
    print_table(heads, settings.iter().map(row).collect());
}

fn row(setting: &Value) -> [String; 5] {
    let text = |key: &str| setting[key].as_str().unwrap_or("-").to_owned();
    let until = if setting["value"] == setting["default"] { "-".to_owned() } else { end(setting) };
    [text("key"), shown(setting, "value"), shown(setting, "default"), until, text("changed_by")]
}

fn print_change(setting: &Value) {
    let (name, value) = (key(setting).unwrap_or("-"), shown(setting, "value"));
    if setting["value"] == setting["default"] {
        print_line!("{name} is {value}, the default.");
    } else if setting["ends_at"].is_null() {
        print_line!("{name} is {value}, until: unoc settings reset {name}");
    } else {
        print_line!(
            "{name} is {value} until {}, then {}.",
            end(setting),
            shown(setting, "default")
        );
    }
}

/// When a value goes back to the default, to the second.
fn end(setting: &Value) -> String {
    let end = setting["ends_at"].as_str();
    let seconds = end.and_then(|time| time.get(.."2026-11-29T02:15:00".len()));
    seconds.map_or_else(|| "it is reset".to_owned(), |time| format!("{time}Z"))
}

/// A value with its unit: `500 ms`, `off`.
fn shown(setting: &Value, field: &str) -> String {
    match &setting[field] {
        Value::Bool(is_on) => if *is_on { "on" } else { "off" }.to_owned(),
        number => format!("{number} {}", setting["unit"].as_str().unwrap_or_default()),
    }
}

fn key(setting: &Value) -> Option<&str> {
    setting["key"].as_str()
}

fn read(mut body: impl Read) -> Result<Value, CommandError> {
    let mut text = String::new();
    body.read_to_string(&mut text).context("the server's answer was cut off")?;
    Ok(serde_json::from_str(&text).context("the server's answer is not JSON")?)
}
