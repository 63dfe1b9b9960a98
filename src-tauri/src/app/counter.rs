//! The counter of the privacy desk: the pages that lie open, what a person does there with their own records, and the files that are
//! written or read where they say so.

use super::desk::Desk;
use super::desk::letters::{self, Composed};
use super::desk::{pages, papers, words};
use super::{App, Place};
use crate::shell::{Question, Shell};
use crate::view::{
    DeskPage, Document, ErrorCode, Lang, Letter, LetterRequest, Pack, PrivacyDesk, Reminder, Responsible, RoomLog,
    Saved, UiError,
};
use runde_privacy::access_log::ExportFormat;
use runde_privacy::{Method, Operator, Target, export};
use runde_profile::{Archive, ImportError, Item, MAX_ARCHIVE, Protection};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use tokio::sync::oneshot;

/// Of the loop, in a second.
const TICKS: u8 = 10;

/// What is open, composed and waiting for a file's name.
#[derive(Default)]
pub struct Counter {
    /// `None` while nobody looks.
    page: Option<DeskPage>,
    /// As drawn last; `None` when something happened since.
    drawn: Option<PrivacyDesk>,
    letter: Option<Composed>,
    /// Who would answer for rooms here, looked at and not kept.
    draft: Option<Operator>,
    /// The access log as it was looked at last.
    pub(super) log: Option<RoomLog>,
    /// The paper on the page.
    pub(super) pack: Option<Pack>,
    saved: Option<Saved>,
    asked: Option<Asked>,
    /// Ticks since the contact ledger was drawn.
    ticks: u8,
}

/// A file dialog that is open.
struct Asked {
    errand: Errand,
    answer: oneshot::Receiver<Option<PathBuf>>,
}

/// What happens with the file that was chosen.
pub enum Errand {
    Write(Document, Vec<u8>),
    /// Line by line, since a log may be large: the document, its format and the folder of the log.
    WriteLog(Document, ExportFormat, PathBuf),
    Import,
}

/// Waits for the answer of the open dialog; for ever where none is open.
pub async fn chosen(counter: &mut Counter) -> Option<(Errand, PathBuf)> {
    let Some(asked) = &mut counter.asked else { return std::future::pending().await };
    let path = (&mut asked.answer).await.ok().flatten();
    let asked = counter.asked.take()?;
    Some((asked.errand, path?))
}

impl Counter {
    /// Something was asked of the app: what was drawn may no longer be true.
    pub fn something_happened(&mut self) {
        self.drawn = None;
    }

    /// Ten times a second; true once a second while somebody looks: the contact ledger moves by itself.
    pub fn tick(&mut self) -> bool {
        self.ticks = (self.ticks + 1) % TICKS;
        self.page.is_some() && self.ticks == 0
    }

    /// What the window sees; `None` while nobody looks or where the profile cannot be read.
    pub fn slice(&mut self, desk: &Desk) -> Option<PrivacyDesk> {
        let page = self.page?;
        if self.drawn.is_none() {
            self.drawn = draw(page, desk, self)
                .inspect_err(|error| tracing::warn!(code = ?error.code, "the privacy desk cannot read the profile"))
                .ok();
        }
        self.drawn.clone()
    }
}

fn draw(page: DeskPage, desk: &Desk, counter: &Counter) -> Result<PrivacyDesk, UiError> {
    let [acknowledgements, consents] = desk.judge()?;
    Ok(PrivacyDesk {
        opened_at: page,
        protection: desk.protection(),
        acknowledgements,
        consents,
        entries: desk.entries(),
        stored: desk.stored()?,
        operators: desk.operators(),
        authorities: pages::authorities(),
        letter: counter.letter.as_ref().map(|composed| Letter {
            text: composed.letter.text(),
            remind_on: composed.letter.remind_on.written(composed.lang),
            reminded: desk.is_reminded(&composed.reminder),
        }),
        saved: counter.saved.clone(),
        hosting: desk.hosting(counter.draft.as_ref()),
        log: counter.log.clone(),
        pack: counter.pack.clone(),
    })
}

