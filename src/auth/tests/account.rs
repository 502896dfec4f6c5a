//! What users change of their own accounts.

use super::*;

#[tokio::test]
async fn a_password_is_changed_by_one_who_knows_it() {
    let (rig, ada, _) = Rig::with_users().await;
    let own = rig.log_in("ada", PASSWORD).await.unwrap();
    let other = rig.log_in("ada", PASSWORD).await.unwrap();
    let change = async |current: &str, new: &str| {
        let (current, new) = (Password::new(current), Password::new(new));
        rig.auth.change_password(ada, own.session.id, current, new, origin()).await
    };
    let wrong = change("wrong password", "another password").await;
    assert!(matches!(wrong, Err(AuthError::Wrong(_))), "{wrong:?}");
    assert!(refusal(change(PASSWORD, "short").await).contains("12"));
    change(PASSWORD, "another password").await.unwrap();
    assert!(rig.auth.session_caller(&own.secret.0).is_some());
    assert!(rig.auth.session_caller(&other.secret.0).is_none());
    rig.log_in("ada", PASSWORD).await.unwrap_err();
    rig.log_in("ada", "another password").await.unwrap();
}

#[tokio::test]
async fn a_browser_that_was_left_open_is_no_place_to_guess() {
    let (rig, ada, bo) = Rig::with_users().await;
    let of_ada = rig.log_in("ada", PASSWORD).await.unwrap().session.id;
    let of_bo = rig.log_in("bo", PASSWORD).await.unwrap().session.id;
    let change = async |user: UserId, current: &str| {
        let session = if user == bo { of_bo } else { of_ada };
        let (current, new) = (Password::new(current), Password::new("another password"));
        rig.auth.change_password(user, session, current, new, origin()).await
    };
    for _ in 0..5 {
        assert!(matches!(change(ada, "wrong password").await, Err(AuthError::Wrong(_))));
    }
    let waits = change(ada, PASSWORD).await;
    assert!(matches!(waits, Err(AuthError::Throttled { .. })), "{waits:?}");
    change(bo, PASSWORD).await.unwrap();
    rig.log_in("ada", PASSWORD).await.unwrap();
    rig.wait_s(1);
    change(ada, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_second_factor_is_confirmed_before_it_counts() {
    let (rig, ada, _) = Rig::with_users().await;
    let session = rig.log_in("ada", PASSWORD).await.unwrap().session.id;
    let confirm = async |code: &str| {
        rig.auth.confirm_totp(ada, session, Hidden(code.to_owned()), origin()).await
    };
    let begin = async |password: &str| rig.auth.begin_totp(ada, Password::new(password)).await;
    assert!(refusal(confirm("123456").await).contains("begin again"));
    let wrong = begin("wrong password").await;
    assert!(matches!(wrong, Err(AuthError::Wrong(_))), "{wrong:?}");
    begin(PASSWORD).await.unwrap();
    let wrong = confirm("12345").await;
    assert!(matches!(wrong, Err(AuthError::Wrong(_))), "{wrong:?}");
    rig.log_in("ada", PASSWORD).await.unwrap();
    rig.wait_s(600);
    assert!(refusal(confirm("123456").await).contains("begin again"));
    rig.add_factor(ada).await;
    assert!(refusal(begin(PASSWORD).await).contains("already"));
    let missing = rig.log_in("ada", PASSWORD).await;
    assert!(matches!(missing, Err(LoginError::NeedsCode)), "{missing:?}");
    let remove =
        async |password: &str| rig.auth.remove_totp(ada, Password::new(password), origin()).await;
    assert!(matches!(remove("wrong password").await, Err(AuthError::Wrong(_))));
    remove(PASSWORD).await.unwrap();
    rig.log_in("ada", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn nothing_is_changed_in_a_session_that_was_ended_meanwhile() {
    let (rig, ada, bo) = Rig::with_users().await;
    let session = rig.log_in("ada", PASSWORD).await.unwrap().session.id;
    let of_bo = rig.log_in("bo", PASSWORD).await.unwrap().session.id;
    let enrolment = rig.auth.begin_totp(ada, Password::new(PASSWORD)).await.unwrap();
    let key = data_encoding::BASE32_NOPAD.decode(enrolment.secret.0.as_bytes()).unwrap();
    let code = Hidden(rig.code(&key.try_into().unwrap()));
    rig.auth.log_out(session, origin()).await.unwrap();
    // Nor in that of somebody else.
    for session in [session, of_bo] {
        let confirmed = rig.auth.confirm_totp(ada, session, code.clone(), origin()).await;
        assert!(refusal(confirmed).contains("log in again"));
        let (current, new) = (Password::new(PASSWORD), Password::new("another password"));
        let changed = rig.auth.change_password(ada, session, current, new, origin()).await;
        assert!(refusal(changed).contains("log in again"));
    }
    assert!(rig.auth.user(ada).unwrap().totp.is_none());
    let (current, new) = (Password::new(PASSWORD), Password::new("another password"));
    rig.auth.change_password(bo, of_bo, current, new, origin()).await.unwrap();
}

#[tokio::test]
async fn a_second_factor_is_not_replaced_by_one_that_was_begun_before() {
    let (rig, ada, _) = Rig::with_users().await;
    let session = rig.log_in("ada", PASSWORD).await.unwrap().session.id;
    let enrolment = rig.auth.begin_totp(ada, Password::new(PASSWORD)).await.unwrap();
    let key = data_encoding::BASE32_NOPAD.decode(enrolment.secret.0.as_bytes()).unwrap();
    let code = Hidden(rig.code(&key.try_into().unwrap()));
    let confirm = || rig.auth.confirm_totp(ada, session, code.clone(), origin());
    let (one, other) = tokio::join!(confirm(), confirm());
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{one:?} {other:?}");
}
