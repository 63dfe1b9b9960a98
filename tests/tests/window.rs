//! The real window on a desktop of the test's own: first launch, notice, a room on this device, a headless guest that is seen, heard
//! and read, and the way out. The screenshots of the documentation are taken here.

use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::program::{Program, built};
use e2e::web::Web;
use e2e::{Failure, Outcome, picture, room, sound};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);
const WATCH: Duration = Duration::from_secs(5);
/// How many readings of the canvas tell that a picture moves.
const READINGS: usize = 10;
/// A whole picture is far smoother, one that fell apart far rougher.
const ROUGHEST: f64 = 0.05;

/// The luma of the guest's picture as it stands on the canvas, in hexadecimal: `[width, height, digits]`.
const PICTURE: &str = r"
  const hole = [...document.querySelectorAll('.picture')].find(each => !each.closest('[aria-label*=\'Sie\']') && each.clientWidth > 100);
  const canvas = document.querySelector('canvas');
  if (!hole || !canvas) return null;
  const [box, frame] = [hole.getBoundingClientRect(), canvas.getBoundingClientRect()];
  const scale = canvas.width / frame.width;
  const copy = document.createElement('canvas');
  copy.width = 320; copy.height = 180;
  const pen = copy.getContext('2d', { willReadFrequently: true });
  pen.drawImage(canvas, (box.left - frame.left) * scale, (box.top - frame.top) * scale, box.width * scale, box.height * scale, 0, 0, 320, 180);
  const dots = pen.getImageData(0, 0, 320, 180).data;
  let digits = '';
  for (let at = 0; at < dots.length; at += 4) {
    digits += Math.round(0.2126 * dots[at] + 0.7152 * dots[at + 1] + 0.0722 * dots[at + 2]).toString(16).padStart(2, '0');
  }
  return [320, 180, digits];
";

/// Screenshots end up beside the other reports of a test run.
fn shot(name: &str) -> PathBuf {
    let reports = std::env::var_os("RUNDE_REPORTS").map_or_else(std::env::temp_dir, PathBuf::from);
    reports.join("screenshots").join(format!("{name}.png"))
}

/// The frame number that the canvas shows now.
async fn number_on_canvas(web: &Web) -> Outcome<Option<u32>> {
    Ok(picture::number_of_shot(&web.client.execute(PICTURE, Vec::new()).await?))
}

/// Through the notice and the voluntary page, as somebody who reads and presses buttons.
async fn first_launch(web: &Web, desktop: &Desktop) -> Outcome {
    web.reads("675 Creekside Way", SOON).await?;
    web.painted().await?;
    desktop.screenshot(&shot("notice"))?;
    web.press("Zur Kenntnis genommen").await?;
    web.reads("Freiwillige Funktionen", SOON).await?;
    let on = "return document.querySelectorAll('[role=switch][aria-checked=true]').length";
    web.until("every switch is off", SOON, on, |count| count == 0).await?;
    desktop.screenshot(&shot("voluntary"))?;
    web.press("Weiter").await?;
    web.reads("Link oder Raumname", SOON).await?;
    desktop.screenshot(&shot("home"))
}

/// Opens a room on this device and enters it; yields its link.
async fn host(web: &Web, desktop: &Desktop) -> Outcome<String> {
    web.press("Raum auf diesem Gerät öffnen").await?;
    web.reads("Zur Kenntnis genommen", SOON).await?;
    web.press("Zur Kenntnis genommen").await?;
    web.reads("Ihr Name", SOON).await?;
    web.fill("#name", "Ada").await?;
    web.press("Mikrofon").await?;
    desktop.screenshot(&shot("prejoin"))?;
    web.press("Beitreten").await?;
    let link = "return document.querySelector('.link') ? document.querySelector('.link').innerText : ''";
    let link = web
        .until("the link to pass on", SOON, link, |text| text.as_str().is_some_and(|text| text.contains("#fp=")))
        .await?;
    desktop.screenshot(&shot("alone"))?;
    Ok(link.as_str().unwrap_or_default().trim().to_owned())
}

