//! The record that a notice was noted. It is proof of information (Art. 5(2) GDPR), not a consent.

use rand_core::RngCore;
use serde::{Deserialize, Serialize};

use crate::lang::Lang;
use crate::ledger::Dated;
use crate::notice::Notice;
use crate::stamp::{Moment, uuid};
use crate::target::Target;

/// How somebody said "noted".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    #[default]
    Button,
    CliFlag,
}

/// Where the words came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextSource {
    #[default]
    Bundled,
    Server,
    Host,
    Policy,
}

/// What only the caller knows about the act.
#[derive(Debug, Clone, Default)]
pub struct Circumstances {
    /// Whom it was noted for; nobody in particular means the room one opens oneself, or the notice's only host.
    pub target: Option<Target>,
    pub shown_at: Moment,
    pub acknowledged_at: Moment,
    pub scrolled_to_end: bool,
    pub app_version: String,
    pub ui_build_hash: String,
    /// Random name of this profile, from its key store.
    pub subject_pseudonym: String,
    pub method: Method,
}

/// One acknowledgement. Its sequence number and the hashes of the chain are the ledger line's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    pub ack_id: String,
    pub status: Standing,
    pub notice_id: String,
    pub notice_version: u32,
    pub notice_sha256: String,
    pub lang: Lang,
    pub controller_id: String,
    pub host: String,
    pub shown_at: Moment,
    pub scrolled_to_end: bool,
    pub acknowledged_at: Moment,
    pub app_version: String,
    pub ui_build_hash: String,
    pub subject_pseudonym: String,
    pub method: Method,
    pub text_source: TextSource,
}

/// How somebody stands to a processing that asks no consent; terms of the Data Privacy Vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Standing {
    /// The notice was noted.
    #[default]
    #[serde(rename = "dpv:LegitimateInterestInformed")]
    Informed,
    /// Objected (Art. 21 GDPR): no contact until this is lifted.
    #[serde(rename = "dpv:LegitimateInterestObjected")]
    Objected,
    /// An earlier objection was lifted; it says nothing about having noted the notice.
    #[serde(rename = "dpv:LegitimateInterestNotObjected")]
    Lifted,
}

impl Dated for Acknowledgement {
    fn dated(&self) -> Moment {
        self.acknowledged_at
    }
}

impl Acknowledgement {
    /// Records that `notice` was noted in `lang`.
    #[must_use]
    pub fn noted(notice: &Notice, lang: Lang, how: Circumstances, rng: &mut impl RngCore) -> Self {
        Self::with_standing(Standing::Informed, notice, lang, how, rng)
    }

    /// Records an objection to the controller of `notice`, or that it is lifted: an entry like an
    /// acknowledgement, with the text that was valid then.
    #[must_use]
    pub fn with_standing(
        status: Standing,
        notice: &Notice,
        lang: Lang,
        how: Circumstances,
        rng: &mut impl RngCore,
    ) -> Self {
        let host = notice.record_host(&how.target.unwrap_or_else(Target::own_room));
        Self {
            ack_id: uuid(rng),
            status,
            notice_id: notice.id().to_owned(),
            notice_version: notice.version(),
            notice_sha256: notice.sha256(lang),
            lang,
            controller_id: notice.controller_id(),
            host,
            shown_at: how.shown_at,
            scrolled_to_end: how.scrolled_to_end,
            acknowledged_at: how.acknowledged_at,
            app_version: how.app_version,
            ui_build_hash: how.ui_build_hash,
            subject_pseudonym: how.subject_pseudonym,
            method: how.method,
            text_source: notice.source_of_text(),
        }
    }
}
