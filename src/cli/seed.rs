//! `unoc seed`

use std::io::Read;

use super::args::{Cli, SeedArgs};
use super::client::ApplianceClient;
use super::exit::CommandError;
use super::offline;
use super::output;
use super::progress::Progress;
use crate::config::Config;
use crate::domain::{Blueprint, EntityKind, ReseedSite};
use crate::store::Store;
use crate::util::counted;

pub(super) fn run(cli: &Cli, args: &SeedArgs) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    let counts = match (offline::open_store(&config)?, args.size) {
        (Some(store), size) => seed_store(&config, store, size, args.replace)?,
        (None, None) => seed_server(&config, args.replace)?,
        (None, Some(_)) => {
            offline::open_alone(&config, "unoc seed --size")?;
            return Ok(());
        }
    };
    if cli.json {
        print_line!(
            "{}",
            serde_json::json!({"devices": counts[0], "interfaces": counts[1], "links": counts[2]})
        );
    } else {
        print_line!("Loaded {}.", output::entities(counts));
    }
    Ok(())
}

fn seed_store(
    config: &Config,
    store: Store,
    size: Option<u32>,
    replace: bool,
) -> Result<[u64; 3], CommandError> {
    offline::check_replace(&store, replace)?;
    let blueprint = size.map_or(Blueprint::Demo, |leaves| Blueprint::Ftth { leaves });
    let progress = Progress::waiting("Building the network");
    let handle = offline::execute(config, store, ReseedSite(blueprint))?;
    drop(progress);
    let snapshot = handle.read();
    Ok([
        snapshot.count(EntityKind::Device)?,
        snapshot.count(EntityKind::Interface)?,
        snapshot.count(EntityKind::Link)?,
    ])
}

/// Asks the server that uses the store to load the demo network.
fn seed_server(config: &Config, replace: bool) -> Result<[u64; 3], CommandError> {
    let server = ApplianceClient::connect(config)?;
    let [devices, ..] = server_counts(&server)?;
    if devices > 0 && !replace {
        return Err(CommandError::refused(format!(
            "the running unoc holds a site with {}; add --replace to replace it with the demo \
             network (unoc export FILE saves a copy first)",
            counted(devices, "device")
        )));
    }
    server.post("/api/seed")?;
    server_counts(&server)
}

fn server_counts(server: &ApplianceClient) -> Result<[u64; 3], CommandError> {
    let mut text = String::new();
    server.get("/api/health")?.read_to_string(&mut text)?;
    let health: serde_json::Value = serde_json::from_str(&text).map_err(anyhow::Error::from)?;
    let count = |key| health["store"][key].as_u64().unwrap_or(0);
    Ok([count("device_count"), count("interface_count"), count("link_count")])
}
