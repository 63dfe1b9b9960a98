//! How the web view draws where there is no graphics card: in virtual machines, over remote desktops, in the tests.
//!
//! WebKit's compositor then draws the whole window in software for each picture of a camera. Without it only what changed is
//! drawn: a third of the work, and 100 MB less memory.

use std::path::Path;

use tauri::WebviewWindow;
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};

pub fn suit(window: &WebviewWindow) {
    if has_card(Path::new("/dev")) {
        return;
    }
    let plain = window.with_webview(|view| {
        if let Some(settings) = view.inner().settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    });
    if let Err(error) = plain {
        tracing::warn!(%error, "the web view draws with a compositor although there is no graphics card");
    }
}

/// Whether anything renders in hardware: a render node of the kernel, or the driver that has a device of its own.
fn has_card(devices: &Path) -> bool {
    let nodes = devices.join("dri").read_dir().into_iter().flatten().flatten();
    nodes.into_iter().any(|node| node.file_name().to_string_lossy().starts_with("renderD"))
        || devices.join("nvidiactl").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_alone_is_no_graphics_card() {
        let folder = tempfile::tempdir().unwrap();
        let devices = folder.path();
        assert!(!has_card(devices));
        std::fs::create_dir(devices.join("dri")).unwrap();
        std::fs::write(devices.join("dri/card0"), "").unwrap();
        assert!(!has_card(devices), "a frame buffer");
        std::fs::write(devices.join("dri/renderD128"), "").unwrap();
        assert!(has_card(devices));
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("nvidiactl"), "").unwrap();
        assert!(has_card(other.path()));
    }
}