impl<S: Shell> App<S> {
    pub(super) fn open_counter(&mut self, page: DeskPage) -> Result<(), UiError> {
        self.desk()?;
        self.counter.page = Some(page);
        Ok(())
    }

    /// What was typed for a letter is forgotten with the page.
    pub(super) fn close_counter(&mut self) {
        let asked = self.counter.asked.take();
        self.counter = Counter { asked, ..Counter::default() };
    }

    /// Objects to the controller of a host (Art. 21 GDPR) or takes that back. An objection ends what is under way there.
    pub(super) fn object(&mut self, host: &str, objects: bool, lang: Lang) -> Result<(), UiError> {
        let target = letters::service(host)?;
        if !self.desk()?.object(&target, objects, lang)? || !objects {
            return Ok(());
        }
        let same = |other: &str| Target::new(other, None).is_ok_and(|other| other.host() == target.host());
        if self.seat.as_ref().is_some_and(|seat| same(&seat.host)) {
            return self.leave();
        }
        if matches!(&self.place, Place::Prejoin(door) if same(door.target().host())) {
            return self.go_home();
        }
        Ok(())
    }

    /// Erases one thing (Art. 17 GDPR), or `all`.
    pub(super) fn erase(&mut self, item: &str) -> Result<(), UiError> {
        if item == "all" {
            self.erase_all()?;
            self.ask_before_anything();
            return Ok(());
        }
        let item = Item::parse(item).ok_or_else(|| UiError::internal("no such item"))?;
        if item == Item::Links {
            self.give_links_back();
        }
        let kept = self.desk()?.erase(item)?;
        self.look_at_schemes();
        if !kept.is_empty() {
            self.toast(UiError::new(ErrorCode::ObjectionKept).with("host", kept.join(", ")));
        }
        if matches!(item, Item::Acknowledgements(_)) && self.seat.is_none() {
            // Whoever stands at a door may have erased what opened it.
            self.go_home()?;
            self.ask_before_anything();
        }
        Ok(())
    }

    /// Everything goes, the key included; then the profile begins anew.
    fn erase_all(&mut self) -> Result<(), UiError> {
        if self.seat.is_some() || self.hosted.is_some() {
            return Err(UiError::new(ErrorCode::LeaveFirst));
        }
        self.give_links_back();
        let erasing = UiError::internal("the profile is being erased");
        let erased = std::mem::replace(&mut self.desk, Err(erasing)).and_then(Desk::erase_all);
        self.contacts = runde_client::Contacts::default();
        self.close_counter();
        self.desk = (self.open_desk)();
        self.enter_profile();
        let strangers = erased?;
        if !strangers.is_empty() {
            self.toast(UiError::new(ErrorCode::ForeignFilesKept).with("path", strangers.join(", ")));
        }
        self.desk().map(|_| ())
    }

    /// Asks where a document goes and writes it there; nothing is written where nobody said so.
    pub(super) fn save_document(&mut self, document: Document) -> Result<(), UiError> {
        let errand = match document {
            Document::LogJson => Errand::WriteLog(document, ExportFormat::JsonLines, self.desk()?.log_folder()),
            Document::LogCsv => Errand::WriteLog(document, ExportFormat::Csv, self.desk()?.log_folder()),
            Document::LedgerJson
            | Document::LedgerJsonLd
            | Document::LedgerKantara
            | Document::Profile
            | Document::LetterPdf
            | Document::LetterText
            | Document::Contacts
            | Document::PackPdf
            | Document::PackText => Errand::Write(document, self.content_of(document)?),
        };
        let german = self.desk()?.speaks_german();
        self.ask_for_file(Question { german, save_as: Some(name_of(document)) }, errand);
        Ok(())
    }

    /// Asks for a file that `save_document` once wrote. The profile becomes what it says.
    pub(super) fn import_profile(&mut self) -> Result<(), UiError> {
        let german = self.desk()?.speaks_german();
        self.ask_for_file(Question { german, save_as: None }, Errand::Import);
        Ok(())
    }

