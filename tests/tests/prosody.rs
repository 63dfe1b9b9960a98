//! Our client against an XMPP server that is not ours, as far as no bridge is needed: config.js, logins, every kind of door, and
//! a connection that breaks.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::program::Program;
use e2e::prosody::{Cuttable, Prosody};
use e2e::room::notice_of;
use serde_json::Value;
use std::time::Duration;

/// Far beyond what anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One guest of a room, with a home of its own.
fn guest(home: &Home, port: u16, room: &str, name: &str, options: &[&str], input: &str) -> Outcome<Program> {
    let link = format!("http://127.0.0.1:{port}/{room}");
    let noted = notice_of(home, &link)?;
    let mut words = vec!["join", &link, "--name", name, "--notice-ack", &noted, "--json"];
    words.extend(options);
    Program::cli_told(home, &words, input)
}

/// How it ended: reason and refusal.
fn end(mut guest: Program) -> Outcome<(String, String)> {
    let left = guest.event("left", PATIENCE)?;
    let word = |key: &str| left[key].as_str().unwrap_or_default().to_owned();
    guest.ended(PATIENCE)?;
    Ok((word("reason"), word("refusal")))
}

fn refused(why: &str) -> (String, String) {
    ("refused".to_owned(), why.to_owned())
}

fn is(line: &Value, event: &str, change: &str, name: &str) -> bool {
    line["event"] == event && line["change"] == change && line["name"] == name
}

const ACCOUNT: [&str; 2] = ["--user", "ada"];

#[test]
fn two_guests_meet_through_the_addresses_of_config_js_and_read_each_other() -> Outcome {
    let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
    let server = Prosody::start(&host)?;
    let mut bo = guest(&first, server.port, "Café Rosa", "Bo", &[], "")?;
    bo.event("joined", PATIENCE)?;
    let mut ada = guest(&second, server.port, "caf%C3%A9 rosa", "Ada", &["--chat", "Guten Tag"], "")?;
    ada.event("joined", PATIENCE)?;
    let line = bo.event("chat", PATIENCE)?;
    assert_eq!((line["name"].as_str(), line["text"].as_str()), (Some("Ada"), Some("Guten Tag")));
    assert!(ada.terminate(PATIENCE)?.success());
    bo.wait("that Ada is gone", PATIENCE, |line| is(line, "participant", "removed", "Ada"))?;
    assert!(bo.terminate(PATIENCE)?.success());
    Ok(())
}

#[test]
fn an_account_logs_in_with_its_password_and_nobody_else_with_another() -> Outcome {
    let (host, home, other) = (Home::new()?, Home::new()?, Home::new()?);
    let server = Prosody::start(&host)?;
    let mut ada = guest(&home, server.port, "office", "Ada", &ACCOUNT, "correct horse\n")?;
    ada.event("joined", PATIENCE)?;
    assert!(ada.terminate(PATIENCE)?.success());
    let wrong = guest(&home, server.port, "office", "Ada", &ACCOUNT, "battery staple\n")?;
    assert_eq!(end(wrong)?, refused("login-refused"));
    let mut opener = guest(&other, server.port, "banned", "Bo", &[], "")?;
    opener.event("joined", PATIENCE)?;
    let banned = guest(&home, server.port, "banned", "Ada", &ACCOUNT, "correct horse\n")?;
    assert_eq!(end(banned)?, refused("banned"));
    Ok(())
}

#[test]
fn a_rooms_password_is_asked_for_and_checked() -> Outcome {
    let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
    let server = Prosody::start(&host)?;
    // Whoever opens it sets the password and is in; everybody after needs it.
    let mut opener = guest(&first, server.port, "password", "Ada", &[], "")?;
    opener.event("joined", PATIENCE)?;
    assert_eq!(end(guest(&second, server.port, "password", "Bo", &[], "")?)?, refused("password-needed"));
    let asked = ["--password-stdin"];
    let wrong = guest(&second, server.port, "password", "Bo", &asked, "open\n")?;
    assert_eq!(end(wrong)?, refused("password-wrong"));
    let mut right = guest(&second, server.port, "password", "Bo", &asked, "sesame\n")?;
    right.event("joined", PATIENCE)?;
    opener.wait("that Bo is there", PATIENCE, |line| is(line, "participant", "added", "Bo"))?;
    Ok(())
}

