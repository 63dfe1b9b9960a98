//! `serve`: rooms on this computer until somebody says stop.

use std::net::SocketAddr;
use std::path::PathBuf;

use runde_privacy::access_log::Retention;
use runde_privacy::{Lang, Operator, Target};
use runde_profile::{Places, now};
use runde_server::{AccessLog, LogTrouble, MAX_SLOTS, ServeOptions, Server, ServerHandle, Tls, purge};
use serde_json::json;

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure, NoticeFailure};
use crate::join::asked_to_stop;
use crate::messages::{Message, holds, system_language};
use crate::operator;
use crate::output;
use crate::permit::{LOGGED_ROOM, for_host, retention};
use crate::secrets::{self, ask};
use crate::turn::relay;

/// The agreed default: this computer only.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8443);

struct Options {
    serve: ServeOptions,
    data: Option<PathBuf>,
    ack: Option<String>,
    log: Log,
    retention: Option<Retention>,
    operator: Option<PathBuf>,
    turn_user: Option<String>,
    locked: Option<Locked>,
    json: bool,
}

/// Where the password of the rooms comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Locked {
    Stdin,
    File(PathBuf),
}

/// What `--access-log` says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Log {
    /// Nothing: none, unless the operator's details name one.
    Unsaid,
    Off,
    /// In the profile.
    On,
    In(PathBuf),
}

/// Where the access log of a profile lies unless told otherwise.
pub fn log_folder(places: &Places) -> PathBuf {
    places.data.join("access-log")
}

pub fn run(arguments: Arguments) -> Result<Exit, Failure> {
    leave_no_core_dump();
    let mut options = parse(arguments)?;
    log_in_at_relays(&mut options)?;
    let places = options.data.as_deref().map_or_else(Places::of_user, |root| Ok(Places::at(root)))?;
    let named = options.operator.as_deref().map(|source| operator::named(source, options.data.as_deref()));
    let named = named.transpose()?;
    let log = access_log(&options, named.as_ref().map(|named| &named.operator), &places)?;
    let days = log.as_ref().map(|log| format!("{LOGGED_ROOM}{}", log.retention.days()));
    let place = named.as_ref().map(|named| named.place.clone()).or(days).unwrap_or_else(|| Target::OWN_ROOM.to_owned());
    options.serve = match (&named, log) {
        (Some(named), log) => options.serve.under(named.notice(), log),
        (None, Some(log)) => options.serve.with_access_log(log),
        (None, None) => options.serve,
    };
    options.serve.password = match &options.locked {
        None => None,
        Some(Locked::Stdin) => Some(secrets::room(system_language())?),
        Some(Locked::File(path)) => Some(secrets::in_file(path)?),
    };
    let permit = for_host(options.ack.as_deref(), options.data.as_deref(), &options.serve.notice, &place)?;
    named.map_or(Ok(()), |named| named.keep(options.data.as_deref()))?;
    if options.serve.access_log.is_none() {
        purge_former_log(&places);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::Runtime)?;
    runtime.block_on(async {
        let log = options
            .serve
            .access_log
            .as_ref()
            .map(|log| json!({"folder": log.folder.display().to_string(), "retention_days": log.retention.days()}));
        let stopped = asked_to_stop();
        let (password, lobby) = (options.serve.password.is_some(), options.serve.lobby);
        let mut server = Server::spawn(permit, options.serve)?;
        if options.json {
            let (url, fragment) = (server.url(), server.fragment());
            output::event(&json!({
                "event": "listening", "url": url, "fragment": fragment, "access_log": log, "password": password, "lobby": lobby,
            }));
        } else {
            output::print(&server.room_link("room"));
        }
        tell_troubles(&mut server, options.json);
        tell_refusals(&server, options.json);
        stopped.await;
        server.shutdown().await;
        if options.json {
            output::event(&json!({"event": "stopped"}));
        }
        Ok(Exit::Done)
    })
}

/// Guests need the credentials of the relays; the password is asked for where nobody else can read it.
fn log_in_at_relays(options: &mut Options) -> Result<(), Failure> {
    if options.serve.relays.is_empty() {
        return Ok(());
    }
    let user = options.turn_user.clone().ok_or(Failure::Missing("--turn-user NAME"))?;
    let password = ask(Message::RelayPassword, system_language())?;
    for relay in &mut options.serve.relays {
        (relay.username, relay.password) = (Some(user.clone()), Some(password.expose().to_owned()));
    }
    Ok(())
}

