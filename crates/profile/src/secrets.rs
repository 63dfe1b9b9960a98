//! The chain key, the profile's random name and the heads of its ledgers: in the keyring, or, where
//! none runs, in a key file beside the ledgers that only its owner may read.
//!
//! Once a key file exists it stays the place; a profile never has two keys. Heads are kept only in the
//! keyring: whoever can cut a ledger can cut a file beside it too.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rand_core::{OsRng, TryRngCore};
use runde_privacy::stamp::uuid;
use runde_privacy::{ChainKey, Head};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::disk;
use crate::error::{ProfileError, Trouble, TroubleKind};
use crate::keyring_thread::KeyringThread;
use crate::places::Places;

/// What guards the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    Keyring,
    /// Only by the rights of the key file: a cut tail of a ledger cannot be excluded.
    FileRights,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    profile_id: String,
    /// 64 hexadecimal digits.
    chain_key: String,
    #[serde(default)]
    heads: BTreeMap<String, Head>,
}

pub(crate) struct Secrets {
    content: Content,
    /// The parsed form of `content.chain_key`.
    key: ChainKey,
    vault: Vault,
}

enum Vault {
    Keyring(KeyringThread),
    KeyFile,
}

/// Where the secrets are, if they are anywhere.
enum Found {
    Readable(Secrets),
    /// There is a place, but no secrets in it.
    Empty(Vault),
    /// A key file that says nothing.
    Broken,
    /// No keyring answers and no key file exists.
    Nowhere,
}

impl Secrets {
    /// Reads the secrets, or makes them for a profile that has recorded nothing yet.
    pub fn open(places: &Places, has_records: bool) -> Result<(Self, Option<Trouble>), ProfileError> {
        let (vault, trouble) = match find(places)? {
            Found::Readable(secrets) => return Ok((secrets, None)),
            Found::Empty(vault) => (vault, None),
            Found::Nowhere if places.keyring && has_records => return Err(ProfileError::KeyringSilent),
            Found::Nowhere => (Vault::KeyFile, None),
            Found::Broken => (Vault::KeyFile, Some(set_key_aside(places)?)),
        };
        let (content, key) = Content::random()?;
        let mut secrets = Self { content, key, vault };
        if secrets.keep_in_vault().is_err() {
            secrets.vault = Vault::KeyFile;
        }
        secrets.keep_in_file(places)?;
        Ok((secrets, trouble))
    }

    /// Reads the secrets and changes nothing; `None` if there are none.
    pub fn look(places: &Places, has_records: bool) -> Result<Option<Self>, ProfileError> {
        match find(places)? {
            Found::Readable(secrets) => Ok(Some(secrets)),
            Found::Nowhere if places.keyring && has_records => Err(ProfileError::KeyringSilent),
            Found::Empty(_) | Found::Broken | Found::Nowhere => Ok(None),
        }
    }

    pub fn profile_id(&self) -> &str {
        &self.content.profile_id
    }

    pub fn key(&self, ledger: &str) -> ChainKey {
        self.key.for_ledger(ledger)
    }

    pub const fn protection(&self) -> Protection {
        match self.vault {
            Vault::Keyring(_) => Protection::Keyring,
            Vault::KeyFile => Protection::FileRights,
        }
    }

    pub fn head(&self, ledger: &str) -> Option<&Head> {
        self.content.heads.get(ledger)
    }

    /// Keeps a head in the keyring, if that is the place. A keyring that refuses now is no reason to
    /// refuse the record: the ledger is then found ahead of its head, which is allowed.
    pub fn keep_head(&mut self, ledger: &str, head: Option<Head>) {
        if matches!(self.vault, Vault::KeyFile) || self.head(ledger) == head.as_ref() {
            return;
        }
        match head {
            Some(head) => self.content.heads.insert(ledger.to_owned(), head),
            None => self.content.heads.remove(ledger),
        };
        let _ = self.keep_in_vault();
    }

    /// Removes the key from the keyring; a key file is one of the profile's files. A keyring that does not
    /// answer keeps an entry that opens nothing any more.
    pub fn forget(&self) {
        match &self.vault {
            Vault::Keyring(thread) => drop(thread.remove()),
            Vault::KeyFile => {}
        }
    }

    fn keep_in_vault(&self) -> Result<(), crate::keyring_thread::Silent> {
        match &self.vault {
            Vault::Keyring(thread) => thread.write(self.content.to_json()),
            Vault::KeyFile => Ok(()),
        }
    }

    fn keep_in_file(&self, places: &Places) -> Result<(), ProfileError> {
        match self.vault {
            Vault::Keyring(_) => Ok(()),
            Vault::KeyFile => disk::replace(&places.key_file(), self.content.to_json().as_bytes()),
        }
    }
}

impl Content {
    fn random() -> Result<(Self, ChainKey), ProfileError> {
        let mut key = [0; 32];
        OsRng.try_fill_bytes(&mut key).map_err(|_| ProfileError::NoRandomness)?;
        let profile_id = uuid(&mut OsRng.unwrap_err());
        let content = Self { profile_id, chain_key: hex::encode(key), heads: BTreeMap::new() };
        Ok((content, ChainKey::from_bytes(key)))
    }

    /// `None` unless it holds a usable key.
    fn parse(text: &[u8]) -> Option<(Self, ChainKey)> {
        let content: Self = serde_json::from_slice(text).ok()?;
        let mut key = [0; 32];
        hex::decode_to_slice(&content.chain_key, &mut key).ok()?;
        Some((content, ChainKey::from_bytes(key)))
    }

    fn to_json(&self) -> String {
        // Strings and numbers: nothing here can refuse to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn find(places: &Places) -> Result<Found, ProfileError> {
    if places.key_file().exists() {
        let Some((content, key)) = Content::parse(&disk::read(&places.key_file())?) else { return Ok(Found::Broken) };
        return Ok(Found::Readable(Secrets { content, key, vault: Vault::KeyFile }));
    }
    if !places.keyring {
        return Ok(Found::Nowhere);
    }
    let thread = KeyringThread::start(keyring_user(places));
    let Ok(stored) = thread.read() else { return Ok(Found::Nowhere) };
    let vault = Vault::Keyring(thread);
    match stored.and_then(|text| Content::parse(text.as_bytes())) {
        Some((content, key)) => Ok(Found::Readable(Secrets { content, key, vault })),
        None => Ok(Found::Empty(vault)),
    }
}

/// Profiles in different folders share a keyring, so the folder is part of the name.
fn keyring_user(places: &Places) -> String {
    let digest = Sha256::digest(places.data.as_os_str().as_encoded_bytes());
    format!("profile-{}", hex::encode(&digest[..8]))
}

fn set_key_aside(places: &Places) -> Result<Trouble, ProfileError> {
    let file: PathBuf = places.key_file();
    let kept_as = disk::keep_aside(&file)?;
    Ok(Trouble { file, kept_as, kind: TroubleKind::Key })
}
