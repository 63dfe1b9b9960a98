//! Who is answerable for rooms opened on this device, as a person writes it down, and the notice made from it.

use serde::{Deserialize, Serialize};

use super::NoticeText;

/// The page of the privacy desk about one's own rooms.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Hosting {
    /// Rooms may be opened here at all; the policy of this computer may have taken that away.
    pub allowed: bool,
    /// What is kept; `None` where rooms are opened without saying who answers for them.
    pub kept: Option<Responsible>,
    /// The notice of what was looked at last, else of what is kept.
    pub draft: Option<Draft>,
}

/// As typed; a field left empty is not stated in the notice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Responsible {
    pub name: String,
    /// Without the name, one part a line.
    pub address: String,
    pub contact: String,
    /// Data protection officer and how to reach them; `none` where there is none.
    pub officer: String,
    /// `contract`, `legal-obligation`, `public-task` or `legitimate-interest`.
    pub basis: String,
    /// Days the access log is kept, 1 to 56; without them there is no log.
    pub retention_days: String,
    /// Key of the supervisory authority.
    pub authority: String,
}

/// What guests will read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Draft {
    pub version: String,
    /// `YYYY-MM-DD`
    pub valid_from: String,
    /// Rooms opened from now on are served under exactly this.
    pub kept: bool,
    pub texts: Vec<NoticeText>,
}
