//! Tests of `holds`.

use runde_privacy::access_log::hold::Rule;

use super::*;

/// 2026-11-23T09:00:00Z.
const NOW: i64 = 1_795_424_400;
const DAY: i64 = 24 * 3600;

struct Log {
    home: tempfile::TempDir,
}

impl Log {
    /// Three lines, two of them from 192.0.2.7, and rubbish that is no line.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let line = |time: &str, ip: &str| format!("{time} 9 \"curl 8\" \"unknown\" {ip}\n");
        let today = line("2026-11-23T08:00:00Z", "192.0.2.7") + &line("2026-11-23T08:00:01Z", "198.51.100.1");
        fs::write(home.path().join("access-2026-11-23-56d.log"), today + &"x".repeat(500) + "\n2026-11-23T08:00")
            .unwrap();
        fs::write(home.path().join("access-2026-11-22-56d.log"), line("2026-11-22T08:00:00Z", "192.0.2.7")).unwrap();
        Self { home }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn holds(&self) -> Holds {
        Holds::of(self.home.path())
    }
}

fn act(incident: &str, ip: &str) -> Act {
    let rule = Rule::new(Some(ip.parse().unwrap()), None, None).unwrap();
    let at = Moment::from_unix(NOW);
    Act { incident: id(incident), reason: "flood".to_owned(), person: "Ada Example".to_owned(), rule, at }
}

fn id(incident: &str) -> Incident {
    incident.to_owned().try_into().unwrap()
}

#[test]
fn a_hold_copies_the_matching_lines_and_nothing_else() {
    let log = Log::new();
    let kept = log.holds().start(&act("inc-1", "192.0.2.7")).unwrap();
    let sealed = fs::read_to_string(&kept.file).unwrap();
    let lines: Vec<&str> = sealed.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "2026-11-22T08:00:00Z 9 \"curl 8\" \"unknown\" 192.0.2.7",
            "2026-11-23T08:00:00Z 9 \"curl 8\" \"unknown\" 192.0.2.7",
        ]
    );
    assert_eq!((kept.lines, log.holds().list().unwrap()[0].seal), (2, Seal::Sound));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&kept.file).unwrap().permissions().mode() & 0o777, 0o400);
    }
}

#[test]
fn the_days_go_in_time_and_the_hold_stays_until_it_is_released() {
    let log = Log::new();
    let kept = log.holds().start(&act("inc-1", "192.0.2.7")).unwrap();
    purge(log.home.path(), Moment::from_unix(NOW + 56 * DAY), Retention::CEILING).unwrap();
    assert!(!log.path("access-2026-11-23-56d.log").exists() && kept.file.exists());
    log.holds().release(&id("inc-1"), Moment::from_unix(NOW + 57 * DAY)).unwrap();
    assert!(!kept.file.exists());
    let left: Vec<_> = fs::read_dir(log.path(HOLDS)).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [log.path(HOLDS).join(REGISTER)]);
    let register = fs::read_to_string(&left[0]).unwrap();
    assert!(register.contains("inc-1") && !register.contains("192.0.2") && !register.contains("Ada"), "{register}");
    assert_eq!(log.holds().list().unwrap()[0].seal, Seal::Deleted);
}

#[test]
fn a_hold_does_not_bring_back_what_had_to_be_gone() {
    let log = Log::new();
    let late = Act { at: Moment::from_unix(NOW + 56 * DAY), ..act("inc-1", "192.0.2.7") };
    assert!(matches!(log.holds().start(&late), Err(HoldFailure::NothingMatches)));
    assert!(!log.path("access-2026-11-23-56d.log").exists(), "it is deleted instead");
}

#[test]
fn without_a_matching_line_nothing_is_written() {
    let log = Log::new();
    assert!(matches!(log.holds().start(&act("inc-1", "203.0.113.1")), Err(HoldFailure::NothingMatches)));
    assert_eq!((log.holds().list().unwrap(), log.holds().strays()), (Vec::new(), Vec::new()));
    assert!(matches!(Holds::of(&log.path("none")).start(&act("a", "::1")), Err(HoldFailure::NoLog(_))));
}

#[test]
fn a_changed_or_missing_text_is_seen() {
    let log = Log::new();
    let kept = log.holds().start(&act("inc-1", "192.0.2.7")).unwrap();
    let forged = fs::read_to_string(&kept.file).unwrap().replace("192.0.2.7", "192.0.2.9");
    fs::remove_file(&kept.file).unwrap();
    assert_eq!(log.holds().list().unwrap()[0].seal, Seal::Missing);
    fs::write(&kept.file, forged).unwrap();
    assert_eq!(log.holds().list().unwrap()[0].seal, Seal::Changed);
}

#[test]
fn a_text_that_the_register_does_not_know_is_found_and_can_be_deleted() {
    let log = Log::new();
    let kept = log.holds().start(&act("inc-1", "192.0.2.7")).unwrap();
    fs::remove_file(log.path(HOLDS).join(REGISTER)).unwrap();
    assert_eq!(log.holds().strays(), [id("inc-1")]);
    log.holds().release(&id("inc-1"), Moment::from_unix(NOW)).unwrap();
    assert!(!kept.file.exists());
    let again = log.holds().release(&id("inc-1"), Moment::from_unix(NOW));
    assert!(matches!(again, Err(HoldFailure::Rule(HoldError::Unknown(_)))));
}

#[test]
fn a_damaged_register_is_kept_as_it_is() {
    let log = Log::new();
    log.holds().start(&act("inc-1", "192.0.2.7")).unwrap();
    let register = log.path(HOLDS).join(REGISTER);
    for damaged in [b"{\"v\":9,\"holds\":[]}".as_slice(), b"\xff\xfe"] {
        fs::write(&register, damaged).unwrap();
        assert!(matches!(log.holds().start(&act("inc-2", "192.0.2.7")), Err(HoldFailure::Register(_))));
        assert!(log.holds().release(&id("inc-1"), Moment::from_unix(NOW)).is_err());
        assert_eq!(fs::read(&register).unwrap(), damaged);
    }
}
