//! `unoc man`: the manual pages, generated from the grammar of the command line and the table of
//! keys.

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

/// The exit codes of [`super::exit`] and their meanings.
const EXIT_STATUSES: [(&str, &str); 6] = [
    ("0", "The command succeeded."),
    ("1", "The command failed; the message tells why."),
    ("2", "The command line is invalid."),
    ("3", "The configuration or the state of the site does not allow it. A retry does not help."),
    ("75", "A retry may help: another operation is running, or a server does not answer."),
    ("141", "The reader of the output has gone (SIGPIPE)."),
];

/// One manual page.
pub(super) struct ManPage {
    pub(super) file: String,
    pub(super) text: Vec<u8>,
}

/// Prints unoc(1), or writes all pages into a directory.
pub(super) fn run(directory: Option<&Path>) -> Result<(), CommandError> {
    let Some(directory) = directory else {
        let page = page(&grammar()).context("cannot generate the page")?;
        output::print_with(|out| out.write_all(&page.text));
        return Ok(());
    };
    let pages = pages().context("cannot generate the pages")?;
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    for page in &pages {
        let path = directory.join(&page.file);
        std::fs::write(&path, &page.text)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    print_line!("{} manual pages are in {}.", pages.len(), directory.display());
    Ok(())
}

/// Returns unoc(1) and the page of each command.
pub(super) fn pages() -> io::Result<Vec<ManPage>> {
    let mut pages = Vec::new();
    collect(&grammar(), &mut pages)?;
    Ok(pages)
}

fn grammar() -> Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

fn collect(command: &Command, pages: &mut Vec<ManPage>) -> io::Result<()> {
    pages.push(page(command)?);
    for subcommand in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        collect(subcommand, pages)?;
    }
    Ok(())
}

fn page(command: &Command) -> io::Result<ManPage> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let is_whole = !name.contains('-');
    // The section SETTINGS lists it with the others.
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
                roman(" runs the appliance. Every command accepts the settings as flags."),
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
    Ok(ManPage { file: format!("{name}.1"), text: in_ascii(&text).into_bytes() })
}

/// Writes characters outside ASCII by their number, which roff accepts in any encoding.
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
        roman(" shows each value and where it comes from, "),
        bold("unoc config check"),
        roman(" lists every error."),
    ]);
    for key in config::keys() {
        let mut names = vec![bold(key.name)];
        for name in key.flag.iter().chain(key.environment) {
            names.extend([roman(", "), bold(*name)]);
        }
        roff.control("TP", []).text(names);
        let mut meaning = vec![roman(format!("{} Allowed: {}.", key.help, key.allowed))];
        if !key.default.is_empty() {
            meaning.extend([roman(" Default: "), italic(key.default), roman(".")]);
        }
        roff.text(meaning);
    }
    roff
}

fn files() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["FILES"])
        .control("TP", [])
        .text([italic(DEFAULT_FILE)])
        .text([
            roman("The configuration file, in TOML; "),
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
        .text([roman(
            "The identity of the site. If this file exists and the store does not, unoc refuses to \
             start.",
        )]);
    roff
}

fn exit_statuses(is_whole: bool) -> Roff {
    let mut roff = Roff::new();
    if !is_whole {
        roff.control("SH", ["SEE ALSO"])
            .text([bold("unoc"), roman("(1) lists the settings and the exit statuses.")]);
        return roff;
    }
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in EXIT_STATUSES {
        roff.control("TP", []).text([bold(code)]).text([roman(meaning)]);
    }
    roff
}
