//! `unoc config check` and `unoc config show`

use super::args::{Cli, ConfigAction};
use super::exit::CommandError;
use crate::app;

pub(super) fn run(cli: &Cli, action: ConfigAction) -> Result<(), CommandError> {
    let loaded = cli.load_config().and_then(|config| match action {
        ConfigAction::Check => app::check(&config).map(|()| config),
        ConfigAction::Show => Ok(config),
    });
    let config = match loaded {
        Ok(config) => config,
        Err(errors) => {
            if cli.json {
                print_line!("{}", serde_json::json!({"ok": false, "faults": errors}));
            }
            return Err(errors.into());
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
            for path in cli.service().into_iter().flat_map(|service| service.unreadable) {
                eprint_line!("unoc: {} is not shown here: only root may read it", path.display());
            }
        }
    }
    Ok(())
}
