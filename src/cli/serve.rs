//! `unoc serve`

use anyhow::Context;

use super::args::Cli;
use super::exit::Failure;
use crate::app::{App, init_logging};
use crate::engine::Clock;

pub(super) fn run(cli: &Cli) -> Result<(), Failure> {
    let config = cli.load_config()?;
    init_logging(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let app = App::start(config, Clock::system()).await?;
        app.run().await
    })?;
    Ok(())
}
