//! The grammar of the commands about users, tokens and sessions.

use clap::ArgGroup;

use super::arg_values::{role, token_scope};
use crate::auth::{NewToken, Role, TokenScope};

#[derive(clap::Subcommand)]
pub(super) enum UserAction {
    /// Make a user. The first one has to be an admin; from then on everybody has to log in
    Add {
        name: String,
        /// What the user may do: viewer, operator or admin
        #[arg(long, value_name = "ROLE", value_parser = role, default_value = "viewer")]
        role: Role,
        #[command(flatten)]
        password: PasswordArgs,
        /// Set no password: nobody logs in as this user, who may own API tokens
        #[arg(long, conflicts_with = "password_stdin")]
        no_password: bool,
    },
    /// List the users
    List,
    /// Change what a user may do; the user has to log in again
    Role {
        name: String,
        /// viewer, operator or admin
        #[arg(value_parser = role)]
        role: Role,
    },
    /// Keep a user from logging in, and end the sessions; tokens are refused meanwhile
    Disable { name: String },
    /// Let a disabled user log in again
    Enable { name: String },
    /// Remove a user with the sessions and tokens
    Remove {
        name: String,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Set a new password, such as a forgotten one; the user has to log in again
    Password {
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Remove the second factor of a user who has lost the authenticator and the recovery codes
    ResetTotp { name: String },
    /// Print a link with which the first user is made in a browser, within 30 minutes
    SetupLink,
}

#[derive(clap::Args)]
pub(super) struct PasswordArgs {
    /// Read the password from standard input. By default it is asked for on a terminal; without a terminal
    /// one is generated and printed
    #[arg(long)]
    pub(super) password_stdin: bool,
}

#[derive(clap::Subcommand)]
pub(super) enum TokenAction {
    /// Make a token for a program, and print it once
    Create {
        /// Name to recognise the token by
        name: String,
        /// What the token may do: read, operate or metrics; never more than its owner
        #[arg(long, value_name = "SCOPE", value_parser = token_scope)]
        scope: TokenScope,
        /// User whose token it is
        #[arg(long = "for", value_name = "USER")]
        owner: String,
        /// Days after which the token expires
        #[arg(
            long,
            value_name = "N",
            default_value_t = NewToken::DAYS_DEFAULT,
            value_parser = clap::value_parser!(u32).range(1..=i64::from(NewToken::DAYS_MAX))
        )]
        days: u32,
    },
    /// List the tokens of all users
    List,
    /// Revoke a token: it is refused from now on
    Revoke {
        /// Number of the token; unoc token list shows it
        id: u64,
    },
}

#[derive(clap::Subcommand)]
pub(super) enum SessionsAction {
    /// End one session, or all sessions of a user
    #[command(group(ArgGroup::new("which").required(true)))]
    End {
        /// Number of the session; unoc sessions shows it
        #[arg(group = "which")]
        id: Option<u64>,
        /// User whose sessions end
        #[arg(long, value_name = "NAME", group = "which")]
        user: Option<String>,
    },
}