    fn ask_for_file(&mut self, question: Question, errand: Errand) {
        // The open dialog is the one to answer.
        if self.counter.asked.is_none() {
            self.counter.asked = Some(Asked { errand, answer: self.shell.ask_for_file(question) });
        }
    }

    pub(super) fn file_chosen(&mut self, errand: Errand, path: &Path) {
        self.counter.something_happened();
        let done = match errand {
            Errand::Write(document, bytes) => {
                write(path, |out| out.write_all(&bytes)).map(|()| self.saved(document, path))
            }
            Errand::WriteLog(document, format, log) => {
                let lines =
                    |out: &mut BufWriter<File>| runde_server::export_log(&log, format, runde_profile::now(), out);
                write(path, |out| lines(out).map(drop)).map(|()| self.saved(document, path))
            }
            Errand::Import => read(path).and_then(|bytes| self.import(&bytes)),
        };
        if let Err(error) = done {
            self.toast(error);
        }
    }

    fn saved(&mut self, document: Document, path: &Path) {
        self.counter.saved = Some(Saved { document, path: path.display().to_string() });
    }

    fn import(&mut self, bytes: &[u8]) -> Result<(), UiError> {
        let archive = Archive::read(bytes).map_err(|error| import_error(&error))?;
        self.erase_all()?;
        let desk = self.desk()?;
        desk.import(archive)?;
        self.ask_before_anything();
        Ok(())
    }

    fn content_of(&mut self, document: Document) -> Result<Vec<u8>, UiError> {
        let composed = || UiError::internal("no such paper was composed");
        match document {
            Document::LetterText => {
                let letter = &self.counter.letter.as_ref().ok_or_else(composed)?.letter;
                Ok(letter.text().into_bytes())
            }
            Document::LetterPdf => {
                let letter = &self.counter.letter.as_ref().ok_or_else(composed)?.letter;
                runde_print::pdf(letter).map_err(|error| words::unprintable(&error))
            }
            Document::PackPdf => papers::pdf(self.counter.pack.as_ref().ok_or_else(composed)?),
            Document::PackText => Ok(self.counter.pack.as_ref().ok_or_else(composed)?.text.clone().into_bytes()),
            Document::Contacts => Ok(format!("{:#}\n", self.contacts.seen().to_json()).into_bytes()),
            Document::LedgerJson | Document::LedgerJsonLd | Document::LedgerKantara | Document::Profile => {
                Ok(self.desk()?.document(document))
            }
            Document::LogJson | Document::LogCsv => Err(UiError::internal("a log is written line by line")),
        }
    }

    pub(super) fn compose_letter(&mut self, wish: &LetterRequest) -> Result<(), UiError> {
        self.counter.letter = None;
        let desk = self.desk()?;
        let letter = letters::compose(wish, |target| desk.notice_of(target))?;
        self.counter.letter = Some(letter);
        Ok(())
    }

    /// Shows the notice that these details make. Nothing is kept.
    pub(super) fn draft_hosting(&mut self, typed: &Responsible) -> Result<(), UiError> {
        self.counter.draft = Some(self.desk()?.draft_hosting(typed)?);
        Ok(())
    }

    pub(super) fn keep_hosting(&mut self, typed: &Responsible) -> Result<(), UiError> {
        self.desk()?.keep_hosting(typed)?;
        self.counter.draft = None;
        Ok(())
    }

    pub(super) fn forget_hosting(&mut self) -> Result<(), UiError> {
        self.counter.draft = None;
        self.desk()?.forget_hosting()
    }

    pub(super) fn remind_of_letter(&mut self) -> Result<(), UiError> {
        let composed = self.counter.letter.as_ref().ok_or_else(|| UiError::internal("no letter was composed"))?;
        let reminder = composed.reminder.clone();
        self.desk()?.remind(reminder)
    }

    pub(super) fn forget_reminder(&mut self, reminder: Reminder) -> Result<(), UiError> {
        let Reminder { article, to, written_on, remind_on, due: _ } = reminder;
        self.desk()?.forget_reminder(&runde_profile::Reminder { article, to, written_on, remind_on })
    }
}

