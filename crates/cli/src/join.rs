//! `join`: a guest without a window. What happens is told in lines, one event each.

use std::path::PathBuf;
use std::time::Duration;

use runde_client::{
    AnnouncedError, AudioIn, AudioOut, Command, Contacts, JoinOptions, LAYERS, LeftReason, Meeting, MeetingEvent,
    MeetingHandle,
};
use runde_client::{Processing, RoomLink, ScreenIn, VideoIn};
use runde_privacy::{Purpose, Target};
use runde_profile::{Places, Policy, ProfileError};

use tokio::sync::mpsc;

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure, NoticeFailure};
use crate::messages::{rights, system_language};
use crate::orders;
use crate::output;
use crate::permit::{DEFAULT_SERVER, for_guest, link_target};
use crate::report::Report;
use crate::rights::paper::OwnFile;
use crate::secrets::Needed;
use crate::standing;

struct Options {
    join: JoinOptions,
    needed: Needed,
    acks: Vec<String>,
    chat: Option<String>,
    stay: Option<Duration>,
    orders: bool,
    /// Where the contact ledger is written at the end.
    contacts: Option<PathBuf>,
    json: bool,
}

/// Media of a guest before the link is known.
#[derive(Default)]
struct Draft {
    link: Option<String>,
    name: Option<String>,
    audio_in: Option<AudioIn>,
    audio_out: Option<AudioOut>,
    video_in: Option<VideoIn>,
    screen_in: Option<ScreenIn>,
    video_out: Option<PathBuf>,
    processing: Option<bool>,
    receive_height: Option<u32>,
    layers: Option<usize>,
    relay_only: bool,
    direct: bool,
    needed: Needed,
    acks: Vec<String>,
    chat: Option<String>,
    stay: Option<Duration>,
    orders: bool,
    contacts: Option<PathBuf>,
    json: bool,
}

pub fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let options = parse(arguments)?.finish()?;
    if options.join.direct && !Policy::read(&Places::of_user()?.policy)?.allows(Purpose::PeerToPeer) {
        return Err(ProfileError::Locked(Purpose::PeerToPeer.id().to_owned()).into());
    }
    let contacts = options.join.contacts.clone();
    let file = options.contacts.as_deref().map(OwnFile::new).transpose()?;
    let exit = attend(options, &contacts);
    if let Some(file) = file {
        file.fill(format!("{:#}\n", contacts.seen().to_json()).as_bytes())?;
    }
    exit
}

/// From the notices to the end of the meeting.
fn attend(mut options: Options, contacts: &Contacts) -> Result<Exit, Failure> {
    let (contact, devices) = match for_guest(&options.join.link, &options.acks, contacts) {
        Ok(permits) => permits,
        // Its notice could not be asked for, so neither could the room be entered: told like any room that is not there.
        Err(Failure::Notice(NoticeFailure::Announced { error: AnnouncedError::Wire(error), .. })) => {
            let reason = LeftReason::Unreachable(error);
            Report::new(options.json).end(&reason, &contacts.seen());
            return Ok(Exit::UnreachableOrRefused);
        }
        Err(failure) => return Err(failure),
    };
    options.join.devices = Some(devices);
    (options.join.login, options.join.password) = options.needed.read(system_language())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::Runtime)?;
    let exit = runtime.block_on(async {
        let target = link_target(&options.join.link)?;
        let meeting = Meeting::spawn(contact, options.join)?;
        let orders = options.orders.then(orders::lines);
        let visit = Visit { chat: options.chat, stay: options.stay, orders, target };
        Ok(follow(meeting, visit, Report::new(options.json), contacts).await)
    });
    // A line that nobody types any more is not waited for.
    runtime.shutdown_background();
    exit
}

/// What a guest does in the room.
struct Visit {
    /// Said once, after joining.
    chat: Option<String>,
    stay: Option<Duration>,
    orders: Option<mpsc::Receiver<String>>,
    /// Whose objection would end the stay.
    target: Target,
}

