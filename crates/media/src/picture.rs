//! One picture as I420, cheap to clone.
//!
//! What it is not: no conversion from or to other pixel formats (cameras and faces do that at their edge).

use std::sync::Arc;
use std::time::Instant;

/// Longest side a picture may have here. Eight times what we send, a quarter of what VP8 can name: larger claims are refused
/// before memory is taken for them.
pub const MAX_SIDE: u32 = 4096;

/// Why a picture could not be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PictureError {
    /// A side is zero or above [`MAX_SIDE`].
    #[error("a picture of {width}x{height} is outside 1..={MAX_SIDE}")]
    Size { width: u32, height: u32 },
    /// The bytes do not fill the planes exactly.
    #[error("an I420 picture needs {needed} bytes, not {given}")]
    Length { needed: usize, given: usize },
}

/// Three planes in one shared allocation: Y (full size), then U and V (each side halved, rounded up), without padding.
#[derive(Clone)]
pub struct Picture {
    width: u32,
    height: u32,
    planes: Arc<[u8]>,
    /// Rises by one with each picture of one source; a reader that sees a lower number than before drops it.
    pub seq: u64,
    /// When it was captured, or, for a received picture, when its last packet arrived.
    pub captured_at: Instant,
}

impl Picture {
    /// Takes over the planes.
    ///
    /// # Errors
    /// [`PictureError`] when the size is out of range or the length does not fit it.
    pub fn new(width: u32, height: u32, planes: Vec<u8>, seq: u64, captured_at: Instant) -> Result<Self, PictureError> {
        let needed = Self::bytes_of(width, height)?;
        if planes.len() != needed {
            return Err(PictureError::Length { needed, given: planes.len() });
        }
        Ok(Self { width, height, planes: planes.into(), seq, captured_at })
    }

    /// One colour all over. `height` and `width` are cut to `1..=MAX_SIDE`.
    #[must_use]
    pub fn plain(width: u32, height: u32, [y, u, v]: [u8; 3], seq: u64, captured_at: Instant) -> Self {
        let (width, height) = (width.clamp(1, MAX_SIDE), height.clamp(1, MAX_SIDE));
        let (luma, chroma) = (luma_bytes(width, height), chroma_bytes(width, height));
        let mut planes = vec![y; luma + 2 * chroma];
        planes[luma..luma + chroma].fill(u);
        planes[luma + chroma..].fill(v);
        Self { width, height, planes: planes.into(), seq, captured_at }
    }

    /// Bytes that all planes of this size take.
    ///
    /// # Errors
    /// [`PictureError::Size`] when a side is zero or above [`MAX_SIDE`].
    pub fn bytes_of(width: u32, height: u32) -> Result<usize, PictureError> {
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
            return Err(PictureError::Size { width, height });
        }
        Ok(luma_bytes(width, height) + 2 * chroma_bytes(width, height))
    }

    /// In pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// In pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Width of the U and the V plane in pixels.
    #[must_use]
    pub fn chroma_width(&self) -> u32 {
        self.width.div_ceil(2)
    }

    /// Height of the U and the V plane in pixels.
    #[must_use]
    pub fn chroma_height(&self) -> u32 {
        self.height.div_ceil(2)
    }

    /// All planes, Y then U then V.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.planes
    }

    /// Luma, one row after the other.
    #[must_use]
    pub fn y(&self) -> &[u8] {
        &self.planes[..luma_bytes(self.width, self.height)]
    }

    /// Blue difference.
    #[must_use]
    pub fn u(&self) -> &[u8] {
        let start = luma_bytes(self.width, self.height);
        &self.planes[start..start + chroma_bytes(self.width, self.height)]
    }

    /// Red difference.
    #[must_use]
    pub fn v(&self) -> &[u8] {
        &self.planes[luma_bytes(self.width, self.height) + chroma_bytes(self.width, self.height)..]
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{} #{})", self.width, self.height, self.seq)
    }
}

fn luma_bytes(width: u32, height: u32) -> usize {
    width as usize * height as usize
}

fn chroma_bytes(width: u32, height: u32) -> usize {
    width.div_ceil(2) as usize * height.div_ceil(2) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_sizes_round_the_colour_planes_up() {
        let picture = Picture::plain(5, 3, [1, 2, 3], 0, Instant::now());
        assert_eq!((picture.y().len(), picture.u().len(), picture.v().len()), (15, 6, 6));
        assert!(picture.u().iter().all(|p| *p == 2) && picture.v().iter().all(|p| *p == 3));
    }

    #[test]
    fn a_wrong_length_or_size_is_named() {
        let at = Instant::now();
        assert_eq!(Picture::new(4, 4, vec![0; 23], 0, at).err(), Some(PictureError::Length { needed: 24, given: 23 }));
        let huge = Picture::new(16383, 16383, Vec::new(), 0, at).err();
        assert_eq!(huge, Some(PictureError::Size { width: 16383, height: 16383 }));
    }
}
