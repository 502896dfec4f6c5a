//! `unoc user`

use serde_json::{Value, json};

use super::access::{Accounts, StoreWanted, UserChangeInput, UserInput, with_accounts};
use super::password::{NewPassword, new_password};
use super::rows::{UserRow, short_time};
use crate::auth::Role;
use crate::cli::account_args::UserAction;
use crate::cli::args::Cli;
use crate::cli::exit::CommandError;
use crate::cli::output::confirm;
use crate::cli::table::print_table;
use crate::config::Config;

pub(in crate::cli) fn run(cli: &Cli, action: &UserAction) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    let wanted = match action {
        UserAction::Add { .. } => StoreWanted::OrNew,
        _ => StoreWanted::Existing,
    };
    with_accounts(&config, wanted, |accounts| perform(cli, &config, accounts, action))
}

fn perform(
    cli: &Cli,
    config: &Config,
    accounts: &Accounts,
    action: &UserAction,
) -> Result<(), CommandError> {
    let change = |name: &str, change| change_user(cli, accounts, name, change, None);
    match action {
        UserAction::Add { name, role, password, no_password } => {
            let password =
                if *no_password { None } else { Some(new_password(password.password_stdin)?) };
            add(cli, accounts, name, *role, password.as_ref())
        }
        UserAction::List => {
            let users = accounts.users()?;
            if cli.json {
                print_line!("{:#}", json!(users));
            } else {
                print_users(&users);
            }
            Ok(())
        }
        UserAction::Role { name, role } => {
            change(name, UserChangeInput { role: Some(*role), ..UserChangeInput::default() })
        }
        UserAction::Disable { name } => {
            change(name, UserChangeInput { is_disabled: Some(true), ..UserChangeInput::default() })
        }
        UserAction::Enable { name } => {
            change(name, UserChangeInput { is_disabled: Some(false), ..UserChangeInput::default() })
        }
        UserAction::ResetTotp { name } => {
            change(name, UserChangeInput { clear_totp: true, ..UserChangeInput::default() })
        }
        UserAction::Password { name, password } => {
            // One that does not exist is reported before a password is asked for.
            find(accounts, name)?;
            let password = new_password(password.password_stdin)?;
            let to_set = Some(password.text.clone());
            let input = UserChangeInput { password: to_set, ..UserChangeInput::default() };
            change_user(cli, accounts, name, input, Some(&password))
        }
        UserAction::Remove { name, yes } => remove(cli, accounts, name, *yes),
        UserAction::SetupLink => setup_link(cli, config, accounts),
    }
}

fn add(
    cli: &Cli,
    accounts: &Accounts,
    name: &str,
    role: Role,
    password: Option<&NewPassword>,
) -> Result<(), CommandError> {
    let is_first = accounts.users()?.is_empty();
    let text = password.map(|password| password.text.clone());
    let user = accounts.add_user(UserInput { name: name.to_owned(), role, password: text })?;
    if cli.json {
        print_json(&user, password);
        return Ok(());
    }
    print_line!("Added the user {}, role {}.", user.name, user.role);
    print_generated(&user, password);
    if is_first {
        print_line!("From now on everybody has to log in. Commands on this host need no login.");
    }
    Ok(())
}

fn change_user(
    cli: &Cli,
    accounts: &Accounts,
    name: &str,
    change: UserChangeInput,
    password: Option<&NewPassword>,
) -> Result<(), CommandError> {
    let before = find(accounts, name)?;
    let user = accounts.change_user(before.id, change)?;
    if cli.json {
        print_json(&user, password);
        return Ok(());
    }
    let state = if user.is_disabled { "disabled" } else { "enabled" };
    let factor = if user.has_totp { "with a second factor" } else { "without a second factor" };
    print_line!("{} is now: {}, {state}, {factor}.", user.name, user.role);
    if password.is_some() {
        print_line!("The password is set.");
    }
    print_generated(&user, password);
    Ok(())
}

fn remove(
    cli: &Cli,
    accounts: &Accounts,
    name: &str,
    is_confirmed: bool,
) -> Result<(), CommandError> {
    let user = find(accounts, name)?;
    if !is_confirmed {
        let name = &user.name;
        confirm(&format!("This removes the user {name} with all sessions and tokens of {name}."))?;
    }
    accounts.remove_user(user.id)?;
    match cli.json {
        true => print_line!("{:#}", json!(user)),
        false => print_line!("Removed the user {}.", user.name),
    }
    Ok(())
}

fn setup_link(cli: &Cli, config: &Config, accounts: &Accounts) -> Result<(), CommandError> {
    let link = accounts.setup_link(config)?;
    if cli.json {
        print_line!("{:#}", json!(link));
        return Ok(());
    }
    print_line!("{}", link.url);
    print_line!("It adds the first user, once, until {}.", short_time(&link.expires_at));
    Ok(())
}

fn find(accounts: &Accounts, name: &str) -> Result<UserRow, CommandError> {
    let wanted = name.to_lowercase();
    let found = accounts.users()?.into_iter().find(|user| user.name.to_lowercase() == wanted);
    found.ok_or_else(|| {
        CommandError::refused(format!("there is no user {name}; unoc user list shows them"))
    })
}

fn print_json(user: &UserRow, password: Option<&NewPassword>) {
    let mut answer = json!(user);
    if let (Value::Object(answer), Some(password)) = (&mut answer, password)
        && password.is_generated
    {
        answer.insert("password".to_owned(), json!(password.text.0));
    }
    print_line!("{answer:#}");
}

fn print_generated(user: &UserRow, password: Option<&NewPassword>) {
    let Some(password) = password.filter(|password| password.is_generated) else { return };
    print_line!("Password: {}", password.text.0);
    print_line!("It is shown once; unoc user password {} sets another one.", user.name);
}

fn print_users(users: &[UserRow]) {
    if users.is_empty() {
        print_line!(
            "There are no users: nobody has to log in. unoc user add NAME --role admin makes the first one."
        );
        return;
    }
    let heads = ["NAME", "ROLE", "STATE", "PASSWORD", "SECOND FACTOR", "LAST LOGIN", "FROM"];
    let rows = users.iter().map(|user| {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let login = user.last_login.as_ref();
        let password = match (user.has_password, user.is_oidc) {
            (true, true) => "yes, and OIDC",
            (true, false) => "yes",
            (false, true) => "OIDC",
            (false, false) => "no",
        };
        [
            user.name.clone(),
            user.role.clone(),
            if user.is_disabled { "disabled" } else { "enabled" }.to_owned(),
            password.to_owned(),
            yes(user.has_totp),
            login.map_or_else(|| "never".to_owned(), |login| short_time(&login.at)),
            login.and_then(|login| login.address.clone()).unwrap_or_else(|| "-".to_owned()),
        ]
    });
    print_table(heads, rows.collect());
}