/// The next order; never where none are taken, or no more come.
async fn next_order(orders: &mut Option<mpsc::Receiver<String>>) -> String {
    if let Some(lines) = orders {
        if let Some(line) = lines.recv().await {
            return line;
        }
        *orders = None;
    }
    std::future::pending().await
}

/// How long a room may take to say good-bye before the program ends without it.
const GOOD_BYE: Duration = Duration::from_secs(3);

/// Prints what happens until the meeting is over; leaves when told to or when the time is up.
async fn follow(mut meeting: MeetingHandle, mut visit: Visit, report: Report, contacts: &Contacts) -> Exit {
    let mut given = 0;
    let mut time_is_up = Box::pin(tokio::time::sleep(Duration::MAX));
    let mut stopped = Box::pin(asked_to_stop());
    let mut objected = Box::pin(standing::objected(visit.target.clone()));
    loop {
        let event = tokio::select! {
            event = meeting.next_event() => event,
            line = next_order(&mut visit.orders) => {
                given += 1;
                if line.trim() == orders::CONTACTS {
                    report.contacts(&contacts.seen());
                } else {
                    carry_out(&meeting, &line, given, report);
                }
                continue;
            }
            () = &mut time_is_up => break,
            () = &mut stopped => break,
            () = &mut objected => {
                output::complain(&rights::left_after_objection(visit.target.host(), system_language()));
                leave(meeting, report, contacts).await;
                return Exit::NotNoted;
            }
        };
        let Some(event) = event else { return Exit::UnreachableOrRefused };
        if let MeetingEvent::Left { reason } = &event {
            report.end(reason, &contacts.seen());
            return exit_of(reason);
        }
        report.tell(&event);
        if matches!(event, MeetingEvent::Joined { .. }) {
            if let Some(text) = visit.chat.take() {
                let _ = meeting.command(Command::Chat(text));
            }
            if let Some(stay) = visit.stay {
                time_is_up.as_mut().reset(tokio::time::Instant::now() + stay);
            }
        }
    }
    leave(meeting, report, contacts).await
}

/// `number`: of the line, counted from 1.
fn carry_out(meeting: &MeetingHandle, line: &str, number: u32, report: Report) {
    if line.trim().is_empty() {
        return;
    }
    let read = orders::read(line, &meeting.state().borrow());
    match read {
        Ok(command) => {
            let _ = meeting.command(command);
        }
        Err(why) => report.misread(number, why),
    }
}

/// Whoever was asked to leave has done so, whatever the room still says.
async fn leave(mut meeting: MeetingHandle, report: Report, contacts: &Contacts) -> Exit {
    let _ = meeting.command(Command::Leave);
    let rest = async {
        while let Some(event) = meeting.next_event().await {
            if let MeetingEvent::Left { reason } = &event {
                report.end(reason, &contacts.seen());
            } else {
                report.tell(&event);
            }
        }
    };
    let _ = tokio::time::timeout(GOOD_BYE, rest).await;
    Exit::Done
}

const fn exit_of(reason: &LeftReason) -> Exit {
    match reason {
        LeftReason::Asked => Exit::Done,
        LeftReason::Unreachable(_) | LeftReason::Refused(_) | LeftReason::Lost => Exit::UnreachableOrRefused,
        LeftReason::Kicked | LeftReason::RoomEnded => Exit::RoomEnded,
    }
}

