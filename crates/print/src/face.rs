//! The bundled font: its file for drawing, its measures for breaking lines.

use krilla::text::Font;

use crate::PrintError;

const REGULAR: &[u8] = include_bytes!("../fonts/LiberationSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/LiberationSans-Bold.ttf");

pub struct Face {
    pub font: Font,
    measures: ttf_parser::Face<'static>,
}

impl Face {
    pub fn regular() -> Result<Self, PrintError> {
        Self::read(REGULAR)
    }

    pub fn bold() -> Result<Self, PrintError> {
        Self::read(BOLD)
    }

    fn read(bytes: &'static [u8]) -> Result<Self, PrintError> {
        let measures = ttf_parser::Face::parse(bytes, 0).map_err(|why| PrintError::Pdf(why.to_string()))?;
        let font = Font::new(bytes.into(), 0).ok_or_else(|| PrintError::Pdf("the font is damaged".to_owned()))?;
        Ok(Self { font, measures })
    }

    /// In millimetres, at `size` points. Kerning would make it a little narrower.
    pub fn width(&self, text: &str, size: f32) -> Result<f32, PrintError> {
        let mut units = 0.0;
        for letter in text.chars() {
            let glyph = self.measures.glyph_index(letter).ok_or(PrintError::Glyph(letter))?;
            units += f32::from(self.measures.glyph_hor_advance(glyph).unwrap_or_default());
        }
        Ok(units / f32::from(self.measures.units_per_em()) * size * 25.4 / 72.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_of_german_and_its_neighbours_are_there() {
        let face = Face::regular().unwrap();
        for letters in ["ÄÖÜäöüß§×„“–…€ẞ", "ąćęłńóśźż ČŠŽđ şğıİ ñçãõ ŐŰ ёжй Ωλ"]
        {
            assert!(face.width(letters, 10.0).unwrap() > 0.0, "{letters}");
        }
        assert!(matches!(face.width("日", 10.0), Err(PrintError::Glyph('日'))));
    }

    #[test]
    fn a_line_of_type_is_as_wide_as_its_letters() {
        let face = Face::regular().unwrap();
        let (one, ten) = (face.width("n", 10.0).unwrap(), face.width("nnnnnnnnnn", 10.0).unwrap());
        assert!((ten - 10.0 * one).abs() < 0.01 && one > 1.5 && one < 2.5, "{one} mm");
    }
}
