//! Manual pages from the Markdown of the documentation, so that there is one text (man(7), groff).
//!
//! It knows what those texts use: headings, paragraphs, tables, lists, code blocks, code words, links.

/// A page with this name and section. The first line of the text is its title: `# name: what it is`, or `# what it is: name`.
pub fn page(name: &str, section: u8, version: &str, markdown: &str) -> String {
    let mut page = Page::default();
    for line in markdown.lines() {
        page.line(line);
    }
    let escaped = escape(name);
    let title = page.title.trim_start_matches(&escaped).trim_start_matches(": ");
    let title = title.trim_end_matches(&escaped).trim_end_matches(": ");
    format!(
        ".TH \"{}\" \"{section}\" \"\" \"Runde {version}\"\n.SH NAME\n{} \\- {title}\n.SH DESCRIPTION\n{}",
        escape(&name.to_uppercase()),
        escape(name),
        page.body
    )
}

#[derive(Default)]
struct Page {
    title: String,
    body: String,
    in_code: bool,
    /// Rows of the table so far; the first one is its head.
    rows: usize,
}

impl Page {
    fn line(&mut self, line: &str) {
        if line.starts_with("```") {
            self.in_code = !self.in_code;
            return self.request(if self.in_code { ".PP\n.nf" } else { ".fi" });
        }
        if self.in_code {
            return self.request(&escape(line));
        }
        if let Some(cells) = line.strip_prefix('|') {
            return self.row(cells);
        }
        self.rows = 0;
        match line {
            "" => self.request(".PP"),
            _ if line.starts_with("# ") => self.title = plain(&line[2..]),
            _ if line.starts_with("## ") => self.request(&format!(".SH {}", quoted(&line[3..]))),
            _ if line.starts_with("### ") => self.request(&format!(".SS {}", quoted(&line[4..]))),
            _ if line.starts_with("- ") => self.request(&format!(".IP \\(bu 2\n{}", words(&line[2..]))),
            _ => self.request(&words(line)),
        }
    }

    fn row(&mut self, cells: &str) {
        self.rows += 1;
        // The head says what the columns are, the line below it draws them.
        if self.rows <= 2 {
            return;
        }
        let cells: Vec<&str> = cells.trim_end_matches('|').splitn(2, " | ").collect();
        let rest = cells.get(1).copied().unwrap_or_default();
        self.request(&format!(".TP\n{}\n{}", words(cells.first().unwrap_or(&"").trim()), words(rest.trim())));
    }

    fn request(&mut self, text: &str) {
        self.body.push_str(text);
        self.body.push('\n');
    }
}

/// Text with its code words in bold and its links without their addresses.
fn words(text: &str) -> String {
    let mut bold = false;
    let mut out = String::new();
    for part in without_addresses(text).replace("**", "").split('`') {
        out.push_str(&escape(part));
        bold = !bold;
        out.push_str(if bold { "\\fB" } else { "\\fR" });
    }
    let out = out.trim_end_matches("\\fB").to_owned();
    // A line that begins so would be a request.
    if out.starts_with(['.', '\'']) { format!("\\&{out}") } else { out }
}

fn plain(text: &str) -> String {
    escape(&without_addresses(text).replace('`', ""))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(text).replace('"', "\\(dq"))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

/// `[words](address)` becomes `words`.
fn without_addresses(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("](") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        let (Some(open), Some(close)) = (before.rfind('['), after.find(')')) else { break };
        out.push_str(&before[..open]);
        out.push_str(&before[open + 1..]);
        rest = &after[close + 1..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_tables_lists_and_code_become_what_man_reads() {
        let text = "# x: does it\n\n## `run [-a]`\nSee [the page](a.md) of `x`.\n.dot\n\n| a | b |\n|---|---|\n| `0` | done \\| |\n\n- one\n```\n.code\n```\n";
        let page = page("x", 1, "1.0", text);
        for wanted in [
            ".TH \"X\" \"1\" \"\" \"Runde 1.0\"",
            "x \\- does it",
            ".SH \"run [\\-a]\"",
            "See the page of \\fBx\\fR.",
            "\n\\&.dot\n",
            ".TP\n\\fB0\\fR\ndone",
            ".IP \\(bu 2\none",
            ".nf",
        ] {
            assert!(page.contains(wanted), "{wanted} in\n{page}");
        }
        assert!(!page.contains("---"));
    }

    #[test]
    fn the_manual_has_every_command_of_the_documentation_below_a_line_that_says_what_it_is() {
        let text = std::fs::read_to_string(crate::workspace::root().join("docs/cli.md")).unwrap();
        let page = page("runde-cli", 1, "1.0", &text);
        assert!(page.contains(".SH NAME\nrunde\\-cli \\- The command line\n"), "{page}");
        for command in ["serve", "join", "notice", "ledger", "hold", "rights", "doctor"] {
            assert!(page.lines().any(|line| line.starts_with(&format!(".SH \"{command}"))), "{command}");
        }
    }
}
