//! Deployments without a WebSocket, or behind something that lets none through: the conversation by plain requests (BOSH), against
//! Debian's Prosody.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::program::Program;
use e2e::prosody::Prosody;
use e2e::room::notice_of;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn guest(home: &Home, port: u16, room: &str, name: &str, options: &[&str], input: &str) -> Outcome<Program> {
    let link = format!("http://127.0.0.1:{port}/{room}");
    let noted = notice_of(home, &link)?;
    let mut words = vec!["join", &link, "--name", name, "--notice-ack", &noted, "--json"];
    words.extend(options);
    Program::cli_told(home, &words, input)
}

/// Two guests of a room read each other, and the one who leaves is seen to.
fn meet(server: &Prosody) -> Outcome {
    let (first, second) = (Home::new()?, Home::new()?);
    let mut bo = guest(&first, server.port, "rosa", "Bo", &[], "")?;
    bo.event("joined", PATIENCE)?;
    let mut ada =
        guest(&second, server.port, "rosa", "Ada", &["--chat", "Guten Tag", "--user", "ada"], "correct horse\n")?;
    ada.event("joined", PATIENCE)?;
    assert_eq!(bo.event("chat", PATIENCE)?["text"], "Guten Tag");
    // Longer than a held request would be looked at without an answer.
    std::thread::sleep(Duration::from_secs(2));
    assert!(ada.terminate(PATIENCE)?.success());
    bo.wait("that Ada is gone", PATIENCE, |line| {
        line["event"] == "participant" && line["change"] == "removed" && line["name"] == "Ada"
    })?;
    assert!(bo.terminate(PATIENCE)?.success());
    assert!(server.log()?.contains("BOSH"), "nobody came by plain requests");
    Ok(())
}

#[test]
fn a_deployment_that_announces_no_web_socket_is_joined_by_plain_requests() -> Outcome {
    let host = Home::new()?;
    meet(&Prosody::start_with(&host, "bosh: location.origin + '/http-bind'")?)
}

#[test]
fn where_the_web_socket_does_not_open_plain_requests_are_tried() -> Outcome {
    let host = Home::new()?;
    meet(&Prosody::start_with(&host, "websocket: 'ws://' + location.host + '/not-there', bosh: '/http-bind'")?)
}
