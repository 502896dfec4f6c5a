//! How sessions end, and what is remembered of their use.

use super::*;

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_after_a_week() {
    let (rig, ..) = Rig::with_users().await;
    let idle = rig.log_in("ada", PASSWORD).await.unwrap();
    rig.wait_s(12 * HOUR - 1);
    assert!(rig.auth.session_caller(&idle.secret.0).is_some());
    // That was a use.
    rig.wait_s(12 * HOUR - 1);
    let caller = rig.auth.session_caller(&idle.secret.0).unwrap();
    rig.wait_s(12 * HOUR);
    assert!(!rig.auth.is_current(&caller));
    assert!(rig.auth.session_caller(&idle.secret.0).is_none());
    assert!(rig.auth.sessions(None).is_empty());
    let used = rig.log_in("ada", PASSWORD).await.unwrap();
    for _ in 0..20 {
        rig.wait_s(8 * HOUR);
        let caller = rig.auth.session_caller(&used.secret.0).unwrap();
        assert!(rig.auth.is_current(&caller));
    }
    rig.wait_s(8 * HOUR);
    assert!(rig.auth.session_caller(&used.secret.0).is_none());
}

#[tokio::test]
async fn to_ask_whether_a_socket_may_stay_is_no_use() {
    let (rig, ..) = Rig::with_users().await;
    let session = rig.log_in("ada", PASSWORD).await.unwrap();
    let caller = rig.auth.session_caller(&session.secret.0).unwrap();
    for _ in 0..11 {
        rig.wait_s(HOUR);
        assert!(rig.auth.is_current(&caller));
    }
    rig.auth.note_use(&caller);
    rig.wait_s(11 * HOUR);
    assert!(rig.auth.is_current(&caller));
    rig.wait_s(HOUR);
    assert!(!rig.auth.is_current(&caller));
}

#[tokio::test]
async fn sessions_are_ended_by_their_user_or_an_admin() {
    let (rig, ada, bo) = Rig::with_users().await;
    let of_ada = rig.log_in("ada", PASSWORD).await.unwrap();
    let of_bo = rig.log_in("bo", PASSWORD).await.unwrap();
    let others = rig.auth.end_session(of_ada.session.id, Some(bo), origin()).await;
    assert!(matches!(others, Err(AuthError::NotFound("Session"))), "{others:?}");
    rig.auth.end_session(of_bo.session.id, None, origin()).await.unwrap();
    assert!(rig.auth.session_caller(&of_bo.secret.0).is_none());
    rig.auth.log_out(of_ada.session.id, origin()).await.unwrap();
    assert!(rig.auth.session_caller(&of_ada.secret.0).is_none());
    let again = rig.auth.log_out(of_ada.session.id, origin()).await;
    assert!(matches!(again, Err(AuthError::NotFound(_))), "{again:?}");
    let kept = rig.log_in("ada", PASSWORD).await.unwrap();
    rig.log_in("ada", PASSWORD).await.unwrap();
    let ended = rig.auth.end_sessions_of(ada, Some(kept.session.id), origin()).await.unwrap();
    assert_eq!(ended, 1);
    assert!(rig.auth.session_caller(&kept.secret.0).is_some());
    let rig = rig.restarted().await;
    let left: Vec<_> = rig.auth.sessions(None).into_iter().map(|it| it.id).collect();
    assert_eq!(left, [kept.session.id]);
    assert!(rig.auth.session_caller(&kept.secret.0).is_some());
}

#[tokio::test]
async fn the_oldest_session_ends_beyond_twenty() {
    let (rig, ada, _) = Rig::with_users().await;
    let mut secrets = Vec::new();
    for _ in 0..22 {
        secrets.push(rig.log_in("ada", PASSWORD).await.unwrap().secret.0);
    }
    assert_eq!(rig.auth.sessions(Some(ada)).len(), 20);
    let live = secrets.iter().map(|secret| rig.auth.session_caller(secret).is_some());
    assert_eq!(live.collect::<Vec<_>>(), [[false; 2].as_slice(), &[true; 20]].concat());
}

#[tokio::test]
async fn a_long_user_agent_is_cut_off() {
    let (rig, ..) = Rig::with_users().await;
    let login =
        PasswordLogin { name: "ada".to_owned(), password: Password::new(PASSWORD), code: None };
    let user_agent = format!("a\n{}", "\u{20ac}".repeat(500));
    let client = LoginClient { address: None, user_agent, device_cookie: None };
    let session = rig.auth.log_in(login, client, origin()).await.unwrap().session;
    assert!(session.user_agent.starts_with("a\u{20ac}") && session.user_agent.len() <= 256);
    assert_eq!(session.address, None);
}

#[tokio::test]
async fn last_uses_are_written_at_most_once_a_minute() {
    let (rig, ..) = Rig::with_users().await;
    let session = rig.log_in("ada", PASSWORD).await.unwrap();
    let stored = || rig.engine.read().auth().unwrap().sessions[0].last_used_at;
    let mut kept = rig.auth.kept_until_now();
    let begin = stored();
    let mut writes = 0;
    for _ in 0..180 {
        rig.wait_s(1);
        rig.auth.session_caller(&session.secret.0).unwrap();
        let before = stored();
        rig.auth.keep_once(&mut kept).await;
        writes += usize::from(stored() != before);
    }
    assert!((2..=3).contains(&writes), "{writes} writes in three minutes");
    assert!(stored().0 - begin.0 >= 120 * 1_000_000);
    assert_eq!(rig.auth.session(session.session.id).unwrap().last_used_at, rig.engine.now());
    rig.auth.flush().await;
    assert_eq!(stored(), rig.engine.now());
}

#[tokio::test]
async fn sockets_are_told_of_what_expires_within_a_second() {
    let (rig, ada, _) = Rig::with_users().await;
    let session = rig.log_in("ada", PASSWORD).await.unwrap();
    let new = NewToken {
        name: "ci".to_owned(),
        scope: TokenScope::Read,
        owner: ada,
        expires_in_days: Some(1),
    };
    let token = rig.auth.add_token(new, origin()).await.unwrap();
    let callers = [
        rig.auth.session_caller(&session.secret.0).unwrap(),
        rig.auth.token_caller(&token.secret.0).unwrap(),
    ];
    let mut kept = rig.auth.kept_until_now();
    let mut ends = rig.auth.ends();
    for (wait, is_current) in [(12, [false, true]), (12, [false, false])] {
        ends.mark_unchanged();
        rig.auth.keep_once(&mut kept).await;
        assert!(!ends.has_changed().unwrap());
        rig.wait_s(wait * HOUR);
        rig.auth.keep_once(&mut kept).await;
        assert!(ends.has_changed().unwrap());
        assert_eq!(callers.each_ref().map(|caller| rig.auth.is_current(caller)), is_current);
    }
    assert!(rig.engine.read().auth().unwrap().sessions.is_empty(), "what has ended is removed");
    assert_eq!(rig.auth.tokens(None).len(), 1, "an expired token is still listed");
    rig.wait_s(31 * 24 * HOUR);
    rig.auth.keep_once(&mut kept).await;
    assert!(rig.engine.read().auth().unwrap().tokens.is_empty());
}
