//! A place on disk that belongs to one test: home, profile, runtime folder. Gone when dropped.

use crate::Outcome;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A temporary home with the folders a desktop session expects.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("runde-e2e-").tempdir()?;
        let home = Self { folder };
        for name in ["run", "profile", "config", "data", "cache"] {
            std::fs::create_dir(home.path(name))?;
        }
        restrict(&home.path("run"))?;
        // Chosen in the settings, because a machine that tests need not have a German locale.
        std::fs::create_dir(home.path("profile").join("config"))?;
        std::fs::write(home.path("profile").join("config/settings.json"), r#"{"language":"de"}"#)?;
        Ok(home)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Points a program's idea of home, profile and runtime folder into this place.
    pub fn apply(&self, command: &mut Command) {
        command
            .env("HOME", self.root())
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("RUNDE_HOME", self.path("profile"))
            .env("LANG", "de_DE.UTF-8")
            .env("LANGUAGE", "de")
            .env_remove("LC_ALL")
            .env_remove("LC_MESSAGES")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("http_proxy")
            .env_remove("https_proxy")
            .env_remove("PULSE_SERVER");
    }
}

/// Session daemons refuse a runtime folder that others can read.
#[cfg(unix)]
fn restrict(folder: &Path) -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?)
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> Outcome {
    Ok(())
}
