//! What changed since a notice was noted.

use runde_privacy::{Gate, Lang, Notice, Piece, PieceKind, Target, changes};
use runde_profile::{Places, inspect};
use serde_json::json;

use crate::exit::Failure;
use crate::messages::notices as words;
use crate::output;

/// The text in `lang` that was noted for this target last, if the present one is another and that one is still readable.
pub fn earlier(notice: &Notice, target: &Target, lang: Lang) -> Result<Option<String>, Failure> {
    let places = Places::of_user()?;
    let Some(seen) = inspect(&places)? else { return Ok(None) };
    let mut shelf = seen.shelf.clone();
    shelf.put(notice.document());
    let gate = Gate::replay(&seen.acknowledgements).with_shelf(shelf);
    let asks = if target.host() == Target::OWN_ROOM { gate.host_as(notice).err() } else { gate.contact(target).err() };
    let before = asks.and_then(|asks| asks.before(&seen.acknowledgements, &seen.shelf));
    Ok(before.map(|before| before.text(lang)))
}

pub fn show(earlier: Option<&str>, notice: &Notice, json: bool, lang: Lang) {
    let found = earlier.map(|earlier| changes(earlier, &notice.text(lang))).unwrap_or_default();
    if json {
        found.iter().for_each(|change| output::event(&json!({"event": "change", "change": change})));
        return;
    }
    if earlier.is_none() {
        output::print(words::nothing_earlier(lang));
    }
    for change in &found {
        let marks = if change.facts.is_empty() { String::new() } else { format!("[{}] ", change.facts.join(" ")) };
        let text: String = change.pieces.iter().map(piece).collect();
        output::print(&format!("{} {marks}{text}", words::kind(change.kind, lang)));
    }
}

/// As in `git diff --word-diff`.
fn piece(piece: &Piece) -> String {
    match piece.kind {
        PieceKind::Same => piece.text.clone(),
        PieceKind::Old => format!("[-{}-]", piece.text),
        PieceKind::New => format!("{{+{}+}}", piece.text),
    }
}
