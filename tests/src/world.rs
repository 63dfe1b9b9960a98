//! A small internet of the test's own: two network namespaces with a wireless and a wired link between them, whose state the test
//! decides. In one are the server and whoever never moves, in the other the guest whose network changes.
//!
//! Nothing outside of it is touched, and it ends with the value. Start at [`World::new`].

use crate::folder::Home;
use crate::program::{Program, built};
use crate::{Failure, Outcome};
use std::process::Command;
use std::time::{Duration, Instant};

/// Where the server listens: an address of its own, reached over either link.
pub const SERVER: &str = "10.9.0.1:8443";

const START: Duration = Duration::from_secs(20);
/// Longer than any test; whoever forgets to end the world is not left with it.
const WORLD: &str = "ip link set lo up && echo ready && exec sleep 900";

/// A namespace, held by a process that sleeps in it.
struct Namespace {
    holder: Program,
}

impl Namespace {
    /// The words before a command that is to run in it.
    fn prefix(&self) -> Vec<String> {
        let mut words =
            vec!["nsenter".to_owned(), "--target".to_owned(), self.holder.id().to_string(), "--net".to_owned()];
        if !rustix::process::geteuid().is_root() {
            words.extend(["--user".to_owned(), "--preserve-credentials".to_owned()]);
        }
        words.push("--".to_owned());
        words
    }
}

/// Who is where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Beside the server; nothing ever changes there.
    House,
    /// On the way, with `wifi` and `cable`.
    Road,
}

/// The two namespaces.
pub struct World {
    house: Namespace,
    road: Namespace,
}

impl World {
    /// The traveller has both links, `wifi` is up and leads everywhere, `cable` is down.
    pub fn new() -> Outcome<Self> {
        let mut words = vec!["unshare", "--net"];
        if !rustix::process::geteuid().is_root() {
            words.extend(["--user", "--map-root-user"]);
        }
        let house = Namespace { holder: holder(&words.iter().map(ToString::to_string).collect::<Vec<_>>())? };
        let mut words = house.prefix();
        words.extend(["unshare".to_owned(), "--net".to_owned()]);
        let road = Namespace { holder: holder(&words)? };
        let world = Self { house, road };
        let road = world.road.holder.id();
        world.set(Side::House, &format!("ip link add h-wifi type veth peer name wifi netns {road}"))?;
        world.set(Side::House, &format!("ip link add h-cable type veth peer name cable netns {road}"))?;
        for line in [
            "ip address add 10.9.0.1/32 dev lo",
            "ip address add 10.9.1.1/24 dev h-wifi",
            "ip address add 10.9.2.1/24 dev h-cable",
            "ip link set h-wifi up",
            "ip link set h-cable up",
        ] {
            world.set(Side::House, line)?;
        }
        for line in ["ip address add 10.9.1.2/24 dev wifi", "ip address add 10.9.2.2/24 dev cable"] {
            world.set(Side::Road, line)?;
        }
        world.up("wifi")?;
        Ok(world)
    }

    fn side(&self, side: Side) -> &Namespace {
        match side {
            Side::House => &self.house,
            Side::Road => &self.road,
        }
    }

    /// One command of a shell there; a failure is one.
    pub fn set(&self, side: Side, line: &str) -> Outcome {
        self.ask(side, line).map(drop)
    }

    /// The same, for what it says.
    pub fn ask(&self, side: Side, line: &str) -> Outcome<String> {
        let words = self.side(side).prefix();
        let output = Command::new(&words[0]).args(&words[1..]).args(["sh", "-c", line]).output()?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        Err(format!("{line}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }

    /// Any program there, with the rest of its call to be filled in.
    pub fn command(&self, side: Side, program: &str) -> Command {
        let words = self.side(side).prefix();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg(program);
        command
    }

    /// The traveller's link comes up, with the way to everywhere over it.
    pub fn up(&self, link: &str) -> Outcome {
        let gateway = if link == "wifi" { "10.9.1.1" } else { "10.9.2.1" };
        self.set(Side::Road, &format!("ip link set {link} up && ip route replace default via {gateway}"))?;
        // The kernel lets a link that was down carry again up to a second later; the network is back only then.
        self.wait_for_link(Side::Road, link)?;
        self.wait_for_link(Side::House, &format!("h-{link}"))
    }

    fn wait_for_link(&self, side: Side, link: &str) -> Outcome {
        let end = Instant::now() + START;
        while self.set(side, &format!("ip -o link show dev {link} | grep -q 'state UP'")).is_err() {
            if Instant::now() > end {
                return Err(format!("{link} does not come up").into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The traveller's link goes down, and every way over it.
    pub fn down(&self, link: &str) -> Outcome {
        self.set(Side::Road, &format!("ip link set {link} down"))
    }

    /// The traveller's network lets TCP through and loses every datagram on the way, as many guest networks do.
    pub fn block_datagrams(&self) -> Outcome {
        // Towards a neighbour that does not exist.
        self.set(
            Side::Road,
            "ip rule add ipproto udp lookup 100 && ip route add default via 10.9.1.250 dev wifi table 100 onlink",
        )
    }

    /// Any program there.
    pub fn start(&self, side: Side, home: &Home, name: &str, program: &[&str]) -> Outcome<Program> {
        let words = self.side(side).prefix();
        let mut command = Command::new(&words[0]);
        home.apply(&mut command);
        command.args(&words[1..]).args(program);
        Program::start(name, &mut command)
    }

    /// `runde-cli` there.
    pub fn cli(&self, side: Side, home: &Home, arguments: &[&str]) -> Outcome<Program> {
        self.cli_with(side, home, arguments, "", &[])
    }

    /// The same, with something to read on its standard input, and more in its environment.
    pub fn cli_with(
        &self,
        side: Side,
        home: &Home,
        arguments: &[&str],
        input: &str,
        environment: &[(&str, &str)],
    ) -> Outcome<Program> {
        let words = self.side(side).prefix();
        let mut command = Command::new(&words[0]);
        home.apply(&mut command);
        command.args(&words[1..]).arg(built("RUNDE_CLI")?).args(arguments).envs(environment.iter().copied());
        Program::start_told(arguments.first().unwrap_or(&"runde-cli"), &mut command, home, input)
    }
}

fn holder(words: &[String]) -> Outcome<Program> {
    let (first, rest) = words.split_first().ok_or_else(|| Failure::from("no command"))?;
    let mut command = Command::new(first);
    command.args(rest).args(["sh", "-c", WORLD]);
    let mut holder = Program::start("namespace", &mut command)?;
    holder.line(START)?;
    Ok(holder)
}
