//! From a `User-Agent` to the least that a log needs: which product, which major version, which family of operating
//! systems.
//!
//! Only names of the lists below are ever written. A header that says anything else becomes `other`: what strangers
//! send cannot put a word of theirs on disk, however it is quoted.

/// Bytes of the header that are looked at; a browser's has about 120.
const LOOKED_AT: usize = 512;
/// Digits of a major version.
const MAJOR_DIGITS: usize = 4;

/// Program or browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    pub product: Product,
    /// At most four digits; none where the header names none.
    pub major: Option<u16>,
}

/// Programs that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    Runde,
    JitsiMeet,
    Electron,
    Edge,
    Opera,
    Vivaldi,
    SamsungInternet,
    Firefox,
    Chromium,
    Chrome,
    Safari,
    Curl,
    OkHttp,
    /// Everything else, and a request without the header.
    Other,
}

/// Families of operating systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Os {
    Windows,
    MacOs,
    Linux,
    Android,
    Ios,
    ChromeOs,
    /// Not said: Runde's own client never says it.
    Unknown,
}

/// What a header says, first match wins: most browsers name their ancestors too.
const TOKENS: [(&str, Product); 19] = [
    ("Runde/", Product::Runde),
    ("JitsiMeet/", Product::JitsiMeet),
    ("Electron/", Product::Electron),
    ("Edg/", Product::Edge),
    ("EdgA/", Product::Edge),
    ("EdgiOS/", Product::Edge),
    ("OPR/", Product::Opera),
    ("Vivaldi/", Product::Vivaldi),
    ("SamsungBrowser/", Product::SamsungInternet),
    ("FxiOS/", Product::Firefox),
    ("Firefox/", Product::Firefox),
    ("CriOS/", Product::Chrome),
    ("Chromium/", Product::Chromium),
    ("HeadlessChrome/", Product::Chrome),
    ("Chrome/", Product::Chrome),
    ("Version/", Product::Safari),
    ("Safari/", Product::Safari),
    ("curl/", Product::Curl),
    ("okhttp/", Product::OkHttp),
];

/// Likewise; Android says Linux too, an iPhone says "like Mac OS X".
const SYSTEMS: [(&str, Os); 10] = [
    ("Android", Os::Android),
    ("iPhone", Os::Ios),
    ("iPad", Os::Ios),
    ("iOS", Os::Ios),
    ("CrOS", Os::ChromeOs),
    ("Windows", Os::Windows),
    ("Macintosh", Os::MacOs),
    ("Mac OS X", Os::MacOs),
    ("Linux", Os::Linux),
    ("X11", Os::Linux),
];

/// Reads a header as it came: any bytes, any length, or none at all.
#[must_use]
pub fn read(header: Option<&[u8]>) -> (Client, Os) {
    let bytes = header.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LOOKED_AT)]);
    let found = TOKENS.iter().find_map(|(token, product)| Some((*product, after(&text, token)?)));
    let client = found.map_or(Client::OTHER, |(product, rest)| Client { product, major: major(rest) });
    let os = SYSTEMS.iter().find(|(word, _)| after(&text, word).is_some()).map_or(Os::Unknown, |(_, os)| *os);
    (client, os)
}

impl Client {
    /// Nothing that is known.
    pub const OTHER: Self = Self { product: Product::Other, major: None };

    /// Reads what [`Client`] writes.
    pub(super) fn named(text: &str) -> Option<Self> {
        let whole = Product::named(text).map(|product| Self { product, major: None });
        whole.or_else(|| {
            let (name, version) = text.rsplit_once(' ')?;
            Some(Self { product: Product::named(name)?, major: Some(version.parse().ok()?) })
        })
    }
}

impl std::fmt::Display for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.product.name())?;
        self.major.map_or(Ok(()), |major| write!(out, " {major}"))
    }
}

