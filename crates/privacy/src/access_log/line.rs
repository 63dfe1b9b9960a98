//! One line: five fields, and nothing else can be put into it.
//!
//! `2026-11-23T09:00:07Z 184320 "Chromium 130" "Linux" 192.0.2.7`

use std::net::IpAddr;

use crate::access_log::agent::{Client, Os};
use crate::stamp::Moment;

/// Longest line in bytes, without its line feed: all five fields at their longest fit with room to spare. A longer
/// one in a file is not ours and is not read into memory.
pub const MAX_LINE: usize = 160;

/// One connection that was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// When it was closed, UTC, to the second.
    pub time: Moment,
    /// Bytes sent to it.
    pub bytes_sent: u64,
    /// Program or browser with its major version.
    pub client: Client,
    /// Family of the operating system, never its version.
    pub os: Os,
    /// Where it came from.
    pub ip: IpAddr,
}

/// Which field of a line is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a line of an access log: {0}")]
pub struct LineError(pub &'static str);

impl std::fmt::Display for Line {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { time, bytes_sent, client, os, ip } = self;
        write!(out, "{time} {bytes_sent} \"{client}\" \"{}\" {ip}", os.name())
    }
}

/// How lines leave the log, each on a line of its own, with these five fields and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// One object a line, the number as a number.
    JsonLines,
    /// RFC 4180 with a line of names; no value ever holds a comma, a quote or a line break.
    Csv,
}

impl ExportFormat {
    /// What stands above the first line, line feed included.
    #[must_use]
    pub const fn head(self) -> &'static str {
        match self {
            Self::JsonLines => "",
            Self::Csv => "time,bytes_sent,client,os,ip\n",
        }
    }

    /// One line, line feed included.
    #[must_use]
    pub fn line(self, line: &Line) -> String {
        let Line { time, bytes_sent, client, os, ip } = line;
        let os = os.name();
        match self {
            Self::JsonLines => {
                let (time, client, ip) = (time.to_string(), client.to_string(), ip.to_string());
                let fields =
                    serde_json::json!({"time": time, "bytes_sent": bytes_sent, "client": client, "os": os, "ip": ip});
                format!("{fields}\n")
            }
            Self::Csv => format!("{time},{bytes_sent},{client},{os},{ip}\n"),
        }
    }
}

impl std::str::FromStr for Line {
    type Err = LineError;

    /// Accepts only what [`Line`] writes, byte for byte; so whatever can be read has these five fields and no sixth.
    fn from_str(text: &str) -> Result<Self, LineError> {
        if text.len() > MAX_LINE {
            return Err(LineError("it is too long"));
        }
        let (head, rest) = text.split_once(" \"").ok_or(LineError("it has no client"))?;
        let (time, bytes_sent) = head.split_once(' ').ok_or(LineError("it has no number of bytes"))?;
        let (client, rest) = rest.split_once("\" \"").ok_or(LineError("it has no operating system"))?;
        let (os, ip) = rest.split_once("\" ").ok_or(LineError("it has no address"))?;
        let line = Self {
            time: Moment::try_from(time.to_owned()).map_err(|_| LineError("its time is none"))?,
            bytes_sent: bytes_sent.parse().map_err(|_| LineError("its number of bytes is none"))?,
            client: Client::named(client).ok_or(LineError("its client is unknown"))?,
            os: Os::named(os).ok_or(LineError("its operating system is unknown"))?,
            ip: ip.parse().map_err(|_| LineError("its address is none"))?,
        };
        if line.to_string() == text { Ok(line) } else { Err(LineError("it is written otherwise")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::Product;

    const EXAMPLE: &str = "2026-11-23T09:00:07Z 184320 \"Chromium 130\" \"Linux\" 192.0.2.7";

    fn example() -> Line {
        Line {
            time: Moment::from_unix(1_795_424_407),
            bytes_sent: 184_320,
            client: Client { product: Product::Chromium, major: Some(130) },
            os: Os::Linux,
            ip: "192.0.2.7".parse().unwrap(),
        }
    }

    #[test]
    fn a_line_is_written_and_read_as_the_specification_shows_it() {
        assert_eq!(example().to_string(), EXAMPLE);
        assert_eq!(EXAMPLE.parse(), Ok(example()));
    }

    #[test]
    fn a_sixth_field_or_any_other_writing_is_no_line() {
        let sixth = format!("{EXAMPLE} room");
        let quoted = EXAMPLE.replace("Linux", "Linux\" \"Montagsrunde");
        let long = format!("{EXAMPLE}{}", " ".repeat(MAX_LINE));
        for odd in [
            sixth.as_str(),
            quoted.as_str(),
            long.as_str(),
            &EXAMPLE.replace("184320", "0184320"),
            &EXAMPLE.replace("184320", "-1"),
            &EXAMPLE.replace("Chromium 130", "Anna 1"),
            &EXAMPLE.replace("Z ", "+00:00 "),
            &EXAMPLE.replace("192.0.2.7", "meet.example.org"),
            &EXAMPLE.replace(' ', "  "),
            "",
        ] {
            assert!(odd.parse::<Line>().is_err(), "{odd:?}");
        }
    }

    #[test]
    fn what_leaves_the_log_has_the_same_five_fields() {
        let json: serde_json::Value = serde_json::from_str(&ExportFormat::JsonLines.line(&example())).unwrap();
        let expected = serde_json::json!({"time": "2026-11-23T09:00:07Z", "bytes_sent": 184_320, "client": "Chromium 130",
            "os": "Linux", "ip": "192.0.2.7"});
        assert_eq!(json, expected);
        let csv = format!("{}{}", ExportFormat::Csv.head(), ExportFormat::Csv.line(&example()));
        assert_eq!(csv, "time,bytes_sent,client,os,ip\n2026-11-23T09:00:07Z,184320,Chromium 130,Linux,192.0.2.7\n");
    }

    #[test]
    fn the_longest_line_there_can_be_stays_below_the_limit() {
        let longest = Line {
            time: Moment::from_unix(i64::MAX),
            bytes_sent: u64::MAX,
            client: Client { product: Product::SamsungInternet, major: Some(9999) },
            os: Os::ChromeOs,
            ip: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap(),
        };
        let written = longest.to_string();
        assert!(written.len() < MAX_LINE, "{written}");
        assert_eq!(written.parse(), Ok(longest));
    }
}
