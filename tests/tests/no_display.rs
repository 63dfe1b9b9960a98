//! The app where there is no desktop: over a remote shell, in a service. It says so and ends.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::program::built;
use std::process::Command;

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
