//! Watching a program from outside: which internet sockets and which cameras or sound cards any process of its tree opens (strace),
//! and which packets leave or arrive (a capture in a network namespace of its own, where nothing else runs).

use crate::desktop::Desktop;
use crate::folder::Home;
use crate::program::Program;
use crate::{Failure, Outcome};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Namespaces with only a loopback and only these processes, which all end with their first; the capture is listening before the
/// program starts.
const SCRIPT: &str = r#"
ip link set lo up
tcpdump --immediate-mode -i any -U -w "$CAPTURE" 2>/dev/null &
until [ -s "$CAPTURE" ]; do sleep 0.05; done
strace -f -qq -e trace=socket,execve,open,openat -o "$CALLS" -- "$@"
status=$?
sleep 0.3
kill $!
wait $!
exit $status
"#;

/// A watched program and what the watchers write.
pub struct Probe {
    pub program: Program,
    calls: PathBuf,
    capture: PathBuf,
}

impl Probe {
    /// Starts `program` in a network namespace of its own, watched from its first instruction.
    pub fn start(home: &Home, desktop: Option<&Desktop>, program: &Path, arguments: &[&str]) -> Outcome<Self> {
        let (calls, capture) = (home.path("calls.txt"), home.path("capture.pcap"));
        for file in [&calls, &capture] {
            let _ = std::fs::remove_file(file);
        }
        let mut command = Command::new("unshare");
        home.apply(&mut command);
        if let Some(desktop) = desktop {
            desktop.apply(&mut command);
        }
        command.args(["--net", "--pid", "--fork", "--mount-proc", "--kill-child"]);
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-current-user", "--keep-caps"]);
        }
        command.args(["sh", "-c", SCRIPT, "probe"]).arg(program).args(arguments);
        command.env("CALLS", &calls).env("CAPTURE", &capture);
        Ok(Self { program: Program::start("probe", &mut command)?, calls, capture })
    }

    /// Calls that opened an IPv4 or IPv6 socket, in any process of the tree.
    pub fn internet_sockets(&self) -> Outcome<Vec<String>> {
        self.calls_with(&["socket(AF_INET"])
    }

    /// Calls that opened a camera or a sound card of the kernel, in any process of the tree.
    pub fn device_files(&self) -> Outcome<Vec<String>> {
        self.calls_with(&["\"/dev/video", "\"/dev/snd/pcm"])
    }

    fn calls_with(&self, words: &[&str]) -> Outcome<Vec<String>> {
        let text = std::fs::read_to_string(&self.calls)?;
        if text.is_empty() {
            return Err(Failure::from("the probe saw no call at all: it does not work here"));
        }
        let wanted = |line: &&str| words.iter().any(|word| line.contains(word));
        Ok(text.lines().filter(wanted).map(str::to_owned).collect())
    }

    /// Packets in the capture.
    pub fn packets(&self) -> Outcome<usize> {
        let bytes = std::fs::read(&self.capture)?;
        let mut rest = bytes.get(24..).ok_or("the capture did not begin")?;
        let mut count = 0;
        while let Some(length) = rest.get(8..12) {
            let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
            count += 1;
            rest = rest.get(16 + length..).unwrap_or_default();
        }
        Ok(count)
    }
}
