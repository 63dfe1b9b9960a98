//! What the window sees: one type per slice, one error type, nothing else.
//!
//! The backend is the only reducer. It sends whole slices over the channel given to `subscribe`; each message
//! *replaces* the slice of that name, and subscribing sends all of them once. These types hold no behaviour and
//! know no domain crate; the conversions live with `app.rs`. `ui/src/backend/bindings/` is generated from here
//! (see the test at the end, which also says how to refresh it).
//!
//! # Commands
//!
//! Every command answers `Result<(), UiError>`; what it changed arrives as slices. Argument names are the ones the
//! web side sends (Tauri turns `scrolledToEnd` into `scrolled_to_end`).
//!
//! | command | arguments | meaning |
//! |---|---|---|
//! | `subscribe` | `channel: Channel<Slice>` | all slices now, then each one that changes |
//! | `decide_notice` | `decision: NoticeDecision, lang: Lang, scrolled_to_end: bool` | answer to `Page::Notice` |
//! | `decide_consents` | `answers: BTreeMap<String, bool>, lang: Lang` | the voluntary page; a purpose left out is refused |
//! | `set_consent` | `purpose: String, granted: bool, lang: Lang` | grant or withdraw one purpose later, from the settings |
//! | `open_link` | `text: String` | a pasted link or room name; leads to `Page::Notice` or `Page::Prejoin` |
//! | `host_room` | `options: HostOptions` | open a room on this device; leads to `Page::Prejoin` for it |
//! | `close_room` | | end the room on this device for everybody in it |
//! | `retry` | | on `Page::Broken`: the link again, or the profile where that could not be opened |
//! | `join` | `name: String, microphone: bool, camera: bool` | enter the room of `Page::Prejoin` |
//! | `give_password` | `password: String` | on `Page::Threshold`: the room's; tries again |
//! | `give_login` | `user: String, password: String` | on `Page::Threshold`: an account of the server; tries again |
//! | `give_name` | `name: String` | on `Page::Threshold`: a name; tries again |
//! | `open_login_page` | | on `Page::Threshold`: the server's page in the person's browser |
//! | `moderate` | `what: Moderation` | refused unless `Meeting::moderator` |
//! | `wish` | `what: Wish` | what the room offers besides; some of it for moderators only |
//! | `set_name` | `name: String` | how the others see one from now on |
//! | `leave` | | leave the meeting; leads to `Page::After` |
//! | `go_home` | | leave prejoin, a threshold, after, broken, a re-read notice, or the wait for a server's notice |
//! | `set_microphone`, `set_camera` | `on: bool` | in prejoin and in the meeting |
//! | `set_hand` | `raised: bool` | |
//! | `send_chat` | `text: String` | |
//! | `set_tiles` | `tiles: Vec<Tile>` | sizes in device pixels; serves `frames.rs` and the receiver constraints |
//! | `choose_device` | `kind: DeviceKind, id: Option<String>` | `None` follows the system |
//! | `set_setting` | `change: SettingChange` | |
//! | `set_scheme` | `scheme: String, on: bool` | whether the system opens links of this kind with this program |
//! | `show_notice` | `controller: String` | read a notice again, by controller id or by the host it was noted for (`Notice::reason` is `Reading`) |
//! | `show_text` | `sha256: String` | read a version that was noted, whatever holds now |
//! | `forget_recent` | `link: Option<String>` | `None` forgets all |
//! | `dismiss_toast` | `id: u32` | |
//! | `open_desk` | `page: DeskPage` | the pages of the privacy desk, over whatever is on |
//! | `close_desk` | | a letter that was composed there is forgotten |
//! | `object` | `host: String, objects: bool, lang: Lang` | object to a controller (Art. 21) or take that back |
//! | `erase` | `item: String` | an item as `runde-cli rights erase` takes it, or `all` |
//! | `save_document` | `document: Document` | asks for a file's name and writes there |
//! | `import_profile` | | asks for a file and puts it in the place of the profile |
//! | `compose_letter` | `wish: LetterRequest` | the letter arrives with the `Desk` slice |
//! | `remind_of_letter` | | keeps a reminder of the composed letter |
//! | `forget_reminder` | `reminder: Reminder` | |
//! | `draft_hosting` | `details: Responsible` | the notice made from them arrives with the `Desk` slice; nothing is kept |
//! | `keep_hosting` | `details: Responsible` | rooms opened from now on are served under their notice |
//! | `forget_hosting` | | rooms opened from now on name nobody |
//! | `look_at_log` | | the access log of one's own rooms arrives with the `Desk` slice, as it is now |
//! | `hold` | `what: HoldAct` | keeps lines as evidence, says that they are still needed, or deletes them |
//! | `show_pack` | `wish: PackRequest` | a paper for data protection arrives with the `Desk` slice |
//!
//! Copying and printing happen in the web view and need no command.

use serde::Serialize;

mod contacts;
mod desk;
mod device;
mod error;
mod extras;
mod hosting;
mod notice;
mod pack;
mod page;
mod room;
mod room_log;
mod settings;
mod threshold;

