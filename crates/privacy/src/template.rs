//! Texts with conditional lines and blanks, by which facts that a record leaves out leave their statements out, too.

use std::collections::BTreeMap;

/// The lines of `template` that stay, with their blanks filled, without white space at the end. A line that begins with
/// `?word ` stays where the word is true, one with `!word ` where it is not.
pub(crate) fn filled(template: &str, is: impl Fn(&str) -> bool, blanks: &BTreeMap<&'static str, String>) -> String {
    let kept: Vec<&str> = template.lines().filter_map(|line| keeps(line, &is)).collect();
    fill(kept.join("\n").trim_end(), blanks)
}

fn keeps<'a>(line: &'a str, is: &impl Fn(&str) -> bool) -> Option<&'a str> {
    let Some((word, rest)) = line.split_once(' ') else { return Some(line) };
    let wanted = match word.split_at_checked(1) {
        Some(("?", word)) => is(word),
        Some(("!", word)) => !is(word),
        Some(_) | None => return Some(line),
    };
    wanted.then_some(rest)
}

/// Fills each `{blank}` once, so that braces in somebody's words stay what they are.
fn fill(template: &str, blanks: &BTreeMap<&'static str, String>) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = after.split_once('}').and_then(|(name, after)| Some((blanks.get(name)?, after)));
        match known {
            Some((words, after)) => {
                filled.push_str(words);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_by_their_word_and_blanks_are_filled_once() {
        let blanks = BTreeMap::from([("a", "{b}".to_owned()), ("b", "x".to_owned())]);
        let text = filled("?yes one {a}\n?no two\n!no three {b} {c} {\nfour\n\n", |word| word == "yes", &blanks);
        assert_eq!(text, "one {b}\nthree x {c} {\nfour");
    }
}
