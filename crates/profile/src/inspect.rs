//! Reading a profile without changing it: no lock, no folder made, nothing set aside. So it also works
//! while the app is running, and `verify` shows the damage that opening would set aside.

use rand_core::{OsRng, TryRngCore};
use runde_privacy::ledger::Replay;
use runde_privacy::{Acknowledgement, ChainKey, ConsentRecord, Ledger, Shelf, Verdict};

use crate::disk;
use crate::error::ProfileError;
use crate::ledger_file::{ACKNOWLEDGEMENTS, CONSENTS};
use crate::places::Places;
use crate::profile::{has_records, now};
use crate::secrets::{Protection, Secrets};
use crate::shelf;

/// Both ledgers as they are, with the judgement on each.
pub struct Inspection {
    pub protection: Protection,
    pub acknowledgements: Ledger<Acknowledgement>,
    pub acknowledgements_verdict: Verdict,
    pub consents: Ledger<ConsentRecord>,
    pub consents_verdict: Verdict,
    /// The texts of the noted notices that are what they were.
    pub shelf: Shelf,
}

/// `None` if nothing was ever recorded here and no key exists.
///
/// # Errors
/// When a file cannot be read or the keyring that holds the key does not answer.
pub fn inspect(places: &Places) -> Result<Option<Inspection>, ProfileError> {
    let has_records = has_records(places);
    let Some(secrets) = Secrets::look(places, has_records)? else {
        return if has_records { without_key(places).map(Some) } else { Ok(None) };
    };
    let acknowledgements: Replay<Acknowledgement> =
        Ledger::replay(secrets.key(ACKNOWLEDGEMENTS), &disk::read(&places.acknowledgements())?);
    let consents: Replay<ConsentRecord> = Ledger::replay(secrets.key(CONSENTS), &disk::read(&places.consents())?);
    Ok(Some(Inspection {
        protection: secrets.protection(),
        acknowledgements_verdict: acknowledgements.verdict(secrets.head(ACKNOWLEDGEMENTS), now()),
        acknowledgements: acknowledgements.ledger,
        consents_verdict: consents.verdict(secrets.head(CONSENTS), now()),
        consents: consents.ledger,
        shelf: shelf::read(places)?.0,
    }))
}

/// Ledgers whose key is gone: no line can be believed.
fn without_key(places: &Places) -> Result<Inspection, ProfileError> {
    let mut unknown = [0; 32];
    OsRng.try_fill_bytes(&mut unknown).map_err(|_| ProfileError::NoRandomness)?;
    let key = ChainKey::from_bytes(unknown);
    let acknowledgements = Ledger::replay(key.clone(), &disk::read(&places.acknowledgements())?);
    let consents = Ledger::replay(key, &disk::read(&places.consents())?);
    Ok(Inspection {
        protection: Protection::FileRights,
        acknowledgements_verdict: acknowledgements.verdict(None, now()),
        acknowledgements: acknowledgements.ledger,
        consents_verdict: consents.verdict(None, now()),
        consents: consents.ledger,
        shelf: shelf::read(places)?.0,
    })
}
