//! A guest with Jitsi's own library in Chromium that comes and goes, with its figures: what ours are held against.

use crate::Outcome;
use crate::folder::Home;
use crate::room::Room;
use crate::site::Site;
use crate::web::Web;
use std::time::Duration;

const START: Duration = Duration::from_secs(40);
/// Starts an arrival and says what became of it; a script of the driver may not wait for minutes.
const BEGIN: &str = "window.result = null; window.arrive().then(each => (window.result = each), error => (window.result = String(error)))";

/// A browser with the library loaded.
pub struct Stock {
    web: Web,
    _site: Site,
    _home: Home,
}

impl Stock {
    /// For a room without TLS, since the page comes without.
    pub async fn start(room: &Room) -> Outcome<Self> {
        let (home, site) = (Home::new()?, Site::open()?);
        let page = site.page("arrive.html", room, "")?;
        let web = Web::chromium(&home).await?;
        web.client.goto(&page).await?;
        web.until("the library is there", START, "return Boolean(window.arrive)", |there| there == true).await?;
        Ok(Self { web, _site: site, _home: home })
    }

    /// Milliseconds from the call to being in the room, and to the first picture on the screen.
    pub async fn arrive(&self) -> Outcome<(f64, f64)> {
        self.web.client.execute(BEGIN, Vec::new()).await?;
        let result = self.web.until("an arrival", START, "return window.result", |result| !result.is_null()).await?;
        match (result["joined"].as_f64(), result["picture"].as_f64()) {
            (Some(joined), Some(picture)) => Ok((joined, picture)),
            _ => Err(format!("the browser did not arrive: {result}").into()),
        }
    }

    /// Ends the browser.
    pub async fn end(self) -> Outcome {
        Ok(self.web.client.close().await?)
    }
}
