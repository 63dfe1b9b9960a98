//! Proving an account's password: SCRAM (RFC 5802, RFC 7677) and, where a server knows nothing else, PLAIN (RFC 4616).
//!
//! With SCRAM the server learns no password and has to prove that it knows it, too. Channel binding is left out: the
//! servers at hand sit behind a proxy that ends TLS. Start at [`Scram::new`].

use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::digest::core_api::BlockSizeUser;
use hmac::digest::{Digest, KeyInit};
use hmac::{Mac, SimpleHmac};
use zeroize::Zeroizing;

/// The fewest rounds that are worth the name (RFC 5802 5.1).
const MIN_ROUNDS: u32 = 4_096;
/// The most we compute: ten times what servers use, a fraction of a second. More is an attack on our time.
const MAX_ROUNDS: u32 = 100_000;
/// Bytes of one message of the server; real ones have a hundred.
const MAX_MESSAGE: usize = 4_096;

/// A hash that SCRAM may be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
}

/// Why an exchange cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SaslError {
    #[error("the user name or password holds characters that no account has")]
    Characters,
    #[error("the server's message is malformed")]
    Malformed,
    #[error("the server asks for too few or too many rounds")]
    Rounds,
    #[error("the server does not know the password itself")]
    Unproven,
}

/// The message of PLAIN, in base64.
///
/// # Errors
/// [`SaslError::Characters`].
pub fn plain(user: &str, password: &Secret) -> Result<String, SaslError> {
    let (user, password) = (prepared(user)?, prepared(password.expose())?);
    Ok(BASE64.encode(Zeroizing::new(format!("\0{}\0{}", *user, *password)).as_bytes()))
}

/// Our side of one SCRAM exchange: [`Scram::first`], [`Scram::answer`], [`Scram::verify`].
#[derive(Debug)]
pub struct Scram {
    hash: Hash,
    password: Secret,
    nonce: String,
    /// `n=…,r=…`
    first_bare: String,
    /// What the server must prove; empty before our answer.
    signature: Vec<u8>,
}

impl Scram {
    /// `nonce` must never repeat, and holds no comma.
    ///
    /// # Errors
    /// [`SaslError::Characters`].
    pub fn new(hash: Hash, user: &str, password: &Secret, nonce: String) -> Result<Self, SaslError> {
        let user = prepared(user)?.replace('=', "=3D").replace(',', "=2C");
        let password = Secret::from(prepared(password.expose())?.to_string());
        Ok(Self { hash, password, first_bare: format!("n={user},r={nonce}"), nonce, signature: Vec::new() })
    }

    /// The client's first message, in base64.
    #[must_use]
    pub fn first(&self) -> String {
        BASE64.encode(format!("n,,{}", self.first_bare))
    }

    /// The answer to the server's challenge, both in base64.
    ///
    /// # Errors
    /// [`SaslError`].
    pub fn answer(&mut self, challenge: &str) -> Result<String, SaslError> {
        let challenge = decoded(challenge)?;
        let mut parts = challenge.split(',');
        let mut part = |key: &str| parts.next().and_then(|part| part.strip_prefix(key)).ok_or(SaslError::Malformed);
        let (nonce, salt, rounds) = (part("r=")?, part("s=")?, part("i=")?);
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(SaslError::Malformed);
        }
        let salt = BASE64.decode(salt).map_err(|_| SaslError::Malformed)?;
        let rounds = rounds.parse().ok().filter(|rounds| (MIN_ROUNDS..=MAX_ROUNDS).contains(rounds));
        let rounds = rounds.ok_or(SaslError::Rounds)?;
        // "biws" is "n,,": no channel binding.
        let without_proof = format!("c=biws,r={nonce}");
        let signed = format!("{},{challenge},{without_proof}", self.first_bare);
        let (proof, signature) = match self.hash {
            Hash::Sha1 => prove::<sha1::Sha1>(&self.password, &salt, rounds, &signed),
            Hash::Sha256 => prove::<sha2::Sha256>(&self.password, &salt, rounds, &signed),
        };
        self.signature = signature;
        Ok(BASE64.encode(format!("{without_proof},p={}", BASE64.encode(proof))))
    }

    /// Whether the server's last message, in base64, proves that it knows the password.
    ///
    /// # Errors
    /// [`SaslError::Unproven`].
    pub fn verify(&self, last: &str) -> Result<(), SaslError> {
        let last = decoded(last).map_err(|_| SaslError::Unproven)?;
        let proof = last.split(',').next().and_then(|part| part.strip_prefix("v="));
        let proof = proof.and_then(|proof| BASE64.decode(proof).ok());
        let good = !self.signature.is_empty() && proof.as_ref() == Some(&self.signature);
        good.then_some(()).ok_or(SaslError::Unproven)
    }
}

/// SASLprep (RFC 4013), so that a password typed on another keyboard is the same.
fn prepared(text: &str) -> Result<Zeroizing<String>, SaslError> {
    let prepared = stringprep::saslprep(text).map_err(|_| SaslError::Characters)?;
    if prepared.is_empty() || prepared.contains('\0') {
        return Err(SaslError::Characters);
    }
    Ok(Zeroizing::new(prepared.into_owned()))
}

