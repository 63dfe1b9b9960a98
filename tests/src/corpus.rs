//! Inputs kept for the parsers of remote bytes (`fuzz/corpus`), and ways to damage them that are the same in every run.

use crate::Outcome;
use std::path::Path;

/// A mutated input is never longer than this.
const LONGEST: usize = 64 * 1024;

/// The kept inputs of one target.
pub struct Seeds(Vec<Vec<u8>>);

impl Seeds {
    /// Reads `fuzz/corpus/NAME`; an empty folder is a failure, because replaying nothing proves nothing.
    pub fn read(name: &str) -> Outcome<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
        let mut paths: Vec<_> = std::fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.is_file());
        paths.sort();
        let seeds = paths.iter().map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
        if seeds.is_empty() { Err(format!("{name}: no inputs are kept").into()) } else { Ok(Self(seeds)) }
    }

    pub fn all(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}

/// A seeded source of damage (xorshift: sameness matters here, quality does not).
pub struct Twist(u64);

impl Twist {
    /// The same damage for the same name.
    pub fn new(name: &str) -> Self {
        Self(
            name.bytes()
                .fold(0x9e37_79b9_7f4a_7c15, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
                | 1,
        )
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// One of the seeds with one to four kinds of damage.
    pub fn one_of(&mut self, seeds: &Seeds) -> Vec<u8> {
        let mut bytes = seeds.0[self.below(seeds.0.len())].clone();
        for _ in 0..=self.below(4) {
            self.damage(&mut bytes, seeds);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn damage(&mut self, bytes: &mut Vec<u8>, seeds: &Seeds) {
        let at = self.below(bytes.len() + 1);
        match self.below(6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, self.below(256) as u8),
            2 => {
                let end = (at + 1 + self.below(16)).min(bytes.len());
                bytes.drain(at.min(end)..end);
            }
            3 => {
                let end = (at + self.below(200)).min(bytes.len());
                let piece = bytes[at.min(end)..end].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => {
                let other = &seeds.0[self.below(seeds.0.len())];
                let from = self.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
        }
    }
}
