//! `unoc token`

use serde_json::json;

use super::access::{Accounts, StoreWanted, TokenInput, with_accounts};
use super::rows::{TokenRow, short_time};
use crate::cli::account_args::TokenAction;
use crate::cli::args::Cli;
use crate::cli::exit::CommandError;
use crate::cli::table::print_table;

pub(in crate::cli) fn run(cli: &Cli, action: &TokenAction) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    with_accounts(&config, StoreWanted::Existing, |accounts| perform(cli, accounts, action))
}

fn perform(cli: &Cli, accounts: &Accounts, action: &TokenAction) -> Result<(), CommandError> {
    match action {
        TokenAction::Create { name, scope, owner, days } => {
            let (name, owner) = (name.clone(), owner.clone());
            let input = TokenInput { name, scope: *scope, owner, days: *days };
            let issued = accounts.add_token(input)?;
            if cli.json {
                print_line!("{:#}", json!(issued));
                return Ok(());
            }
            // Alone on its line, to be cut out by a script.
            print_line!("{}", issued.token);
            eprint_line!(
                "This token of {} may {} until {}. It is shown once; send it as: Authorization: Bearer TOKEN",
                issued.row.owner,
                issued.row.scope,
                short_time(&issued.row.expires_at)
            );
        }
        TokenAction::List => {
            let tokens = accounts.tokens()?;
            match cli.json {
                true => print_line!("{:#}", json!(tokens)),
                false => print_tokens(&tokens),
            }
        }
        TokenAction::Revoke { id } => {
            accounts.revoke_token(*id)?;
            if !cli.json {
                print_line!("Revoked token {id}.");
            }
        }
    }
    Ok(())
}

fn print_tokens(tokens: &[TokenRow]) {
    if tokens.is_empty() {
        print_line!("There are no tokens.");
        return;
    }
    let heads = ["ID", "NAME", "OWNER", "SCOPE", "BEGINS WITH", "EXPIRES", "LAST USE"];
    let rows = tokens.iter().map(|token| {
        [
            token.id.to_string(),
            token.name.clone(),
            token.owner.clone(),
            token.scope.clone(),
            token.prefix.clone(),
            short_time(&token.expires_at),
            token.last_used_at.as_deref().map_or_else(|| "never".to_owned(), short_time),
        ]
    });
    print_table(heads, rows.collect());
}
