//! `unoc config check` and `unoc config show`

use super::args::{Cli, ConfigAction};
use super::exit::Failure;

pub(super) fn run(cli: &Cli, action: ConfigAction) -> Result<(), Failure> {
    let config = match cli.load_config() {
        Ok(config) => config,
        Err(faults) => {
            if cli.json {
                print_line!("{}", serde_json::json!({"ok": false, "faults": faults}));
            }
            return Err(faults.into());
        }
    };
    match action {
        ConfigAction::Check if cli.json => print_line!("{}", serde_json::json!({"ok": true})),
        ConfigAction::Check => print_line!("The configuration is valid."),
        ConfigAction::Show if cli.json => {
            print_line!("{}", serde_json::json!(config.show()));
        }
        ConfigAction::Show => {
            let shown = config.show();
            let width = shown.iter().map(|one| one.key.len()).max().unwrap_or(0);
            for one in shown {
                print_line!("{:width$} = {}  ({})", one.key, one.value, one.source);
            }
        }
    }
    Ok(())
}
