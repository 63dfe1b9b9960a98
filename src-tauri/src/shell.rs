//! What the app asks of the desktop, as a trait; Tauri answers in the product, a recording in the tests.

#[cfg(target_os = "linux")]
mod claim;
mod dialog;
#[cfg(target_os = "linux")]
mod drawing;
#[cfg(target_os = "linux")]
mod handover;

#[cfg(target_os = "linux")]
pub(crate) use handover::handed_over;

use crate::app::Looking;
use crate::tray::{self, Tray};
use crate::view::Slice;
use runde_client::devices::{self, Watch};
use std::path::PathBuf;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindowBuilder, Wry};
use tauri_plugin_deep_link::DeepLinkExt;
use tokio::sync::oneshot;

/// The one window's label, as the capability file names it.
pub const WINDOW: &str = "main";
const SIZE: (f64, f64) = (1100.0, 760.0);
const SMALLEST: (f64, f64) = (420.0, 480.0);

/// Whether a window can be shown at all; without, the window toolkit would panic.
pub fn has_screen() -> bool {
    #[cfg(target_os = "linux")]
    return gtk::init().is_ok();
    #[cfg(not(target_os = "linux"))]
    true
}

/// What a file dialog asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    pub german: bool,
    /// The name that is proposed for a new file; `None` asks for a file that is there.
    pub save_as: Option<&'static str>,
}

/// A desktop: one window, a tray that may be missing, a clipboard.
pub trait Shell: Send + 'static {
    /// Where slices go; a window that is gone is no error.
    type Outlet: Outlet;
    /// Brings the window to the front, opening it again where it was closed.
    fn show_window(&self);
    fn show_tray(&self, tray: &Tray);
    /// Whether there is an icon beside the clock at all; whether the desktop shows it, no program is told.
    fn has_tray(&self) -> bool;
    /// The program that a session should start: this one.
    fn program(&self) -> Option<PathBuf>;
    /// The clipboard's text, when there is one.
    fn clipboard(&self) -> Option<String>;
    /// Begins to look at microphones, speakers and cameras; `None` where that is not possible.
    fn watch_devices(&self) -> Option<Looking>;
    /// Whether the system opens links of this scheme with this program.
    fn opens_scheme(&self, scheme: &str) -> bool;
    /// Enters this program as the one that opens links of this scheme, or takes that back.
    ///
    /// # Errors
    /// What the system said.
    fn set_scheme(&self, scheme: &str, on: bool) -> Result<(), String>;
    /// Opens a web page in the person's browser.
    ///
    /// # Errors
    /// What the system said.
    fn open_page(&self, url: &str) -> Result<(), String>;
    /// Asks for a file; the answer is `None` where the person gave none. A dialog that cannot be shown is no answer.
    fn ask_for_file(&self, question: Question) -> oneshot::Receiver<Option<PathBuf>>;
    fn quit(&self);
}

/// Takes slices to one window.
pub trait Outlet: Send + 'static {
    /// False when nobody listens any more.
    fn send(&self, slice: Slice) -> bool;
}

impl Outlet for Channel<Slice> {
    fn send(&self, slice: Slice) -> bool {
        Self::send(self, slice).is_ok()
    }
}

/// The desktop by Tauri.
pub struct Desktop {
    app: AppHandle<Wry>,
}

impl Desktop {
    pub fn new(app: AppHandle<Wry>) -> Self {
        Self { app }
    }

    fn on_main_thread(
        &self,
        what: &'static str,
        work: impl FnOnce(&AppHandle<Wry>) -> tauri::Result<()> + Send + 'static,
    ) {
        let app = self.app.clone();
        let queued = self.app.run_on_main_thread(move || {
            if let Err(error) = work(&app) {
                tracing::warn!(%error, what, "the desktop refused");
            }
        });
        if let Err(error) = queued {
            tracing::warn!(%error, what, "the desktop is gone");
        }
    }
}

/// Windows may have no WebView2; elsewhere the program would not have started without its web view.
fn has_no_web_view() -> bool {
    tauri::webview_version().is_err()
}

/// Tauri has said so in a dialog by now; a program that can never show anything must not run on unseen.
fn give_up_without_web_view(app: &AppHandle<Wry>) {
    if has_no_web_view() {
        app.exit(1);
    }
}

#[cfg(target_os = "linux")]
impl Desktop {
    /// What registering leaves undone here.
    fn settle(&self, scheme: &str, before: Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
        let name = tauri::utils::platform::current_exe()?;
        let name = format!("{}-handler.desktop", name.file_name().unwrap_or_default().to_string_lossy());
        claim::without_quotes(&self.app.path().data_dir()?.join("applications").join(name))?;
        if let Some(before) = before {
            claim::keep_behind(&self.app.path().config_dir()?.join("mimeapps.list"), scheme, before)?;
        }
        Ok(())
    }
}

impl Shell for Desktop {
    type Outlet = Channel<Slice>;

