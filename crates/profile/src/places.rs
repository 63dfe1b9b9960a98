//! Where a profile lies.

use std::env;
use std::path::{Path, PathBuf};

use crate::autostart;
use crate::error::ProfileError;
use crate::links::LinkPlaces;

/// Environment variable that names a folder holding a whole profile of its own.
pub(crate) const HOME_VARIABLE: &str = "RUNDE_HOME";

/// The same as in `tauri.conf.json`, so that both find the same folders.
const IDENTIFIER: &str = "org.runde.Runde";

/// The folders of one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Ledgers, key file, recent rooms, reminders, lock.
    pub data: PathBuf,
    /// Settings.
    pub config: PathBuf,
    /// Whether the key may live in the keyring. A profile in a folder of its own keeps its key
    /// beside it, so that the folder stays whole when it is moved, and tests stay among themselves.
    pub keyring: bool,
    /// The file of whoever manages this computer; there need not be one.
    pub policy: PathBuf,
    /// What starts the program with the session: a file, on Windows a key of the registry below the user's. A profile in a folder of
    /// its own has none: a session starts the user's.
    pub autostart: Option<PathBuf>,
    /// What makes links open this program. A profile in a folder of its own has none: a link would open the user's.
    pub links: Option<LinkPlaces>,
}

impl Places {
    /// `RUNDE_HOME` if set and not empty, else the folders the system has for `org.runde.Runde`.
    ///
    /// # Errors
    /// When the system names no home folder.
    pub fn of_user() -> Result<Self, ProfileError> {
        if let Some(root) = env::var_os(HOME_VARIABLE).filter(|root| !root.is_empty()) {
            return Ok(Self::at(Path::new(&root)));
        }
        let folders = directories::ProjectDirs::from_path(IDENTIFIER.into()).ok_or(ProfileError::NoHome)?;
        Ok(Self {
            data: folders.data_dir().to_owned(),
            config: folders.config_dir().to_owned(),
            keyring: true,
            policy: policy(),
            autostart: autostart::place(),
            links: directories::BaseDirs::new().map(|all| LinkPlaces::at(all.data_dir(), all.config_dir())),
        })
    }

    /// A profile in one folder, with a key file.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        let (data, config) = (root.join("data"), root.join("config"));
        Self { data, config, keyring: false, policy: policy(), autostart: None, links: None }
    }

    /// The same profile under another policy: to look at one before it is rolled out.
    #[must_use]
    pub fn under(self, policy: PathBuf) -> Self {
        Self { policy, ..self }
    }

    pub(crate) fn acknowledgements(&self) -> PathBuf {
        self.data.join("acknowledgements.ledger")
    }

    pub(crate) fn consents(&self) -> PathBuf {
        self.data.join("consents.ledger")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.data.join("ledger.key")
    }

    pub(crate) fn recents(&self) -> PathBuf {
        self.data.join("recents.json")
    }

    /// Texts of notices that were noted, a file each.
    pub(crate) fn notices(&self) -> PathBuf {
        self.data.join("notices")
    }

    pub(crate) fn operator(&self) -> PathBuf {
        self.config.join("operator.json")
    }

    pub(crate) fn reminders(&self) -> PathBuf {
        self.data.join("reminders.json")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.data.join("profile.lock")
    }

    pub(crate) fn window_lock(&self) -> PathBuf {
        self.data.join("window.lock")
    }

    pub(crate) fn settings(&self) -> PathBuf {
        self.config.join("settings.json")
    }
}

/// Where only an administrator can write. No variable of the environment leads elsewhere: a policy that its user can swap is none.
fn policy() -> PathBuf {
    if cfg!(target_os = "macos") {
        return PathBuf::from("/Library/Application Support").join(IDENTIFIER).join("policy.json");
    }
    if cfg!(windows) {
        let shared = env::var_os("ProgramData").map_or_else(|| PathBuf::from(r"C:\ProgramData"), PathBuf::from);
        return shared.join("Runde").join("policy.json");
    }
    PathBuf::from("/etc/runde/policy.json")
}
