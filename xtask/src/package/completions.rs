//! Shell completions from what the program itself prints about its calls, so that no second list can age.

/// One command with what may follow it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Called {
    pub name: String,
    /// Words in its own place: `list`, `verify`.
    pub words: Vec<String>,
    /// Options, each with the words that may be its value; empty: none known.
    pub options: Vec<(String, Vec<String>)>,
    /// Options that stand alone.
    pub switches: Vec<String>,
}

const PROGRAM: &str = "runde-cli";

/// Reads the usage text. Several lines of one command are one command.
pub fn commands(usage: &str) -> Vec<Called> {
    let mut commands: Vec<Called> = Vec::new();
    let mut at = None;
    for line in usage.lines() {
        let call = line.strip_prefix("  ").and_then(|rest| rest.strip_prefix(PROGRAM)).map(str::trim);
        match (call, line.starts_with("     ")) {
            (Some(call), _) => at = Some(read(&mut commands, call)),
            (None, true) => {
                if let Some(called) = at.and_then(|index: usize| commands.get_mut(index)) {
                    called.take(line);
                }
            }
            (None, false) => at = None,
        }
    }
    commands
}

/// The index of the command that this line calls.
fn read(commands: &mut Vec<Called>, call: &str) -> usize {
    let (name, rest) = call.split_once(' ').unwrap_or((call, ""));
    let index = commands.iter().position(|known| known.name == name).unwrap_or_else(|| {
        commands.push(Called { name: name.to_owned(), ..Called::default() });
        commands.len() - 1
    });
    if let Some(called) = commands.get_mut(index) {
        called.take(rest);
    }
    index
}

impl Called {
    fn take(&mut self, text: &str) {
        let mut parts = text.split_whitespace().peekable();
        while let Some(part) = parts.next() {
            let bare = part.trim_matches(['[', ']']);
            if !bare.starts_with("--") {
                extend(&mut self.words, alternatives(bare));
                continue;
            }
            let stands_alone = part.ends_with(']') || parts.peek().is_none_or(|next| next.starts_with(['[', '-']));
            if stands_alone {
                extend(&mut self.switches, [bare.to_owned()]);
            } else if let Some(value) = parts.next() {
                self.option(bare, alternatives(value.trim_matches(['[', ']'])));
            }
        }
    }

    /// The same option in several lines of one command is one option.
    fn option(&mut self, name: &str, values: impl Iterator<Item = String>) {
        match self.options.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => extend(known, values),
            None => self.options.push((name.to_owned(), values.collect())),
        }
    }

    fn flags(&self) -> impl Iterator<Item = &str> {
        self.options.iter().map(|(name, _)| name.as_str()).chain(self.switches.iter().map(String::as_str))
    }
}

fn extend(list: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for word in more {
        if !list.contains(&word) {
            list.push(word);
        }
    }
}

/// Words to type as they stand; `FILE` and `ADDR:PORT` stand for something else.
fn alternatives(text: &str) -> impl Iterator<Item = String> {
    let literal = |word: &&str| {
        word.len() > 1
            && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
            && word.starts_with(|letter: char| letter.is_ascii_lowercase())
    };
    let words = text.split('|').map(|word| word.split('[').next().unwrap_or(word));
    words.filter(literal).map(str::to_owned).collect::<Vec<_>>().into_iter()
}

pub fn bash(commands: &[Called]) -> String {
    let mut text = "# Made from `runde-cli help`.\n_runde_cli() {\n  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} known=\n  if [ \"$COMP_CWORD\" -eq 1 ]; then\n".to_owned();
    let names: Vec<&str> = commands.iter().map(|called| called.name.as_str()).collect();
    text +=
        &format!("    known='{} help version'\n  else\n    case \"${{COMP_WORDS[1]}} $before\" in\n", names.join(" "));
    for called in commands {
        for (option, values) in &called.options {
            text += &format!("      '{} {option}') known='{}' ;;\n", called.name, values.join(" "));
        }
        let all: Vec<&str> = called.words.iter().map(String::as_str).chain(called.flags()).collect();
        text += &format!("      '{} '*) known='{}' ;;\n", called.name, all.join(" "));
    }
    text + "    esac\n  fi\n  mapfile -t COMPREPLY < <(compgen -W \"$known\" -- \"$word\")\n}\ncomplete -o default -F _runde_cli runde-cli\n"
}