/// Waits until the canvas shows a barcode at all.
async fn first_picture(web: &Web, desktop: &Desktop) -> Outcome {
    let end = Instant::now() + SOON;
    while number_on_canvas(web).await?.is_none() {
        if Instant::now() > end {
            desktop.screenshot(&shot("no-picture"))?;
            return Err(Failure::from("the guest's barcode never stood on the canvas"));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// Frame numbers read from the canvas, with the moment of each, for at least five seconds; a slow driver needs longer for as many.
async fn watch(web: &Web) -> Outcome<Vec<(Instant, u32)>> {
    let (mut seen, start) = (Vec::new(), Instant::now());
    while start.elapsed() < SOON && (start.elapsed() < WATCH || seen.len() < READINGS) {
        let at = Instant::now();
        seen.extend(number_on_canvas(web).await?.map(|number| (at, number)));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let roughness = picture::roughness(&web.client.execute(PICTURE, Vec::new()).await?);
    assert!(roughness.is_some_and(|share| share < ROUGHEST), "the guest's picture fell apart: {roughness:?}");
    Ok(seen)
}

/// Never backwards, and after each second of watching further than before.
fn rises(seen: &[(Instant, u32)]) -> bool {
    let later = |(at, number): &(Instant, u32)| {
        let after = seen.iter().find(|(then, _)| then.saturating_duration_since(*at) >= Duration::from_secs(1));
        after.is_none_or(|(_, next)| next > number)
    };
    seen.len() >= READINGS && seen.windows(2).all(|pair| pair[0].1 <= pair[1].1) && seen.iter().all(later)
}

/// Whether the virtual speaker plays the guest's words. A busy machine may tear one recording, not three in a row.
fn heard_from_speaker(desktop: &Desktop, words: &[i16], file: &Path) -> Outcome<bool> {
    for _ in 0..3 {
        desktop.record(file, Duration::from_secs(8))?;
        let likeness = sound::likeness(words, &sound::read(file)?);
        println!("the guest from the speaker: {likeness:?}");
        if likeness.pieces >= 8 && likeness.correlation >= 0.8 {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn chat(web: &Web, guest: &mut Program) -> Outcome {
    web.press("Chat").await?;
    web.reads("Guten Tag vom Gast", SOON).await?;
    web.fill("textarea", "Willkommen am Tisch").await?;
    web.press("Senden").await?;
    let line = guest.wait("the host's chat line", SOON, |line| line["event"] == "chat" && line["mine"] == false)?;
    assert_eq!((line["name"].as_str(), line["text"].as_str()), (Some("Ada"), Some("Willkommen am Tisch")));
    Ok(())
}

/// A setting as the settings page would change it.
async fn set(web: &Web, key: &str, value: &str) -> Outcome {
    let script =
        format!("window.__TAURI_INTERNALS__.invoke('set_setting', {{ change: {{ key: '{key}', value: '{value}' }} }})");
    web.client.execute(&script, Vec::new()).await?;
    Ok(())
}

/// The same window in English and light, and its settings, for the documentation.
async fn other_looks(web: &Web, desktop: &Desktop) -> Outcome {
    web.press("Zur Startseite").await?;
    set(web, "look", "light").await?;
    set(web, "language", "en").await?;
    web.reads("Link or room name", SOON).await?;
    web.painted().await?;
    desktop.screenshot(&shot("home-english-light"))?;
    web.press("Settings").await?;
    web.reads("Language and look", SOON).await?;
    web.painted().await?;
    desktop.screenshot(&shot("settings-english-light"))
}

/// Somebody's screen as a tile of its own, a reaction, a poll, and permission to speak.
async fn besides(web: &Web, desktop: &Desktop, link: &str) -> Outcome {
    let home = Home::new()?;
    let hash = room::notice_of(&home, link)?;
    let words = ["join", link, "--name", "Vera", "--notice-ack", &hash, "--share", "pattern", "--json", "--orders"];
    let mut vera = Program::cli_ordered(&home, &words)?;
    vera.event("joined", SOON)?;
    let tile = "return !!document.querySelector('[aria-label=\"Bildschirm von Vera\"] .picture')";
    web.until("the screen of Vera", SOON, tile, |there| *there == true).await?;
    vera.wait("that somebody watches", SOON, |line| {
        let own = |source: &serde_json::Value| source["mine"] == true && source["fps"].as_f64() > Some(3.0);
        line["sources"].as_array().is_some_and(|sources| sources.iter().any(own))
    })?;
    web.press("Reaktion").await?;
    web.press("Applaus").await?;
    vera.wait("the reaction", SOON, |line| line["event"] == "reaction" && line["reaction"] == "clap")?;
    desktop.screenshot(&shot("screen"))?;
    vera.say("poll Treffen wir uns um sechs? | Ja | Nein")?;
    web.press("Mehr").await?;
    web.reads("Treffen wir uns um sechs?", SOON).await?;
    let tick = "const box = document.querySelector('.poll input'); box?.click(); return !!box";
    web.until("a box to tick", SOON, tick, |ticked| *ticked == true).await?;
    web.press("Abstimmen").await?;
    vera.wait("a vote", SOON, |line| line["event"] == "vote")?;
    let count = "return document.querySelector('.poll .figures')?.textContent";
    web.until("the own vote", SOON, count, |figure| *figure == "1").await?;
    desktop.screenshot(&shot("poll"))?;
    web.press("Personen").await?;
    web.press("Mikrofone brauchen eine Freigabe").await?;
    vera.wait("that she has to ask", SOON, |line| line["event"] == "permission" && line["needed"] == true)?;
    desktop.screenshot(&shot("permission"))?;
    assert!(vera.terminate(SOON)?.success());
    Ok(())
}

/// What the microphone sent while these two were alone: a third guest with two pictures more leaves a small machine little time.
fn said(words: &[i16], recorded: &Path, of_two: Duration) -> Outcome {
    let heard = sound::read(recorded)?;
    let of_two = heard.len().min((of_two.as_secs_f64() * f64::from(sound::RATE)) as usize);
    let likeness = sound::likeness(words, &heard[..of_two]);
    println!("the microphone at the guest: {likeness:?}");
    assert!(likeness.pieces >= 8 && likeness.correlation >= 0.5, "the microphone at the guest: {likeness:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_launch_to_a_meeting_in_which_one_sees_hears_and_writes() -> Outcome {
    let (home, elsewhere) = (Home::new()?, Home::new()?);
    let desktop = Desktop::start(&home)?;
    let words = sound::sentence(6.0, 7);
    let (speech, heard) = (elsewhere.path("speech.wav"), elsewhere.path("heard.wav"));
    sound::write(&speech, &words)?;
    let own_words = sound::sentence(6.0, 99);
    let own_speech = home.path("own.wav");
    sound::write(&own_speech, &own_words)?;
    let _voice = desktop.speak(&own_speech)?;

    let web = Web::app(&home, &desktop, &built("RUNDE_BIN")?, &[]).await?;
    first_launch(&web, &desktop).await?;
    let link = host(&web, &desktop).await?;

    let hash = room::notice_of(&elsewhere, &link)?;
    let (speech, recorded) = (speech.display().to_string(), elsewhere.path("guest.wav"));
    let guest_heard = recorded.display().to_string();
    let mut guest = Program::cli(
        &elsewhere,
        &[
            "join",
            &link,
            "--name",
            "Gast",
            "--notice-ack",
            &hash,
            "--audio-in",
            &speech,
            "--audio-out",
            &guest_heard,
            "--video-in",
            "pattern",
            "--chat",
            "Guten Tag vom Gast",
            "--json",
        ],
    )?;
    guest.event("joined", SOON)?;
    let together = Instant::now();
    web.until("the guest's tile", SOON, "return document.querySelectorAll('.picture').length", |count| count != 0)
        .await?;
    first_picture(&web, &desktop).await?;
    let seen = watch(&web).await?;
    assert!(rises(&seen), "{seen:?}");
    desktop.screenshot(&shot("meeting"))?;

    assert!(heard_from_speaker(&desktop, &words, &heard)?, "the guest's words never came out of the speaker");

    chat(&web, &mut guest).await?;
    desktop.screenshot(&shot("chat"))?;
    let of_two = together.elapsed();
    assert_eq!(desktop.sound_connections()?, 1, "microphone, speaker and every look at the devices share one");
    besides(&web, &desktop, &link).await?;
    web.press("Verlassen").await?;
    web.reads("Sie haben den Raum verlassen", SOON).await?;
    desktop.screenshot(&shot("after"))?;
    guest.wait("that the host left", SOON, |line| {
        line["event"] == "participant" && line["change"] == "removed" && line["name"] == "Ada"
    })?;
    assert!(guest.terminate(SOON)?.success());
    said(&own_words, &recorded, of_two)?;
    other_looks(&web, &desktop).await
}
