//! WAV files (PCM16, 48 kHz) in place of microphone and speaker.
//!
//! What it is not: no other rate or coding; a file of another kind is refused with what it is.

use crate::error::DeviceError;
use runde_media::block::{BLOCK_SAMPLES, SAMPLE_RATE};
use runde_media::{AudioBlock, Gone, Hear, Metronome, Speak};
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Largest file read: 45 minutes of mono. It is held in memory.
const MAX_BYTES: u64 = 256 << 20;
/// Bytes of the header written.
const HEADER: u32 = 44;
/// Blocks between two updates of the sizes in the header: a program that is killed leaves a file that lacks a second.
const UPDATE_EVERY: u32 = 100;

/// Plays a file over and over.
#[derive(Debug)]
pub struct Reader {
    samples: Vec<i16>,
    at: usize,
    metronome: Metronome,
}

impl Reader {
    /// Reads the whole file; stereo is mixed down.
    ///
    /// # Errors
    /// [`DeviceError::File`], or [`DeviceError::Format`] for anything but PCM16 at 48 kHz with one or two channels and at least
    /// one sample.
    pub fn open(path: &Path) -> Result<Self, DeviceError> {
        let failed = |source| DeviceError::File { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        File::open(path).map_err(failed)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        let refused = |reason: String| DeviceError::Format { path: path.to_owned(), reason };
        if bytes.len() as u64 > MAX_BYTES {
            return Err(refused("larger than 256 MiB".to_owned()));
        }
        let samples = parse(&bytes).map_err(refused)?;
        Ok(Self { samples, at: 0, metronome: Metronome::default() })
    }

    /// The next 10 ms, at once. The end is followed by the beginning without a gap.
    pub fn block(&mut self) -> AudioBlock {
        let mut block = AudioBlock::SILENCE;
        for sample in &mut block.0 {
            *sample = f32::from(self.samples[self.at]) / 32768.0;
            self.at = (self.at + 1) % self.samples.len();
        }
        block
    }
}

impl Hear for Reader {
    fn hear(&mut self, _: Duration) -> Result<Option<AudioBlock>, Gone> {
        self.metronome.rest();
        Ok(Some(self.block()))
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<i16>, String> {
    let rest = bytes.strip_prefix(b"RIFF").and_then(|rest| rest.get(4..)).and_then(|rest| rest.strip_prefix(b"WAVE"));
    let mut rest = rest.ok_or("not a WAV file")?;
    let mut channels = None;
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, e, f, g, h] = *head;
        let length = (u32::from_le_bytes([e, f, g, h]) as usize).min(tail.len());
        let (body, after) = tail.split_at(length);
        match &[a, b, c, d] {
            b"fmt " => channels = Some(format(body)?),
            b"data" => return samples(body, channels.ok_or("the format comes after the sound")?),
            _ => {}
        }
        rest = after.get(length % 2..).unwrap_or_default(); // chunks begin at even places
    }
    Err("no sound in it".to_owned())
}

/// Channels, when the rest is as it must be.
fn format(body: &[u8]) -> Result<u16, String> {
    let word = |at: usize| body.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    let long = |at: usize| body.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let (Some(coding), Some(channels), Some(rate), Some(bits)) = (word(0), word(2), long(4), word(14)) else {
        return Err("its format is cut off".to_owned());
    };
    // 0xfffe says that the coding follows in the extension (WAVEFORMATEXTENSIBLE).
    let coding = if coding == 0xfffe { word(24).unwrap_or(coding) } else { coding };
    if coding != 1 || bits != 16 || rate != SAMPLE_RATE || !(1..=2).contains(&channels) {
        return Err(format!(
            "coding {coding}, {bits} bits, {rate} Hz, {channels} channels; needed is PCM (1), 16 bits, 48000 Hz, 1 or 2"
        ));
    }
    Ok(channels)
}

fn samples(body: &[u8], channels: u16) -> Result<Vec<i16>, String> {
    let values = body.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]]));
    let mono: Vec<i16> = if channels == 1 {
        values.collect()
    } else {
        let both: Vec<i16> = values.collect();
        both.chunks_exact(2).map(|pair| i16::midpoint(pair[0], pair[1])).collect()
    };
    if mono.is_empty() { Err("no sound in it".to_owned()) } else { Ok(mono) }
}

/// Writes the mix to a file in real time.
#[derive(Debug)]
pub struct Writer {
    file: BufWriter<File>,
    path: PathBuf,
    bytes: u32,
    blocks: u32,
    metronome: Metronome,
}

