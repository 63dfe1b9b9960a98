//! What changed between two versions of a notice, statement by statement and, inside one, word by word.
//!
//! Statements are matched by their section and the facts they name, so a moved or reworded sentence is told as changed and
//! not as gone and new. Text without marks is matched line by line.

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use crate::notice::{Point, Section, sections_of};

/// Words of one statement that are compared one by one; a longer one is replaced as a whole, since comparing costs more the
/// longer it is and nobody reads such a difference.
const MAX_COMPARED: usize = 4_000;

/// One statement that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Id of its section, such as `processing`.
    pub section: String,
    /// Ids of the facts it states; empty in a text without marks.
    pub facts: Vec<String>,
    pub kind: ChangeKind,
    /// The statement in pieces, in reading order.
    pub pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    Added,
    Removed,
    Reworded,
}

/// Words that stayed, went or came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    pub kind: PieceKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PieceKind {
    Same,
    Old,
    New,
}

/// Every difference, in the order of the new text; what was removed follows at the end of its section, sections that are gone last.
#[must_use]
pub fn changes(old: &str, new: &str) -> Vec<Change> {
    let (old, new) = (statements(&sections_of(old)), statements(&sections_of(new)));
    let mut left: Vec<Option<&Statement>> = old.iter().map(Some).collect();
    let mut found = Vec::new();
    for (at, statement) in new.iter().enumerate() {
        match take(&mut left, statement) {
            Some(before) if before.point.text == statement.point.text => {}
            Some(before) => found.push(reworded(before, statement)),
            None => found.push(whole(statement, ChangeKind::Added)),
        }
        if new.get(at + 1).is_none_or(|next| next.section != statement.section) {
            found.extend(removed(&mut left, |gone| gone.section == statement.section));
        }
    }
    found.extend(removed(&mut left, |_| true));
    found
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    section: String,
    point: Point,
}

fn statements(sections: &[Section]) -> Vec<Statement> {
    let points = sections.iter().flat_map(|section| {
        section.points.iter().map(|point| Statement { section: section.id.clone(), point: point.clone() })
    });
    points.collect()
}

/// Takes the statement out of `left` that this one was: the same words anywhere, else the same facts in the same section.
fn take<'a>(left: &mut [Option<&'a Statement>], new: &Statement) -> Option<&'a Statement> {
    let same = |old: &Statement| old.point == new.point && old.section == new.section;
    let about = |old: &Statement| {
        !new.point.facts.is_empty() && old.point.facts == new.point.facts && old.section == new.section
    };
    let at = left
        .iter()
        .position(|old| old.is_some_and(same))
        .or_else(|| left.iter().position(|old| old.is_some_and(about)))?;
    left.get_mut(at)?.take()
}

fn removed(left: &mut [Option<&Statement>], gone: impl Fn(&Statement) -> bool) -> Vec<Change> {
    let taken = left.iter_mut().filter(|old| old.is_some_and(&gone)).filter_map(Option::take);
    taken.map(|old| whole(old, ChangeKind::Removed)).collect()
}

fn whole(statement: &Statement, kind: ChangeKind) -> Change {
    let piece = if kind == ChangeKind::Removed { PieceKind::Old } else { PieceKind::New };
    change(statement, kind, vec![Piece { kind: piece, text: statement.point.text.clone() }])
}

fn reworded(old: &Statement, new: &Statement) -> Change {
    let (before, after) = (&old.point.text, &new.point.text);
    let count = |text: &str| text.split_whitespace().count();
    if count(before) + count(after) > MAX_COMPARED {
        let pieces = [(PieceKind::Old, before), (PieceKind::New, after)];
        let pieces = pieces.map(|(kind, text)| Piece { kind, text: text.clone() });
        return change(new, ChangeKind::Reworded, pieces.into());
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for word in TextDiff::from_words(before.as_str(), after.as_str()).iter_all_changes() {
        let kind = match word.tag() {
            ChangeTag::Equal => PieceKind::Same,
            ChangeTag::Delete => PieceKind::Old,
            ChangeTag::Insert => PieceKind::New,
        };
        match pieces.last_mut() {
            Some(last) if last.kind == kind => last.text.push_str(word.value()),
            Some(_) | None => pieces.push(Piece { kind, text: word.value().to_owned() }),
        }
    }
    change(new, ChangeKind::Reworded, pieces)
}

fn change(statement: &Statement, kind: ChangeKind, pieces: Vec<Piece>) -> Change {
    Change { section: statement.section.clone(), facts: statement.point.facts.clone(), kind, pieces }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::Retention;
    use crate::{Lang, Notice};

    fn said(change: &Change) -> String {
        let piece = |piece: &Piece| match piece.kind {
            PieceKind::Same => piece.text.clone(),
            PieceKind::Old => format!("[-{}-]", piece.text),
            PieceKind::New => format!("[+{}+]", piece.text),
        };
        let text: String = change.pieces.iter().map(piece).collect();
        format!("{:?} {} {}: {text}", change.kind, change.section, change.facts.join(" "))
    }

    const OLD: &str =
        "# T\n\nx\n\n## A [a]\n- [X1] We keep it for two weeks.\n- [X2] Nothing else.\n\n## B [b]\n- [X3] Gone soon.\n";

    #[test]
    fn a_text_does_not_differ_from_itself() {
        for lang in Lang::ALL {
            let text = Notice::meet_jit_si().text(lang);
            assert_eq!(changes(&text, &text), []);
        }
    }

    #[test]
    fn changed_words_are_marked_inside_the_statement_and_whole_ones_as_new_or_gone() {
        let new =
            OLD.replace("two weeks", "eight weeks").replace("## B [b]\n- [X3] Gone soon.\n", "- [X4] We sell it.\n");
        let found: Vec<_> = changes(OLD, &new).iter().map(said).collect();
        assert_eq!(
            found,
            [
                "Reworded a X1: We keep it for [-two-][+eight+] weeks.",
                "Added a X4: [+We sell it.+]",
                "Removed b X3: [-Gone soon.-]"
            ]
        );
    }

    #[test]
    fn a_longer_retention_is_told_with_its_number() {
        let text = |days| Notice::embedded_room_with_log(Retention::of_days(days).unwrap()).text(Lang::En);
        let found = changes(&text(14), &text(28));
        assert!(found.iter().all(|change| change.facts.contains(&"E18".to_owned())), "{found:?}");
        assert!(said(&found[0]).contains("[-14-][+28+]"), "{}", said(&found[0]));
    }

    #[test]
    fn a_text_without_marks_is_compared_line_by_line() {
        let found: Vec<_> = changes("One.\nTwo.\n", "One.\nThree.\n").iter().map(said).collect();
        assert_eq!(found, ["Added text : [+Three.+]", "Removed text : [-Two.-]"]);
    }

    #[test]
    fn a_giant_statement_is_replaced_as_a_whole() {
        let text = |word: &str| format!("## A [a]\n- [X1] {}\n", format!("{word} ").repeat(MAX_COMPARED));
        let found = changes(&text("a"), &text("b"));
        assert_eq!((found.len(), found[0].pieces.len()), (1, 2));
    }
}
