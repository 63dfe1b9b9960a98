//! Papers for whoever answers for data protection, made from the settings with which rooms are opened here.

use serde::{Deserialize, Serialize};

use super::Lang;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum PackSheet {
    /// Art. 30 GDPR.
    Record,
    /// Art. 32 GDPR.
    Measures,
    /// Art. 35 GDPR.
    PreCheck,
    Mapping,
    Notice,
}

/// A kind of house; it only ever asks for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum PackHouse {
    School,
    PublicOffice,
    WorksCouncil,
}

/// What the house would have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum PackObjection {
    Retention,
    Officer,
    Basis,
    Authority,
    Contact,
    Certificate,
}

/// What the window asks to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PackRequest {
    pub sheet: PackSheet,
    pub house: Option<PackHouse>,
    pub lang: Lang,
}

/// The paper on the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Pack {
    pub sheet: PackSheet,
    pub house: Option<PackHouse>,
    pub lang: Lang,
    /// `# ` begins the title, `## ` a heading, `- ` a point; everything else is a paragraph.
    pub text: String,
    pub objections: Vec<PackObjection>,
}