impl Writer {
    /// Makes the file, or empties it.
    ///
    /// # Errors
    /// [`DeviceError::File`].
    pub fn create(path: &Path) -> Result<Self, DeviceError> {
        let failed = |source| DeviceError::File { path: path.to_owned(), source };
        let mut file = BufWriter::new(File::create(path).map_err(failed)?);
        file.write_all(&header(0)).map_err(failed)?;
        file.flush().map_err(failed)?;
        Ok(Self { file, path: path.to_owned(), bytes: 0, blocks: 0, metronome: Metronome::default() })
    }

    /// Appends 10 ms, at once; values beyond full scale are cut.
    ///
    /// # Errors
    /// When the disk is full or the file has reached 4 GiB.
    pub fn block(&mut self, block: &AudioBlock) -> std::io::Result<()> {
        let added = 2 * u32::try_from(BLOCK_SAMPLES).unwrap_or_default();
        if self.bytes > u32::MAX - HEADER - added {
            return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge));
        }
        for sample in &block.0 {
            self.file.write_all(&quantise(*sample).to_le_bytes())?;
        }
        self.bytes += added;
        self.blocks += 1;
        if self.blocks.is_multiple_of(UPDATE_EVERY) {
            self.update()?;
        }
        Ok(())
    }

    fn update(&mut self) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(self.bytes))?;
        self.file.seek(SeekFrom::End(0))?;
        self.file.flush()
    }
}

impl Speak for Writer {
    fn speak(&mut self, block: &AudioBlock) -> Result<(), Gone> {
        self.metronome.rest();
        self.block(block).map_err(|error| {
            tracing::warn!(path = %self.path.display(), "sound file: {error}");
            Gone
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.update(); // nobody is left to tell
    }
}

#[allow(clippy::cast_possible_truncation)] // clamped first
fn quantise(sample: f32) -> i16 {
    (sample * 32768.0).round().clamp(-32768.0, 32767.0) as i16
}

fn header(bytes: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER as usize);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(HEADER - 8 + bytes).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16u32.to_le_bytes());
    for word in [1u16, 1] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    out.extend_from_slice(&(2 * SAMPLE_RATE).to_le_bytes());
    for word in [2u16, 16] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(b"data");
    out.extend_from_slice(&bytes.to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::Tone;

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("runde-{}-{name}", std::process::id()))
    }

    #[test]
    fn what_was_written_is_read_and_loops_without_a_gap() {
        let path = path("loop.wav");
        let mut writer = Writer::create(&path).unwrap();
        let mut tone = Tone::new();
        let said: Vec<AudioBlock> = (0..150).map(|_| tone.block()).collect();
        for block in &said {
            writer.block(block).unwrap();
        }
        let early = Reader::open(&path).unwrap();
        assert_eq!(early.samples.len(), 100 * BLOCK_SAMPLES, "a killed program leaves what the last update counted");
        drop(writer);
        let mut reader = Reader::open(&path).unwrap();
        for block in said.iter().chain(&said) {
            let read = reader.block();
            assert!(read.0.iter().zip(&block.0).all(|(a, b)| (a - b).abs() < 1e-4));
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_stereo_file_is_mixed_down() {
        let mut bytes = header(8);
        bytes[22] = 2;
        bytes.extend([0u8, 0x10, 0, 0x30, 0, 0x40, 0, 0x40]);
        assert_eq!(parse(&bytes), Ok(vec![0x2000, 0x4000]));
    }

    #[test]
    fn other_files_are_refused_with_what_they_are() {
        let mut wrong_rate = header(4);
        wrong_rate[24..28].copy_from_slice(&44_100u32.to_le_bytes());
        wrong_rate.extend([0; 4]);
        assert!(parse(&wrong_rate).unwrap_err().contains("44100 Hz"));
        assert!(parse(b"ID3").is_err());
        assert!(parse(&header(0)).unwrap_err().contains("no sound"));
        assert!(matches!(Reader::open(Path::new("/nowhere/x.wav")), Err(DeviceError::File { .. })));
    }

    #[test]
    fn a_file_cut_anywhere_does_no_harm() {
        let mut whole = header(100);
        whole.extend([7; 100]);
        for end in 0..whole.len() {
            let _ = parse(&whole[..end]);
        }
        whole[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(parse(&whole).map(|s| s.len()), Ok(50));
    }

    #[test]
    fn loud_samples_are_cut() {
        assert_eq!((quantise(2.0), quantise(-2.0), quantise(f32::NAN)), (32767, -32768, 0));
    }
}