impl Product {
    const ALL: [Self; 14] = [
        Self::Runde,
        Self::JitsiMeet,
        Self::Electron,
        Self::Edge,
        Self::Opera,
        Self::Vivaldi,
        Self::SamsungInternet,
        Self::Firefox,
        Self::Chromium,
        Self::Chrome,
        Self::Safari,
        Self::Curl,
        Self::OkHttp,
        Self::Other,
    ];

    /// As written in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Runde => "Runde",
            Self::JitsiMeet => "Jitsi Meet",
            Self::Electron => "Electron",
            Self::Edge => "Edge",
            Self::Opera => "Opera",
            Self::Vivaldi => "Vivaldi",
            Self::SamsungInternet => "Samsung Internet",
            Self::Firefox => "Firefox",
            Self::Chromium => "Chromium",
            Self::Chrome => "Chrome",
            Self::Safari => "Safari",
            Self::Curl => "curl",
            Self::OkHttp => "okhttp",
            Self::Other => "other",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.name() == name)
    }
}

impl Os {
    const ALL: [Self; 7] =
        [Self::Windows, Self::MacOs, Self::Linux, Self::Android, Self::Ios, Self::ChromeOs, Self::Unknown];

    /// As written in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Windows => "Windows",
            Self::MacOs => "macOS",
            Self::Linux => "Linux",
            Self::Android => "Android",
            Self::Ios => "iOS",
            Self::ChromeOs => "ChromeOS",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|os| os.name() == name)
    }
}

/// What follows `token` where that begins a word.
fn after<'a>(text: &'a str, token: &str) -> Option<&'a str> {
    let begins = |at: usize| !text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
    text.match_indices(token).find(|(at, _)| begins(*at)).map(|(at, _)| &text[at + token.len()..])
}

fn major(rest: &str) -> Option<u16> {
    let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    if digits > MAJOR_DIGITS { None } else { rest[..digits].parse().ok() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(header: &str) -> String {
        let (client, os) = read(Some(header.as_bytes()));
        format!("{client}, {}", os.name())
    }

    #[test]
    fn browsers_are_called_by_their_own_name_and_not_by_their_ancestors() {
        let kit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (header, told) in [
            ("Runde/0".to_owned(), "Runde 0, unknown"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".to_owned(), "Firefox 128, Linux"),
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {kit} Chrome/130.0.0.0 Safari/537.36"), "Chrome 130, Windows"),
            (format!("Mozilla/5.0 (Windows NT 10.0) {kit} Chrome/130.0.0.0 Safari/537.36 Edg/130.0.1"), "Edge 130, Windows"),
            (format!("Mozilla/5.0 (Linux; Android 14) {kit} Chrome/129.0 Mobile Safari/537.36"), "Chrome 129, Android"),
            (format!("Mozilla/5.0 (X11; CrOS x86_64 14541) {kit} Chrome/130.0 Safari/537.36"), "Chrome 130, ChromeOS"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/17.4 Safari/605.1".to_owned(), "Safari 17, macOS"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1 Version/17.4 Mobile Safari/604".to_owned(), "Safari 17, iOS"),
            ("curl/8.5.0".to_owned(), "curl 8, unknown"),
        ] {
            assert_eq!(seen(&header), told, "{header}");
        }
    }

    #[test]
    fn a_stranger_cannot_write_a_word_of_theirs() {
        for header in ["Geheimraum/1", "xFirefox/3", "", "Anna", "\" \"macOS\" 192.0.2.1\n2026"] {
            assert_eq!(seen(header), "other, unknown", "{header:?}");
        }
        assert_eq!(read(None), (Client::OTHER, Os::Unknown));
        assert_eq!(seen("Firefox/12345678901234567890"), "Firefox, unknown");
        assert_eq!(seen(&format!("{}Firefox/1", " ".repeat(600))), "other, unknown", "only the beginning is read");
    }

    proptest! {
        #[test]
        fn any_bytes_become_names_of_the_lists(header in proptest::collection::vec(any::<u8>(), 0..700)) {
            let (client, os) = read(Some(&header));
            prop_assert_eq!(Client::named(&client.to_string()), Some(client));
            prop_assert_eq!(Os::named(os.name()), Some(os));
        }
    }
}
