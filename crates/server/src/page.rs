//! The page at a room link: what this is, whose room, the notice, and the way into the app. No script, no foreign
//! content; every text that came with the request is escaped.

use runde_privacy::{Lang, Notice};
use runde_signalling::link::RoomLink;
use sha2::{Digest as _, Sha256};

use crate::site::Site;

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1d2126;--soft:#5b6570;--paper:#f7f6f3;--card:#fff;--line:#dcd9d2;--act:#0b6e4f;--on-act:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e8e6e1;--soft:#a3a9b0;--paper:#15181b;--card:#1e2226;--line:#353b41;--act:#57c79b;--on-act:#0c1512}}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 system-ui,sans-serif}
main{max-width:42rem;margin:0 auto;padding:3rem 1.25rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:1.6rem 0 .3rem}
.soft{color:var(--soft)}a.go{display:inline-block;margin:1.2rem 0;padding:.8rem 1.4rem;border-radius:.6rem;background:var(--act);color:var(--on-act);text-decoration:none;font-weight:600}
a.go:focus-visible{outline:3px solid var(--ink);outline-offset:2px}
section{margin-top:2rem;padding:1rem 1.4rem 1.4rem;background:var(--card);border:1px solid var(--line);border-radius:.8rem}
li{margin:.35rem 0}code{overflow-wrap:anywhere;font-size:.85em}
";

/// The notice alone, for clients that show a link to it.
pub(crate) const NOTICE_PAGE: &str = "/.well-known/privacy";

