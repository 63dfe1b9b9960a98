//! Windows and pages by WebDriver: the app's own web view through WebKitWebDriver, Chromium through its driver.

use crate::Outcome;
use crate::desktop::Desktop;
use crate::door::Door;
use crate::folder::Home;
use crate::program::Program;
use crate::world::{Side, World};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Names of the browser, the preferred one first.
const BROWSERS: [&str; 2] = ["chromium", "chromium-browser"];
const START: Duration = Duration::from_secs(60);
/// Where the driver listens in a namespace of the test's own.
pub const DRIVER_INSIDE: u16 = 4444;

/// What Chromium is told: fake devices, no questions, no contacts of its own.
const CHROMIUM: [&str; 16] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
];

/// A driven web view and its driver.
pub struct Web {
    pub client: Client,
    driver: Program,
}

impl Web {
    /// Starts the app itself under its driver, on the given desktop.
    pub async fn app(home: &Home, desktop: &Desktop, program: &Path, arguments: &[&str]) -> Outcome<Self> {
        let mut command = Command::new("WebKitWebDriver");
        home.apply(&mut command);
        desktop.apply(&mut command);
        command.env("TAURI_WEBVIEW_AUTOMATION", "true");
        let options = json!({ "webkitgtk:browserOptions": { "binary": program, "args": arguments } });
        Self::connect(command, |port| vec![format!("--port={port}"), "--host=127.0.0.1".to_owned()], options).await
    }

    /// The same in a network namespace of `world`, driver and all; `door` is this package's `netns_door`.
    pub async fn app_in(
        (world, side): (&World, Side),
        (home, desktop): (&Home, &Desktop),
        program: &Path,
        arguments: &[&str],
        door: &str,
    ) -> Outcome<(Self, Door)> {
        let mut command = world.command(side, "WebKitWebDriver");
        home.apply(&mut command);
        desktop.apply(&mut command);
        command.env("TAURI_WEBVIEW_AUTOMATION", "true");
        command.args([format!("--port={DRIVER_INSIDE}"), "--host=127.0.0.1".to_owned()]);
        let driver = Program::start("driver", &mut command)?;
        let door = Door::to(world, side, home, door, DRIVER_INSIDE)?;
        let options = json!({ "webkitgtk:browserOptions": { "binary": program, "args": arguments } });
        let Value::Object(capabilities) = options else { return Err("capabilities are an object".into()) };
        Ok((Self::session(driver, door.port, capabilities).await?, door))
    }

    /// Starts headless Chromium with fake devices and an empty profile.
    pub async fn chromium(home: &Home) -> Outcome<Self> {
        let mut command = Command::new("chromedriver");
        home.apply(&mut command);
        let mut arguments: Vec<String> = CHROMIUM.iter().map(|word| (*word).to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", home.path("chromium").display()));
        let options = json!({ "goog:chromeOptions": { "args": arguments, "binary": browser()? } });
        Self::connect(command, |port| vec![format!("--port={port}")], options).await
    }

    async fn connect(mut command: Command, arguments: impl Fn(u16) -> Vec<String>, options: Value) -> Outcome<Self> {
        let port = free_port()?;
        command.args(arguments(port));
        let driver = Program::start("driver", &mut command)?;
        let Value::Object(capabilities) = options else { return Err("capabilities are an object".into()) };
        Self::session(driver, port, capabilities).await
    }

    async fn session(driver: Program, port: u16, capabilities: serde_json::Map<String, Value>) -> Outcome<Self> {
        let end = Instant::now() + START;
        loop {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(capabilities.clone());
            match builder.connect(&format!("http://127.0.0.1:{port}")).await {
                Ok(client) => return Ok(Self { client, driver }),
                Err(error) if Instant::now() > end => return Err(format!("no session: {error}").into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(250)).await,
            }
        }
    }

    /// Process id of the driver, whose children the web view and its program are.
    pub fn driver(&self) -> u32 {
        self.driver.id()
    }

    /// Clicks the button that a screen reader would name so, as soon as it is there.
    pub async fn press(&self, name: &str) -> Outcome {
        let path = format!(
            "//button[normalize-space()='{name}' or @aria-label='{name}' or .//*[normalize-space(text())='{name}'] or @id=//label[normalize-space()='{name}']/@for]"
        );
        let end = Instant::now() + START;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let found = self.client.wait().at_most(left).for_element(Locator::XPath(&path)).await;
            let clicked = match found {
                Ok(element) => element.click().await,
                Err(error) => return Err(format!("button “{name}”: {error}").into()),
            };
            match clicked {
                Ok(()) => return Ok(()),
                // Drawn anew between looking and clicking, or a page that closes still lies over it: nothing was clicked yet.
                Err(_) if Instant::now() < end => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(error) => return Err(format!("button “{name}”: {error}").into()),
            }
        }
    }

    /// Types into the first element that matches, as soon as nothing lies over it any more: a page that closes takes a moment to go.
    pub async fn fill(&self, css: &str, text: &str) -> Outcome {
        let end = Instant::now() + START;
        let element = loop {
            let element = self.client.wait().at_most(START).for_element(Locator::Css(css)).await?;
            match element.clear().await {
                Ok(()) => break element,
                Err(covered) if Instant::now() > end => return Err(format!("field {css}: {covered}").into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        };
        Ok(element.send_keys(text).await?)
    }

    /// Waits until a script's value satisfies `wanted`.
    pub async fn until(
        &self,
        what: &str,
        limit: Duration,
        script: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Outcome<Value> {
        let end = Instant::now() + limit;
        loop {
            let value = self.client.execute(script, Vec::new()).await?;
            if wanted(&value) {
                return Ok(value);
            }
            if Instant::now() > end {
                return Err(format!("{what}: still {value}").into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until what the page holds has been drawn.
    pub async fn painted(&self) -> Outcome {
        let script = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300)))";
        self.client.execute_async(script, Vec::new()).await?;
        Ok(())
    }

    /// Waits until the page holds this text.
    pub async fn reads(&self, text: &str, limit: Duration) -> Outcome {
        let script = "return document.body ? document.body.innerText : ''";
        self.until(&format!("the page reads “{text}”"), limit, script, |value| {
            value.as_str().is_some_and(|body| body.contains(text))
        })
        .await?;
        Ok(())
    }
}

/// Where the browser is; distributions differ in its name.
fn browser() -> Outcome<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&folders).flat_map(|path| BROWSERS.map(|name| path.join(name)));
    places.find(|path| path.is_file()).ok_or_else(|| format!("none of {BROWSERS:?} is in PATH").into())
}

/// A port nobody listens on right now.
pub fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
