//! Whatever is done in whatever order: the book is what the store has, and its invariants hold.

use proptest::prelude::*;

use super::*;
use crate::auth::book::AuthBook;

#[derive(Clone, Debug)]
enum Step {
    Add { name: u8, role: Role, has_password: bool },
    Change { user: u64, role: Option<Role>, is_disabled: Option<bool> },
    Remove { user: u64 },
    LogIn { name: u8, is_right: bool },
    LogInOidc { subject: u8, name: u8, role: Role },
    EndSession { session: u64 },
    AddToken { owner: u64, scope: TokenScope },
    RevokeToken { token: u64 },
    Wait { hours: i64 },
    Restart,
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL.as_slice())
}

fn step() -> impl Strategy<Value = Step> {
    let (name, user) = (0..4_u8, 0..6_u64);
    prop_oneof![
        (name.clone(), role(), any::<bool>()).prop_map(|(name, role, has_password)| Step::Add {
            name,
            role,
            has_password
        }),
        (user.clone(), prop::option::of(role()), prop::option::of(any::<bool>()))
            .prop_map(|(user, role, is_disabled)| Step::Change { user, role, is_disabled }),
        user.clone().prop_map(|user| Step::Remove { user }),
        (name.clone(), any::<bool>()).prop_map(|(name, is_right)| Step::LogIn { name, is_right }),
        (0..2_u8, name, role()).prop_map(|(subject, name, role)| Step::LogInOidc {
            subject,
            name,
            role
        }),
        (0..8_u64).prop_map(|session| Step::EndSession { session }),
        (user, prop::sample::select(TokenScope::ALL.as_slice()))
            .prop_map(|(owner, scope)| Step::AddToken { owner, scope }),
        (0..6_u64).prop_map(|token| Step::RevokeToken { token }),
        (1..30_i64).prop_map(|hours| Step::Wait { hours }),
        Just(Step::Restart),
    ]
}

/// The callers that were ever known, with what they might then.
#[derive(Default)]
struct Known {
    sessions: Vec<String>,
    tokens: Vec<String>,
}

async fn take(rig: Rig, known: &mut Known, step: Step) -> Rig {
    match step {
        Step::Add { name, role, has_password } => {
            let password = has_password.then(|| Password::new(PASSWORD));
            let new = NewUser { name: format!("user{name}"), role, password };
            rig.auth.add_user(new, origin()).await.ok();
        }
        Step::Change { user, role, is_disabled } => {
            let change = UserChange { role, is_disabled, ..UserChange::default() };
            rig.auth.change_user(UserId(user), change, origin()).await.ok();
        }
        Step::Remove { user } => {
            rig.auth.remove_user(UserId(user), origin()).await.ok();
        }
        Step::LogIn { name, is_right } => {
            let password = if is_right { PASSWORD } else { "wrong password" };
            let session = rig.log_in(&format!("user{name}"), password).await;
            assert!(is_right || session.is_err());
            known.sessions.extend(session.map(|session| session.secret.0));
        }
        Step::LogInOidc { subject, name, role } => {
            let (subject, name) = (format!("x {subject}"), format!("user{name}"));
            let login = OidcLogin { subject, name, role };
            let session = rig.auth.log_in_oidc(login, client("192.0.2.7"), origin()).await;
            known.sessions.extend(session.map(|session| session.secret.0));
        }
        Step::EndSession { session } => {
            rig.auth.end_session(SessionId(session), None, origin()).await.ok();
        }
        Step::AddToken { owner, scope } => {
            let name = format!("token{}", known.tokens.len());
            let new = NewToken { name, scope, owner: UserId(owner), expires_in_days: Some(1) };
            let token = rig.auth.add_token(new, origin()).await;
            known.tokens.extend(token.map(|token| token.secret.0));
        }
        Step::RevokeToken { token } => {
            rig.auth.revoke_token(TokenId(token), None, origin()).await.ok();
        }
        Step::Wait { hours } => rig.wait_s(hours * HOUR),
        Step::Restart => {
            rig.auth.flush().await;
            return rig.restarted().await;
        }
    }
    rig
}

fn check(rig: &Rig, known: &Known) {
    let rows = rig.engine.read().auth().unwrap();
    AuthBook::new(rows.clone()).check_invariants();
    rig.auth.read(AuthBook::check_invariants);
    let users = rig.auth.users();
    assert_eq!(users, rows.users);
    let ids = |sessions: &[LoginSession]| sessions.iter().map(|it| it.id).collect::<Vec<_>>();
    let in_memory: Vec<LoginSession> = rig.auth.read(|book| book.sessions(None).collect());
    let mut stored = ids(&rows.sessions);
    stored.reverse();
    assert_eq!(ids(&in_memory), stored);
    assert_eq!(rig.auth.mode() == AuthMode::Open, users.is_empty());
    let role_of = |id: UserId| users.iter().find(|user| user.id == id && !user.is_disabled);
    for secret in &known.sessions {
        let Some(caller) = rig.auth.session_caller(secret) else { continue };
        assert!(rig.auth.is_current(&caller));
        let user = role_of(caller.user().unwrap()).expect("a session has a user who may log in");
        assert_eq!(caller.role, Some(user.role));
    }
    for secret in &known.tokens {
        let Some(caller) = rig.auth.token_caller(secret) else { continue };
        let Identity::Token { owner, .. } = &caller.identity else { panic!("{caller:?}") };
        let owner = role_of(*owner).expect("a token has an owner who may log in");
        assert!(caller.role <= Some(owner.role), "a token may no more than its owner");
        assert!(!caller.may(Permission::Admin) && !caller.may(Permission::Account));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_book_is_what_the_store_has(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut rig = Rig::new();
            let mut known = Known::default();
            for step in steps {
                rig = take(rig, &mut known, step).await;
                check(&rig, &known);
            }
            rig.engine.stop().await;
        });
    }
}