/// The memory of a room holds what people say and show; a crash must not put it on disk. Without this right the
/// system's own setting holds, and serving is no reason to stop.
fn leave_no_core_dump() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    // Programs that collect crashes are handed memory in spite of the limit, but not of a process marked so.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// The log that is asked for. Where the operator's details say how long one is kept, they decide, and nothing may contradict them.
fn access_log(options: &Options, operator: Option<&Operator>, places: &Places) -> Result<Option<AccessLog>, Failure> {
    if let Some(operator) = operator {
        let kept = operator.retention();
        let other = options.retention.is_some() && options.retention != kept;
        return match (kept, &options.log) {
            _ if other => Err(NoticeFailure::OperatorsRetention.into()),
            (Some(kept), Log::In(folder)) => Ok(Some(AccessLog::new(folder.clone(), kept))),
            (Some(kept), Log::On | Log::Unsaid) => Ok(Some(AccessLog::new(log_folder(places), kept))),
            (Some(_), Log::Off) | (None, Log::On | Log::In(_)) => Err(NoticeFailure::OperatorsRetention.into()),
            (None, Log::Off | Log::Unsaid) => Ok(None),
        };
    }
    let folder = match (&options.log, options.retention) {
        (Log::Off | Log::Unsaid, Some(_)) => return Err(Failure::Missing("--access-log on")),
        (Log::Off | Log::Unsaid, None) => return Ok(None),
        (Log::On, _) => log_folder(places),
        (Log::In(folder), _) => folder.clone(),
    };
    Ok(Some(AccessLog::new(folder, options.retention.unwrap_or(Retention::CEILING))))
}

/// Days of an earlier log end in time also when today's rooms keep none.
fn purge_former_log(places: &Places) {
    let (folder, lang) = (log_folder(places), system_language());
    let stuck = match purge(&folder, now(), Retention::CEILING) {
        Ok(purged) => purged.stuck,
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => vec![(folder, error.to_string())],
    };
    for (path, reason) in stuck {
        output::complain(&holds::trouble(&LogTrouble::Stuck { path, reason }, lang));
    }
}

/// Says what goes wrong with the access log while rooms go on.
fn tell_troubles(server: &mut ServerHandle, json: bool) {
    let Some(mut troubles) = server.log_troubles() else { return };
    let lang = system_language();
    tokio::spawn(async move {
        while let Some(trouble) = troubles.recv().await {
            let sentence = holds::trouble(&trouble, lang);
            if json {
                let (word, english) = (holds::trouble_word(&trouble), holds::trouble(&trouble, Lang::En));
                output::event(&json!({"event": "access-log", "trouble": word, "detail": english}));
            }
            output::complain(&sentence);
        }
    });
}

/// Says how many guests declared streams that their rooms did not take; none of them by name.
fn tell_refusals(server: &ServerHandle, json: bool) {
    let mut refused = server.refused();
    tokio::spawn(async move {
        while json && refused.changed().await.is_ok() {
            let guests = *refused.borrow_and_update();
            output::event(&json!({"event": "streams-refused", "guests": guests}));
        }
    });
}

fn parse(mut arguments: Arguments) -> Result<Options, Failure> {
    let mut options = Options {
        serve: ServeOptions::new(LISTEN),
        data: None,
        ack: None,
        log: Log::Unsaid,
        retention: None,
        operator: None,
        turn_user: None,
        locked: None,
        json: false,
    };
    while let Some(next) = arguments.next()? {
        let Next::Option(option) = &next else { return Err(next.unexpected()) };
        match option.as_str() {
            "--listen" => {
                options.serve.listen = arguments.parsed("--listen", "ADDRESS:PORT, such as 127.0.0.1:8443")?
            }
            "--public-url" => options.serve.public_url = Some(arguments.text()?),
            "--media" => {
                options.serve.media = Some(arguments.parsed("--media", "ADDRESS:PORT, such as 203.0.113.7:443")?);
            }
            "--turn" => options.serve.relays.push(relay(&arguments.text()?)?),
            "--turn-user" => options.turn_user = Some(arguments.text()?),
            "--tls" => options.serve.tls = tls(arguments.text()?)?,
            "--access-log" => options.log = log(arguments.path()?),
            "--retention" => options.retention = Some(retention(&arguments.text()?)?),
            "--password-stdin" => options.locked = Some(Locked::Stdin),
            "--password-file" => options.locked = Some(Locked::File(arguments.path()?)),
            "--lobby" => options.serve.lobby = arguments.on_off("--lobby")?,
            "--slots" => options.serve.slots = slots(&mut arguments)?,
            "--web-root" => options.serve.web_root = Some(arguments.path()?),
            "--operator" => options.operator = Some(arguments.path()?),
            "--data" => options.data = Some(arguments.path()?),
            "--notice-ack" => options.ack = Some(arguments.text()?),
            "--json" => options.json = true,
            _ => return Err(next.unexpected()),
        }
    }
    Ok(options)
}

fn slots(arguments: &mut Arguments) -> Result<usize, Failure> {
    let expected = "a number from 1 to 200";
    let slots = arguments.parsed("--slots", expected)?;
    if (1..=MAX_SLOTS).contains(&slots) {
        return Ok(slots);
    }
    Err(Failure::Value { option: "--slots", value: slots.to_string(), expected })
}

/// A folder that is really called `on` or `off` is written `./on`.
fn log(value: PathBuf) -> Log {
    match value.to_str() {
        Some("off") => Log::Off,
        Some("on") => Log::On,
        Some(_) | None => Log::In(value),
    }
}

