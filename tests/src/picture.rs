//! Pictures that can be recognised again: reads a Y4M file and the barcode in each picture.

use crate::Outcome;
use runde_devices::pattern;
use runde_media::Picture;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::Instant;

/// Size of a Y4M file (4:2:0), and the frame numbers of its readable pictures in order.
pub struct Film {
    pub width: usize,
    pub height: usize,
    pub numbers: Vec<u32>,
}

impl Film {
    /// Reads one picture after the other: a minute of 720 lines is two gigabytes.
    pub fn read(path: &Path) -> Outcome<Self> {
        let mut file = BufReader::new(File::open(path)?);
        let mut header = String::new();
        file.read_line(&mut header)?;
        let field = |letter: char| -> Option<usize> {
            header.trim_end().split(' ').find_map(|word| word.strip_prefix(letter)?.parse().ok())
        };
        let (width, height) = (field('W').ok_or("no width")?, field('H').ok_or("no height")?);
        let mut planes = vec![0; width * height + 2 * width.div_ceil(2) * height.div_ceil(2)];
        let (mut numbers, mut line) = (Vec::new(), Vec::new());
        // The last picture may be cut off: its writer was ended.
        while file.read_until(b'\n', &mut line)? > 0 && file.read_exact(&mut planes).is_ok() {
            numbers.extend(number(width, height, &planes));
            line.clear();
        }
        Ok(Self { width, height, numbers })
    }
}

/// The frame number in a picture's barcode; `None` when the picture was damaged on the way.
pub fn number(width: usize, height: usize, planes: &[u8]) -> Option<u32> {
    let size = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    let picture = Picture::new(size.0, size.1, planes.to_vec(), 0, Instant::now()).ok()?;
    pattern::read(&picture).map(|barcode| barcode.frame)
}

/// Which share of neighbouring dots below the barcode differs sharply, 0 to 1. The pattern is a smooth slope there, with the two
/// edges of its bar (0.01); what a decoder makes of missing pictures is a mosaic (0.39 was seen), in which the barcode can still be read.
pub fn roughness(shot: &Value) -> Option<f64> {
    const STEP: u8 = 24;
    let (width, height, digits) = (shot[0].as_u64()?, shot[1].as_u64()?, shot[2].as_str()?);
    let (width, height) = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
    let dots = hex::decode(digits).ok()?;
    // The middle of the lower half: round corners, the name and the ring are left out.
    let rows = dots.chunks_exact(width).take(height).skip(height * 4 / 9).take(height * 4 / 9);
    let pairs: Vec<bool> = rows
        .flat_map(|row| row[width / 16..width * 15 / 16].windows(2).map(|pair| pair[0].abs_diff(pair[1]) > STEP))
        .collect();
    let sharp = pairs.iter().filter(|sharp| **sharp).count();
    (!pairs.is_empty()).then(|| sharp as f64 / pairs.len() as f64)
}

/// The frame number in what a page's script says a picture looks like: `[width, height, luma in hexadecimal digits]`.
pub fn number_of_shot(shot: &Value) -> Option<u32> {
    let (width, height, digits) = (shot[0].as_u64()?, shot[1].as_u64()?, shot[2].as_str()?);
    let (width, height) = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
    let mut planes = hex::decode(digits).ok()?;
    planes.resize(width * height * 3 / 2, 128);
    number(width, height, &planes)
}