impl Desk {
    /// Whether anything was recorded: objecting twice is once.
    fn object(&mut self, target: &Target, objects: bool, lang: Lang) -> Result<bool, UiError> {
        let in_force = self.profile.gate().objection(target).is_some();
        if in_force == objects {
            return Ok(false);
        }
        let (lang, method) = (words::language(lang), Method::Button);
        let done =
            if objects { self.profile.object(target, lang, method) } else { self.profile.lift(target, lang, method) };
        done.map(|_| true).map_err(|error| words::profile_error(&error))
    }

    /// Yields the hosts whose objection is in force, so that its line stayed.
    fn erase(&mut self, item: Item) -> Result<Vec<String>, UiError> {
        Ok(self.profile.erase(item).map_err(|error| words::profile_error(&error))?.kept)
    }

    fn erase_all(self) -> Result<Vec<String>, UiError> {
        self.profile.erase_all().map_err(|error| words::profile_error(&error))
    }

    fn import(&mut self, archive: Archive) -> Result<(), UiError> {
        self.profile.import(archive).map_err(|error| import_error(&error))
    }

    /// The documents that are made of the profile; letters are made elsewhere.
    fn document(&self, document: Document) -> Vec<u8> {
        let (noted, agreed) = (self.profile.acknowledgements(), self.profile.consents());
        let protection = match self.profile.protection() {
            Protection::Keyring => "keyring",
            Protection::FileRights => "file-rights",
        };
        let value = match document {
            Document::LedgerJson => export::plain(protection, noted, agreed),
            Document::LedgerJsonLd => export::json_ld(noted, agreed),
            Document::LedgerKantara => export::kantara(agreed),
            Document::Profile
            | Document::LetterPdf
            | Document::LetterText
            | Document::Contacts
            | Document::PackPdf
            | Document::PackText
            | Document::LogJson
            | Document::LogCsv => {
                return self.profile.archive().to_json().into_bytes();
            }
        };
        (serde_json::to_string_pretty(&value).unwrap_or_default() + "\n").into_bytes()
    }
}

/// What the dialog proposes; the person may write anything else.
const fn name_of(document: Document) -> &'static str {
    match document {
        Document::LedgerJson => "runde-ledgers.json",
        Document::LedgerJsonLd => "runde-ledgers.jsonld",
        Document::LedgerKantara => "runde-consent-receipts.json",
        Document::Profile => "runde-profile.json",
        Document::Contacts => "runde-contacts.json",
        Document::LetterPdf => "runde-letter.pdf",
        Document::LetterText => "runde-letter.txt",
        Document::PackPdf => "runde-paper.pdf",
        Document::PackText => "runde-paper.md",
        Document::LogJson => "runde-access-log.jsonl",
        Document::LogCsv => "runde-access-log.csv",
    }
}

/// For its owner alone. The dialog asked before it gave the name of a file that is there.
fn write(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<(), UiError> {
    let refused = |error: std::io::Error| {
        let sentence = UiError::new(ErrorCode::FileUnwritable).with("path", path.display().to_string());
        sentence.with("detail", error.to_string())
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = BufWriter::new(options.open(path).map_err(refused)?);
    fill(&mut out).and_then(|()| out.flush()).and_then(|()| out.get_ref().sync_all()).map_err(refused)
}

/// One byte more than an archive may have, so that a longer one is noticed.
fn read(path: &Path) -> Result<Vec<u8>, UiError> {
    let refused = |error: std::io::Error| {
        let sentence = UiError::new(ErrorCode::FileUnreadable).with("path", path.display().to_string());
        sentence.with("detail", error.to_string())
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(refused)?;
    file.take(MAX_ARCHIVE as u64 + 1).read_to_end(&mut bytes).map_err(refused)?;
    Ok(bytes)
}

fn import_error(error: &ImportError) -> UiError {
    match error {
        ImportError::Profile(error) => words::profile_error(error),
        ImportError::NotEmpty
        | ImportError::TooLarge
        | ImportError::Unreadable(_)
        | ImportError::Schema(_)
        | ImportError::Notice(_)
        | ImportError::Operator(_) => UiError::new(ErrorCode::NoExportedProfile),
    }
}