fn tls(value: String) -> Result<Tls, Failure> {
    match (value.as_str(), value.split_once(',')) {
        ("self-signed", _) => Ok(Tls::SelfSigned),
        ("off", _) => Ok(Tls::Off),
        (_, Some((cert, key))) => Ok(Tls::Files { cert: cert.into(), key: key.into() }),
        (_, None) => Err(Failure::Value { option: "--tls", value, expected: "self-signed, off or CERT,KEY" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_options_only_this_computer_is_served() {
        let options = parse(Arguments::of(&[])).unwrap();
        assert!(options.serve.listen.ip().is_loopback() && options.serve.listen.port() == 8443);
        assert_eq!(options.serve.tls, Tls::SelfSigned);
    }

    #[test]
    fn a_password_is_read_from_a_file_or_asked_for_and_never_taken_from_the_command_line() {
        let locked = |words: &[&str]| parse(Arguments::of(words)).map(|options| options.locked);
        assert_eq!(locked(&[]).unwrap(), None);
        assert_eq!(locked(&["--password-stdin"]).unwrap(), Some(Locked::Stdin));
        assert_eq!(locked(&["--password-file", "p"]).unwrap(), Some(Locked::File("p".into())));
        for refused in [&["--password", "sesame"][..], &["--password-stdin=sesame"]] {
            assert!(locked(refused).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn a_lobby_is_there_only_when_asked_for() {
        let lobby = |words: &[&str]| parse(Arguments::of(words)).map(|options| options.serve.lobby);
        assert!(!lobby(&[]).unwrap() && lobby(&["--lobby", "on"]).unwrap());
        assert!(lobby(&["--lobby"]).is_err());
    }

    #[test]
    fn a_guest_has_at_least_one_slot_and_no_more_than_a_transport_takes() {
        let slots = |given: &str| Some(parse(Arguments::of(&["--slots", given])).ok()?.serve.slots);
        assert_eq!((slots("1"), slots("200")), (Some(1), Some(200)));
        assert_eq!((slots("0"), slots("201"), slots("many")), (None, None, None));
    }

    fn kept(words: &[&str]) -> Result<Option<AccessLog>, Failure> {
        access_log(&parse(Arguments::of(words))?, None, &Places::at(std::path::Path::new("home")))
    }

    #[test]
    fn an_access_log_is_kept_only_when_asked_for_and_for_eight_weeks_at_most() {
        assert_eq!(kept(&[]).unwrap(), None);
        let log = kept(&["--access-log", "on"]).unwrap().unwrap();
        assert_eq!((log.folder.as_path(), log.retention.days()), (std::path::Path::new("home/data/access-log"), 56));
        let log = kept(&["--access-log", "logs", "--retention", "14"]).unwrap().unwrap();
        assert_eq!((log.folder.as_path(), log.retention.days()), (std::path::Path::new("logs"), 14));
        for refused in ["0", "57", "-1", "P8W"] {
            assert!(matches!(kept(&["--access-log", "on", "--retention", refused]), Err(Failure::Retention(_))));
        }
        assert!(matches!(kept(&["--retention", "14"]), Err(Failure::Missing(_))), "a promise about nothing");
    }

    #[test]
    fn the_details_of_an_operator_decide_about_the_log_and_nothing_may_contradict_them() {
        let kept = |days: &str, words: &[&str]| {
            let record = format!(r#"{{"name": "A", "address": ["b"]{days}}}"#);
            let operator = Operator::read(record.as_bytes()).unwrap();
            let places = Places::at(std::path::Path::new("home"));
            access_log(&parse(Arguments::of(words)).unwrap(), Some(&operator), &places)
        };
        let fourteen = r#", "retention_days": 14"#;
        assert_eq!(kept("", &[]).unwrap(), None);
        assert_eq!(kept(fourteen, &[]).unwrap().unwrap().retention.days(), 14);
        assert_eq!(kept(fourteen, &["--access-log", "logs"]).unwrap().unwrap().folder, PathBuf::from("logs"));
        for (days, words) in [
            (fourteen, &["--access-log", "off"][..]),
            (fourteen, &["--retention", "28"]),
            ("", &["--access-log", "on"]),
            ("", &["--retention", "14"]),
        ] {
            assert!(
                matches!(kept(days, words), Err(Failure::Notice(NoticeFailure::OperatorsRetention))),
                "{days} {words:?}"
            );
        }
    }

    #[test]
    fn a_certificate_and_its_key_come_together() {
        let options = parse(Arguments::of(&["--tls", "a.pem,b.pem", "--listen", "[::1]:1"])).unwrap();
        assert_eq!(options.serve.tls, Tls::Files { cert: "a.pem".into(), key: "b.pem".into() });
        assert!(parse(Arguments::of(&["--tls", "a.pem"])).is_err());
        assert!(parse(Arguments::of(&["--listen", "8443"])).is_err());
    }
}
