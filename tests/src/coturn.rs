//! Debian's TURN server as a deployment's relay: with an account, and a certificate of an authority that the test made.

use crate::folder::Home;
use crate::program::Program;
use crate::world::{Side, World};
use crate::{Failure, Outcome};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(20);
/// Where it listens: an address beside the server's.
pub const PLACE: &str = "10.9.0.2";
pub const PLAIN_PORT: u16 = 3478;
pub const TLS_PORT: u16 = 5349;
pub const USER: &str = "ada";
pub const PASSWORD: &str = "relayed";

/// A running relay.
pub struct Coturn {
    /// The certificate of the authority, PEM.
    pub authority: PathBuf,
    _program: Program,
}

impl Coturn {
    /// Beside the server of `world`.
    pub fn start(world: &World, home: &Home) -> Outcome<Self> {
        world.set(Side::House, &format!("ip address add {PLACE}/32 dev lo"))?;
        let folder = home.path("coturn");
        std::fs::create_dir_all(&folder)?;
        certify(&folder, PLACE)?;
        let text = |name: &str| folder.join(name).display().to_string();
        let words = [
            "turnserver",
            "-n",
            "--no-cli",
            "--no-dtls",
            "--lt-cred-mech",
            "--fingerprint",
            "--allow-loopback-peers",
            "--realm=meet.test",
            "--log-file=stdout",
            "--simple-log",
            &format!("--user={USER}:{PASSWORD}"),
            &format!("--listening-ip={PLACE}"),
            &format!("--relay-ip={PLACE}"),
            &format!("--listening-port={PLAIN_PORT}"),
            &format!("--tls-listening-port={TLS_PORT}"),
            &format!("--cert={}", text("server.pem")),
            &format!("--pkey={}", text("server.key")),
            &format!("--pidfile={}", text("pid")),
            &format!("--userdb={}", text("users")),
        ];
        let mut program = world.start(Side::House, home, "turnserver", &words)?;
        let end = Instant::now() + START;
        let listening = format!("ss -ltn 'sport = :{TLS_PORT}' | grep -q LISTEN");
        while world.set(Side::House, &listening).is_err() {
            if Instant::now() > end || program.is_over()? {
                return Err(format!("turnserver does not listen: {:?}", program.heard).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { authority: folder.join("authority.pem"), _program: program })
    }
}

/// An authority, and a certificate of it for an address.
pub fn certify(folder: &Path, address: &str) -> Outcome {
    std::fs::write(folder.join("names"), format!("subjectAltName=IP:{address}\n"))?;
    let new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let authority = [
        "req",
        "-x509",
        "-days",
        "2",
        "-subj",
        "/CN=an authority",
        "-keyout",
        "authority.key",
        "-out",
        "authority.pem",
    ];
    let request = ["req", "-subj", "/CN=a server", "-keyout", "server.key", "-out", "server.csr"];
    let sign = [
        "x509",
        "-req",
        "-days",
        "2",
        "-in",
        "server.csr",
        "-CA",
        "authority.pem",
        "-CAkey",
        "authority.key",
        "-CAcreateserial",
        "-extfile",
        "names",
        "-out",
        "server.pem",
    ];
    for words in [[&authority[..], &new[..]].concat(), [&request[..], &new[..]].concat(), sign.to_vec()] {
        let output = Command::new("openssl").args(words).current_dir(folder).output()?;
        if !output.status.success() {
            return Err(Failure::from(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
    }
    Ok(())
}
