//! Debian's XMPP server as a deployment of the test's own: on loopback, with its data in the test's folder, with rooms whose
//! names say how their doors are, and with a focus that says yes and no and moves no media.

use crate::Outcome;
use crate::folder::Home;
use crate::program::Program;
use crate::web::free_port;
use crate::world::{Side, World};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the server is told besides its places. Rooms, lobby and focus are components, as in a Jitsi installation.
const HOSTS: &str = r#"
interfaces = { "127.0.0.1" }
c2s_ports = {}
c2s_direct_tls_ports = {}
s2s_ports = {}
s2s_direct_tls_ports = {}
https_ports = {}
http_interfaces = { "127.0.0.1" }
http_default_host = "meet.test"
http_paths = { websocket = "/xmpp-websocket", bosh = "/http-bind", files = "/" }
-- The test speaks to it over loopback, without TLS.
consider_websocket_secure = true
consider_bosh_secure = true
c2s_require_encryption = false
run_as_root = true
-- A room is open as soon as it is there, as Jitsi wants it.
muc_room_locking = false
modules_enabled = { "saslauth", "disco", "ping", "smacks", "websocket", "bosh", "http_files" }
modules_disabled = { "s2s", "offline", "posix" }
smacks_hibernation_time = 60
VirtualHost "meet.test"
    authentication = "internal_hashed"
    modules_enabled = { "accounts" }
VirtualHost "guest.meet.test"
    authentication = "anonymous"
Component "conference.meet.test" "muc"
    modules_enabled = { "doors" }
Component "lobby.meet.test" "muc"
    modules_enabled = { "doors" }
Component "focus.meet.test" "focus_stand_in"
"#;

/// As a deployment would announce it; the address is the one it was fetched from.
const CONFIG_JS: &str = "var subdomain = '<!--# echo var=\"subdomain\" default=\"\" -->';
var config = {
    hosts: {
        domain: 'meet.test', anonymousdomain: 'guest.' + 'meet.test', authdomain: 'meet.test',
        muc: 'conference.' + subdomain + 'meet.test'
    },
    ENTRANCES
};
config.tokenAuthUrl = location.origin + '/login?room={room}';
";

/// Where the conversation is to be held.
const SOCKET: &str =
    "websocket: (location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + '/xmpp-websocket'";

const START: Duration = Duration::from_secs(60);

/// A running server.
pub struct Prosody {
    pub port: u16,
    log: PathBuf,
    _program: Program,
}

impl Prosody {
    pub fn start(home: &Home) -> Outcome<Self> {
        Self::start_with(home, SOCKET)
    }

    /// What it has written into its log so far.
    pub fn log(&self) -> Outcome<String> {
        Ok(std::fs::read_to_string(&self.log)?)
    }

    /// With these lines of config.js in place of its WebSocket.
    pub fn start_with(home: &Home, entrances: &str) -> Outcome<Self> {
        let (port, file) = laid_out(home, entrances)?;
        let mut command = Command::new("prosody");
        command.arg("-F").arg("--config").arg(&file);
        let program = Program::start("prosody", &mut command)?;
        Self::listening(home, port, program, || TcpStream::connect(("127.0.0.1", port)).is_ok())
    }

    /// The same on the loopback of one side of a world.
    pub fn start_in(world: &World, side: Side, home: &Home, entrances: &str) -> Outcome<Self> {
        let (port, file) = laid_out(home, entrances)?;
        let file = file.display().to_string();
        let program = world.start(side, home, "prosody", &["prosody", "-F", "--config", &file])?;
        let listening = format!("ss -ltn 'sport = :{port}' | grep -q LISTEN");
        Self::listening(home, port, program, || world.set(side, &listening).is_ok())
    }

    fn listening(home: &Home, port: u16, mut program: Program, is: impl Fn() -> bool) -> Outcome<Self> {
        let log = home.path("prosody").join("prosody.log");
        let end = Instant::now() + START;
        while !is() {
            if Instant::now() > end || program.is_over()? {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("prosody does not listen; its log:\n{log}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { port, log, _program: program })
    }
}

/// Its folder and its settings; the port and the file of these.
fn laid_out(home: &Home, entrances: &str) -> Outcome<(u16, PathBuf)> {
    let place = home.path("prosody");
    for folder in ["data", "www"] {
        std::fs::create_dir_all(place.join(folder))?;
    }
    std::fs::write(place.join("www/config.js"), CONFIG_JS.replace("ENTRANCES", entrances))?;
    let port = free_port()?;
    let file = place.join("prosody.cfg.lua");
    std::fs::write(&file, settings(&place, port))?;
    Ok((port, file))
}

fn settings(place: &Path, port: u16) -> String {
    let of = |name: &str| place.join(name).display().to_string();
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("prosody").display().to_string();
    format!(
        "pidfile = {:?}\ndata_path = {:?}\nplugin_paths = {{ {plugins:?} }}\nhttp_files_dir = {:?}\nhttp_ports = {{ {port} }}\n\
         log = {{ {{ levels = {{ min = \"info\" }}, to = \"file\", filename = {:?} }} }}\n{HOSTS}",
        of("pid"),
        of("data"),
        of("www"),
        of("prosody.log"),
    )
}

/// Stands between a guest and a server, and can be cut. A cut connection is closed on both sides; the next one goes through.
pub struct Cuttable {
    pub port: u16,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Cuttable {
    /// Forwards to `to` on loopback until the process ends.
    pub fn before(to: u16) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let open = Arc::new(Mutex::new(Vec::new()));
        let kept = open.clone();
        std::thread::spawn(move || {
            for guest in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                if let (Ok(mut kept), Ok(one), Ok(other)) = (kept.lock(), guest.try_clone(), server.try_clone()) {
                    kept.extend([one, other]);
                }
                join(guest, server);
            }
        });
        Ok(Self { port, open })
    }

    /// Cuts every connection; how many there were.
    pub fn cut(&self) -> usize {
        let Ok(mut open) = self.open.lock() else { return 0 };
        open.drain(..).filter(|stream| stream.shutdown(Shutdown::Both).is_ok()).count()
    }
}

fn join(guest: TcpStream, server: TcpStream) {
    let (Ok(from_guest), Ok(from_server)) = (guest.try_clone(), server.try_clone()) else { return };
    std::thread::spawn(move || carry(from_guest, server));
    std::thread::spawn(move || carry(from_server, guest));
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let mut piece = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        if to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
