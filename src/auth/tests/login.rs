//! Passwords, codes, and who has to wait.

use super::*;
use crate::auth::totp;

#[tokio::test]
async fn a_login_is_a_session_with_an_id_of_its_own() {
    let (rig, ada, _) = Rig::with_users().await;
    let first = rig.log_in("Ada", PASSWORD).await.unwrap();
    assert_eq!((first.user.id, first.previous_login), (ada, None));
    assert_eq!(first.expires_at.0 - first.session.created_at.0, 7 * 24 * HOUR * 1_000_000);
    rig.wait_s(5);
    let second = rig.log_in("ada", PASSWORD).await.unwrap();
    assert_ne!(second.secret, first.secret);
    assert_ne!(second.session.id, first.session.id);
    let previous = second.previous_login.unwrap();
    assert_eq!(previous.at, first.session.created_at);
    assert_eq!(previous.address, Some("192.0.2.7".parse().unwrap()));
    for login in [&first, &second] {
        let caller = rig.auth.session_caller(&login.secret.0).unwrap();
        assert_eq!((caller.user(), caller.session()), (Some(ada), Some(login.session.id)));
        assert_eq!((caller.role, caller.actor()), (Some(Role::Admin), "user ada".to_owned()));
    }
    assert_eq!(rig.audit().last(), Some(&("user ada".to_owned(), "log in".to_owned())));
}

