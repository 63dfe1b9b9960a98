//! The shell: window, tray, links and commands around [`app::App`], which decides. Nothing here knows media or protocol.
//!
//! Start at [`run`], then `app.rs`.

mod app;
mod commands;
mod error;
mod frames;
mod link;
mod shell;
mod spoken;
mod tray;
pub mod view;

use app::{App, Handle, Message};
use frames::Frames;
use shell::{Desktop, WINDOW};
use std::process::ExitCode;
use std::sync::Arc;
use tauri::http::{Request, Response};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, RunEvent, UriSchemeResponder, Wry};
use tauri_plugin_deep_link::DeepLinkExt;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

/// SHA-256 of the user interface that is built in, as records name it.
const UI_BUILD: &str = env!("RUNDE_UI_BUILD");

/// The plugin warns of each argument that is no link of its schemes, and says the whole of it: a room's name in the log.
const LINKS_UNSAID: &str = "tauri_plugin_deep_link=error";

/// Threads for signalling and for the UDP driver; codecs and devices have threads of their own.
const WORKERS: usize = 2;

/// Runs the app until it quits. `arguments`: without the program's name; the first one that is no switch is a link.
pub fn run(arguments: Vec<String>) -> ExitCode {
    let filter = EnvFilter::try_from_env("RUNDE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = LINKS_UNSAID.parse::<Directive>().into_iter().fold(filter, EnvFilter::add_directive);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    #[cfg(target_os = "linux")]
    if shell::handed_over(&std::env::args().collect::<Vec<_>>()) {
        return ExitCode::SUCCESS;
    }
    if !shell::has_screen() {
        return unseen();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    tauri::async_runtime::set(runtime.handle().clone());
    match build(arguments) {
        Ok(app) => {
            app.run(on_run_event);
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

/// Where no window can be shown, standard error is all there is to say it on; the settings are not read for it.
fn unseen() -> ExitCode {
    let sentence = if app::system_speaks_german() {
        "Runde findet keinen Bildschirm (X11 oder Wayland). Starten Sie es in einer grafischen Sitzung; ohne Fenster geht runde-cli."
    } else {
        "Runde finds no screen (X11 or Wayland). Start it in a graphical session; runde-cli works without a window."
    };
    eprintln!("{sentence}");
    ExitCode::FAILURE
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    tracing::error!(%error, "Runde cannot start");
    ExitCode::FAILURE
}

/// What the window may ask for.
fn asked() -> impl Fn(tauri::ipc::Invoke) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        commands::subscribe,
        commands::decide_notice,
        commands::decide_consents,
        commands::set_consent,
        commands::open_link,
        commands::host_room,
        commands::close_room,
        commands::retry,
        commands::join,
        commands::give_password,
        commands::give_login,
        commands::give_name,
        commands::open_login_page,
        commands::moderate,
        commands::wish,
        commands::set_name,
        commands::leave,
        commands::go_home,
        commands::set_microphone,
        commands::set_camera,
        commands::set_hand,
        commands::send_chat,
        commands::set_tiles,
        commands::choose_device,
        commands::set_setting,
        commands::set_scheme,
        commands::show_notice,
        commands::show_text,
        commands::forget_recent,
        commands::dismiss_toast,
        commands::open_desk,
        commands::close_desk,
        commands::object,
        commands::erase,
        commands::save_document,
        commands::import_profile,
        commands::compose_letter,
        commands::remind_of_letter,
        commands::forget_reminder,
        commands::draft_hosting,
        commands::keep_hosting,
        commands::forget_hosting,
        commands::look_at_log,
        commands::hold,
        commands::show_pack,
    ]
}

fn build(arguments: Vec<String>) -> tauri::Result<tauri::App<Wry>> {
    let (handle, inbox) = app::inbox();
    let frames = Arc::new(Frames::default());
    let (second_start, pictures) = (handle.clone(), frames.clone());
    tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(move |_, words, _| started_again(&second_start, &words)))
        .plugin(tauri_plugin_deep_link::init())
        .register_asynchronous_uri_scheme_protocol("video", move |context, request, responder| {
            let own_window = context.webview_label() == WINDOW;
            answer_video(own_window, &request, &pictures, responder);
        })
        .manage(handle.clone())
        .invoke_handler(asked())
        .setup(move |tauri| Ok(set_up(tauri.handle(), handle, inbox, frames, &arguments)?))
        .build(tauri::generate_context!())
}

/// A second start hands over what it was called with and ends.
fn started_again(first: &Handle, words: &[String]) {
    let message = link::opened(words.get(1..).unwrap_or_default());
    // The session comes late: the program runs, perhaps with a window.
    if !matches!(message, Message::StartedHidden) {
        first.tell(message);
    }
}

fn set_up(
    tauri: &AppHandle<Wry>,
    handle: Handle,
    inbox: app::Inbox,
    frames: Arc<Frames>,
    arguments: &[String],
) -> tauri::Result<()> {
    show_tray_icon(tauri, &handle);
    let schemes = handle.clone();
    tauri.deep_link().on_open_url(move |event| {
        let link = event.urls().first().map(ToString::to_string);
        schemes.tell(Message::Opened(link));
    });
    handle.tell(link::opened(arguments));
    let app = App::new(Desktop::new(tauri.clone()), frames);
    tauri::async_runtime::spawn(app.run(inbox));
    Ok(())
}

/// Without a tray host the icon is invisible, which is no error. Without the tray's library its binding panics instead of giving an
/// error, so that panic is caught here: a tray is never the only way to anything.
fn show_tray_icon(tauri: &AppHandle<Wry>, handle: &Handle) {
    let Some(icon) = tauri.default_window_icon().cloned() else { return };
    let clicks = handle.clone();
    let builder = TrayIconBuilder::with_id(WINDOW).icon(icon).tooltip("Runde").on_menu_event(move |_, event| {
        if let Some(action) = tray::Tray::action(event.id().as_ref()) {
            clicks.tell(Message::Tray(action));
        }
    });
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| builder.build(tauri))) {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "no tray icon"),
        Err(_) => tracing::warn!("no tray icon: the system has no library for it"),
    }
}

fn answer_video(own_window: bool, request: &Request<Vec<u8>>, frames: &Arc<Frames>, responder: UriSchemeResponder) {
    let answer = |status: u16, body: Vec<u8>| {
        Response::builder()
            .status(status)
            .header("content-type", "application/octet-stream")
            .header("access-control-allow-origin", "*")
            .header("cache-control", "no-store")
            .body(body)
            .unwrap_or_default()
    };
    if !own_window || request.uri().path() != "/next" {
        return responder.respond(answer(404, Vec::new()));
    }
    let after = frames::after(request.uri().query().unwrap_or_default());
    let frames = frames.clone();
    tauri::async_runtime::spawn(async move { responder.respond(answer(200, frames.next(after).await)) });
}

/// The last window is closed, not hidden: without a meeting that means quit; with one, the meeting goes on and a second start, the
/// tray or a link shows the window again.
fn on_run_event(tauri: &AppHandle<Wry>, event: RunEvent) {
    use tauri::Manager;
    if let RunEvent::ExitRequested { code: None, api, .. } = event {
        api.prevent_exit();
        tauri.state::<Handle>().tell(Message::WindowClosed);
    }
}
