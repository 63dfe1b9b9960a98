//! Moving shapes with a barcode that tells which picture it is and when it was made; for tests and for those without camera.
//!
//! The barcode fills the upper third: ten columns and four rows of blocks, each a tenth of the width and a twelfth of the
//! height, dark (luma 40) for 0 and bright (luma 216) for 1, read row by row from the upper left. 40 bits: 14 of the picture's
//! number, 18 of its time in milliseconds, 8 of a check sum (CRC-8, polynomial 0x07, start 0xff, over the 32 bits before it as
//! four bytes, highest bit first). It survives 180 lines at 100 kbit/s.

use runde_media::Picture;
use std::time::Instant;

const COLUMNS: u32 = 10;
const ROWS: u32 = 4;
/// Rows of blocks that would fill the height.
const ROWS_OF_HEIGHT: u32 = 12;
const DARK: u8 = 40;
const BRIGHT: u8 = 216;
/// A block whose middle is nearer to grey than this says nothing.
const UNSURE: u32 = 24;
const GREY: u32 = 128;
/// Pictures smaller than this have blocks of less than four pixels.
const MIN_WIDTH: u32 = 40;
const MIN_HEIGHT: u32 = 48;

/// The picture's number goes round here.
pub const FRAMES: u32 = 1 << 14;
/// The time goes round here: after 262 s.
pub const MILLISECONDS: u32 = 1 << 18;

/// What a barcode says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Barcode {
    /// Number of the picture, modulo [`FRAMES`].
    pub frame: u32,
    /// When it was made, modulo [`MILLISECONDS`].
    pub ms: u32,
}

impl Barcode {
    /// How many pictures `self` is after `earlier`, on the shorter way round.
    #[must_use]
    pub fn frames_since(self, earlier: Self) -> i32 {
        let ahead = (self.frame.wrapping_sub(earlier.frame)) % FRAMES;
        let ahead = i32::try_from(ahead).unwrap_or_default();
        let round = i32::try_from(FRAMES).unwrap_or_default();
        if ahead > round / 2 { ahead - round } else { ahead }
    }

    fn bits(self) -> u64 {
        let word = ((self.frame % FRAMES) << 18) | (self.ms % MILLISECONDS);
        (u64::from(word) << 8) | u64::from(crc(word))
    }

    fn from_bits(bits: u64) -> Option<Self> {
        let [_, _, _, a, b, c, d, check] = bits.to_be_bytes();
        let word = u32::from_be_bytes([a, b, c, d]);
        (crc(word) == check).then_some(Self { frame: word >> 18, ms: word % MILLISECONDS })
    }
}

fn crc(word: u32) -> u8 {
    word.to_be_bytes().iter().fold(0xff, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 0x80 == 0 { crc << 1 } else { (crc << 1) ^ 0x07 })
    })
}

/// Draws pictures of one size.
pub struct Pattern {
    width: u32,
    height: u32,
    /// All that stands still.
    ground: Vec<u8>,
}

impl Pattern {
    /// `width` and `height` are cut to 40x48 up to 4096x4096.
    #[must_use]
    pub fn new(width: u32, height: u32) -> Self {
        let width = width.clamp(MIN_WIDTH, runde_media::picture::MAX_SIDE);
        let height = height.clamp(MIN_HEIGHT, runde_media::picture::MAX_SIDE);
        Self { width, height, ground: ground(width, height) }
    }

    /// One picture; its `seq` is `frame`.
    #[must_use]
    pub fn draw(&self, frame: u64, ms: u64, captured_at: Instant) -> Picture {
        let mut planes = self.ground.clone();
        #[allow(clippy::cast_possible_truncation)] // both go round
        let barcode = Barcode { frame: (frame % u64::from(FRAMES)) as u32, ms: (ms % u64::from(MILLISECONDS)) as u32 };
        self.blocks(barcode.bits(), &mut planes);
        self.bar(frame, &mut planes);
        Picture::new(self.width, self.height, planes, frame, captured_at)
            .unwrap_or_else(|_| Picture::plain(self.width, self.height, [16, 128, 128], frame, captured_at))
    }

    fn blocks(&self, bits: u64, planes: &mut [u8]) {
        for block in 0..COLUMNS * ROWS {
            let (column, row) = (block % COLUMNS, block / COLUMNS);
            let bit = (bits >> (COLUMNS * ROWS - 1 - block)) & 1;
            let luma = if bit == 1 { BRIGHT } else { DARK };
            let rows = edges(row, ROWS_OF_HEIGHT, self.height);
            self.fill(planes, edges(column, COLUMNS, self.width), rows, luma);
        }
    }

    /// A bright bar that crosses the lower two thirds in four seconds, so that there is motion to encode.
    fn bar(&self, frame: u64, planes: &mut [u8]) {
        let width = (self.width / 16).max(2);
        let way = u64::from(self.width - width);
        let left = u32::try_from(frame * way / 120 % way.max(1)).unwrap_or_default();
        self.fill(planes, (left, left + width), (self.height * 2 / 5, self.height), 200);
    }

    fn fill(&self, planes: &mut [u8], (left, right): (u32, u32), (top, bottom): (u32, u32), luma: u8) {
        for row in top..bottom {
            let start = (row * self.width) as usize;
            planes[start + left as usize..start + right as usize].fill(luma);
        }
    }
}