pub fn zsh(commands: &[Called]) -> String {
    let names: Vec<&str> = commands.iter().map(|called| called.name.as_str()).collect();
    let mut text = format!(
        "#compdef runde-cli\n# Made from `runde-cli help`.\nif (( CURRENT == 2 )); then\n  compadd -- {} help version\n  return\nfi\ncase \"$words[2] $words[CURRENT-1]\" in\n",
        names.join(" ")
    );
    for called in commands {
        for (option, values) in &called.options {
            let offer =
                if values.is_empty() { "_files".to_owned() } else { format!("compadd -- {}", values.join(" ")) };
            text += &format!("  '{} {option}') {offer} ;;\n", called.name);
        }
        let all: Vec<&str> = called.words.iter().map(String::as_str).chain(called.flags()).collect();
        text += &format!("  '{} '*) compadd -- {}; _files ;;\n", called.name, all.join(" "));
    }
    text + "esac\n"
}

pub fn fish(commands: &[Called]) -> String {
    let mut text = "# Made from `runde-cli help`.\n".to_owned();
    for called in commands {
        let name = &called.name;
        let here = format!("-n '__fish_seen_subcommand_from {name}'");
        text += &format!("complete -c runde-cli -f -n __fish_use_subcommand -a {name}\n");
        if !called.words.is_empty() {
            text += &format!("complete -c runde-cli {here} -a '{}'\n", called.words.join(" "));
        }
        for (option, values) in &called.options {
            let values = if values.is_empty() { "-F".to_owned() } else { format!("-x -a '{}'", values.join(" ")) };
            text += &format!("complete -c runde-cli {here} -l {} -r {values}\n", option.trim_start_matches('-'));
        }
        for switch in &called.switches {
            text += &format!("complete -c runde-cli {here} -l {}\n", switch.trim_start_matches('-'));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const USAGE: &str = "Usage:\n  runde-cli serve [--listen ADDR:PORT] [--tls self-signed|off|CERT,KEY]\n                  [--data DIR] [--json]\n  runde-cli ledger [list|verify] [--lang de|en]\n  runde-cli hold [list|review ID]\n  runde-cli hold start --incident ID [--json]\n  runde-cli hold stop --incident ID [--json]\nExits: 0 done\n";

    #[test]
    fn words_options_and_their_values_are_told_apart() {
        let found = commands(USAGE);
        let names: Vec<&str> = found.iter().map(|called| called.name.as_str()).collect();
        assert_eq!(names, ["serve", "ledger", "hold"]);
        let tls = (String::from("--tls"), vec![String::from("self-signed"), String::from("off")]);
        assert!(found[0].options.contains(&tls), "{:?}", found[0]);
        assert_eq!((found[0].switches.join(" "), found[0].words.len()), ("--json".to_owned(), 0));
        assert_eq!(found[1].words, ["list", "verify"]);
        assert_eq!(found[2].words, ["list", "review", "start", "stop"]);
        assert_eq!((found[2].options.len(), found[2].switches.len()), (1, 1));
    }

    #[test]
    fn a_shell_that_loads_the_completions_offers_the_commands_and_the_values_of_an_option() {
        let offered = |line: &str| {
            let script = format!(
                "{}\nCOMP_WORDS=({line} ''); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _runde_cli; echo \"${{COMPREPLY[@]}}\"",
                bash(&commands(USAGE))
            );
            let output = Command::new("bash").args(["-c", &script]).output().unwrap();
            assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        assert_eq!(offered("runde-cli"), "serve ledger hold help version");
        assert_eq!(offered("runde-cli serve --tls"), "self-signed off");
        assert_eq!(offered("runde-cli ledger"), "list verify --lang");
    }
}