fn decoded(message: &str) -> Result<String, SaslError> {
    if message.len() > MAX_MESSAGE {
        return Err(SaslError::Malformed);
    }
    let bytes = BASE64.decode(message.trim()).map_err(|_| SaslError::Malformed)?;
    String::from_utf8(bytes).map_err(|_| SaslError::Malformed)
}

/// The client's proof and the server's signature (RFC 5802 3).
fn prove<D: Digest + BlockSizeUser>(password: &Secret, salt: &[u8], rounds: u32, signed: &str) -> (Vec<u8>, Vec<u8>) {
    let salted = Zeroizing::new(stretched::<D>(password.expose().as_bytes(), salt, rounds));
    let client_key = keyed::<D>(&salted, &[b"Client Key"]);
    let client_signature = keyed::<D>(&D::digest(&client_key), &[signed.as_bytes()]);
    let proof = client_key.iter().zip(client_signature).map(|(key, signature)| key ^ signature).collect();
    let server_key = keyed::<D>(&salted, &[b"Server Key"]);
    (proof, keyed::<D>(&server_key, &[signed.as_bytes()]))
}

/// The first block of PBKDF2 (RFC 8018 5.2), which is all that SCRAM uses.
fn stretched<D: Digest + BlockSizeUser>(password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
    let mut block = keyed::<D>(password, &[salt, &1_u32.to_be_bytes()]);
    let mut sum = block.clone();
    for _ in 1..rounds {
        block = keyed::<D>(password, &[&block]);
        sum.iter_mut().zip(&block).for_each(|(sum, byte)| *sum ^= byte);
    }
    sum
}

fn keyed<D: Digest + BlockSizeUser>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // Keys of every length are allowed (RFC 2104 2), so there is no error to have.
    let Ok(mut mac) = <SimpleHmac<D> as KeyInit>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(hash: Hash, nonce: &str) -> Scram {
        Scram::new(hash, "user", &"pencil".into(), nonce.into()).unwrap()
    }

    fn text(base64: &str) -> String {
        String::from_utf8(BASE64.decode(base64).unwrap()).unwrap()
    }

    #[test]
    fn the_exchange_of_rfc_5802_comes_out_as_printed_there() {
        let mut scram = exchange(Hash::Sha1, "fyko+d2lbbFgONRv9qkxdawL");
        assert_eq!(text(&scram.first()), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
        let challenge = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
        let answer = scram.answer(&BASE64.encode(challenge)).unwrap();
        let wanted = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
        assert_eq!(text(&answer), wanted);
        assert_eq!(scram.verify(&BASE64.encode("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")), Ok(()));
        assert_eq!(scram.verify(&BASE64.encode("v=rmF9pqV8S7suAoZWja4dJRkFsKR=")), Err(SaslError::Unproven));
    }

    #[test]
    fn the_exchange_of_rfc_7677_comes_out_as_printed_there() {
        let mut scram = exchange(Hash::Sha256, "rOprNGfwEbeRWgbNEkqO");
        let challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let answer = scram.answer(&BASE64.encode(challenge)).unwrap();
        assert!(text(&answer).ends_with(",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="), "{}", text(&answer));
        assert_eq!(scram.verify(&BASE64.encode("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")), Ok(()));
    }

    #[test]
    fn a_server_cannot_replay_an_exchange_or_burn_our_time() {
        let refused = |challenge: &str| exchange(Hash::Sha1, "abc").answer(&BASE64.encode(challenge)).err();
        for (challenge, why) in [
            ("r=abc,s=QSXCR+Q6sek8bf92,i=4096", SaslError::Malformed),
            ("r=xyz123,s=QSXCR+Q6sek8bf92,i=4096", SaslError::Malformed),
            ("r=abc1,s=!,i=4096", SaslError::Malformed),
            ("m=ext,r=abc1,s=QSXCR+Q6sek8bf92,i=4096", SaslError::Malformed),
            ("r=abc1,s=QSXCR+Q6sek8bf92,i=4095", SaslError::Rounds),
            ("r=abc1,s=QSXCR+Q6sek8bf92,i=100001", SaslError::Rounds),
            ("r=abc1,s=QSXCR+Q6sek8bf92,i=-1", SaslError::Rounds),
            ("", SaslError::Malformed),
        ] {
            assert_eq!(refused(challenge), Some(why), "{challenge}");
        }
        assert_eq!(exchange(Hash::Sha1, "abc").answer("not base64!"), Err(SaslError::Malformed));
        let unasked = exchange(Hash::Sha1, "abc").verify(&BASE64.encode("v="));
        assert_eq!(unasked, Err(SaslError::Unproven));
    }

    #[test]
    fn names_are_prepared_and_their_commas_hidden() {
        let scram = Scram::new(Hash::Sha1, "a=b,c\u{ad}", &"x".into(), "1".into()).unwrap();
        assert_eq!(text(&scram.first()), "n,,n=a=3Db=2Cc,r=1");
        assert_eq!(plain("Ada", &"p\u{2168}".into()), Ok(BASE64.encode("\0Ada\0pIX")));
        assert_eq!(plain("Ada", &"\u{7}".into()), Err(SaslError::Characters));
        assert_eq!(plain("", &"x".into()), Err(SaslError::Characters));
    }
}