/// SIGTERM or Ctrl-C. Both count from the call on, not only once it is awaited: whoever was told that rooms are open may ask for
/// their end at once. Must be called within the runtime.
#[cfg(unix)]
pub fn asked_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    async fn next(signal: Option<&mut Signal>) {
        match signal {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
    let mut terminate = signal(SignalKind::terminate()).ok();
    let mut interrupt = signal(SignalKind::interrupt()).ok();
    async move {
        tokio::select! {
            () = next(terminate.as_mut()) => {}
            () = next(interrupt.as_mut()) => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
pub async fn asked_to_stop() {
    let _ = tokio::signal::ctrl_c().await;
}

fn parse(mut arguments: Arguments) -> Result<Draft, Failure> {
    let mut draft = Draft::default();
    while let Some(next) = arguments.next()? {
        let option = match next {
            Next::Word(word) if draft.link.is_none() => {
                draft.link = Some(word);
                continue;
            }
            Next::Word(_) => return Err(next.unexpected()),
            Next::Option(option) => option,
        };
        match option.as_str() {
            "--name" => draft.name = Some(arguments.text()?),
            "--user" => draft.needed.user = Some(arguments.text()?).filter(|user| !user.is_empty()),
            "--password-stdin" => draft.needed.room = true,
            "--notice-ack" => draft.acks.push(arguments.text()?),
            "--audio-in" => draft.audio_in = Some(audio_in(&arguments.text()?)),
            "--audio-out" => draft.audio_out = Some(audio_out(&arguments.text()?)),
            "--video-in" => draft.video_in = Some(video_in(&arguments.text()?)),
            "--share" => draft.screen_in = Some(screen_in(&arguments.text()?)),
            "--video-out" => draft.video_out = Some(arguments.path()?).filter(|path| path.as_os_str() != "none"),
            "--processing" => draft.processing = Some(arguments.on_off("--processing")?),
            "--relay-only" => draft.relay_only = true,
            "--p2p" => draft.direct = true,
            "--chat" => draft.chat = Some(arguments.text()?),
            "--receive-height" => {
                draft.receive_height = Some(arguments.parsed("--receive-height", "a number of lines")?)
            }
            "--layers" => draft.layers = Some(layers(arguments.parsed("--layers", LAYERS_EXPECTED)?)?),
            "--orders" => draft.orders = true,
            "--contacts" => draft.contacts = Some(arguments.path()?),
            "--for" => draft.stay = Some(arguments.duration("--for")?),
            "--json" => draft.json = true,
            _ => return Err(Next::Option(option).unexpected()),
        }
    }
    Ok(draft)
}

impl Draft {
    fn finish(self) -> Result<Options, Failure> {
        let text = self.link.ok_or(Failure::Missing("LINK"))?;
        let link = RoomLink::parse(&text, DEFAULT_SERVER).map_err(Failure::Link)?;
        let mut join = JoinOptions::new(link, self.name.ok_or(Failure::Missing("--name NAME"))?);
        join.audio_in = self.audio_in.unwrap_or(AudioIn::None);
        join.audio_out = self.audio_out.unwrap_or(AudioOut::None);
        join.video_in = self.video_in.unwrap_or(VideoIn::None);
        join.video_out = self.video_out;
        join.processing = self.processing.map(|on| if on { Processing::ALL } else { Processing::NONE });
        join.default_height = self.receive_height.unwrap_or(join.default_height);
        join.relay_only = self.relay_only;
        join.direct = self.direct;
        join.layers = self.layers.unwrap_or(join.layers);
        join.microphone = join.audio_in != AudioIn::None;
        join.camera = join.video_in != VideoIn::None;
        join.screen_in = self.screen_in.unwrap_or(ScreenIn::None);
        join.share = join.screen_in != ScreenIn::None;
        let needed = self.needed;
        Ok(Options {
            join,
            needed,
            acks: self.acks,
            chat: self.chat,
            stay: self.stay,
            orders: self.orders,
            contacts: self.contacts,
            json: self.json,
        })
    }
}

const LAYERS_EXPECTED: &str = "1, 2 or 3";

fn layers(count: usize) -> Result<usize, Failure> {
    let refused = || Failure::Value { option: "--layers", value: count.to_string(), expected: LAYERS_EXPECTED };
    (1..=LAYERS).contains(&count).then_some(count).ok_or_else(refused)
}

fn audio_in(text: &str) -> AudioIn {
    match (text, text.strip_prefix("device:")) {
        ("none", _) => AudioIn::None,
        ("tone", _) => AudioIn::Tone,
        (_, Some("default")) => AudioIn::Default,
        (_, Some(id)) => AudioIn::Device(id.to_owned()),
        (file, None) => AudioIn::File(file.into()),
    }
}

fn audio_out(text: &str) -> AudioOut {
    match (text, text.strip_prefix("device:")) {
        ("none", _) => AudioOut::None,
        (_, Some("default")) => AudioOut::Default,
        (_, Some(id)) => AudioOut::Device(id.to_owned()),
        (file, None) => AudioOut::File(file.into()),
    }
}

fn video_in(text: &str) -> VideoIn {
    match (text, text.strip_prefix("device:")) {
        ("none", _) => VideoIn::None,
        ("pattern", _) => VideoIn::Pattern,
        (_, Some("default")) => VideoIn::Default,
        (_, Some(id)) => VideoIn::Device(id.to_owned()),
        (file, None) => VideoIn::File(file.into()),
    }
}

fn screen_in(text: &str) -> ScreenIn {
    match text {
        "none" => ScreenIn::None,
        "pattern" => ScreenIn::Pattern,
        file => ScreenIn::File(file.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_without_media_options_opens_no_device() {
        let options = parse(Arguments::of(&["https://h.example/r", "--name", "Ada"])).unwrap().finish().unwrap();
        assert_eq!((options.join.audio_in, options.join.video_in), (AudioIn::None, VideoIn::None));
        assert!(!options.join.microphone && !options.join.camera && !options.join.share);
    }

    #[test]
    fn what_is_given_is_switched_on() {
        let words = [
            "https://h.example/r",
            "--name",
            "Ada",
            "--audio-in",
            "tone",
            "--video-in",
            "device:cam0",
            "--share",
            "pattern",
        ];
        let options = parse(Arguments::of(&words)).unwrap().finish().unwrap();
        assert!(options.join.microphone && options.join.camera && options.join.share);
        assert_eq!(options.join.screen_in, ScreenIn::Pattern);
        assert_eq!(options.join.video_in, VideoIn::Device("cam0".into()));
    }

    #[test]
    fn a_direct_connection_is_made_only_where_it_was_asked_for() {
        let direct = |words: &[&str]| {
            let words = [&["https://h.example/r", "--name", "Ada"][..], words].concat();
            parse(Arguments::of(&words)).unwrap().finish().unwrap().join.direct
        };
        assert!(!direct(&[]) && direct(&["--p2p"]));
    }

    #[test]
    fn one_to_three_layers_are_sent_and_three_unless_asked() {
        let sent = |words: &[&str]| {
            let words = [&["https://h.example/r", "--name", "Ada"][..], words].concat();
            Ok::<_, Failure>(parse(Arguments::of(&words))?.finish()?.join.layers)
        };
        assert_eq!((sent(&[]).unwrap(), sent(&["--layers", "1"]).unwrap()), (3, 1));
        for bad in ["0", "4", "two"] {
            assert!(matches!(sent(&["--layers", bad]), Err(Failure::Value { option: "--layers", .. })));
        }
    }

    #[test]
    fn passwords_are_asked_for_and_never_taken_from_the_command_line() {
        let words = ["https://h.example/r", "--name", "Ada", "--user", "ada", "--password-stdin"];
        let options = parse(Arguments::of(&words)).unwrap().finish().unwrap();
        assert_eq!(options.needed, Needed { user: Some("ada".into()), room: true });
        let given = ["https://h.example/r", "--name", "Ada", "--password-stdin=sesame"];
        assert!(parse(Arguments::of(&given)).is_err());
    }

    #[test]
    fn a_link_and_a_name_are_needed() {
        assert!(matches!(parse(Arguments::of(&["--name", "A"])).unwrap().finish(), Err(Failure::Missing("LINK"))));
        let nameless = parse(Arguments::of(&["https://h.example/r"])).unwrap().finish();
        assert!(matches!(nameless, Err(Failure::Missing(_))));
    }

    #[test]
    fn the_end_of_a_meeting_decides_the_exit_code() {
        assert_eq!(exit_of(&LeftReason::Asked), Exit::Done);
        assert_eq!(exit_of(&LeftReason::Lost), Exit::UnreachableOrRefused);
        assert_eq!(exit_of(&LeftReason::RoomEnded), Exit::RoomEnded);
    }
}
