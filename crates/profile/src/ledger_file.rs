//! One ledger and its file: what the file says and what memory says never differ.

use std::path::PathBuf;

use rand_core::OsRng;
use rand_core::TryRngCore;
use runde_privacy::ledger::Replay;
use runde_privacy::{HeadState, Ledger};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::disk;
use crate::error::{ProfileError, Trouble, TroubleKind};
use crate::secrets::Secrets;

pub(crate) const ACKNOWLEDGEMENTS: &str = "acknowledgements";
pub(crate) const CONSENTS: &str = "consents";

pub(crate) struct LedgerFile<R> {
    name: &'static str,
    path: PathBuf,
    pub ledger: Ledger<R>,
}

impl<R: Serialize + DeserializeOwned> LedgerFile<R> {
    /// Reads the file. What cannot be believed is kept aside and the ledger starts anew: asking once
    /// more is harmless, believing a rolled-back record is not.
    pub fn open(
        name: &'static str,
        path: PathBuf,
        secrets: &mut Secrets,
    ) -> Result<(Self, Option<Trouble>), ProfileError> {
        let replay = Ledger::replay(secrets.key(name), &disk::read(&path)?);
        let kind = trouble_of(&replay, replay.ledger.compare(secrets.head(name)));
        let kept_as = if kind.is_some() { disk::keep_aside(&path)? } else { None };
        let trouble = kind.map(|kind| Trouble { file: path.clone(), kept_as, kind });
        let believed = matches!(kind, None | Some(TroubleKind::Unfinished));
        let ledger = if believed { replay.ledger } else { Ledger::new(secrets.key(name)) };
        if trouble.is_some() || replay.unterminated {
            disk::replace(&path, &ledger.to_bytes())?;
        }
        secrets.keep_head(name, ledger.head());
        Ok((Self { name, path, ledger }, trouble))
    }

    /// Appends, fsyncs, and only then lets the record count.
    pub fn record(&mut self, record: R, secrets: &mut Secrets) -> Result<u64, ProfileError> {
        let pending = self.ledger.record(record, &mut OsRng.unwrap_err())?;
        disk::append(&self.path, pending.line().as_bytes())?;
        let seq = pending.confirm();
        secrets.keep_head(self.name, self.ledger.head());
        Ok(seq)
    }
}

impl<R: Serialize + DeserializeOwned + Clone> LedgerFile<R> {
    /// Takes the content of these lines away, on disk and in memory; says how many had one.
    pub fn erase(&mut self, lines: &[u64]) -> Result<usize, ProfileError> {
        let mut erased = self.ledger.clone();
        let count = lines.iter().filter(|&&seq| erased.erase(seq)).count();
        if count > 0 {
            disk::replace(&self.path, &erased.to_bytes())?;
            self.ledger = erased;
        }
        Ok(count)
    }

    /// Writes records into a new chain, all or none.
    pub fn refill(&mut self, records: Vec<R>, secrets: &mut Secrets) -> Result<(), ProfileError> {
        let mut ledger = Ledger::new(secrets.key(self.name));
        for record in records {
            ledger.record(record, &mut OsRng.unwrap_err())?.confirm();
        }
        disk::replace(&self.path, &ledger.to_bytes())?;
        self.ledger = ledger;
        secrets.keep_head(self.name, self.ledger.head());
        Ok(())
    }
}

fn trouble_of<R>(replay: &Replay<R>, head: HeadState) -> Option<TroubleKind> {
    if replay.damage.is_some() {
        return Some(TroubleKind::Damaged);
    }
    if head == HeadState::Behind {
        return Some(TroubleKind::Cut);
    }
    (!replay.torn.is_empty()).then_some(TroubleKind::Unfinished)
}