#[test]
fn a_lobby_lets_in_turns_away_or_makes_wait() -> Outcome {
    let (host, home) = (Home::new()?, Home::new()?);
    let server = Prosody::start(&host)?;
    let mut welcome = guest(&home, server.port, "guarded", "Welcome Ada", &[], "")?;
    welcome.event("joined", PATIENCE)?;
    assert_eq!(end(guest(&home, server.port, "guarded", "Unwelcome Bo", &[], "")?)?, refused("lobby-refused"));
    let mut patient = guest(&home, server.port, "guarded", "Cleo", &[], "")?;
    assert_eq!(patient.event("waiting", PATIENCE)?["for"], "lobby");
    assert!(patient.terminate(PATIENCE)?.success(), "who waits may go");
    Ok(())
}

#[test]
fn every_other_door_is_told_as_what_it_is() -> Outcome {
    let (host, home) = (Home::new()?, Home::new()?);
    let server = Prosody::start(&host)?;
    assert_eq!(end(guest(&home, server.port, "full", "Ada", &[], "")?)?, refused("full"));
    assert_eq!(end(guest(&home, server.port, "visitors", "Ada", &[], "")?)?, refused("visitors-only"));
    assert_eq!(end(guest(&home, server.port, "closed", "Ada", &[], "")?)?, refused("members-only"));
    let mut waiting = guest(&home, server.port, "hostless", "Ada", &[], "")?;
    assert_eq!(waiting.event("waiting", PATIENCE)?["for"], "host");
    let page = waiting.event("login-needed", PATIENCE)?;
    assert_eq!(page["url"], format!("http://127.0.0.1:{}/login?room=hostless", server.port));
    assert!(waiting.terminate(PATIENCE)?.success());
    Ok(())
}

#[test]
fn a_cut_connection_of_an_account_is_resumed_and_nobody_sees_it() -> Outcome {
    let (host, first, second, third) = (Home::new()?, Home::new()?, Home::new()?, Home::new()?);
    let server = Prosody::start(&host)?;
    let cable = Cuttable::before(server.port)?;
    let mut bo = guest(&second, server.port, "cable", "Bo", &[], "")?;
    bo.event("joined", PATIENCE)?;
    let mut ada = guest(&first, cable.port, "cable", "Ada", &ACCOUNT, "correct horse\n")?;
    ada.event("joined", PATIENCE)?;
    bo.wait("that Ada is there", PATIENCE, |line| is(line, "participant", "added", "Ada"))?;
    assert!(cable.cut() > 0);
    let mut cleo = guest(&third, server.port, "cable", "Cleo", &["--chat", "nach dem Schnitt"], "")?;
    cleo.event("joined", PATIENCE)?;
    let line = ada.event("chat", PATIENCE)?;
    assert_eq!(line["text"], "nach dem Schnitt");
    assert_eq!((ada.events("joined").len(), ada.events("reconnecting").len()), (1, 0));
    // Bo has heard of it as well by now, and of nothing else.
    bo.event("chat", PATIENCE)?;
    let ada_seen: Vec<_> = bo.events("participant").into_iter().filter(|line| line["name"] == "Ada").collect();
    assert!(ada_seen.iter().all(|line| line["change"] != "removed"), "{ada_seen:?}");
    Ok(())
}

#[test]
fn a_cut_connection_that_cannot_be_resumed_means_a_fresh_join_without_a_ghost() -> Outcome {
    let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
    let server = Prosody::start(&host)?;
    let cable = Cuttable::before(server.port)?;
    let mut ada = guest(&first, cable.port, "cable", "Ada", &[], "")?;
    let before = ada.event("joined", PATIENCE)?["endpoint"].clone();
    assert!(cable.cut() > 0);
    // An anonymous guest is somebody else to this server after every login.
    ada.event("reconnecting", PATIENCE)?;
    let after = ada.event("joined", PATIENCE)?["endpoint"].clone();
    assert_ne!(before, after);
    let mut bo = guest(&second, server.port, "cable", "Bo", &[], "")?;
    bo.event("joined", PATIENCE)?;
    ada.wait("that Bo is there", PATIENCE, |line| is(line, "participant", "added", "Bo"))?;
    let ghosts: Vec<_> = ada.events("participant").into_iter().filter(|line| line["name"] == "Ada").collect();
    assert!(ghosts.is_empty(), "{ghosts:?}");
    Ok(())
}
