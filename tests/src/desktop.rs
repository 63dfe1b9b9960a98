//! A desktop of the test's own: virtual display, window manager, session bus, sound server with null sinks. No real device is
//! touched, and everything ends with the value.

use crate::folder::Home;
use crate::program::Program;
use crate::sound::RATE;
use crate::{Failure, Outcome};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(20);
/// More colours than this are on the screen only when a page with text is.
const SHADES: usize = 250;

/// Display, bus and sound server of one test.
pub struct Desktop {
    display: String,
    bus: String,
    pulse: PathBuf,
    home: PathBuf,
    _programs: Vec<Program>,
}

impl Desktop {
    /// Starts everything inside the test's home.
    pub fn start(home: &Home) -> Outcome<Self> {
        Self::start_with(home, "1280x800x24")
    }

    /// The same with a screen of another size, in pixels and bits.
    pub fn start_with(home: &Home, size: &str) -> Outcome<Self> {
        let mut screen = started("Xvfb", home, &["-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp"])?;
        let display = format!(":{}", screen.line(START)?.trim());
        // A path, not an abstract name: programs in network namespaces of their own must reach it, too.
        let address = format!("--address=unix:path={}", home.path("run").join("bus").display());
        let mut daemon = started("dbus-daemon", home, &["--session", "--nofork", "--print-address=1", &address])?;
        let bus = daemon.line(START)?;
        let pulse = home.path("run").join("pulse.sock");
        let sound = start_sound(home, &pulse)?;
        let mut desktop =
            Self { display, bus, pulse, home: home.root().to_path_buf(), _programs: vec![screen, daemon, sound] };
        let mut manager = Command::new("openbox");
        home.apply(&mut manager);
        desktop.apply(&mut manager);
        desktop._programs.push(Program::start("openbox", &mut manager)?);
        Ok(desktop)
    }

    /// Lets a program see this desktop.
    pub fn apply(&self, command: &mut Command) {
        command
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("PULSE_SERVER", format!("unix:{}", self.pulse.display()))
            .env("GDK_BACKEND", "x11")
            .env("LIBGL_ALWAYS_SOFTWARE", "1");
    }

    /// What one sees as PNG: the app's window without the frame that its window manager drew, or the whole screen if there is none.
    pub fn screenshot(&self, path: &Path) -> Outcome {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // The page is there before it is painted.
        std::thread::sleep(Duration::from_millis(1_500));
        let window = self.window("Runde")?.unwrap_or_else(|| "root".to_owned());
        let mut command = Command::new("import");
        let status = command.args(["-window", &window]).arg(path).env("DISPLAY", &self.display).status()?;
        if status.success() { Ok(()) } else { Err("no screenshot could be taken".into()) }
    }

    /// Whether a window with this title is open.
    pub fn has_window(&self, title: &str) -> Outcome<bool> {
        Ok(self.window(title)?.is_some())
    }

    /// The number of the visible window with exactly this title.
    fn window(&self, title: &str) -> Outcome<Option<String>> {
        let mut command = Command::new("xdotool");
        command.args(["search", "--onlyvisible", "--name", &format!("^{title}$")]).env("DISPLAY", &self.display);
        let found = String::from_utf8(command.output()?.stdout)?;
        Ok(found.lines().next().map(str::to_owned))
    }

    /// Whether a window with this title has been painted: letters give many shades, an empty window few.
    pub fn is_painted(&self, title: &str) -> Outcome<bool> {
        if self.window(title)?.is_none() {
            return Ok(false);
        }
        let mut command = Command::new("sh");
        command.args(["-c", "import -window root png:- | identify -format %k -"]).env("DISPLAY", &self.display);
        let shades = String::from_utf8(command.output()?.stdout)?;
        Ok(shades.trim().parse::<usize>().is_ok_and(|count| count > SHADES))
    }

    /// Types keys into the window that has the focus, in xdotool's names.
    pub fn press(&self, keys: &[&str]) -> Outcome {
        let status = Command::new("xdotool").arg("key").args(keys).env("DISPLAY", &self.display).status()?;
        if status.success() { Ok(()) } else { Err("no key could be pressed".into()) }
    }

