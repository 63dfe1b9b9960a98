//! Room links as a page in the browser offers them, opened by the desktop: each leads by way of its notice to the page before its room.

use super::{SOON, installed, served, shot};
use e2e::Outcome;
use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::tree;
use e2e::web::Web;
use std::process::Command;

#[tokio::test]
async fn a_link_of_either_scheme_leads_past_its_notice_to_the_page_before_its_room() -> Outcome {
    let (tree, host, home) = (installed()?, Home::new()?, Home::new()?);
    let (_server, base, fragment) = served(tree, &host)?;
    let desktop = Desktop::start(&home)?;
    let surroundings = |command: &mut Command| desktop.apply(command);
    let web = Web::app(&home, &desktop, &tree.script(&home, surroundings, &[], &["runde"])?, &[]).await?;
    web.reads("675 Creekside Way", SOON).await?;
    let open = |scheme: &str, room: &str| -> Outcome {
        let link = format!("{}/{room}{fragment}", base.replacen("https", scheme, 1));
        tree::run(&mut tree.program(&home, surroundings, &["xdg-open", &link])).map(drop)
    };
    open("runde", "kaffee")?;
    web.reads("die diesen Raum geöffnet hat", SOON).await?;
    web.press("Zur Kenntnis genommen").await?;
    web.reads("Freiwillige Funktionen", SOON).await?;
    web.press("Weiter").await?;
    web.reads("Ihr Name", SOON).await?;
    web.reads("kaffee", SOON).await?;
    web.painted().await?;
    desktop.screenshot(&shot("installed-prejoin"))?;
    // Its notice is noted now, so the other scheme leads straight there.
    open("jitsi-meet", "kuchen")?;
    web.reads("kuchen", SOON).await?;
    web.reads("Ihr Name", SOON).await
}
