//! What a program costs, read from outside (proc(5)): processor time and memory, of one process or of a tree.

use crate::Outcome;

/// Clock ticks a second; fixed in Linux's interface for all architectures it matters on here.
const TICKS: f64 = 100.0;

/// One process and its costs so far.
#[derive(Debug, Clone)]
pub struct Cost {
    pub id: u32,
    /// Name of the program, at most 15 letters.
    pub name: String,
    /// User and system time so far, in seconds.
    pub cpu: f64,
}

impl Cost {
    /// # Errors
    /// When there is no such process.
    pub fn of(id: u32) -> Outcome<Self> {
        let text = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        let (head, rest) = text.rsplit_once(") ").ok_or("a line of proc(5) without a name")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let ticks = |index: usize| -> f64 { fields.get(index).and_then(|field| field.parse().ok()).unwrap_or(0.0) };
        let name = head.split_once('(').map_or("", |(_, name)| name).to_owned();
        Ok(Self { id, name, cpu: (ticks(11) + ticks(12)) / TICKS })
    }

    /// Memory of a process, shared pages counted by their share (PSS), in MB.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn megabytes(&self) -> Outcome<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.id))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kilobytes: f64 =
            line.and_then(|rest| rest.split_whitespace().next()).and_then(|word| word.parse().ok()).unwrap_or(0.0);
        Ok(kilobytes / 1024.0)
    }
}

/// A process and all it started, itself first.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn tree(root: u32) -> Outcome<Vec<Cost>> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process that ended between the listing and now is none of ours.
        let Ok(text) = std::fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
        let parent = text.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (id, parent)));
    }
    let mut found = vec![root];
    let mut at = 0;
    while let Some(one) = found.get(at).copied() {
        found.extend(parents.iter().filter(|(_, parent)| *parent == one).map(|(id, _)| *id));
        at += 1;
    }
    Ok(found.into_iter().filter_map(|id| Cost::of(id).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn a_child_is_found_below_its_parent_with_its_name_and_costs() {
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(5);
        // For a moment after its start a program still bears its parent's name and has no memory of its own.
        let found = loop {
            let found = tree(std::process::id()).unwrap();
            let cost = found.iter().find(|cost| cost.id == child.id()).cloned();
            let told = cost.map(|cost| (cost.name.clone(), cost.cpu, cost.megabytes().unwrap_or(0.0)));
            if Instant::now() > end || told.as_ref().is_some_and(|(name, _, memory)| name == "sleep" && *memory > 0.01)
            {
                break (found[0].id, told);
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        child.kill().unwrap();
        child.wait().unwrap();
        let (first, told) = found;
        let (name, cpu, memory) = told.expect("the child is in the tree");
        assert_eq!((name.as_str(), first), ("sleep", std::process::id()));
        assert!(cpu < 5.0 && memory > 0.01, "{cpu} s, {memory} MB");
    }
}