/// From where to where the `n`th of `parts` reaches.
fn edges(n: u32, parts: u32, side: u32) -> (u32, u32) {
    (n * side / parts, (n + 1) * side / parts)
}

#[allow(clippy::cast_possible_truncation)] // all values stay below 256
fn ground(width: u32, height: u32) -> Vec<u8> {
    let mut planes = Vec::with_capacity(Picture::bytes_of(width, height).unwrap_or_default());
    for y in 0..height {
        planes.extend((0..width).map(|x| (60 + 60 * x / width + 40 * y / height) as u8));
    }
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    for y in 0..half_height {
        planes
            .extend((0..half_width).map(|x| if y < half_height / 3 { 128 } else { (100 + 60 * x / half_width) as u8 }));
    }
    for y in 0..half_height {
        planes.extend(
            (0..half_width).map(|_| if y < half_height / 3 { 128 } else { (100 + 40 * y / half_height) as u8 }),
        );
    }
    planes
}

/// Reads the barcode; `None` when there is none or the check sum does not fit.
#[must_use]
pub fn read(picture: &Picture) -> Option<Barcode> {
    if picture.width() < MIN_WIDTH || picture.height() < MIN_HEIGHT {
        return None;
    }
    let bits = (0..COLUMNS * ROWS).try_fold(0u64, |bits, block| {
        let columns = edges(block % COLUMNS, COLUMNS, picture.width());
        let rows = edges(block / COLUMNS, ROWS_OF_HEIGHT, picture.height());
        let luma = middle(picture, columns, rows);
        (luma.abs_diff(GREY) >= UNSURE).then_some((bits << 1) | u64::from(luma > GREY))
    })?;
    Barcode::from_bits(bits)
}

/// Mean luma of the inner half of a block: its rim suffers from the codec.
fn middle(picture: &Picture, (left, right): (u32, u32), (top, bottom): (u32, u32)) -> u32 {
    let inner = |from: u32, to: u32| from + (to - from) / 4..to - (to - from) / 4;
    let (mut sum, mut count) = (0u32, 0u32);
    for row in inner(top, bottom) {
        for column in inner(left, right) {
            sum += u32::from(picture.y()[(row * picture.width() + column) as usize]);
            count += 1;
        }
    }
    sum / count.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use runde_media::scale::Scaler;
    use runde_media::vpx::{Decoder, Encoder, EncoderConfig};

    #[test]
    fn what_was_drawn_is_read_in_every_size() {
        for (width, height) in [(1280, 720), (320, 180), (641, 361), (160, 90), (40, 48)] {
            let picture = Pattern::new(width, height).draw(16_000, 200_000, Instant::now());
            assert_eq!(read(&picture), Some(Barcode { frame: 16_000, ms: 200_000 }), "{width}x{height}");
        }
        let round = Pattern::new(320, 180).draw(u64::from(FRAMES) + 3, u64::from(MILLISECONDS) + 4, Instant::now());
        assert_eq!(read(&round), Some(Barcode { frame: 3, ms: 4 }));
    }

    #[test]
    fn it_survives_180_lines_at_a_hundred_kilobit() {
        let (pattern, mut scaler) = (Pattern::new(1280, 720), Scaler::new());
        let config =
            EncoderConfig { width: 320, height: 180, bits_per_second: 100_000, fps: 30, error_resilient: false };
        let (mut encoder, mut decoder) = (Encoder::new(config).unwrap(), Decoder::new().unwrap());
        let mut shown = Vec::new();
        for n in 0..120u64 {
            let small = scaler.to_height(&pattern.draw(n, n * 33, Instant::now()), 180);
            let frame = encoder.encode(&small, n as i64 * 3000, false).unwrap();
            let Some(frame) = frame else { continue }; // left out by the rate control
            let picture = decoder.decode(&frame.bytes, Instant::now()).unwrap().unwrap();
            let barcode = read(&picture).unwrap_or_else(|| panic!("picture {n} is unreadable"));
            assert_eq!(barcode, Barcode { frame: n as u32, ms: n as u32 * 33 });
            shown.push(barcode);
        }
        assert!(shown.len() > 60, "{} of 120 pictures", shown.len());
        assert!(shown.windows(2).all(|w| w[1].frames_since(w[0]) > 0));
    }

    #[test]
    fn pictures_without_barcode_say_nothing() {
        let now = Instant::now();
        for luma in [0, 40, 100, 128, 216, 255] {
            assert_eq!(read(&Picture::plain(320, 180, [luma, 128, 128], 0, now)), None, "luma {luma}");
        }
        assert_eq!(read(&Picture::plain(8, 8, [0, 0, 0], 0, now)), None);
    }

    #[test]
    fn one_wrong_block_is_noticed() {
        let bits = Barcode { frame: 77, ms: 88 }.bits();
        for n in 0..40 {
            assert_eq!(Barcode::from_bits(bits ^ (1 << n)), None, "bit {n}");
        }
    }

    #[test]
    fn numbers_are_compared_the_short_way_round() {
        let at = |frame| Barcode { frame, ms: 0 };
        assert_eq!((at(2).frames_since(at(FRAMES - 1)), at(FRAMES - 1).frames_since(at(2))), (3, -3));
    }
}
