//! Logins that a provider has vouched for.

use super::*;

impl Rig {
    async fn log_in_oidc(
        &self,
        subject: &str,
        name: &str,
        role: Role,
    ) -> Result<NewSession, LoginError> {
        let login = OidcLogin { subject: subject.to_owned(), name: name.to_owned(), role };
        self.auth.log_in_oidc(login, client("192.0.2.7"), origin()).await
    }
}

#[track_caller]
fn why(result: Result<NewSession, LoginError>) -> String {
    match result {
        Err(LoginError::Refused(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_user_is_made_at_the_first_login_and_known_at_the_next() {
    let rig = Rig::new();
    let text = why(rig.log_in_oidc("x 1", "cy", Role::Admin).await);
    assert!(text.contains("unoc user add"), "{text}");
    rig.add("ada", Role::Admin).await.unwrap();
    let first = rig.log_in_oidc("x 1", "cy", Role::Viewer).await.unwrap();
    assert_eq!((first.user.name.as_str(), first.user.role), ("cy", Role::Viewer));
    // The name at the provider may change, the subject does not.
    let second = rig.log_in_oidc("x 1", "cyrus", Role::Viewer).await.unwrap();
    assert_eq!((second.user.id, second.user.name.as_str()), (first.user.id, "cy"));
    assert!(rig.auth.session_caller(&first.secret.0).is_some());
    rig.log_in("cy", "").await.unwrap_err();
    let begun = rig.auth.begin_totp(first.user.id, Password::new("")).await;
    assert!(refusal(begun).contains("provider"));
}

#[tokio::test]
async fn the_role_follows_the_claim_and_sessions_of_another_role_end() {
    let (rig, ..) = Rig::with_users().await;
    let before = rig.log_in_oidc("x 1", "cy", Role::Operator).await.unwrap();
    let after = rig.log_in_oidc("x 1", "cy", Role::Viewer).await.unwrap();
    assert_eq!(after.user.role, Role::Viewer);
    assert!(rig.auth.session_caller(&before.secret.0).is_none());
    let caller = rig.auth.session_caller(&after.secret.0).unwrap();
    assert!(!caller.may(Permission::Operate));
}

#[tokio::test]
async fn a_provider_takes_over_no_local_account() {
    let (rig, ada, _) = Rig::with_users().await;
    // The tokens of one without a password would be the person's.
    let new = NewUser { name: "bot".to_owned(), role: Role::Viewer, password: None };
    let bot = rig.auth.add_user(new, origin()).await.unwrap().id;
    for (name, user) in [("ADA", ada), ("bot", bot)] {
        let before = rig.auth.user(user).unwrap();
        let text = why(rig.log_in_oidc("x 1", name, Role::Admin).await);
        let remedy = format!("unoc user remove {}", before.name);
        assert!(text.contains("not linked") && text.contains(&remedy), "{text}");
        assert_eq!(rig.auth.user(user).unwrap(), before);
    }
    // Once it is removed, the person is a user of its own.
    rig.auth.remove_user(bot, origin()).await.unwrap();
    let linked = rig.log_in_oidc("x 1", "bot", Role::Viewer).await.unwrap().user;
    assert_ne!(linked.id, bot);
    let cy = rig.log_in_oidc("x 2", "cy", Role::Viewer).await.unwrap().user.id;
    // The same subject of another issuer, or another subject with the same name, is another person.
    why(rig.log_in_oidc("y 2", "cy", Role::Viewer).await);
    why(rig.log_in_oidc("x 3", "cy", Role::Viewer).await);
    // Who was made by the provider goes on, also with the name of somebody else there.
    assert_eq!(rig.log_in_oidc("x 2", "ada", Role::Viewer).await.unwrap().user.id, cy);
    let change = UserChange { is_disabled: Some(true), ..UserChange::default() };
    rig.auth.change_user(cy, change, origin()).await.unwrap();
    let text = why(rig.log_in_oidc("x 2", "cy", Role::Viewer).await);
    assert!(text.contains("disabled"), "{text}");
}

#[tokio::test]
async fn a_claim_does_not_take_the_last_admin_away() {
    let (rig, ..) = Rig::with_users().await;
    let cy = rig.log_in_oidc("x 1", "cy", Role::Admin).await.unwrap().user.id;
    let change =
        UserChange { password: Some(Password::new("another password")), ..UserChange::default() };
    rig.auth.change_user(cy, change, origin()).await.unwrap();
    let ada = rig.auth.user_named("ada").unwrap().id;
    rig.auth.remove_user(ada, origin()).await.unwrap();
    let after = rig.log_in_oidc("x 1", "cy", Role::Viewer).await.unwrap();
    assert_eq!(after.user.role, Role::Admin);
}
