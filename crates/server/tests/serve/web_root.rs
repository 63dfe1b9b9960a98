//! A web build that the host supplies: there when it is asked for, beside our own page and never in its place.

use runde_server::{ServeError, ServeOptions, Server, ServerHandle, Tls};
use std::fs;

use crate::stage::{fetch, open, options, permit, raw};

fn open_with_build() -> (ServerHandle, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("libs")).unwrap();
    fs::write(folder.path().join("index.html"), "<html>the build<!--#include virtual=\"/head.html\" --></html>")
        .unwrap();
    fs::write(folder.path().join("head.html"), "its head").unwrap();
    fs::write(folder.path().join("libs/app.js"), "app();").unwrap();
    fs::write(folder.path().join("config.js"), "not ours").unwrap();
    let options = ServeOptions { web_root: Some(folder.path().to_owned()), ..options(Tls::Off) };
    (Server::spawn(permit(), options).unwrap(), folder)
}

#[tokio::test]
async fn the_page_of_a_room_stays_ours_and_leads_to_the_build() {
    let (server, _folder) = open_with_build();
    let page = fetch(&server, "/Montagsrunde").await;
    assert!(page.contains("privacy notice") && page.contains("Montagsrunde?join=browser"), "{page}");
    assert!(!page.contains("jitsi-meet://"), "Jitsi's app opens protected links only");
    let build = fetch(&server, "/Montagsrunde?join=browser").await;
    assert!(build.contains("the buildits head</html>"), "{build}");
    let framed = "GET /Montagsrunde HTTP/1.1\r\nhost: x\r\nsec-fetch-dest: iframe\r\nconnection: close\r\n\r\n";
    assert!(raw(&server, framed).await.contains("the build"), "as Jitsi's desktop app asks");
}

#[tokio::test]
async fn its_files_are_there_and_our_own_services_come_first() {
    let (server, _folder) = open_with_build();
    let script = fetch(&server, "/libs/app.js").await;
    assert!(script.contains("application/javascript") && script.ends_with("app();"), "{script}");
    assert!(fetch(&server, "/config.js?room=x").await.contains("var config = {"), "not the build's");
    for path in ["/libs/../config.js", "/libs/%2e%2e/config.js", "/libs/none.js", "/libs"] {
        let answer = fetch(&server, path).await;
        assert!(!answer.contains("not ours"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn without_a_build_nothing_of_it_is_offered() {
    let server = open();
    assert!(!fetch(&server, "/Montagsrunde").await.contains("join=browser"));
    assert!(fetch(&server, "/Montagsrunde?join=browser").await.contains("privacy notice"), "our page");
    assert!(fetch(&server, "/libs/app.js").await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn a_folder_that_is_no_build_opens_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let options = ServeOptions { web_root: Some(folder.path().to_owned()), ..options(Tls::Off) };
    assert!(matches!(Server::spawn(permit(), options), Err(ServeError::WebRoot { .. })));
}