struct Words {
    what: &'static str,
    /// Around the name of whoever said who they are.
    at: [&'static str; 2],
    theirs: &'static str,
    plain: &'static str,
    whose: &'static str,
    open: &'static str,
    open_jitsi: &'static str,
    in_browser: &'static str,
    no_app: &'static str,
    notice: &'static str,
}

const DE: Words = Words {
    what: "Das ist ein Videotreffen. Es läuft auf dem Rechner der Person, die Ihnen diesen Link gegeben hat, nicht bei einem Anbieter.",
    at: ["Das ist ein Videotreffen. Es läuft auf einem Rechner von ", ", nicht bei einem Anbieter."],
    theirs: "Verantwortlich für diesen Raum ist: ",
    plain: "Dasselbe in einfacher Sprache",
    whose: "Verantwortlich für diesen Raum ist die Person, die ihn geöffnet hat.",
    open: "In der App öffnen",
    open_jitsi: "In Jitsi Meet öffnen",
    in_browser: "In diesem Browser beitreten",
    no_app: "Nichts passiert? Dann fehlt die App Runde auf diesem Gerät. Kopieren Sie sonst diesen Link und fügen Sie ihn in der App ein:",
    notice: "Hinweise zum Datenschutz, die in diesem Raum gelten",
};

const EN: Words = Words {
    what: "This is a video meeting. It runs on the computer of the person who gave you this link, not at a provider.",
    at: ["This is a video meeting. It runs on a computer of ", ", not at a provider."],
    theirs: "Controller of this room is: ",
    plain: "The same in plain German",
    whose: "The person who opened this room is answerable for it.",
    open: "Open in the app",
    open_jitsi: "Open in Jitsi Meet",
    in_browser: "Join in this browser",
    no_app: "Nothing happens? Then this device does not have the app Runde. Otherwise copy this link and paste it into the app:",
    notice: "The privacy notice that holds in this room",
};

/// The page of a room, or `None` where the path names no room.
pub(crate) fn landing(site: &Site, path: &str, lang: Lang) -> Option<String> {
    let link = RoomLink::parse(&format!("{}{path}", site.url), "").ok().filter(|link| link.tenant.is_none())?;
    let words = match lang {
        Lang::De | Lang::DeSimple => &DE,
        Lang::En => &EN,
    };
    let whole = format!("{}{}", link.to_link(), site.fragment);
    let app = site.app_url.as_ref().map(|app| whole.replacen(&site.url, app, 1));
    let button = app.map(|app| format!("<p><a class=\"go\" href=\"{}\">{}</a></p>", escape(&app), words.open));
    let (room, style) = (escape(&link.room), STYLE);
    let (tag, no_app) = (lang.tag(), words.no_app);
    let (what, whose) = match site.notice.document().operator() {
        Some(operator) => {
            let (name, [before, after]) = (escape(&operator.name), words.at);
            (format!("{before}<bdi>{name}</bdi>{after}"), format!("{}<bdi>{name}</bdi>.", words.theirs))
        }
        None => (words.what.to_owned(), words.whose.to_owned()),
    };
    let button = button.unwrap_or_default() + &other_ways(site, &link, words);
    let whole = escape(&whole);
    let notice = notice(&site.notice, words, lang);
    Some(format!(
        "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{room} · Runde</title><style>{style}</style></head><body><main>\
         <p class=\"soft\">Runde</p><h1><bdi>{room}</bdi></h1><p>{what} {whose}</p>{button}\
         <p class=\"soft\">{no_app}<br><code>{whole}</code></p>{notice}</main></body></html>"
    ))
}

/// How the page of a room is asked for that the supplied build draws.
pub(crate) const IN_BROWSER: &str = "join=browser";

/// Ways for which a supplied web page is needed.
fn other_ways(site: &Site, link: &RoomLink, words: &Words) -> String {
    if !site.has_pages {
        return String::new();
    }
    let here = link.to_link();
    let (jitsi, browser) = (here.replacen("https://", "jitsi-meet://", 1), format!("{here}?{IN_BROWSER}"));
    let way = |to: &str, word: &str| format!("<li><a href=\"{}\">{word}</a></li>", escape(to));
    // Jitsi's app opens protected links only.
    let app = if jitsi == here { String::new() } else { way(&jitsi, words.open_jitsi) };
    format!("<ul>{app}{}</ul>", way(&browser, words.in_browser))
}

/// A page with nothing but the notice.
pub(crate) fn notice_alone(text: &Notice, lang: Lang) -> String {
    let words = match lang {
        Lang::De | Lang::DeSimple => &DE,
        Lang::En => &EN,
    };
    let (tag, title, notice) = (lang.tag(), words.notice, notice(text, words, lang));
    format!(
        "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>{STYLE}</style></head><body><main>{notice}</main></body></html>"
    )
}

fn notice(text: &Notice, words: &Words, lang: Lang) -> String {
    let own = format!("<section><h2>{}</h2>{}", words.notice, statements(text, lang));
    let plain = statements(text, Lang::DeSimple);
    format!("{own}<details lang=\"de\"><summary>{}</summary>{plain}</details></section>", words.plain)
}

fn statements(text: &Notice, lang: Lang) -> String {
    let mut html = String::new();
    for section in text.sections(lang) {
        html.push_str(&format!("<h2>{}</h2><ul>", escape(&section.title)));
        for point in section.points {
            html.push_str(&format!("<li>{}</li>", escape(&point.text)));
        }
        html.push_str("</ul>");
    }
    html.push_str(&format!("<p class=\"soft\"><code>sha256: {}</code></p>", text.sha256(lang)));
    html
}

/// Allows this page's own style and nothing else.
pub(crate) fn content_security_policy() -> String {
    let style = base64(&Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// German where the browser asks for it first or for nothing, English for everybody else.
pub(crate) fn language(accept_language: Option<&str>) -> Lang {
    let wanted = accept_language.unwrap_or_default().split(',').map(|part| part.trim().to_ascii_lowercase());
    let known = |tag: &String| tag.is_empty() || tag.starts_with("de") || tag.starts_with("en");
    match wanted.into_iter().find(known) {
        Some(tag) if !tag.starts_with("en") => Lang::De,
        Some(_) | None => Lang::En,
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ServeOptions;

    fn site() -> Site {
        let options = ServeOptions::new("127.0.0.1:8443".parse().unwrap());
        Site::new(&options, options.listen, &[]).unwrap().with_proofs(Some("ab"), "cd")
    }

    #[test]
    fn the_page_leads_into_the_app_with_both_proofs() {
        let page = landing(&site(), "/Montagsrunde", Lang::De).unwrap();
        assert!(page.contains("href=\"runde://127.0.0.1:8443/Montagsrunde#fp=ab&amp;rn=cd\""), "{page}");
        assert!(page.contains(&Notice::embedded_room().sha256(Lang::De)));
        assert!(!page.contains("<script"));
    }

    #[test]
    fn a_room_name_cannot_write_into_the_page() {
        for path in ["/%3Cscript%3Ealert(1)%3C/script%3E", "/%22%3E%3Cimg%20src=x%3E", "/a%27onload=%27x", "/<b>"] {
            let page = landing(&site(), path, Lang::En).unwrap_or_default();
            assert!(!page.contains("<script>") && !page.contains("<img") && !page.contains("<b>"), "{path}: {page}");
        }
    }

    #[test]
    fn an_operator_is_named_on_the_page_of_the_room_and_cannot_write_into_it() {
        let record = r#"{"name": "<b>Schule</b>", "address": ["Weg 1", "12345 <i>Ort"]}"#;
        let notice = Notice::stated(runde_privacy::Operator::read(record.as_bytes()).unwrap().document());
        let options = ServeOptions::new("127.0.0.1:8443".parse().unwrap()).under(notice.clone(), None);
        let site = Site::new(&options, options.listen, &[]).unwrap();
        for lang in [Lang::De, Lang::En] {
            for page in [landing(&site, "/Runde", lang).unwrap(), notice_alone(&notice, lang)] {
                assert!(page.contains("&lt;b&gt;Schule&lt;/b&gt;") && page.contains("12345 &lt;i&gt;Ort"), "{page}");
                assert!(!page.contains("<b>") && !page.contains("<i>") && !page.contains("<script"));
                assert!(page.contains(&notice.sha256(lang)) && page.contains(&notice.sha256(Lang::DeSimple)));
            }
        }
    }

    #[test]
    fn escaping_leaves_no_character_that_html_reads() {
        assert_eq!(escape("<a href=\"x\">'&'"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;");
    }

    #[test]
    fn a_path_that_names_no_room_has_no_page() {
        for path in ["/", "/a/b", "//", "/%0a"] {
            assert_eq!(landing(&site(), path, Lang::De), None, "{path}");
        }
    }

    #[test]
    fn the_browser_chooses_the_language_and_german_is_the_first() {
        assert_eq!(language(None), Lang::De);
        assert_eq!(language(Some("de-AT,en;q=0.5")), Lang::De);
        assert_eq!(language(Some("fr-FR, en;q=0.8, de;q=0.5")), Lang::En);
        assert_eq!(language(Some("fr")), Lang::En);
    }
}
