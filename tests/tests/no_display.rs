//! The app where there is no desktop: over a remote shell, in a service. It says so and ends, unless one runs that can be told.

use e2e::Outcome;
use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::program::{Program, built};
use e2e::web::Web;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
/// Any room; nobody is contacted, since the notice comes first.
const LINK: &str = "runde://unbekannt.invalid/kaffee";

#[test]
fn without_a_desktop_one_sentence_is_said_in_the_language_of_the_system() -> Outcome {
    for (locale, sentence) in [("de_DE.UTF-8", "keinen Bildschirm"), ("en_GB.UTF-8", "no screen")] {
        let home = Home::new()?;
        let mut command = Command::new(built("RUNDE_BIN")?);
        home.apply(&mut command);
        command.env("LC_ALL", locale).env("LANG", locale).env_remove("DISPLAY").env_remove("DBUS_SESSION_BUS_ADDRESS");
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(sentence) && said.contains("runde-cli") && !said.contains("panicked"), "{said}");
    }
    Ok(())
}

/// A second start that opened a display would end with threads of the toolkit running, and now and then crash on its way out.
#[tokio::test]
async fn a_second_start_needs_no_display_to_hand_over_its_link() -> Outcome {
    let home = Home::new()?;
    let desktop = Desktop::start(&home)?;
    let web = Web::app(&home, &desktop, &built("RUNDE_BIN")?, &[]).await?;
    web.reads("675 Creekside Way", SOON).await?;
    let mut command = Command::new(built("RUNDE_BIN")?);
    home.apply(&mut command);
    desktop.apply(&mut command);
    let mut second = Program::start("runde", command.arg(LINK).env_remove("DISPLAY"))?;
    assert!(second.ended(SOON)?.success());
    web.reads("unbekannt.invalid", SOON).await
}
