//! The pages of the privacy desk as the window draws them: both ledgers, everything that is stored, whom one may write to.

use super::Desk;
use super::words;
use crate::view::{
    Authority, EntryKind, Judgement, KeyProtection, LedgerEntry, Operator, Reasons, Reminder, Said, StoredFile,
    StoredRecord, StoredValue, UiError, UnixSeconds,
};
use runde_privacy::ledger::Receipt;
use runde_privacy::letter::authority::AUTHORITIES;
use runde_privacy::letter::day::Day;
use runde_privacy::manifest::{self, Entry, Folder};
use runde_privacy::stamp::Moment;
use runde_privacy::{
    Acknowledgement, ConsentRecord, ConsentState, HeadState, Method, Notice, Shelf, Standing, Target, Verdict,
};
use runde_profile::{Held, HeldValue, Protection};
use std::collections::BTreeSet;

/// The items that `runde_profile::Item` knows, by the file that holds them.
const ITEMS: [(&str, &str); 12] = [
    ("acknowledgements.ledger", "acknowledgements"),
    ("consents.ledger", "consents"),
    ("recents.json", "recent-rooms"),
    ("reminders.json", "reminders"),
    ("settings.json", "settings"),
    (manifest::AUTOSTART, "autostart"),
    (manifest::HANDLER, "links"),
    (manifest::LINK_CHOICES, "links"),
    (manifest::LINK_CACHE, "links"),
    ("operator.json", "operator"),
    (manifest::DAMAGED, "damaged"),
    ("display_name", "display-name"),
];

impl Desk {
    pub fn protection(&self) -> KeyProtection {
        match self.profile.protection() {
            Protection::Keyring => KeyProtection::Keyring,
            Protection::FileRights => KeyProtection::FileRights,
        }
    }

    /// Of the acknowledgements and of the consents, read anew.
    pub fn judge(&self) -> Result<[Judgement; 2], UiError> {
        Ok(self.profile.verify().map_err(|error| words::profile_error(&error))?.map(judgement))
    }

    /// Both ledgers in one list, newest first, erased lines last.
    pub fn entries(&self) -> Vec<LedgerEntry> {
        let acknowledged = self.profile.acknowledgements().receipts().into_iter();
        let noted = acknowledged.map(|receipt| noted(self.profile.shelf(), &receipt));
        let answers = self.profile.consents().receipts().into_iter().map(|receipt| answered(&receipt));
        let mut entries: Vec<LedgerEntry> = noted.chain(answers).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.seq)));
        entries
    }

    /// Every file of the profile, and the keyring where it holds the key.
    pub fn stored(&self) -> Result<Vec<StoredFile>, UiError> {
        let held = runde_profile::holdings(self.profile.places()).map_err(|error| words::profile_error(&error))?;
        let mut files: Vec<StoredFile> = held.into_iter().map(stored_file).collect();
        if self.profile.protection() == Protection::Keyring {
            files.push(StoredFile {
                path: String::new(),
                name: "keyring".to_owned(),
                bytes: 0,
                changed: None,
                reasons: Entry::of(Folder::Data, "ledger.key").map(reasons),
                records: Vec::new(),
                item: None,
            });
        }
        Ok(files)
    }

    /// Everybody whose notice is on record; one's own room is nobody to object to.
    pub fn operators(&self) -> Vec<Operator> {
        let hosts: BTreeSet<String> = self.profile.acknowledgements().records().map(|ack| ack.host.clone()).collect();
        let gate = self.profile.gate();
        let others = hosts.into_iter().filter(|host| host != Target::OWN_ROOM);
        others
            .filter_map(|host| Target::new(&host, None).ok())
            .map(|target| {
                let notice = self.notice_of(target.clone());
                let address = address(&notice);
                Operator {
                    host: notice.record_host(&target),
                    controller_id: notice.controller_id(),
                    controller_name: address.first().cloned().unwrap_or_default(),
                    address,
                    objected: gate.objection(&target).map(unix),
                }
            })
            .collect()
    }

    /// Those that are due say so.
    pub fn reminders(&self) -> Vec<Reminder> {
        let today = Day::of(runde_profile::now()).to_string();
        let shown = |reminder: runde_profile::Reminder| Reminder {
            due: reminder.remind_on <= today,
            article: reminder.article,
            to: reminder.to,
            written_on: reminder.written_on,
            remind_on: reminder.remind_on,
        };
        self.profile.reminders().into_iter().map(shown).collect()
    }
}

pub fn authorities() -> Vec<Authority> {
    let shown = AUTHORITIES.into_iter();
    shown
        .map(|office| Authority {
            key: office.key.to_owned(),
            name: office.name.to_owned(),
            site: office.site.to_owned(),
        })
        .collect()
}

/// Where letters go, as the notice says; empty where it does not.
pub fn address(notice: &Notice) -> Vec<String> {
    notice.postal_address().unwrap_or_default()
}

