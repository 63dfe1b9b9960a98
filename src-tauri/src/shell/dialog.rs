//! The dialog in which a person says where a file goes or lies.
//!
//! On Linux it is the window's own toolkit, on the thread that owns it; elsewhere the system's.

use super::{Question, WINDOW};
use std::path::PathBuf;
use tauri::{AppHandle, Manager, Wry};
use tokio::sync::oneshot;

type Answer = oneshot::Sender<Option<PathBuf>>;

impl Question {
    fn title(self) -> &'static str {
        match (self.save_as.is_some(), self.german) {
            (true, true) => "Speichern unter",
            (true, false) => "Save as",
            (false, true) => "Datei wählen",
            (false, false) => "Choose a file",
        }
    }
}

/// Shows the dialog over the window. Runs on the main thread.
#[cfg(target_os = "linux")]
pub fn show(app: &AppHandle<Wry>, question: Question, answer: Answer) -> tauri::Result<()> {
    use gtk::prelude::{FileChooserExt, NativeDialogExt};
    use gtk::{FileChooserAction, FileChooserNative, ResponseType};
    use std::cell::RefCell;

    let parent = app.get_webview_window(WINDOW).map(|window| window.gtk_window()).transpose()?;
    let action = if question.save_as.is_some() { FileChooserAction::Save } else { FileChooserAction::Open };
    let labels = match (question.save_as.is_some(), question.german) {
        (true, true) => ("Speichern", "Abbrechen"),
        (false, true) => ("Öffnen", "Abbrechen"),
        (true, false) => ("Save", "Cancel"),
        (false, false) => ("Open", "Cancel"),
    };
    let dialog =
        FileChooserNative::new(Some(question.title()), parent.as_ref(), action, Some(labels.0), Some(labels.1));
    dialog.set_modal(true);
    dialog.set_do_overwrite_confirmation(true);
    if let Some(name) = question.save_as {
        dialog.set_current_name(name);
    }
    // Nobody else holds the dialog while it is open; it lets go of itself with the answer.
    let held = RefCell::new(Some((answer, dialog.clone())));
    dialog.connect_response(move |dialog, response| {
        let Some((answer, _held)) = held.take() else { return };
        let path = dialog.filename().filter(|_| response == ResponseType::Accept);
        // The app may be gone by now.
        let _ = answer.send(path);
        dialog.hide();
    });
    dialog.show();
    Ok(())
}

/// Shows the dialog of the system. Runs on the main thread, which some systems demand.
#[cfg(not(target_os = "linux"))]
pub fn show(app: &AppHandle<Wry>, question: Question, answer: Answer) -> tauri::Result<()> {
    let mut dialog = rfd::AsyncFileDialog::new().set_title(question.title());
    if let Some(window) = app.get_webview_window(WINDOW) {
        dialog = dialog.set_parent(&window);
    }
    let chosen: std::pin::Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>> = match question.save_as {
        Some(name) => Box::pin(dialog.set_file_name(name).save_file()),
        None => Box::pin(dialog.pick_file()),
    };
    tauri::async_runtime::spawn(async move {
        // The app may be gone by now.
        let _ = answer.send(chosen.await.map(|file| file.path().to_owned()));
    });
    Ok(())
}
