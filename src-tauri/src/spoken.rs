//! A certificate's fingerprint as words that two people can read to each other.
//!
//! The words are German in every language of the window: whoever invites and whoever joins must see the same ones. Each stands for
//! one byte. Eight of them are 64 bits: somebody in between would have to try as many certificates before the call as nobody can in
//! the lifetime of a room. The whole fingerprint is in the link and is checked by the program; the words are for links that came by a
//! way one does not trust.

/// How many words are shown, one for each of the first bytes.
const SHOWN: usize = 8;

/// The words for a fingerprint of hexadecimal digits; fewer where it is shorter.
pub fn words(hex: &str) -> Vec<String> {
    let pairs = (0..hex.len()).step_by(2).filter_map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok());
    pairs.take(SHOWN).map(|byte| WORDS[usize::from(byte)].to_owned()).collect()
}

/// Nouns that differ in at least two letters from every other one, so that a word misheard is a word that does not fit.
#[rustfmt::skip]
const WORDS: [&str; 256] = [
    "Abend", "Adler", "Affe", "Ahorn", "Album", "Ameise", "Amsel", "Anker", "Anorak", "Antenne", "Apfel", "Arbeit",
    "Archiv", "Arena", "Atlas", "Auge", "Auto", "Balkon", "Banane", "Basilikum", "Batterie", "Bauch", "Bauer", "Becher",
    "Beere", "Beton", "Beutel", "Biber", "Biene", "Bleistift", "Blume", "Bohne", "Brille", "Brise", "Brot", "Brücke",
    "Bruder", "Brunnen", "Buche", "Burg", "Butter", "Cello", "Champignon", "Clown", "Comic", "Creme", "Dachs", "Dackel",
    "Dampf", "Delfin", "Diele", "Distel", "Dorf", "Drache", "Dreieck", "Echo", "Edelstein", "Efeu", "Eiche", "Eimer",
    "Eisbär", "Elch", "Elefant", "Elster", "Ente", "Erbse", "Erde", "Esel", "Etage", "Eule", "Fabrik", "Faden", "Fahne",
    "Falke", "Familie", "Farbe", "Felsen", "Fenster", "Feuer", "Finger", "Fjord", "Flagge", "Flasche", "Fliege",
    "Flöte", "Flügel", "Forelle", "Frosch", "Fuchs", "Gans", "Garten", "Gebirge", "Geige", "Geist", "Gemüse",
    "Gewitter", "Giraffe", "Gitarre", "Glocke", "Gold", "Granit", "Gras", "Gurke", "Gürtel", "Hafen", "Hammer", "Hecke",
    "Hemd", "Herbst", "Himmel", "Hirsch", "Honig", "Hose", "Hotel", "Hügel", "Hund", "Igel", "Ingwer", "Iris", "Jacke",
    "Jahr", "Juli", "Juwel", "Kaffee", "Kaktus", "Kamel", "Kanne", "Kapitän", "Karte", "Käse", "Kastanie", "Kater",
    "Kerze", "Kette", "Kirsche", "Kissen", "Klavier", "Klee", "Knopf", "Koffer", "Kohle", "Komet", "Kompass", "König",
    "Korb", "Krokodil", "Krone", "Kuchen", "Kugel", "Kürbis", "Küste", "Lampe", "Laub", "Leiter", "Lerche", "Licht",
    "Linde", "Löffel", "Löwe", "Magnet", "Mantel", "Markt", "Marmor", "Maus", "Melone", "Mond", "Moos", "Morgen",
    "Mühle", "Münze", "Muschel", "Nadel", "Nebel", "Nelke", "Nest", "Nuss", "Ofen", "Olive", "Onkel", "Orgel", "Ozean",
    "Palme", "Panda", "Papier", "Pappel", "Park", "Pfanne", "Pfeffer", "Pferd", "Pilz", "Pinsel", "Planet", "Prinz",
    "Pudel", "Quelle", "Radio", "Rahmen", "Rakete", "Regal", "Regen", "Reis", "Ring", "Robbe", "Rübe", "Salat", "Salz",
    "Samt", "Sattel", "Säule", "Schaf", "Schere", "Schiff", "Schlitten", "Schnee", "Schule", "Schwan", "Segel", "Seife",
    "Sessel", "Silber", "Socke", "Sofa", "Sommer", "Sonne", "Spaten", "Spiegel", "Spinne", "Stern", "Stiefel", "Storch",
    "Strand", "Tafel", "Tasse", "Taube", "Teller", "Tiger", "Tinte", "Tisch", "Tomate", "Trommel", "Tulpe", "Turm",
    "Ufer", "Vase", "Veilchen", "Vogel", "Vulkan", "Waffel", "Wald", "Walnuss", "Wasser", "Welle", "Wiese", "Winter",
    "Wolke", "Zebra",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Levenshtein's distance, by letters.
    fn distance(one: &str, other: &str) -> usize {
        let other: Vec<char> = other.to_lowercase().chars().collect();
        let mut row: Vec<usize> = (0..=other.len()).collect();
        for (i, a) in one.to_lowercase().chars().enumerate() {
            let mut diagonal = std::mem::replace(&mut row[0], i + 1);
            for (j, b) in other.iter().enumerate() {
                let changed = diagonal + usize::from(a != *b);
                diagonal = row[j + 1];
                row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
            }
        }
        row[other.len()]
    }

    #[test]
    fn no_two_words_can_be_taken_for_each_other() {
        for (at, word) in WORDS.iter().enumerate() {
            assert!(word.chars().all(char::is_alphabetic) && (4..=11).contains(&word.chars().count()), "{word}");
            for other in &WORDS[..at] {
                assert!(distance(word, other) >= 2, "{word} {other}");
            }
        }
    }

    #[test]
    fn each_byte_is_a_word_and_eight_are_shown() {
        let hex = "00ff".repeat(16);
        let said = words(&hex);
        assert_eq!(said.len(), SHOWN);
        assert_eq!((said[0].as_str(), said[1].as_str()), (WORDS[0], WORDS[255]));
        assert!(words("").is_empty() && words("zz").is_empty());
    }
}
