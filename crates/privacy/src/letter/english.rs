//! The English letters.

use super::day::Day;
use super::{Article, Request, Words, details_or_blank};
use crate::lang::Lang;

pub(super) fn words(request: &Request, remind_on: Day) -> Words {
    let mut paragraphs = matter(request);
    paragraphs.extend(known_by(request));
    paragraphs.extend(deadline(request.article, &remind_on.written(Lang::En)));
    Words {
        subject: format!("{}: {}", title(request.article), request.service),
        salutation: "Dear Sir or Madam,",
        paragraphs,
        closing: "Yours faithfully,",
    }
}

const fn title(article: Article) -> &'static str {
    match article {
        Article::Withdrawal => "Withdrawal of my consent under Art. 7(3) GDPR",
        Article::Access => "Access under Art. 15 GDPR",
        Article::Rectification => "Rectification under Art. 16 GDPR",
        Article::Erasure => "Erasure under Art. 17 GDPR",
        Article::Restriction => "Restriction of processing under Art. 18 GDPR",
        Article::Portability => "Handing over of my data under Art. 20 GDPR",
        Article::Objection => "Objection under Art. 21 GDPR",
        Article::Complaint => "Complaint under Art. 77 GDPR",
    }
}

fn matter(request: &Request) -> Vec<String> {
    let service = &request.service;
    match request.article {
        Article::Withdrawal => vec![
            format!("I hereby withdraw, for the future, every consent to the processing of my data that I gave you while using {service}."),
            "Please end the processing that rests on it and erase the data concerned (Art. 17(1)(b) GDPR). Confirm both to me.".to_owned(),
        ],
        Article::Access => vec![
            format!("I have used {service}. Please tell me whether you process data about me. If so, name these data and give me a copy of them (Art. 15(1) and (3) GDPR)."),
            "Please also name the purposes, the kinds of data, all recipients, how long the data are stored or what decides that, where they come from, and whether decisions about me are made automatically. If data go to a country outside the European Union, name the safeguards as well (Art. 15(2) GDPR).".to_owned(),
        ],
        Article::Rectification => vec![
            format!("Data that you stored about me from the use of {service} are wrong or incomplete. Please correct or complete them without delay. Correct is:"),
            details_or_blank(request),
            "Please tell the correction to everybody to whom you gave these data (Art. 19 GDPR).".to_owned(),
        ],
        Article::Erasure => vec![
            format!("Please erase without delay all data that you stored about me from the use of {service}, and confirm that to me (Art. 17(1) GDPR). Tell the erasure to everybody to whom you gave these data (Art. 19 GDPR)."),
            "If a law obliges you to keep some of the data, name these data and the law, and use them for nothing else.".to_owned(),
        ],
        Article::Restriction => vec![
            format!("Please restrict the processing of the data that you stored about me from the use of {service} (Art. 18(1) GDPR). My reason:"),
            details_or_blank(request),
            "Please inform me before you lift the restriction (Art. 18(3) GDPR).".to_owned(),
        ],
        Article::Portability => vec![
            format!("I provided data to you while using {service}. As far as you process them automatically on the basis of my consent or of a contract, please give me these data in a structured, commonly used and machine-readable format (Art. 20(1) GDPR)."),
        ],
        Article::Objection => vec![
            format!("I object to the processing of my data in connection with {service}, as far as you base it on Art. 6(1)(e) or (f) GDPR. Grounds relating to my particular situation (Art. 21(1) GDPR):"),
            details_or_blank(request),
            "Please no longer process my data. As long as it is not settled whether your grounds override, restrict the processing (Art. 18(1)(d) GDPR). Erase the data to which my objection applies (Art. 17(1)(c) GDPR), and confirm that to me.".to_owned(),
        ],
        Article::Complaint => complaint(request),
    }
}

fn complaint(request: &Request) -> Vec<String> {
    let service = &request.service;
    let about = if request.controller.is_empty() {
        format!("about the operator of {service}, whose name and address I do not know")
    } else {
        format!("about {}, controller of {service}", request.controller.join(", "))
    };
    vec![
        format!("I complain {about}. In my view the processing of my data there infringes the GDPR. This is what happened:"),
        details_or_blank(request),
        "If I had exercised a right there before, an answer was due within one month under Art. 12(3) GDPR. Please examine the matter and inform me of progress and outcome (Art. 77(2) GDPR).".to_owned(),
    ]
}

/// Letters whose matter has no place for details say there by what the writer is known.
fn known_by(request: &Request) -> Option<String> {
    match request.article {
        Article::Withdrawal | Article::Access | Article::Erasure | Article::Portability => {
            request.details.as_ref().map(|details| format!("So that you can find me: {details}"))
        }
        Article::Rectification | Article::Restriction | Article::Objection | Article::Complaint => None,
    }
}

fn deadline(article: Article, remind_on: &str) -> Vec<String> {
    if article == Article::Complaint {
        return vec![format!(
            "After three months without word the courts are open to me (Art. 78(2) GDPR); I have made a note of {remind_on}."
        )];
    }
    vec![
        format!("Please inform me within one month of receipt of this letter about what you have done (Art. 12(3) GDPR). I have made a note of {remind_on}; without an answer I will turn to a supervisory authority (Art. 77 GDPR)."),
        "Please answer by post. If my details are not enough for you to find me, write to me what you lack (Art. 12(6) GDPR).".to_owned(),
    ]
}
