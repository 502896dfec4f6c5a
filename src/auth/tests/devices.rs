//! Browsers in which a user has logged in before.

use super::*;
use crate::auth::device::DEVICE_AGE_MAX;

const PLACE: &str = "192.0.2.7";
const WRONG: &str = "a wrong password";

impl Rig {
    /// A login from [`PLACE`] with a cookie of a device.
    async fn log_in_on(
        &self,
        name: &str,
        password: &str,
        cookie: &str,
    ) -> Result<NewSession, LoginError> {
        let login =
            PasswordLogin { name: name.to_owned(), password: Password::new(password), code: None };
        let device = Some(Hidden(cookie.to_owned()));
        let client = LoginClient { device_cookie: device, ..client(PLACE) };
        self.auth.log_in(login, client, origin()).await
    }

    /// Guesses at the password of ada until the account has to wait at [`PLACE`].
    async fn flood(&self) {
        for _ in 0..5 {
            self.log_in_from("ada", WRONG, None, PLACE).await.unwrap_err();
        }
        let slowed = self.log_in_from("ada", PASSWORD, None, PLACE).await.unwrap_err();
        assert!(matches!(slowed, LoginError::Throttled { .. }), "{slowed}");
    }

    /// Whether this cookie spares ada the wait.
    async fn counts(&self, cookie: &str) -> bool {
        match self.log_in_on("ada", PASSWORD, cookie).await {
            Ok(_) => true,
            Err(LoginError::Throttled { .. }) => false,
            Err(other) => panic!("{other}"),
        }
    }
}

fn device_of(session: &NewSession) -> String {
    session.device_cookie.clone().expect("a cookie").0
}

#[tokio::test]
async fn a_flood_with_an_account_does_not_slow_the_browsers_of_its_user() {
    let (rig, ..) = Rig::with_users().await;
    let cookie = device_of(&rig.log_in("ada", PASSWORD).await.unwrap());
    rig.flood().await;
    assert!(rig.counts(&cookie).await);
    let rig = rig.restarted().await;
    rig.flood().await;
    assert!(rig.counts(&cookie).await, "the key is in the store");
    // Guesses with a stolen one wait as others do, and slow nobody else.
    for _ in 0..5 {
        let wrong = rig.log_in_on("ada", WRONG, &cookie).await.unwrap_err();
        assert!(matches!(wrong, LoginError::Wrong), "{wrong}");
    }
    assert!(!rig.counts(&cookie).await);
    rig.log_in_from("ada", PASSWORD, None, "198.51.100.1").await.unwrap();
}

#[tokio::test]
async fn a_device_cookie_is_no_login_and_of_one_user() {
    let (rig, ..) = Rig::with_users().await;
    let session = rig.log_in("bo", PASSWORD).await.unwrap();
    let cookie = device_of(&session);
    assert!(rig.auth.session_caller(&cookie).is_none());
    assert!(rig.auth.token_caller(&cookie).is_none());
    rig.log_in_on("bo", WRONG, &cookie).await.unwrap_err();
    rig.flood().await;
    assert!(!rig.counts(&cookie).await, "it is bo's");
    assert!(!format!("{session:?}").contains(&cookie));
}

#[tokio::test]
async fn a_device_cookie_ends_with_the_password_and_with_time() {
    let (rig, ada, _) = Rig::with_users().await;
    let cookie = device_of(&rig.log_in("ada", PASSWORD).await.unwrap());
    rig.wait_s(i64::try_from(DEVICE_AGE_MAX.as_secs()).unwrap() - 1);
    rig.flood().await;
    assert!(rig.counts(&cookie).await);
    rig.wait_s(1);
    rig.flood().await;
    assert!(!rig.counts(&cookie).await, "it is too old");

    rig.wait_s(HOUR);
    let cookie = device_of(&rig.log_in("ada", PASSWORD).await.unwrap());
    rig.flood().await;
    for at in 0..cookie.len() {
        let mut bytes = cookie.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert!(!rig.counts(&String::from_utf8(bytes).unwrap()).await, "character {at}");
    }
    for other in ["", "x", &cookie[1..], &format!("{cookie}A"), &"A".repeat(100_000)] {
        assert!(!rig.counts(other).await, "{other}");
    }
    assert!(rig.counts(&cookie).await);
    let change = UserChange { password: Some(Password::new(PASSWORD)), ..UserChange::default() };
    rig.wait_s(1);
    rig.auth.change_user(ada, change, origin()).await.unwrap();
    rig.flood().await;
    assert!(!rig.counts(&cookie).await, "the password was set again");
}
