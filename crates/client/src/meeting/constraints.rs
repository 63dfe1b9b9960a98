//! Who wants to see what: our wishes to the bridge, and the bridge's to us.
//!
//! Pure. [`Wishes`] becomes `ReceiverVideoConstraints`; [`lines_to_send`] reads `SenderSourceConstraints`
//! (jitsi.md 5.2).

use std::collections::BTreeMap;

use crate::options::{LAYERS, Tile};

/// Tiles that one message may name. No screen shows more; the message must stay far below a frame's limit.
const MAX_TILES: usize = 200;

/// Lines of the layers, smallest first.
const LAYER_LINES: [u32; LAYERS] = [180, 360, 720];

/// Wanted and not limited.
const UNLIMITED: i32 = -1;

/// What the faces want to see.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    /// `None` until a face tells its tiles.
    tiles: Option<Vec<Tile>>,
    default_height: u32,
}

/// The content of one `ReceiverVideoConstraints`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Constraints {
    pub(crate) on_stage: Vec<String>,
    /// Lines for everything not named: 0 is off, -1 unlimited.
    pub(crate) default_height: i32,
    pub(crate) heights: BTreeMap<String, i32>,
}

impl Wishes {
    pub(crate) fn new(default_height: u32) -> Self {
        Self { tiles: None, default_height }
    }

    /// Takes the complete list of tiles; true when that changes what is asked for.
    pub(crate) fn set(&mut self, mut tiles: Vec<Tile>) -> bool {
        tiles.truncate(MAX_TILES);
        let before = self.constraints();
        self.tiles = Some(tiles);
        self.constraints() != before
    }

    /// The tiles as they were told last.
    pub(crate) fn tiles(&self) -> Option<&[Tile]> {
        self.tiles.as_deref()
    }

    pub(crate) fn constraints(&self) -> Constraints {
        let Some(tiles) = &self.tiles else {
            return Constraints {
                on_stage: Vec::new(),
                default_height: lines(self.default_height),
                heights: BTreeMap::new(),
            };
        };
        Constraints {
            on_stage: stage(tiles).into_iter().collect(),
            default_height: 0,
            heights: tiles.iter().map(|tile| (tile.source.clone(), lines(tile.height))).collect(),
        }
    }
}

/// A tile of 200 lines deserves the 360 lines picture, not the 180 lines one blown up; above the largest layer there
/// is no limit worth naming.
fn lines(height: u32) -> i32 {
    if height == 0 {
        return 0;
    }
    let layer = LAYER_LINES.iter().find(|lines| height <= **lines);
    layer.and_then(|lines| i32::try_from(*lines).ok()).unwrap_or(UNLIMITED)
}

/// The one tile that is larger than all others, which the bridge then serves first.
fn stage(tiles: &[Tile]) -> Option<String> {
    let tallest = tiles.iter().max_by_key(|tile| tile.height)?;
    let rivals = tiles.iter().filter(|tile| tile.height == tallest.height).count();
    (rivals == 1 && tallest.height > 0).then(|| tallest.source.clone())
}

/// The most lines worth encoding when the bridge's receivers want `max_height`: 0 none, negative unlimited.
pub(crate) fn lines_to_send(max_height: i32) -> u32 {
    u32::try_from(max_height).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(source: &str, height: u32) -> Tile {
        Tile { source: source.to_owned(), height }
    }

    #[test]
    fn before_a_face_speaks_everything_is_wanted_at_the_default() {
        let constraints = Wishes::new(360).constraints();
        assert_eq!((constraints.default_height, constraints.heights.len()), (360, 0));
    }

    #[test]
    fn tiles_ask_for_the_layer_that_fills_them_and_nothing_else_is_sent() {
        let mut wishes = Wishes::new(720);
        assert!(wishes.set(vec![tile("a-v0", 200), tile("b-v0", 180), tile("c-v0", 1080), tile("d-v0", 0)]));
        let constraints = wishes.constraints();
        assert_eq!(constraints.default_height, 0);
        let heights: Vec<_> = constraints.heights.into_values().collect();
        assert_eq!(heights, [360, 180, -1, 0]);
        assert_eq!(constraints.on_stage, ["c-v0"]);
    }

    #[test]
    fn equal_tiles_have_no_stage() {
        let mut wishes = Wishes::new(720);
        wishes.set(vec![tile("a-v0", 360), tile("b-v0", 360)]);
        assert!(wishes.constraints().on_stage.is_empty());
    }

    #[test]
    fn a_window_that_grows_by_a_few_pixels_asks_for_nothing_new() {
        let mut wishes = Wishes::new(720);
        assert!(wishes.set(vec![tile("a-v0", 300)]));
        assert!(!wishes.set(vec![tile("a-v0", 310)]));
        assert!(wishes.set(vec![tile("a-v0", 400)]));
    }

    #[test]
    fn endless_tiles_are_cut() {
        let mut wishes = Wishes::new(720);
        wishes.set((0..MAX_TILES + 9).map(|n| tile(&format!("{n}-v0"), 180)).collect());
        assert_eq!(wishes.constraints().heights.len(), MAX_TILES);
    }

    #[test]
    fn the_bridge_says_how_many_lines_are_worth_sending() {
        assert_eq!([0, 180, 2160].map(lines_to_send), [0, 180, 2160]);
        assert_eq!(lines_to_send(-1), u32::MAX, "a negative number is no limit");
    }
}