pub use contacts::{Beyond, ContactLedger, ContactPurpose, Contacted, Ignored, IgnoredKind};
pub use desk::{
    Authority, DeskPage, Document, EntryKind, Judgement, KeyProtection, LedgerEntry, Letter, LetterRequest, Operator,
    PrivacyDesk, Reasons, Reminder, Said, Saved, StoredFile, StoredRecord, StoredValue,
};
pub use device::{Device, DeviceChoice, DeviceKind, DeviceState, Devices};
pub use error::{ErrorCode, Toast, UiError};
pub use extras::{Allowance, Capture, Extras, Media, Poll, PollAnswer, Reaction, Room, Sign, Speaker, Wish};
pub use hosting::{Draft, Hosting, Responsible};
pub use notice::{
    Controller, Foreword, Lang, Notice, NoticeChange, NoticeDecision, NoticePiece, NoticeReason, NoticeSection,
    NoticeText, Purpose, PurposeText, Rewording, Wording,
};
pub use pack::{Pack, PackHouse, PackObjection, PackRequest, PackSheet};
pub use page::{
    After, Broken, Declined, Fetching, Fingerprint, Home, HostOptions, HostedRoom, Interface, Page, Prejoin, Recent,
    Stored,
};
pub use room::{ChatLine, Levels, Meeting, Network, Person, Phase, Tile};
pub use room_log::{Hold, HoldAct, HoldRequest, HoldSeal, LogDay, LogLine, RoomLog};
pub use settings::{Autostart, Language, LedgerState, Look, Processing, Scheme, SettingChange, Settings};
pub use threshold::{Knocker, Moderation, Threshold, Wants, secret};

/// Unix time in seconds, UTC.
pub type UnixSeconds = u64;

/// One message of the stream. The named slice is replaced as a whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "slice", content = "value", rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Slice {
    /// The notice that `Page::Notice` shows; `None` when none is open.
    Notice(Option<Notice>),
    Page(Page),
    /// `None` outside a meeting.
    Meeting(Option<Box<Meeting>>),
    /// Everyone in the room, oneself first, then in order of arrival.
    People(Vec<Person>),
    /// Oldest first.
    Chat(Vec<ChatLine>),
    Devices(Devices),
    Settings(Box<Settings>),
    /// The only periodic slice (10 Hz, while a microphone is open or somebody can be heard).
    Levels(Levels),
    Toasts(Vec<Toast>),
    /// Letters whose answer is waited for; those that are due say so.
    Reminders(Vec<Reminder>),
    /// The pages of the privacy desk; `None` while nobody looks at them.
    Desk(Option<Box<PrivacyDesk>>),
    /// The contact ledger, once a second while the desk lies open; else `None`.
    Contacts(Option<Box<ContactLedger>>),
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, env, fs, path::Path};

    use ts_rs::{Config, TS};

    use super::*;

    fn export_all(folder: &Path) {
        let config = Config::new().with_out_dir(folder);
        Slice::export_all(&config).unwrap();
        HostOptions::export_all(&config).unwrap();
        NoticeDecision::export_all(&config).unwrap();
        DeviceKind::export_all(&config).unwrap();
        Tile::export_all(&config).unwrap();
        SettingChange::export_all(&config).unwrap();
        Moderation::export_all(&config).unwrap();
        Wish::export_all(&config).unwrap();
        LetterRequest::export_all(&config).unwrap();
        Responsible::export_all(&config).unwrap();
        HoldAct::export_all(&config).unwrap();
        PackRequest::export_all(&config).unwrap();
    }

    fn files(folder: &Path) -> BTreeMap<String, String> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(path).unwrap().replace("\r\n", "\n"))
            })
            .collect()
    }

    /// `RUNDE_WRITE_BINDINGS=1 cargo test -p runde bindings` writes them anew.
    #[test]
    fn the_committed_bindings_are_what_the_types_say() {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/src/backend/bindings");
        if env::var_os("RUNDE_WRITE_BINDINGS").is_some() {
            fs::remove_dir_all(&committed).ok();
            export_all(&committed);
            return;
        }
        let fresh = env::temp_dir().join(format!("runde-bindings-{}", std::process::id()));
        export_all(&fresh);
        let exported = files(&fresh);
        fs::remove_dir_all(&fresh).unwrap();
        let committed = files(&committed);
        let names = committed.keys().chain(exported.keys());
        let differ: std::collections::BTreeSet<_> =
            names.filter(|name| committed.get(*name) != exported.get(*name)).collect();
        assert!(differ.is_empty(), "run `cargo xtask bindings`: {differ:?}");
    }

    #[test]
    fn a_slice_names_itself_and_carries_its_value() {
        let home = Page::Home(Home {
            default_host: "meet.jit.si".into(),
            recents: None,
            interfaces: vec![],
            contacts: vec![],
            hosted: None,
            responsible: String::new(),
        });
        let json = serde_json::to_value(Slice::Page(home)).unwrap();
        assert_eq!(json["slice"], "page");
        assert_eq!(json["value"]["place"], "home");
        assert_eq!(json["value"]["defaultHost"], "meet.jit.si");
        assert!(json["value"]["recents"].is_null());
    }

    #[test]
    fn a_setting_change_is_read_by_its_key() {
        let change: SettingChange = serde_json::from_str(r#"{"key":"look","value":"contrast"}"#).unwrap();
        assert_eq!(change, SettingChange::Look(Look::Contrast));
    }
}
