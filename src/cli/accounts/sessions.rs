//! `unoc sessions`

use serde_json::json;

use super::access::{Accounts, StoreWanted, with_accounts};
use super::rows::{SessionRow, short_time};
use crate::cli::account_args::SessionsAction;
use crate::cli::args::Cli;
use crate::cli::exit::CommandError;
use crate::cli::table::print_table;
use crate::util::counted;

pub(in crate::cli) fn run(cli: &Cli, action: Option<&SessionsAction>) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    with_accounts(&config, StoreWanted::Existing, |accounts| perform(cli, accounts, action))
}

fn perform(
    cli: &Cli,
    accounts: &Accounts,
    action: Option<&SessionsAction>,
) -> Result<(), CommandError> {
    let sessions = accounts.sessions()?;
    let Some(SessionsAction::End { id, user }) = action else {
        match cli.json {
            true => print_line!("{:#}", json!(sessions)),
            false => print_sessions(&sessions),
        }
        return Ok(());
    };
    let ended: Vec<u64> = match (id, user) {
        (Some(id), _) => vec![*id],
        (None, user) => {
            let user = user.as_deref().unwrap_or_default().to_lowercase();
            let of_user = sessions.iter().filter(|session| session.user.to_lowercase() == user);
            of_user.map(|session| session.id).collect()
        }
    };
    for id in &ended {
        accounts.end_session(*id)?;
    }
    match cli.json {
        true => print_line!("{:#}", json!({"ended": ended})),
        false => print_line!("Ended {}.", counted(ended.len(), "session")),
    }
    Ok(())
}

fn print_sessions(sessions: &[SessionRow]) {
    if sessions.is_empty() {
        print_line!("Nobody is logged in.");
        return;
    }
    let heads = ["ID", "USER", "BEGAN", "LAST USE", "FROM", "BROWSER"];
    let rows = sessions.iter().map(|session| {
        [
            session.id.to_string(),
            session.user.clone(),
            short_time(&session.created_at),
            short_time(&session.last_used_at),
            session.address.clone().unwrap_or_else(|| "-".to_owned()),
            session.user_agent.clone(),
        ]
    });
    print_table(heads, rows.collect());
}
