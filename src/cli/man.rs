//! `unoc man`: the manual pages, made from the grammar of the command line and the table of
//! settings, so that they cannot say anything else.

use std::io;
use std::path::Path;

use anyhow::Context;
use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::args::Cli;
use super::exit::CommandError;
use super::output;
use crate::config::{self, CONFIG_ENVIRONMENT, DEFAULT_FILE};

/// What [`super::exit`] has codes for.
const EXIT_STATUSES: [(&str, &str); 6] = [
    ("0", "Done."),
    ("1", "It failed; the message says why."),
    ("2", "The command line was not understood."),
    ("3", "The configuration or the state of the site forbids it. Trying again does not help."),
    ("75", "It may work later: something else is under way, or does not answer."),
    ("141", "Nobody reads the output any more."),
];

struct Page {
    file: String,
    text: Vec<u8>,
}

/// Prints unoc(1), or writes all pages into a directory.
pub(super) fn run(directory: Option<&Path>) -> Result<(), CommandError> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(directory) = directory else {
        let page = page(&command).context("cannot make the page")?;
        output::print_with(|out| out.write_all(&page.text));
        return Ok(());
    };
    let mut pages = Vec::new();
    collect(&command, &mut pages).context("cannot make the pages")?;
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    for page in &pages {
        let path = directory.join(&page.file);
        std::fs::write(&path, &page.text)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    print_line!("{} manual pages are in {}.", pages.len(), directory.display());
    Ok(())
}

fn collect(command: &Command, pages: &mut Vec<Page>) -> io::Result<()> {
    pages.push(page(command)?);
    for subcommand in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        collect(subcommand, pages)?;
    }
    Ok(())
}

fn page(command: &Command) -> io::Result<Page> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let is_whole = !name.contains('-');
    // The whole table of settings follows below.
    let hide = |arg: Arg| if is_whole { arg.hide(true) } else { arg };
    let man = Man::new(command.clone().mut_arg("data_dir", hide))
        .title(name.to_uppercase())
        .source(concat!("UNOC ", env!("CARGO_PKG_VERSION")))
        .manual("UNOC Manual");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if is_whole {
        Roff::new()
            .control("PP", [])
            .text([
                roman("Without a command, "),
                bold("unoc"),
                roman(" serves. Each setting is a flag of every command, too."),
            ])
            .to_writer(&mut text)?;
    }
    man.render_options_section(&mut text)?;
    if command.get_subcommands().any(|it| !it.is_hide_set()) {
        man.render_subcommands_section(&mut text)?;
    }
    if is_whole {
        settings().to_writer(&mut text)?;
        files().to_writer(&mut text)?;
    }
    exit_statuses(is_whole).to_writer(&mut text)?;
    Ok(Page { file: format!("{name}.1"), text: in_ascii(&text).into_bytes() })
}

/// roff takes other characters by their number, whatever encoding its reader expects.
fn in_ascii(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            ascii.push_str(&format!("\\[u{:04X}]", u32::from(c)));
        }
    }
    ascii
}

fn settings() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SETTINGS"]).text([
        roman("A flag overrides the environment, which overrides the configuration file. "),
        bold("unoc config show"),
        roman(" tells each value and where it comes from, "),
        bold("unoc config check"),
        roman(" everything that is wrong."),
    ]);
    for key in config::keys() {
        let mut names = vec![bold(key.name)];
        for name in key.flag.iter().chain(key.environment) {
            names.extend([roman(", "), bold(*name)]);
        }
        roff.control("TP", []).text(names);
        let mut told = vec![roman(format!("{} Allowed: {}.", key.help, key.allowed))];
        if !key.default.is_empty() {
            told.extend([roman(" Default: "), italic(key.default), roman(".")]);
        }
        roff.text(told);
    }
    roff
}

fn files() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["FILES"])
        .control("TP", [])
        .text([italic(DEFAULT_FILE)])
        .text([
            roman("The configuration, in TOML; "),
            bold("--config"),
            roman(" or "),
            bold(CONFIG_ENVIRONMENT),
            roman(" names another file. It need not exist."),
        ])
        .control("TP", [])
        .text([italic("DATA_DIR/unoc.redb")])
        .text([roman("The store.")])
        .control("TP", [])
        .text([italic("DATA_DIR/site.json")])
        .text([roman("Says which site lives here; a store that is missing beside it is refused.")]);
    roff
}

fn exit_statuses(is_whole: bool) -> Roff {
    let mut roff = Roff::new();
    if !is_whole {
        roff.control("SH", ["SEE ALSO"])
            .text([bold("unoc"), roman("(1) has the settings and the exit statuses.")]);
        return roff;
    }
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in EXIT_STATUSES {
        roff.control("TP", []).text([bold(code)]).text([roman(meaning)]);
    }
    roff
}
