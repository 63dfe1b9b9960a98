//! Pictures that can be recognised again: reads a Y4M file and the barcode in each picture.

use crate::Outcome;
use runde_devices::pattern;
use runde_media::Picture;
use std::path::Path;
use std::time::Instant;

/// Size and planes of a Y4M file (4:2:0).
pub struct Film {
    pub width: usize,
    pub height: usize,
    pub pictures: Vec<Vec<u8>>,
}

impl Film {
    pub fn read(path: &Path) -> Outcome<Self> {
        let bytes = std::fs::read(path)?;
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or("no header")?;
        let header = std::str::from_utf8(&bytes[..end])?;
        let field = |letter: char| -> Option<usize> {
            header.split(' ').find_map(|word| word.strip_prefix(letter)?.parse().ok())
        };
        let (width, height) = (field('W').ok_or("no width")?, field('H').ok_or("no height")?);
        let size = width * height + 2 * width.div_ceil(2) * height.div_ceil(2);
        let mut pictures = Vec::new();
        let mut rest = &bytes[end + 1..];
        while let Some(line) = rest.iter().position(|byte| *byte == b'\n') {
            let Some(picture) = rest.get(line + 1..line + 1 + size) else { break };
            pictures.push(picture.to_vec());
            rest = &rest[line + 1 + size..];
        }
        Ok(Self { width, height, pictures })
    }
}

/// The frame number in a picture's barcode; `None` when the picture was damaged on the way.
pub fn number(width: usize, height: usize, planes: &[u8]) -> Option<u32> {
    let size = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    let picture = Picture::new(size.0, size.1, planes.to_vec(), 0, Instant::now()).ok()?;
    pattern::read(&picture).map(|barcode| barcode.frame)
}
