//! Every version that was noted: which, when, and its words.

use runde_privacy::{Lang, Notice, Standing};
use serde_json::json;

use crate::exit::{Exit, Failure, NoticeFailure};
use crate::messages::{Message, message, notices as words};
use crate::output;

/// The list, or the text with this hash.
pub fn run(sha256: Option<&str>, json: bool, lang: Lang) -> Result<Exit, Failure> {
    let (records, shelf) = super::records()?;
    if let Some(sha256) = sha256 {
        let record = records.iter().find(|(_, record)| record.notice_sha256.eq_ignore_ascii_case(sha256));
        let (_, record) = record.ok_or_else(|| NoticeFailure::NeverNoted(sha256.chars().take(64).collect()))?;
        let notice =
            Notice::of_record(record, &shelf).ok_or_else(|| NoticeFailure::TextGone(record.notice_sha256.clone()))?;
        output::print(&format!("{}sha256: {}", notice.text(record.lang), record.notice_sha256));
        return Ok(Exit::Done);
    }
    if records.is_empty() && !json {
        output::print(message(Message::NothingRecorded, lang));
    }
    for (sequence, record) in records.iter().filter(|(_, record)| record.status == Standing::Informed) {
        let readable = Notice::of_record(record, &shelf).is_some();
        if json {
            output::event(&json!({
                "event": "noted", "sequence": sequence, "time": record.acknowledged_at, "host": record.host,
                "notice_id": record.notice_id, "version": record.notice_version, "lang": record.lang,
                "sha256": record.notice_sha256, "readable": readable,
            }));
            continue;
        }
        let (at, host, id, version) = (record.acknowledged_at, &record.host, &record.notice_id, record.notice_version);
        let gone = if readable { "" } else { words::unreadable(lang) };
        output::print(&format!(
            "{sequence} {at} {host} {id} {version} {} {}{gone}",
            record.lang.tag(),
            record.notice_sha256
        ));
    }
    Ok(Exit::Done)
}
