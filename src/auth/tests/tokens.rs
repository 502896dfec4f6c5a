//! What tokens may.

use super::*;

fn new(name: &str, scope: TokenScope, owner: UserId) -> NewToken {
    NewToken { name: name.to_owned(), scope, owner, expires_in_days: None }
}

const ALL: [Permission; 6] = [
    Permission::Public,
    Permission::Metrics,
    Permission::Read,
    Permission::Operate,
    Permission::Admin,
    Permission::Account,
];

#[tokio::test]
async fn a_token_may_what_its_scope_and_its_owner_may() {
    let (rig, ada, _) = Rig::with_users().await;
    let viewer = rig.add("eve", Role::Viewer).await.unwrap().id;
    let may = |caller: &Caller| ALL.map(|permission| caller.may(permission));
    let check = async |scope, owner, expected: [bool; 6]| {
        let token =
            rig.auth.add_token(new(scope_name(scope), scope, owner), origin()).await.unwrap();
        assert_eq!(may(&rig.auth.token_caller(&token.secret.0).unwrap()), expected, "{scope:?}");
    };
    check(TokenScope::Read, ada, [true, true, true, false, false, false]).await;
    check(TokenScope::Operate, ada, [true, true, true, true, false, false]).await;
    check(TokenScope::Metrics, ada, [true, true, false, false, false, false]).await;
    check(TokenScope::Read, viewer, [true, true, true, false, false, false]).await;
    check(TokenScope::Metrics, viewer, [true, true, false, false, false, false]).await;
    let above = rig.auth.add_token(new("more", TokenScope::Operate, viewer), origin()).await;
    assert!(refusal(above).contains("viewer"));
}

fn scope_name(scope: TokenScope) -> &'static str {
    scope.as_str()
}

#[tokio::test]
async fn a_token_follows_its_owner() {
    let (rig, _, bo) = Rig::with_users().await;
    let token = rig.auth.add_token(new("ci", TokenScope::Operate, bo), origin()).await.unwrap();
    let before = rig.auth.token_caller(&token.secret.0).unwrap();
    assert_eq!(before.actor(), "token ci (of bo)");
    assert_eq!((before.role, before.user()), (Some(Role::Operator), None));
    let change = |change| rig.auth.change_user(bo, change, origin());
    change(UserChange { role: Some(Role::Viewer), ..UserChange::default() }).await.unwrap();
    assert!(!rig.auth.is_current(&before), "a socket may no longer what it might");
    let after = rig.auth.token_caller(&token.secret.0).unwrap();
    assert_eq!(after.role, Some(Role::Viewer));
    assert!(!after.may(Permission::Operate));
    change(UserChange { is_disabled: Some(true), ..UserChange::default() }).await.unwrap();
    assert!(rig.auth.token_caller(&token.secret.0).is_none());
    assert!(!rig.auth.is_current(&after));
    change(UserChange { is_disabled: Some(false), ..UserChange::default() }).await.unwrap();
    assert!(rig.auth.token_caller(&token.secret.0).is_some());
    rig.auth.remove_user(bo, origin()).await.unwrap();
    assert!(rig.auth.token_caller(&token.secret.0).is_none());
    assert!(rig.auth.tokens(None).is_empty());
}

#[tokio::test]
async fn a_token_is_shown_once_and_ends_when_it_expires_or_is_revoked() {
    let (rig, ada, bo) = Rig::with_users().await;
    let issued = rig.auth.add_token(new("ci", TokenScope::Read, ada), origin()).await.unwrap();
    let (secret, token) = (issued.secret.0, issued.token);
    assert_eq!((secret.len(), &secret[..12]), (48, token.prefix.as_str()));
    assert_eq!(token.expires_at.0 - token.created_at.0, 90 * 24 * HOUR * 1_000_000);
    assert_eq!(token.last_used_at, None);
    let other = rig.auth.revoke_token(token.id, Some(bo), origin()).await;
    assert!(matches!(other, Err(AuthError::NotFound("Token"))), "{other:?}");
    rig.wait_s(5);
    rig.auth.token_caller(&secret).unwrap();
    assert_eq!(rig.auth.tokens(None)[0].last_used_at, Some(rig.engine.now()));
    let rig = rig.restarted().await;
    let caller = rig.auth.token_caller(&secret).unwrap();
    for wrong in ["", "unoc_", &secret[..47], &secret.to_lowercase(), &format!("{secret}a")] {
        assert!(rig.auth.token_caller(wrong).is_none(), "{wrong}");
        assert!(rig.auth.session_caller(wrong).is_none(), "{wrong}");
    }
    // The secret of a token is none of a session.
    assert!(rig.auth.session_caller(&secret[5..]).is_none());
    rig.wait_s(90 * 24 * HOUR);
    assert!(rig.auth.token_caller(&secret).is_none());
    assert!(!rig.auth.is_current(&caller));
    rig.auth.revoke_token(token.id, Some(ada), origin()).await.unwrap();
    assert!(rig.auth.tokens(None).is_empty());
    let actions: Vec<String> = rig.audit().into_iter().map(|row| row.1).collect();
    assert_eq!(actions[2..], ["add token", "revoke token"]);
}

#[tokio::test]
async fn tokens_are_bounded_in_number_and_time() {
    let (rig, ada, bo) = Rig::with_users().await;
    for days in [0, 367] {
        let expires_in_days = Some(days);
        let new = NewToken { expires_in_days, ..new("ci", TokenScope::Read, ada) };
        assert!(refusal(rig.auth.add_token(new, origin()).await).contains("366"));
    }
    for index in 0..50 {
        let name = format!("ci{index}");
        rig.auth.add_token(new(&name, TokenScope::Read, ada), origin()).await.unwrap();
    }
    assert!(
        refusal(rig.auth.add_token(new("more", TokenScope::Read, ada), origin()).await)
            .contains("50")
    );
    rig.auth.add_token(new("ci0", TokenScope::Read, bo), origin()).await.unwrap();
    let twice = rig.auth.add_token(new("ci0", TokenScope::Read, bo), origin()).await;
    assert!(refusal(twice).contains("already"));
    let nobody = rig.auth.add_token(new("ci", TokenScope::Read, UserId(99)), origin()).await;
    assert!(matches!(nobody, Err(AuthError::NotFound("User"))), "{nobody:?}");
}

#[tokio::test]
async fn tokens_outlive_a_new_password_unless_they_are_revoked_with_it() {
    let (rig, ada, bo) = Rig::with_users().await;
    let token = async |owner| {
        rig.auth.add_token(new("ci", TokenScope::Read, owner), origin()).await.unwrap().secret
    };
    let (of_ada, of_bo) = (token(ada).await, token(bo).await);
    let session = rig.log_in("bo", PASSWORD).await.unwrap().secret;
    let change = |change| rig.auth.change_user(bo, change, origin());
    let password = || Some(Password::new("another password"));
    change(UserChange { password: password(), ..UserChange::default() }).await.unwrap();
    assert!(rig.auth.session_caller(&session.0).is_none());
    assert!(rig.auth.token_caller(&of_bo.0).is_some());
    change(UserChange { revoke_tokens: true, ..UserChange::default() }).await.unwrap();
    assert!(rig.auth.token_caller(&of_bo.0).is_none());
    assert!(rig.auth.token_caller(&of_ada.0).is_some());
    let again = token(bo).await;
    let both = UserChange { password: password(), revoke_tokens: true, ..UserChange::default() };
    change(both).await.unwrap();
    assert!(rig.auth.token_caller(&again.0).is_none());
}