#[tokio::test]
async fn an_unknown_user_is_the_same_work_and_the_same_answer() {
    let (rig, ada, bo) = Rig::with_users().await;
    let without = NewUser { name: "oidc".to_owned(), role: Role::Viewer, password: None };
    rig.auth.add_user(without, origin()).await.unwrap();
    let change = UserChange { is_disabled: Some(true), ..UserChange::default() };
    rig.auth.change_user(bo, change, origin()).await.unwrap();
    let mut answers = Vec::new();
    let long = "a".repeat(9999);
    for name in ["ada", "nobody", "oidc", "bo", "", "not a name", long.as_str()] {
        let before = rig.auth.password_hash_count();
        // `bo` has the right password, and is disabled.
        let password = if name == "bo" { PASSWORD } else { "wrong password" };
        let answer = rig.log_in(name, password).await.unwrap_err().to_string();
        answers.push((answer, rig.auth.password_hash_count() - before));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(answers[0], ("Name or password is wrong".to_owned(), 1));
    assert!(rig.auth.sessions(Some(ada)).is_empty());
}

#[tokio::test]
async fn who_fails_waits_and_nobody_else_does() {
    let (rig, ..) = Rig::with_users().await;
    // Ada has logged in at the office.
    rig.log_in_from("ada", PASSWORD, None, "192.0.2.7").await.unwrap();
    let mut throttled = 0;
    for _ in 0..20 {
        let hashes = rig.auth.password_hash_count();
        match rig.log_in_from("ada", "wrong password", None, "198.51.100.9").await {
            Err(LoginError::Wrong) => {}
            Err(LoginError::Throttled { retry_after }) => {
                throttled += 1;
                assert!(!retry_after.is_zero());
                assert_eq!(rig.auth.password_hash_count(), hashes, "no guess is checked");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(throttled, 15);
    // The right password does not help there, and everywhere else it does.
    let there = rig.log_in_from("ada", PASSWORD, None, "198.51.100.9").await;
    assert!(matches!(there, Err(LoginError::Throttled { .. })), "{there:?}");
    rig.log_in_from("ada", PASSWORD, None, "192.0.2.7").await.unwrap();
    rig.log_in_from("ada", PASSWORD, None, "203.0.113.1").await.unwrap();
    rig.wait_s(2);
    rig.log_in_from("ada", PASSWORD, None, "198.51.100.9").await.unwrap();
}

#[tokio::test]
async fn neighbours_behind_one_address_do_not_wait_for_each_other() {
    let (rig, ..) = Rig::with_users().await;
    rig.log_in_from("ada", PASSWORD, None, "192.0.2.7").await.unwrap();
    for index in 0..30 {
        rig.log_in_from(&format!("user{index}"), "wrong password", None, "192.0.2.7")
            .await
            .unwrap_err();
    }
    // Bo was never here, Ada was.
    let bo = rig.log_in_from("bo", PASSWORD, None, "192.0.2.7").await;
    assert!(matches!(bo, Err(LoginError::Throttled { .. })), "{bo:?}");
    rig.log_in_from("ada", PASSWORD, None, "192.0.2.7").await.unwrap();
    // It is known from the last login, also after all sessions have ended.
    let rig = rig.restarted().await;
    let ada = rig.auth.user_named("ada").unwrap().id;
    rig.auth.end_sessions_of(ada, None, origin()).await.unwrap();
    for index in 0..30 {
        rig.log_in_from(&format!("user{index}"), "wrong password", None, "192.0.2.7")
            .await
            .unwrap_err();
    }
    rig.log_in_from("ada", PASSWORD, None, "192.0.2.7").await.unwrap();
}

#[tokio::test]
async fn failed_logins_are_in_the_audit_trail_without_what_was_typed() {
    let (rig, ..) = Rig::with_users().await;
    let before = rig.audit().len();
    for name in ["ada", "ada", "ada", "my-secret-password", "hunter2"] {
        rig.log_in(name, "wrong password").await.unwrap_err();
    }
    assert_eq!(rig.audit().len(), before, "no answer waits for the disk");
    let mut kept = rig.auth.kept_until_now();
    rig.auth.keep_once(&mut kept).await;
    assert_eq!(rig.audit().len(), before + 2, "one of ada, one of unknown names");
    rig.log_in("ada", "wrong password").await.unwrap_err();
    rig.log_in("hunter2", "wrong password").await.unwrap_err();
    rig.auth.flush().await;
    let rows = rig.audit();
    assert_eq!(rows.len(), before + 4);
    assert!(rows[before..].iter().all(|row| row.1 == "log in"), "{rows:?}");
    let store = std::fs::read(rig.directory.path().join("unoc.redb")).unwrap();
    for typed in ["my-secret-password", "hunter2"] {
        assert!(!contains(&store, typed.as_bytes()), "{typed} is in the store");
    }
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_counts_once() {
    let (rig, ada, _) = Rig::with_users().await;
    let (secret, recovery) = rig.add_factor(ada).await;
    rig.wait_s(30);
    let missing = rig.log_in("ada", PASSWORD).await;
    assert!(matches!(missing, Err(LoginError::NeedsCode)), "{missing:?}");
    let wrong = rig.log_in_from("ada", PASSWORD, Some("000000"), "192.0.2.7").await;
    assert!(matches!(wrong, Err(LoginError::Wrong)), "{wrong:?}");
    // A wrong password is not told apart by a right code.
    let code = rig.code(&secret);
    let wrong = rig.log_in_from("ada", "wrong password", Some(&code), "192.0.2.7").await;
    assert!(matches!(wrong, Err(LoginError::Wrong)), "{wrong:?}");
    rig.log_in_from("ada", PASSWORD, Some(&code), "192.0.2.7").await.unwrap();
    let again = rig.log_in_from("ada", PASSWORD, Some(&code), "192.0.2.7").await;
    assert!(matches!(again, Err(LoginError::Wrong)), "{again:?}");
    // It is used after a restart, too.
    let rig = rig.restarted().await;
    let again = rig.log_in_from("ada", PASSWORD, Some(&code), "192.0.2.7").await;
    assert!(matches!(again, Err(LoginError::Wrong)), "{again:?}");
    rig.log_in_from("ada", PASSWORD, Some(&recovery[0]), "192.0.2.7").await.unwrap();
    let again = rig.log_in_from("ada", PASSWORD, Some(&recovery[0]), "192.0.2.7").await;
    assert!(matches!(again, Err(LoginError::Wrong)), "{again:?}");
    let kept = rig.auth.user(ada).unwrap().totp.unwrap();
    assert_eq!(kept.recovery_code_hashes.len(), 9);
}

#[tokio::test]
async fn one_code_begins_one_of_two_sessions_at_the_same_time() {
    let (rig, ada, _) = Rig::with_users().await;
    let (secret, _) = rig.add_factor(ada).await;
    rig.wait_s(30);
    let code = rig.code(&secret);
    let (one, other) = tokio::join!(
        rig.log_in_from("ada", PASSWORD, Some(&code), "192.0.2.7"),
        rig.log_in_from("ada", PASSWORD, Some(&code), "192.0.2.8"),
    );
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{one:?} {other:?}");
}

#[tokio::test]
async fn one_who_knows_the_password_does_not_guess_the_code_from_many_addresses() {
    let (rig, ada, _) = Rig::with_users().await;
    let (secret, _) = rig.add_factor(ada).await;
    rig.wait_s(30);
    rig.log_in_from("ada", PASSWORD, Some(&rig.code(&secret)), "203.0.113.1").await.unwrap();
    let mut checked = 0;
    for index in 0..50 {
        let address = format!("198.51.100.{index}");
        let guess = rig.log_in_from("ada", PASSWORD, Some("000000"), &address).await;
        checked += usize::from(matches!(guess, Err(LoginError::Wrong)));
    }
    assert_eq!(checked, 5);
    // Ada comes in from where she was before.
    rig.wait_s(30);
    rig.log_in_from("ada", PASSWORD, Some(&rig.code(&secret)), "203.0.113.1").await.unwrap();
}

#[tokio::test]
async fn one_who_does_not_know_the_password_makes_nobody_wait_for_a_code() {
    let (rig, ada, _) = Rig::with_users().await;
    let (secret, _) = rig.add_factor(ada).await;
    rig.wait_s(30);
    let mut answers = Vec::new();
    for index in 0..50 {
        let address = format!("198.51.100.{index}");
        for name in ["ada", "nobody"] {
            let guess = rig.log_in_from(name, "wrong password", Some("000000"), &address).await;
            answers.push(guess.unwrap_err().to_string());
        }
    }
    // Nor does the answer tell who has a second factor.
    assert!(answers.iter().all(|answer| *answer == LoginError::Wrong.to_string()), "{answers:?}");
    rig.log_in_from("ada", PASSWORD, Some(&rig.code(&secret)), "203.0.113.1").await.unwrap();
}

#[tokio::test]
async fn the_password_is_hashed_again_at_another_cost() {
    let (rig, ada, _) = Rig::with_users().await;
    let before = rig.auth.user(ada).unwrap().password_hash;
    let options = AuthOptions { sessions: rig.auth.session_limits(), is_insecure: false };
    let cost = PasswordCost::TEST.doubled();
    let dearer = AuthHandle::load_with(rig.engine.clone(), options, cost).unwrap();
    let login =
        || PasswordLogin { name: "ada".to_owned(), password: Password::new(PASSWORD), code: None };
    dearer.log_in(login(), client("192.0.2.7"), origin()).await.unwrap();
    let after = dearer.user(ada).unwrap().password_hash;
    assert_ne!(after, before);
    assert!(after.unwrap().0.contains("t=2"));
    let hashes = dearer.password_hash_count();
    dearer.log_in(login(), client("192.0.2.7"), origin()).await.unwrap();
    assert_eq!(dearer.password_hash_count(), hashes + 1, "and only once");
}

#[tokio::test]
async fn the_set_up_code_makes_one_user() {
    let rig = Rig::new();
    assert!(!rig.auth.is_setup_possible());
    let first = rig.auth.new_setup_code().unwrap();
    let code = rig.auth.new_setup_code().unwrap();
    assert!(rig.auth.is_setup_possible());
    let set_up = async |code: &Hidden<String>, name: &str| {
        let (code, password) = (code.clone(), Password::new(PASSWORD));
        let setup = SetupLogin { code, name: name.to_owned(), password };
        rig.auth.set_up(setup, client("192.0.2.7"), origin()).await
    };
    for (code, name, why) in [
        (&first.code, "ada", "unoc user setup-link"),
        (&Hidden(String::new()), "ada", "unoc user setup-link"),
        (&code.code, "a b", "letters"),
    ] {
        let refused = set_up(code, name).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    let session = set_up(&code.code, "ada").await.unwrap();
    assert_eq!(session.user.role, Role::Admin);
    assert!(rig.auth.session_caller(&session.secret.0).is_some());
    assert!(!rig.auth.is_setup_possible());
    assert!(rig.auth.new_setup_code().is_none());
    set_up(&code.code, "bo").await.unwrap_err();
    assert_eq!(rig.auth.users().len(), 1);
}

#[tokio::test]
async fn a_set_up_code_ends_after_half_an_hour() {
    let rig = Rig::new();
    let code = rig.auth.new_setup_code().unwrap().code;
    rig.wait_s(30 * 60);
    assert!(!rig.auth.is_setup_possible());
    let setup = SetupLogin { code, name: "ada".to_owned(), password: Password::new(PASSWORD) };
    rig.auth.set_up(setup, client("192.0.2.7"), origin()).await.unwrap_err();
}

/// What is asked for and answered is printed by nobody, whatever prints it.
#[tokio::test]
async fn no_secret_is_printed() {
    let (rig, ada, _) = Rig::with_users().await;
    let (_, recovery) = rig.add_factor(ada).await;
    let code = Some(Hidden(recovery[1].clone()));
    let login = PasswordLogin { name: "ada".to_owned(), password: Password::new(PASSWORD), code };
    let shown = format!("{login:?}");
    assert!(!shown.contains(PASSWORD) && !shown.contains(&recovery[1]), "{shown}");
    let session = rig.auth.log_in(login, client("192.0.2.7"), origin()).await.unwrap();
    let shown = format!("{session:?}");
    assert!(!shown.contains(&session.secret.0) && !shown.contains("argon2id"), "{shown}");
    let new = NewToken {
        name: "ci".to_owned(),
        scope: TokenScope::Read,
        owner: ada,
        expires_in_days: None,
    };
    let token = rig.auth.add_token(new, origin()).await.unwrap();
    assert!(!format!("{token:?}").contains(&token.secret.0[12..]), "{token:?}");
}

impl Rig {
    /// Gives a user a second factor, and returns its key and its recovery codes.
    pub(super) async fn add_factor(&self, user: UserId) -> ([u8; 20], Vec<String>) {
        // From an address that no test makes the user's own.
        let name = self.auth.user(user).unwrap().name;
        let login = self.log_in_from(&name, PASSWORD, None, "203.0.113.200").await.unwrap();
        let session = login.session.id;
        let enrolment = self.auth.begin_totp(user, Password::new(PASSWORD)).await.unwrap();
        let key = data_encoding::BASE32_NOPAD.decode(enrolment.secret.0.as_bytes()).unwrap();
        let key: [u8; 20] = key.try_into().unwrap();
        let code = Hidden(self.code(&key));
        let RecoveryCodes(Hidden(codes)) =
            self.auth.confirm_totp(user, session, code, origin()).await.unwrap();
        self.auth.log_out(session, origin()).await.unwrap();
        (key, codes)
    }

    /// What the authenticator shows now.
    pub(super) fn code(&self, key: &[u8; 20]) -> String {
        totp::code_now(key, self.engine.now())
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