    /// Answers a file dialog with a path, as somebody who types it and presses Enter; returns when the dialog is gone.
    pub fn answer_dialog(&self, title: &str, path: &Path) -> Outcome {
        let end = Instant::now() + START;
        while self.window(title)?.is_none() {
            if Instant::now() > end {
                return Err(format!("the dialog “{title}” never came").into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        // It has the focus a moment after it is there.
        std::thread::sleep(Duration::from_millis(800));
        let typed = path.display().to_string();
        self.press(&["ctrl+l"])?;
        self.press(&["ctrl+a"])?;
        let status =
            Command::new("xdotool").args(["type", "--delay", "20", &typed]).env("DISPLAY", &self.display).status()?;
        if !status.success() {
            return Err("nothing could be typed".into());
        }
        std::thread::sleep(Duration::from_millis(300));
        self.press(&["Return"])?;
        let end = Instant::now() + START;
        while self.window(title)?.is_some() {
            if Instant::now() > end {
                return Err(format!("the dialog “{title}” stays").into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Speaks a file into the virtual microphone until the value is dropped.
    pub fn speak(&self, file: &Path) -> Outcome<Program> {
        let file = file.display();
        let script = format!("while paplay --device=voice '{file}'; do :; done");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).env("HOME", &self.home);
        self.apply(&mut command);
        Program::start("paplay", &mut command)
    }

    /// How many connections to the sound server the app has open now.
    pub fn sound_connections(&self) -> Outcome<usize> {
        let mut command = Command::new("pactl");
        command.args(["list", "clients"]).env("HOME", &self.home);
        self.apply(&mut command);
        let found = command.output()?;
        if !found.status.success() {
            return Err("the sound server does not say who is there".into());
        }
        Ok(String::from_utf8(found.stdout)?.lines().filter(|line| line.contains("application.name = \"cpal-")).count())
    }

    /// Records what the virtual speaker plays, for as long as asked.
    pub fn record(&self, file: &Path, length: Duration) -> Outcome {
        let mut command = Command::new("timeout");
        command
            .arg(format!("{:.1}", length.as_secs_f32()))
            .args(["parecord", "--device=speaker.monitor", "--channels=1", "--format=s16le", "--file-format=wav"])
            .arg(format!("--rate={RATE}"))
            .arg(file)
            .env("HOME", &self.home);
        self.apply(&mut command);
        command.status()?;
        if file.is_file() { Ok(()) } else { Err("nothing was recorded".into()) }
    }
}

fn started(name: &str, home: &Home, arguments: &[&str]) -> Outcome<Program> {
    let mut command = Command::new(name);
    home.apply(&mut command);
    command.args(arguments);
    Program::start(name, &mut command)
}

fn start_sound(home: &Home, socket: &Path) -> Outcome<Program> {
    let listen = format!("module-native-protocol-unix auth-anonymous=1 socket={}", socket.display());
    let sink = |name: &str| {
        format!("module-null-sink sink_name={name} rate={RATE} channels=2 sink_properties=device.description={name}")
    };
    let (speaker, voice) = (sink("speaker"), sink("voice"));
    let microphone = "module-remap-source source_name=microphone master=voice.monitor source_properties=device.description=microphone";
    let arguments =
        ["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disallow-exit", "--log-level=error"];
    let mut words: Vec<&str> = arguments.to_vec();
    for module in [listen.as_str(), &speaker, &voice, microphone] {
        words.extend(["-L", module]);
    }
    let mut server = started("pulseaudio", home, &words)?;
    let end = Instant::now() + START;
    let ready = || {
        let mut ask = Command::new("pactl");
        home.apply(&mut ask);
        ask.env("PULSE_SERVER", format!("unix:{}", socket.display()));
        ask.args(["set-default-source", "microphone"]);
        ask.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success())
    };
    while !(socket.exists() && ready()) {
        if Instant::now() > end {
            let _ = server.ended(Duration::ZERO);
            return Err(Failure::from("the sound server did not come up"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut choose = Command::new("pactl");
    home.apply(&mut choose);
    choose.env("PULSE_SERVER", format!("unix:{}", socket.display())).args(["set-default-sink", "speaker"]).status()?;
    Ok(server)
}
