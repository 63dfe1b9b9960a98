//! The notice that a server offers about itself, fetched before anything else is asked of it: one request to the host of the
//! link, of which it learns neither room nor name. No redirect is followed, no script runs, nothing but the text is taken.
//!
//! A server that offers none answers with anything but JSON at [`WELL_KNOWN`]; one that offers something unusable is an error,
//! since entering would then be entering unread.

use runde_privacy::document::{MAX_DOCUMENT, WELL_KNOWN};
use runde_privacy::{Document, DocumentError, Fetch, Permit};
use runde_signalling::link::RoomLink;

use crate::contacts::{Contacts, Errand, Purpose};
use crate::meeting::permit_host;
use crate::wire::{Target, WireError, page};

/// Why there is no notice to read.
#[derive(Debug, thiserror::Error)]
pub enum AnnouncedError {
    /// The permit was given for another host than the link names. Nothing was sent.
    #[error("the permit is for another host")]
    OtherHost,
    #[error(transparent)]
    Wire(#[from] WireError),
    /// What the server offers is not a notice that can be shown.
    #[error(transparent)]
    Unusable(#[from] DocumentError),
}

/// What the server says about itself; `None` where it offers nothing. `contacts` has the request in it afterwards.
///
/// # Errors
/// [`AnnouncedError`].
pub async fn announced_notice(
    permit: &Permit<Fetch>,
    link: &RoomLink,
    contacts: &Contacts,
) -> Result<Option<Document>, AnnouncedError> {
    if permit.host() != permit_host(&link.host) {
        return Err(AnnouncedError::OtherHost);
    }
    let errand = Errand::new(permit.ground(), contacts, Purpose::Notice);
    let answer = page(&Target::place(link, WELL_KNOWN)?, MAX_DOCUMENT, &errand).await?;
    // Servers that answer every path with their start page offer nothing by that.
    if answer.status != 200 || answer.kind != "application/json" {
        return Ok(None);
    }
    let bytes = answer.body.ok_or(DocumentError::TooLarge)?;
    Ok(Some(Document::read(&bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use runde_privacy::{Acknowledgement, ChainKey, Circumstances, Gate, Lang, Ledger, Notice, Operator};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn permit(host: &str) -> Permit<Fetch> {
        let target = runde_privacy::Target::new(host, None).unwrap();
        let (mut rng, how) =
            (ChaCha8Rng::seed_from_u64(1), Circumstances { target: Some(target.clone()), ..Circumstances::default() });
        let mut ledger = Ledger::new(ChainKey::from_bytes([1; 32]));
        let noted = Acknowledgement::noted(&Notice::for_target(&target), Lang::De, how, &mut rng);
        ledger.record(noted, &mut rng).unwrap().confirm();
        Gate::replay(&ledger).fetch(&target).unwrap()
    }

    /// Answers once; yields the request and what came of it.
    async fn ask(head: &str, body: Vec<u8>) -> (String, Result<Option<Document>, AnnouncedError>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len());
        let serving = tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_000];
            let read = tcp.read(&mut request).await.unwrap();
            let _ = tcp.write_all(head.as_bytes()).await;
            let _ = tcp.write_all(&body).await;
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let link = RoomLink::parse(&format!("http://127.0.0.1:{port}/Geheimraum"), "").unwrap();
        let found = announced_notice(&permit("127.0.0.1"), &link, &Contacts::default()).await;
        (serving.await.unwrap(), found)
    }

    fn document() -> Document {
        Operator::read(br#"{"name": "Ada", "address": ["Weg 1"]}"#).unwrap().document()
    }

    #[tokio::test]
    async fn the_notice_is_fetched_without_naming_room_or_guest() {
        let (request, found) =
            ask("200 OK\r\ncontent-type: application/json; charset=utf-8", document().to_json().into()).await;
        assert_eq!(found.unwrap(), Some(document()));
        assert!(request.starts_with("GET /.well-known/runde-notice HTTP/1.1"), "{request}");
        assert!(!request.to_lowercase().contains("geheimraum") && !request.contains("Cookie"), "{request}");
    }

    #[tokio::test]
    async fn a_server_that_offers_none_is_no_error_and_no_redirect_is_followed() {
        for head in [
            "404 Not Found",
            "200 OK\r\ncontent-type: text/html",
            "302 Found\r\nlocation: /elsewhere\r\ncontent-type: application/json",
        ] {
            assert!(ask(head, b"<script>alert(1)</script>".to_vec()).await.1.unwrap().is_none(), "{head}");
        }
    }

    #[tokio::test]
    async fn fifty_megabytes_a_torn_text_and_the_future_are_refused() {
        let json = "200 OK\r\ncontent-type: application/json";
        let future = document().to_json().replace("runde-notice-1", "runde-notice-9");
        for body in [vec![b' '; 50 << 20], document().to_json().as_bytes()[..100].to_vec(), future.into_bytes()] {
            assert!(matches!(ask(json, body).await.1, Err(AnnouncedError::Unusable(_))));
        }
    }

    #[tokio::test]
    async fn scripts_in_a_text_stay_text() {
        let text = r#"{"schema":"runde-notice-1","version":1,"texts":{"de":"<script>alert(1)</script>\n"}}"#;
        let found = ask("200 OK\r\ncontent-type: application/json", text.into()).await.1.unwrap().unwrap();
        assert_eq!(found.text(Lang::De), "<script>alert(1)</script>\n");
    }

    #[tokio::test]
    async fn a_permit_for_another_host_sends_nothing() {
        let link = RoomLink::parse("https://other.example/r", "").unwrap();
        let contacts = Contacts::default();
        let asked = announced_notice(&permit("127.0.0.1"), &link, &contacts).await;
        assert!(matches!(asked, Err(AnnouncedError::OtherHost)) && contacts.seen().contacts.is_empty());
    }
}
