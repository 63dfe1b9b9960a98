//! Another program writes to the profile while the app is open: what it withdrew, objected to or erased counts here, and nothing that
//! rested on it goes on.

use super::*;
use runde_privacy::{ConsentState, Method, Purpose, Target};
use runde_profile::{Build, Opening, Profile};

impl Person {
    /// The profile as `runde-cli` opens it.
    fn beside(&self) -> Profile {
        let wait = Duration::from_secs(20);
        Profile::open(Opening { places: Places::at(self.folder.path()), build: Build::default(), wait }).unwrap()
    }

    /// What the loop does ten times a second, for a second; whether anything was heard of.
    async fn a_second_passes(&mut self) -> bool {
        let mut heard = false;
        for _ in 0..10 {
            heard |= self.app.look_outside().await;
        }
        self.app.publish();
        heard
    }

    async fn agrees_to_everything(&mut self) {
        self.notes().await;
        let all = Purpose::OFFERED.map(|purpose| (purpose.id().to_owned(), true));
        self.does(Request::DecideConsents { answers: all.into_iter().collect(), lang: Lang::De }).await.unwrap();
    }

    /// From the door of one's own room into it.
    async fn sits_in_the_room(&mut self) {
        self.does(Request::Join { name: "Ada".into(), microphone: false, camera: false }).await.unwrap();
        let entering = async {
            while !self.app.place.is_meeting() {
                let news = seat::next_event(&mut self.app.seat).await;
                self.app.heard(news);
            }
        };
        tokio::time::timeout(Duration::from_secs(60), entering).await.unwrap();
    }

    fn granted(&mut self) -> usize {
        self.app.desk().unwrap().purposes().iter().filter(|purpose| purpose.granted).count()
    }
}

fn decide(profile: &mut Profile, purpose: Purpose, state: ConsentState) {
    profile.decide(purpose, state, runde_privacy::Lang::De, Method::CliFlag).unwrap();
}

fn object(profile: &mut Profile, host: &str) {
    let target = Target::new(host, None).unwrap();
    profile.object(&target, runde_privacy::Lang::De, Method::CliFlag).unwrap();
}

#[tokio::test]
async fn a_withdrawal_elsewhere_switches_off_and_empties_the_list_on_the_page() {
    let mut person = Person::sits_down(None).await;
    person.agrees_to_everything().await;
    person.app.desk().unwrap().remember_room("https://meet.jit.si/table").unwrap();
    assert!(!person.a_second_passes().await, "nobody wrote");
    assert_eq!(person.granted(), Purpose::OFFERED.len());
    decide(&mut person.beside(), Purpose::RecentRooms, ConsentState::Withdrawn);
    assert!(person.a_second_passes().await);
    assert_eq!(person.granted(), Purpose::OFFERED.len() - 1);
    let Page::Home(home) = person.page() else { panic!("the first page") };
    assert_eq!(home.recents, None);
    assert!(!person.a_second_passes().await, "once");
}

#[tokio::test]
async fn an_objection_elsewhere_closes_the_door_with_a_sentence() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.does(Request::OpenLink("https://meet.jit.si/table".into())).await.unwrap();
    assert!(matches!(person.page(), Page::Prejoin(_)));
    object(&mut person.beside(), "elsewhere.example");
    assert!(person.a_second_passes().await && person.toasts().is_empty());
    assert!(matches!(person.app.place, Place::Prejoin(_)), "another operator");
    object(&mut person.beside(), "meet.jit.si");
    assert!(person.a_second_passes().await);
    assert!(matches!(person.app.place, Place::Home));
    assert_eq!(person.toasts(), [ErrorCode::Objected]);
}

#[tokio::test]
async fn an_objection_elsewhere_ends_the_running_meeting_with_a_sentence() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.hosts().await;
    person.sits_in_the_room().await;
    let host = person.app.seat.as_ref().unwrap().host.clone();
    object(&mut person.beside(), &host);
    assert!(person.a_second_passes().await);
    // A machine without sound says that, too.
    assert_eq!(person.toasts().last(), Some(&ErrorCode::Objected));
    let leaving = async {
        while person.app.seat.is_some() {
            let news = seat::next_event(&mut person.app.seat).await;
            person.app.heard(news);
        }
    };
    tokio::time::timeout(Duration::from_secs(1), leaving).await.expect("left within a second");
    assert!(matches!(person.app.place, Place::After(_)));
}

#[tokio::test]
async fn a_profile_erased_elsewhere_ends_everything_and_begins_with_the_notice() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.hosts().await;
    assert!(person.beside().erase_all().unwrap().is_empty());
    assert!(person.a_second_passes().await);
    assert!(person.app.hosted.is_none() && person.app.seat.is_none());
    assert_eq!((person.page(), person.toasts()), (Page::Notice, vec![ErrorCode::ProfileErased]));
    person.arrives_home().await;
}

#[tokio::test]
async fn the_last_lines_of_an_erased_access_log_go_with_it() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let (name, address, retention_days) = ("Verein".into(), "Weg 1".into(), "14".into());
    let details = crate::view::Responsible { name, address, retention_days, ..Default::default() };
    person.does(Request::KeepHosting(details)).await.unwrap();
    person.hosts().await;
    person.sits_in_the_room().await;
    // A file of somebody else keeps the folder, so that lines can still be written.
    let log = person.folder.path().join("data/access-log");
    std::fs::write(log.join("notes.txt"), "mine").unwrap();
    assert_eq!(person.beside().erase_all().unwrap().len(), 1);
    assert!(person.a_second_passes().await);
    let left = std::fs::read_dir(log).unwrap().map(|file| file.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["notes.txt"]);
}

#[tokio::test]
async fn when_what_was_noted_is_erased_elsewhere_the_notice_is_asked_for_again() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.beside().erase(runde_profile::Item::Acknowledgements(None)).unwrap();
    assert!(person.a_second_passes().await);
    assert_eq!(person.page(), Page::Notice);
}

#[tokio::test]
async fn a_ledger_damaged_while_the_app_is_open_is_told_once_and_opens_nothing() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let path = person.folder.path().join("data/acknowledgements.ledger");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("meet.jit.si", "meet.jit.to", 1)).unwrap();
    assert!(person.a_second_passes().await);
    assert_eq!((person.page(), person.toasts()), (Page::Notice, vec![ErrorCode::LedgerDamaged]));
    assert!(!person.a_second_passes().await);
}

#[tokio::test]
async fn a_setting_changed_elsewhere_is_not_written_over_by_one_changed_here() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    person.beside().edit("noise", "off").unwrap();
    person.does(Request::SetSetting(SettingChange::RelayOnly(true))).await.unwrap();
    let settings = person.beside().settings().clone();
    assert!(settings.relay_only && !settings.processing.noise);
}