fn judgement(verdict: Verdict) -> Judgement {
    Judgement {
        lines: small(verdict.lines as u64),
        erased: small(verdict.erased as u64),
        broken_at: verdict.damage.map(|damage| small(damage.line as u64)),
        cut: verdict.head == HeadState::Behind,
        torn: verdict.torn,
        clock_back: verdict.clock_back.map(small),
        dated_ahead: verdict.dated_ahead.map(small),
    }
}

fn noted(shelf: &Shelf, receipt: &Receipt<'_, Acknowledgement>) -> LedgerEntry {
    let item = format!("acknowledgements/{}", receipt.monotonic_seq);
    let Some(ack) = receipt.record else { return erased(item, receipt.monotonic_seq) };
    let kind = match ack.status {
        Standing::Informed => EntryKind::Noted,
        Standing::Objected => EntryKind::Objected,
        Standing::Lifted => EntryKind::Lifted,
    };
    let readable = Notice::of_record(ack, shelf).is_some();
    LedgerEntry {
        item,
        seq: small(receipt.monotonic_seq),
        kind,
        at: unix(ack.acknowledged_at),
        subject: ack.host.clone(),
        version: ack.notice_version.to_string(),
        sha256: ack.notice_sha256.clone(),
        lang: ack.lang.tag().to_owned(),
        by_button: ack.method == Method::Button,
        readable,
    }
}

fn answered(receipt: &Receipt<'_, ConsentRecord>) -> LedgerEntry {
    let item = format!("consents/{}", receipt.monotonic_seq);
    let Some(answer) = receipt.record else { return erased(item, receipt.monotonic_seq) };
    let kind = match answer.state {
        ConsentState::Given | ConsentState::Renewed => EntryKind::Given,
        ConsentState::Refused => EntryKind::Refused,
        ConsentState::Deferred => EntryKind::Deferred,
        ConsentState::Withdrawn => EntryKind::Withdrawn,
        ConsentState::Requested | ConsentState::Expired | ConsentState::Invalidated => EntryKind::Lapsed,
    };
    LedgerEntry {
        item,
        seq: small(receipt.monotonic_seq),
        kind,
        at: unix(answer.time),
        subject: answer.purpose.id().to_owned(),
        version: String::new(),
        sha256: answer.ui_text_sha256.clone(),
        lang: answer.lang.tag().to_owned(),
        by_button: answer.method == Method::Button,
        readable: false,
    }
}

fn erased(item: String, seq: u64) -> LedgerEntry {
    LedgerEntry {
        item,
        seq: small(seq),
        kind: EntryKind::Erased,
        at: 0,
        subject: String::new(),
        version: String::new(),
        sha256: String::new(),
        lang: String::new(),
        by_button: false,
        readable: false,
    }
}

fn stored_file(file: Held) -> StoredFile {
    let item = file.entry.and_then(|entry| item_of(entry.name));
    StoredFile {
        name: file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        path: file.path.display().to_string(),
        bytes: file.bytes,
        changed: file.changed.map(unix),
        reasons: file.entry.map(reasons),
        records: records(file.values, item),
        item: item.map(str::to_owned),
    }
}

fn item_of(name: &str) -> Option<&'static str> {
    ITEMS.into_iter().find(|(held, _)| *held == name).map(|(_, item)| item)
}

fn reasons(entry: &'static Entry) -> Reasons {
    Reasons { purpose: said(entry.purpose), basis: said(entry.basis), retention: said(entry.retention) }
}

fn said(said: manifest::Said) -> Said {
    Said { de: said.de.to_owned(), en: said.en.to_owned() }
}

/// A record ends where the path comes round again with which it began.
fn records(values: Vec<HeldValue>, item: Option<&str>) -> Vec<StoredRecord> {
    let Some(first) = values.first().map(|value| value.path.clone()) else { return Vec::new() };
    let mut records: Vec<StoredRecord> = Vec::new();
    for value in values {
        if value.path == first || records.is_empty() {
            records.push(StoredRecord { item: None, values: Vec::new() });
        }
        if let Some(record) = records.last_mut() {
            record.values.push(stored_value(value));
        }
    }
    for record in &mut records {
        record.item = item.and_then(|item| line_of(record, item));
    }
    records
}

/// Lines of ledgers can be erased one by one, unless they are erased already.
fn line_of(record: &StoredRecord, item: &str) -> Option<String> {
    let seq = record.values.iter().find(|value| value.path == "seq")?.value.as_ref()?;
    record.values.iter().any(|value| value.path.starts_with("payload.")).then(|| format!("{item}/{seq}"))
}

fn stored_value(value: HeldValue) -> StoredValue {
    let secret = value.field.is_some_and(|field| field.secret);
    let held = value.value != "null";
    StoredValue {
        item: item_of(&value.path).filter(|_| held).map(str::to_owned),
        path: value.path,
        value: (!secret).then_some(value.value),
        says: value.field.map(|field| said(field.says)),
    }
}

fn unix(moment: Moment) -> UnixSeconds {
    u64::try_from(moment.unix()).unwrap_or(0)
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
