//! `unoc import`

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::Context;

use super::args::{Cli, ImportArgs};
use super::exit::Failure;
use super::offline;
use super::progress::Progress;
use crate::domain::{Command, Site};
use crate::wire::SiteReader;

pub(super) fn run(cli: &Cli, args: &ImportArgs) -> Result<(), Failure> {
    let config = cli.load_config()?;
    let store = offline::open_alone(&config, "unoc import")?;
    offline::check_replace(&store, args.replace)?;
    let site = read(&args.file)?;
    let counts = [site.devices.len(), site.interfaces.len(), site.links.len()];
    let progress = Progress::waiting("Loading the site");
    offline::submit(&config, store, Command::ReplaceSite(Box::new(site)))?;
    drop(progress);
    let [devices, interfaces, links] = counts;
    if cli.json {
        println!(
            "{}",
            serde_json::json!({"devices": devices, "interfaces": interfaces, "links": links})
        );
    } else {
        println!("Imported {devices} devices, {interfaces} interfaces, {links} links.");
    }
    Ok(())
}

fn read(path: &Path) -> Result<Site, Failure> {
    let input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        Box::new(BufReader::new(file))
    };
    let progress = Progress::counting("Reading");
    let site = SiteReader::new(input).read_all(|done, total| progress.at(done, total));
    let site = site.with_context(|| format!("{} cannot be imported", path.display()))?;
    Ok(site)
}
