//! The German letters.

use super::day::Day;
use super::{Article, Request, Words, details_or_blank};
use crate::lang::Lang;

pub(super) fn words(request: &Request, remind_on: Day) -> Words {
    let mut paragraphs = matter(request);
    paragraphs.extend(known_by(request));
    paragraphs.extend(deadline(request.article, &remind_on.written(Lang::De)));
    Words {
        subject: format!("{}: {}", title(request.article), request.service),
        salutation: "Sehr geehrte Damen und Herren,",
        paragraphs,
        closing: "Mit freundlichen Grüßen",
    }
}

const fn title(article: Article) -> &'static str {
    match article {
        Article::Withdrawal => "Widerruf meiner Einwilligung nach Art. 7 Abs. 3 DSGVO",
        Article::Access => "Auskunft nach Art. 15 DSGVO",
        Article::Rectification => "Berichtigung nach Art. 16 DSGVO",
        Article::Erasure => "Löschung nach Art. 17 DSGVO",
        Article::Restriction => "Einschränkung der Verarbeitung nach Art. 18 DSGVO",
        Article::Portability => "Herausgabe meiner Daten nach Art. 20 DSGVO",
        Article::Objection => "Widerspruch nach Art. 21 DSGVO",
        Article::Complaint => "Beschwerde nach Art. 77 DSGVO",
    }
}

fn matter(request: &Request) -> Vec<String> {
    let service = &request.service;
    match request.article {
        Article::Withdrawal => vec![
            format!("hiermit widerrufe ich für die Zukunft jede Einwilligung in die Verarbeitung meiner Daten, die ich Ihnen bei der Benutzung von {service} gegeben habe."),
            "Beenden Sie die Verarbeitung, die darauf beruht, und löschen Sie die betroffenen Daten (Art. 17 Abs. 1 Buchst. b DSGVO). Bestätigen Sie mir beides.".to_owned(),
        ],
        Article::Access => vec![
            format!("ich habe {service} benutzt. Teilen Sie mir mit, ob Sie Daten über mich verarbeiten. Wenn ja, nennen Sie mir diese Daten und überlassen Sie mir eine Kopie davon (Art. 15 Abs. 1 und 3 DSGVO)."),
            "Nennen Sie mir außerdem die Zwecke, die Arten der Daten, alle Empfänger, die Dauer der Speicherung oder wonach sie sich richtet, die Herkunft der Daten und ob automatisch über mich entschieden wird. Gehen Daten in ein Land außerhalb der Europäischen Union, nennen Sie mir auch die Garantien dafür (Art. 15 Abs. 2 DSGVO).".to_owned(),
        ],
        Article::Rectification => vec![
            format!("Daten, die Sie aus der Benutzung von {service} über mich gespeichert haben, sind falsch oder unvollständig. Berichtigen oder ergänzen Sie sie ohne Verzögerung. Richtig ist:"),
            details_or_blank(request),
            "Teilen Sie die Berichtigung allen mit, denen Sie diese Daten gegeben haben (Art. 19 DSGVO).".to_owned(),
        ],
        Article::Erasure => vec![
            format!("löschen Sie ohne Verzögerung alle Daten, die Sie aus der Benutzung von {service} über mich gespeichert haben, und bestätigen Sie mir das (Art. 17 Abs. 1 DSGVO). Teilen Sie die Löschung allen mit, denen Sie diese Daten gegeben haben (Art. 19 DSGVO)."),
            "Verpflichtet ein Gesetz Sie, einzelne Daten aufzubewahren, nennen Sie mir die Daten und das Gesetz und verwenden Sie sie für nichts anderes.".to_owned(),
        ],
        Article::Restriction => vec![
            format!("schränken Sie die Verarbeitung der Daten ein, die Sie aus der Benutzung von {service} über mich gespeichert haben (Art. 18 Abs. 1 DSGVO). Mein Grund:"),
            details_or_blank(request),
            "Unterrichten Sie mich, bevor Sie die Einschränkung wieder aufheben (Art. 18 Abs. 3 DSGVO).".to_owned(),
        ],
        Article::Portability => vec![
            format!("ich habe Ihnen bei der Benutzung von {service} Daten bereitgestellt. Soweit Sie sie auf Grund meiner Einwilligung oder eines Vertrages automatisiert verarbeiten, überlassen Sie mir diese Daten in einem strukturierten, gängigen und maschinenlesbaren Format (Art. 20 Abs. 1 DSGVO)."),
        ],
        Article::Objection => vec![
            format!("ich widerspreche der Verarbeitung meiner Daten bei der Benutzung von {service}, soweit Sie sie auf Art. 6 Abs. 1 Buchst. e oder f DSGVO stützen. Gründe, die sich aus meiner besonderen Situation ergeben (Art. 21 Abs. 1 DSGVO):"),
            details_or_blank(request),
            "Verarbeiten Sie meine Daten nicht mehr. Solange nicht feststeht, ob Ihre Gründe überwiegen, schränken Sie die Verarbeitung ein (Art. 18 Abs. 1 Buchst. d DSGVO). Die Daten, denen mein Widerspruch gilt, löschen Sie (Art. 17 Abs. 1 Buchst. c DSGVO). Bestätigen Sie mir das.".to_owned(),
        ],
        Article::Complaint => complaint(request),
    }
}

fn complaint(request: &Request) -> Vec<String> {
    let service = &request.service;
    let about = if request.controller.is_empty() {
        format!("über den Betreiber von {service}, dessen Name und Anschrift mir nicht bekannt sind")
    } else {
        format!("über {}, verantwortlich für {service}", request.controller.join(", "))
    };
    vec![
        format!("ich beschwere mich {about}. Nach meiner Ansicht verstößt die Verarbeitung meiner Daten dort gegen die DSGVO. Geschehen ist Folgendes:"),
        details_or_blank(request),
        "Hatte ich dort zuvor ein Recht geltend gemacht, so wäre nach Art. 12 Abs. 3 DSGVO innerhalb eines Monats zu antworten gewesen. Ich bitte Sie, die Sache zu prüfen und mich über Stand und Ergebnis zu unterrichten (Art. 77 Abs. 2 DSGVO).".to_owned(),
    ]
}

/// Letters whose matter has no place for details say there by what the writer is known.
fn known_by(request: &Request) -> Option<String> {
    match request.article {
        Article::Withdrawal | Article::Access | Article::Erasure | Article::Portability => {
            request.details.as_ref().map(|details| format!("Damit Sie mich zuordnen können: {details}"))
        }
        Article::Rectification | Article::Restriction | Article::Objection | Article::Complaint => None,
    }
}

fn deadline(article: Article, remind_on: &str) -> Vec<String> {
    if article == Article::Complaint {
        return vec![format!(
            "Nach drei Monaten ohne Nachricht steht mir der Rechtsweg offen (Art. 78 Abs. 2 DSGVO); ich habe mir dafür den {remind_on} vorgemerkt."
        )];
    }
    vec![
        format!("Unterrichten Sie mich innerhalb eines Monats nach Eingang dieses Briefes über das, was Sie unternommen haben (Art. 12 Abs. 3 DSGVO). Ich habe mir dafür den {remind_on} vorgemerkt; bleibt eine Antwort aus, wende ich mich an eine Aufsichtsbehörde (Art. 77 DSGVO)."),
        "Bitte antworten Sie mir per Post. Genügen Ihnen meine Angaben nicht, um mich zuzuordnen, schreiben Sie mir, was Ihnen fehlt (Art. 12 Abs. 6 DSGVO).".to_owned(),
    ]
}
