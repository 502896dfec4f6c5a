//! Users, and who is left to administer.

use super::*;

#[tokio::test]
async fn the_first_user_is_an_admin_with_a_password() {
    let rig = Rig::new();
    assert_eq!(rig.auth.mode(), AuthMode::Open);
    let mut ends = rig.auth.ends();
    let host = Caller::host();
    assert!(rig.auth.is_current(&host));
    let text = refusal(rig.add("ada", Role::Operator).await);
    assert!(text.contains("--role admin"), "{text}");
    let new = NewUser { name: "ada".to_owned(), role: Role::Admin, password: None };
    refusal(rig.auth.add_user(new, origin()).await);
    assert_eq!(rig.auth.mode(), AuthMode::Open);
    rig.add("ada", Role::Admin).await.unwrap();
    assert_eq!(rig.auth.mode(), AuthMode::Login);
    // Those who were here without a login have to log in.
    assert!(ends.has_changed().unwrap());
    ends.mark_unchanged();
    assert!(!rig.auth.is_current(&host));
    let rig = rig.restarted().await;
    assert_eq!(rig.auth.mode(), AuthMode::Login);
    assert_eq!(rig.auth.users()[0].name, "ada");
}

#[tokio::test]
async fn without_users_everybody_may_everything_if_the_configuration_says_so() {
    let rig = Rig::new();
    assert_eq!(rig.auth.anonymous().role, None);
    let options = AuthOptions { sessions: rig.auth.session_limits(), is_insecure: true };
    rig.auth.set_options(options);
    assert_eq!(rig.auth.mode(), AuthMode::Insecure);
    let everybody = rig.auth.anonymous();
    assert!(everybody.may(Permission::Admin) && rig.auth.is_current(&everybody));
    rig.add("ada", Role::Admin).await.unwrap();
    assert_eq!(rig.auth.mode(), AuthMode::Login);
    assert!(!rig.auth.is_current(&everybody));
    assert_eq!(rig.auth.anonymous().role, None);
}

#[tokio::test]
async fn the_last_admin_stays() {
    let (rig, ada, bo) = Rig::with_users().await;
    let change = async |user, change| rig.auth.change_user(user, change, origin()).await;
    let role = |role| UserChange { role: Some(role), ..UserChange::default() };
    let disabled = |is| UserChange { is_disabled: Some(is), ..UserChange::default() };
    for refused in [change(ada, role(Role::Viewer)).await, change(ada, disabled(true)).await] {
        assert!(refusal(refused).contains("last admin"));
    }
    assert!(refusal(rig.auth.remove_user(ada, origin()).await).contains("last admin"));
    // An admin who comes through the provider only is none that is left.
    let login = OidcLogin { subject: "x 1".to_owned(), name: "cy".to_owned(), role: Role::Admin };
    rig.auth.log_in_oidc(login, client("192.0.2.7"), origin()).await.unwrap();
    refusal(change(ada, disabled(true)).await);
    // Nor is one who is disabled.
    change(bo, role(Role::Admin)).await.unwrap();
    change(bo, disabled(true)).await.unwrap();
    refusal(change(ada, disabled(true)).await);
    change(bo, disabled(false)).await.unwrap();
    change(ada, disabled(true)).await.unwrap();
    refusal(change(bo, role(Role::Operator)).await);
    rig.auth.remove_user(ada, origin()).await.unwrap();
    assert_eq!(rig.auth.users().len(), 2);
}

#[tokio::test]
async fn two_admins_who_remove_each_other_leave_one() {
    let (rig, ada, bo) = Rig::with_users().await;
    let admin = UserChange { role: Some(Role::Admin), ..UserChange::default() };
    rig.auth.change_user(bo, admin, origin()).await.unwrap();
    let (one, other) =
        tokio::join!(rig.auth.remove_user(ada, origin()), rig.auth.remove_user(bo, origin()));
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{one:?} {other:?}");
}

#[tokio::test]
async fn names_are_unique_in_any_case() {
    let (rig, ..) = Rig::with_users().await;
    assert!(refusal(rig.add("ADA", Role::Viewer).await).contains("already"));
    assert_eq!(rig.auth.user_named("AdA").unwrap().name, "ada");
    assert!(rig.auth.user_named("a").is_none());
}

#[tokio::test]
async fn a_change_ends_the_sessions_of_its_user() {
    let (rig, ada, bo) = Rig::with_users().await;
    let changes = [
        UserChange { role: Some(Role::Viewer), ..UserChange::default() },
        UserChange { password: Some(Password::new("another password")), ..UserChange::default() },
        UserChange { is_disabled: Some(true), ..UserChange::default() },
    ];
    let kept = rig.log_in("ada", PASSWORD).await.unwrap().secret.0;
    let mut password = PASSWORD;
    for change in changes {
        let session = rig.log_in("bo", password).await.unwrap();
        let caller = rig.auth.session_caller(&session.secret.0).unwrap();
        let mut ends = rig.auth.ends();
        ends.mark_unchanged();
        if change.password.is_some() {
            password = "another password";
        }
        rig.auth.change_user(bo, change.clone(), origin()).await.unwrap();
        assert!(rig.auth.session_caller(&session.secret.0).is_none(), "{change:?}");
        assert!(!rig.auth.is_current(&caller) && ends.has_changed().unwrap(), "{change:?}");
        assert!(rig.auth.sessions(Some(bo)).is_empty());
    }
    assert!(rig.auth.session_caller(&kept).is_some());
    rig.log_in("bo", password).await.unwrap_err();
    // The same again is no change.
    let rows = rig.audit().len();
    let change = UserChange { is_disabled: Some(true), ..UserChange::default() };
    rig.auth.change_user(bo, change, origin()).await.unwrap();
    assert_eq!(rig.audit().len(), rows);
    assert!(matches!(
        rig.auth.change_user(UserId(99), UserChange::default(), origin()).await,
        Err(AuthError::NotFound("User"))
    ));
    rig.auth.remove_user(bo, origin()).await.unwrap();
    assert_eq!(rig.auth.users().iter().map(|user| user.id).collect::<Vec<_>>(), [ada]);
    let rig = rig.restarted().await;
    let cy = rig.add("cy", Role::Viewer).await.unwrap();
    assert_eq!(cy.id, UserId(3), "ids are never used again");
}

#[tokio::test]
async fn an_admin_removes_a_lost_second_factor() {
    let (rig, _, bo) = Rig::with_users().await;
    let session = rig.log_in("bo", PASSWORD).await.unwrap().secret.0;
    rig.add_factor(bo).await;
    let change = UserChange { clear_totp: true, ..UserChange::default() };
    rig.auth.change_user(bo, change, origin()).await.unwrap();
    assert!(rig.auth.session_caller(&session).is_some());
    rig.log_in("bo", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn every_change_is_in_the_audit_trail() {
    let (rig, _, bo) = Rig::with_users().await;
    let change = UserChange {
        role: Some(Role::Viewer),
        password: Some(Password::new("another password")),
        ..UserChange::default()
    };
    rig.auth.change_user(bo, change, origin()).await.unwrap();
    rig.auth.remove_user(bo, origin()).await.unwrap();
    let actions: Vec<String> = rig.audit().into_iter().map(|row| row.1).collect();
    assert_eq!(actions, ["add user", "add user", "change user", "remove user"]);
}