    fn show_window(&self) {
        self.on_main_thread("show window", |app| {
            let window = match app.get_webview_window(WINDOW) {
                Some(window) => window,
                None => open_window(app).inspect_err(|_| give_up_without_web_view(app))?,
            };
            window.show()?;
            window.unminimize()?;
            window.set_focus()
        });
    }

    fn show_tray(&self, tray: &Tray) {
        let tray = tray.clone();
        self.on_main_thread("tray menu", move |app| match app.tray_by_id(WINDOW) {
            Some(icon) => icon.set_menu(Some(tray::menu(app, &tray)?)),
            None => Ok(()),
        });
    }

    fn has_tray(&self) -> bool {
        self.app.tray_by_id(WINDOW).is_some()
    }

    /// As it was called at the start (an upgrade may have replaced the file since); an AppImage is its file, not what it mounted.
    fn program(&self) -> Option<PathBuf> {
        tauri::process::current_binary(&self.app.env()).ok()
    }

    fn clipboard(&self) -> Option<String> {
        arboard::Clipboard::new().and_then(|mut clipboard| clipboard.get_text()).ok()
    }

    fn watch_devices(&self) -> Option<Looking> {
        let (sender, news) = devices::events();
        match Watch::spawn(sender) {
            Ok(watch) => Some(Looking::new(news, Some(watch))),
            Err(error) => {
                tracing::warn!(%error, "devices cannot be watched");
                None
            }
        }
    }

    fn opens_scheme(&self, scheme: &str) -> bool {
        self.app.deep_link().is_registered(scheme).unwrap_or_else(|error| {
            tracing::debug!(%error, "the system does not say which program opens links");
            false
        })
    }

    fn set_scheme(&self, scheme: &str, on: bool) -> Result<(), String> {
        let links = self.app.deep_link();
        if !on {
            return links.unregister(scheme).map_err(|error| error.to_string());
        }
        #[cfg(target_os = "linux")]
        let before = claim::holder(scheme);
        links.register(scheme).map_err(|error| error.to_string())?;
        #[cfg(target_os = "linux")]
        if let Err(error) = self.settle(scheme, before.as_deref()) {
            tracing::warn!(%error, "an entry for links cannot be mended");
        }
        Ok(())
    }

    fn open_page(&self, url: &str) -> Result<(), String> {
        open::that_detached(url).map_err(|error| error.to_string())
    }

    fn ask_for_file(&self, question: Question) -> oneshot::Receiver<Option<PathBuf>> {
        let (sender, answer) = oneshot::channel();
        self.on_main_thread("file dialog", move |app| dialog::show(app, question, sender));
        answer
    }

    fn quit(&self) {
        self.app.exit(0);
    }
}

/// Where the web view cannot make its folder (a home that is read-only or full), it keeps nothing: the page that says so needs a window.
fn open_window(app: &AppHandle<Wry>) -> tauri::Result<tauri::WebviewWindow<Wry>> {
    let opened = window(app).build().or_else(|error| {
        if has_no_web_view() {
            return Err(error);
        }
        tracing::warn!(%error, "the web view has no folder of its own");
        window(app).incognito(true).data_directory(std::env::temp_dir()).build()
    })?;
    #[cfg(target_os = "linux")]
    drawing::suit(&opened);
    Ok(opened)
}

/// Our own pages only, wherever a page tries to lead.
fn window(app: &AppHandle<Wry>) -> WebviewWindowBuilder<'_, Wry, AppHandle<Wry>> {
    let window = WebviewWindowBuilder::new(app, WINDOW, WebviewUrl::default())
        .title("Runde")
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(SMALLEST.0, SMALLEST.1)
        .on_navigation(is_own_page)
        // The page takes a dropped link itself; the shell's own handler would keep it from the page.
        .disable_drag_drop_handler();
    // Nothing of our pages is worth a file, but WebKit lays out its folder all the same. A driver of tests needs the lasting kind.
    #[cfg(target_os = "linux")]
    let window = window
        .incognito(std::env::var_os("TAURI_WEBVIEW_AUTOMATION").is_none())
        .data_directory(app.path().runtime_dir().unwrap_or_else(|_| std::env::temp_dir()).join("org.runde.Runde"));
    window
}

/// T-02: no remote content is ever loaded into the web view.
fn is_own_page(url: &tauri::Url) -> bool {
    let development = cfg!(dev) && url.host_str() == Some("localhost") && url.port() == Some(5173);
    url.scheme() == "tauri" && url.host_str() == Some("localhost")
        || cfg!(windows) && url.scheme() == "http" && url.host_str() == Some("tauri.localhost")
        || development
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_web_view_goes_nowhere_but_to_our_own_pages() {
        let own = |text: &str| is_own_page(&text.parse().unwrap());
        assert!(own("tauri://localhost/index.html"));
        for foreign in [
            "https://meet.jit.si/",
            "http://tauri.evil/",
            "file:///etc/passwd",
            "tauri://evil/",
            "data:text/html,x",
            "javascript:1",
        ] {
            assert!(!own(foreign), "{foreign}");
        }
    }
}
