//! Tests of `gate`.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::*;
use crate::acknowledgement::Circumstances;
use crate::ledger::ChainKey;

struct Profile {
    ledger: Ledger<Acknowledgement>,
    rng: ChaCha8Rng,
}

impl Profile {
    fn new() -> Self {
        Self { ledger: Ledger::new(ChainKey::from_bytes([3; 32])), rng: ChaCha8Rng::seed_from_u64(5) }
    }

    fn note(&mut self, target: &Target, lang: Lang) {
        let ack = self.acknowledgement(target, lang);
        self.ledger.record(ack, &mut self.rng).unwrap().confirm();
    }

    fn stand(&mut self, target: &Target, standing: Standing) {
        let how = Circumstances { target: Some(target.clone()), ..Circumstances::default() };
        let notice = Notice::for_target(target);
        let record = Acknowledgement::with_standing(standing, &notice, Lang::De, how, &mut self.rng);
        self.ledger.record(record, &mut self.rng).unwrap().confirm();
    }

    fn acknowledgement(&mut self, target: &Target, lang: Lang) -> Acknowledgement {
        let how = Circumstances { target: Some(target.clone()), ..Circumstances::default() };
        Acknowledgement::noted(&Notice::for_target(target), lang, how, &mut self.rng)
    }

    fn gate(&self) -> Gate {
        Gate::replay(&self.ledger)
    }
}

fn host(name: &str) -> Target {
    Target::new(name, None).unwrap()
}

fn embedded(name: &str) -> Target {
    Target::new(name, Some(&Notice::embedded_room().sha256(Lang::De))).unwrap()
}

#[test]
fn a_fresh_profile_opens_nothing_and_asks_with_the_right_notice() {
    let gate = Profile::new().gate();
    assert_eq!(gate.contact(&host("meet.jit.si")).unwrap_err().notice, Notice::meet_jit_si());
    assert_eq!(gate.contact(&embedded("192.0.2.1")).unwrap_err().notice, Notice::embedded_room());
    assert_eq!(gate.local_devices().unwrap_err().notice, Notice::meet_jit_si());
    assert_eq!(gate.host().unwrap_err().notice, Notice::embedded_room());
}

#[test]
fn noting_one_host_opens_that_host_and_the_devices_only() {
    let mut profile = Profile::new();
    profile.note(&host("meet.jit.si"), Lang::En);
    let gate = profile.gate();
    assert_eq!(gate.contact(&host("www.meet.jit.si")).unwrap().host(), "www.meet.jit.si");
    assert!(gate.local_devices().is_ok());
    assert!(gate.contact(&host("other.example")).is_err());
    assert!(gate.host().is_err());
}

#[test]
fn rooms_of_two_people_are_noted_one_by_one() {
    let mut profile = Profile::new();
    profile.note(&embedded("192.0.2.1"), Lang::De);
    assert!(profile.gate().contact(&embedded("192.0.2.1")).is_ok());
    assert!(profile.gate().contact(&embedded("192.0.2.2")).is_err());
}

#[test]
fn whoever_noted_what_hosting_means_may_host_and_enter_their_own_room() {
    let mut profile = Profile::new();
    profile.note(&Target::own_room(), Lang::De);
    let gate = profile.gate();
    assert!(gate.host().is_ok());
    assert!(gate.contact(&embedded("127.0.0.1")).is_ok() && gate.contact(&embedded("localhost")).is_ok());
    assert!(gate.contact(&embedded("192.0.2.1")).is_err());
}

#[test]
fn the_notice_of_a_room_that_runs_here_is_not_asked_for_twice_whatever_its_address() {
    let mut profile = Profile::new();
    profile.note(&Target::own_room(), Lang::De);
    let gate = profile.gate();
    let hosting = gate.host().unwrap();
    assert_eq!(gate.contact_served_here(&embedded("192.0.2.1"), &hosting).unwrap().host(), "192.0.2.1");
    assert!(gate.contact_served_here(&host("192.0.2.1"), &hosting).is_err(), "without its hash it is any server");
}

#[test]
fn a_link_without_its_hash_makes_the_same_host_unknown_again() {
    let mut profile = Profile::new();
    profile.note(&embedded("127.0.0.1"), Lang::De);
    let asks = profile.gate().contact(&host("127.0.0.1")).unwrap_err();
    assert_eq!(asks.notice.id(), "unknown-server");
    assert!(!asks.stale);
}

#[test]
fn a_changed_text_asks_again_and_says_that_it_changed() {
    let mut profile = Profile::new();
    let mut older = profile.acknowledgement(&host("meet.jit.si"), Lang::De);
    older.notice_sha256 = "00".repeat(32);
    profile.ledger.record(older, &mut profile.rng).unwrap().confirm();
    assert!(profile.gate().contact(&host("meet.jit.si")).unwrap_err().stale);
    assert!(profile.gate().local_devices().is_err());
}

#[test]
fn an_objection_shuts_the_host_until_it_is_lifted_and_noting_again_does_not_help() {
    let mut profile = Profile::new();
    profile.note(&host("meet.jit.si"), Lang::De);
    profile.note(&host("other.example"), Lang::De);
    profile.stand(&host("meet.jit.si"), Standing::Objected);
    profile.note(&host("www.meet.jit.si"), Lang::De);
    let asks = profile.gate().contact(&host("www.meet.jit.si")).unwrap_err();
    assert!(asks.objected.is_some() && !asks.stale);
    assert!(profile.gate().contact(&host("other.example")).is_ok() && profile.gate().local_devices().is_ok());
    assert_eq!(profile.gate().objections().map(|(host, _)| host.to_owned()).collect::<Vec<_>>(), ["meet.jit.si"]);
    profile.stand(&host("meet.jit.si"), Standing::Lifted);
    assert!(profile.gate().contact(&host("meet.jit.si")).is_ok());
}

#[test]
fn an_objection_holds_whichever_notice_a_link_names_and_lifting_opens_nothing_by_itself() {
    let mut profile = Profile::new();
    profile.note(&embedded("192.0.2.1"), Lang::De);
    profile.stand(&host("192.0.2.1"), Standing::Objected);
    assert!(profile.gate().contact(&embedded("192.0.2.1")).is_err());
    profile.stand(&embedded("192.0.2.1"), Standing::Lifted);
    assert!(profile.gate().contact(&embedded("192.0.2.1")).is_ok());
    profile.stand(&host("never.example"), Standing::Lifted);
    assert!(profile.gate().contact(&host("never.example")).is_err());
}

#[test]
fn a_record_that_is_not_on_disk_opens_nothing() {
    let mut profile = Profile::new();
    let ack = profile.acknowledgement(&host("meet.jit.si"), Lang::De);
    let pending = profile.ledger.record(ack, &mut profile.rng).unwrap();
    drop(pending);
    assert!(profile.gate().contact(&host("meet.jit.si")).is_err());
}

fn days(days: u32) -> Retention {
    Retention::of_days(days).unwrap()
}

fn logged(name: &str, retention: Retention) -> Target {
    Target::new(name, Some(&Notice::embedded_room_with_log(retention).sha256(Lang::En))).unwrap()
}

#[test]
fn a_guest_notes_the_log_of_a_room_and_again_when_it_is_kept_longer() {
    let mut profile = Profile::new();
    profile.note(&embedded("192.0.2.1"), Lang::De);
    let asks = profile.gate().contact(&logged("192.0.2.1", days(14))).unwrap_err();
    assert_eq!((asks.notice.access_log(), asks.stale), (Some(days(14)), true));
    profile.note(&logged("192.0.2.1", days(14)), Lang::De);
    let gate = profile.gate();
    assert!(gate.contact(&logged("192.0.2.1", days(14))).is_ok() && gate.contact(&embedded("192.0.2.1")).is_ok());
    assert!(gate.contact(&logged("192.0.2.1", days(15))).is_err());
    assert!(gate.contact(&logged("192.0.2.2", days(14))).is_err());
    assert!(gate.local_devices().is_ok());
}

#[test]
fn a_host_may_keep_a_log_only_as_long_as_the_text_says_that_was_noted() {
    let mut profile = Profile::new();
    profile.note(&Target::own_room(), Lang::De);
    assert_eq!(profile.gate().host().unwrap().access_log(), None);
    let asks = profile.gate().host_with_log(days(14)).unwrap_err();
    assert_eq!((asks.notice.access_log(), asks.target), (Some(days(14)), Target::own_room_with_log(days(14))));
    profile.note(&Target::own_room_with_log(days(14)), Lang::De);
    let gate = profile.gate();
    assert_eq!(gate.host_with_log(days(14)).unwrap().access_log(), Some(days(14)));
    assert!(gate.host_with_log(days(56)).is_err());
    assert!(gate.contact(&logged("127.0.0.1", days(14))).is_ok(), "one's own room on one's own machine");
}

fn operator(name: &str) -> Notice {
    let record = format!(r#"{{"name": "{name}", "address": ["Weg 1", "12345 Ort"], "retention_days": 14}}"#);
    Notice::stated(crate::Operator::read(record.as_bytes()).unwrap().document())
}

fn shelf(notice: &Notice) -> Shelf {
    let mut shelf = Shelf::default();
    shelf.put(notice.document());
    shelf
}

impl Profile {
    fn note_known(&mut self, target: &Target, shelf: &Shelf) {
        let how = Circumstances { target: Some(target.clone()), ..Circumstances::default() };
        let ack = Acknowledgement::noted(&Notice::known(target, shelf), Lang::De, how, &mut self.rng);
        self.ledger.record(ack, &mut self.rng).unwrap().confirm();
    }
}

#[test]
fn an_unknown_server_whose_link_promises_a_notice_is_met_in_two_stages() {
    let (school, mut profile) = (operator("School"), Profile::new());
    let target = Target::new("192.0.2.7", Some(&school.sha256(Lang::De))).unwrap();
    assert!(profile.gate().fetch(&target).is_err(), "nothing is fetched before the warning was noted");
    let first = profile.gate().contact(&target).unwrap_err();
    assert!(!first.second_stage && first.notice.id() == "unknown-server");
    profile.note(&target, Lang::De);
    let second = profile.gate().contact(&target).unwrap_err();
    assert!(second.second_stage, "the warning is noted, but it is not what the link promises");
    assert_eq!(profile.gate().fetch(&target).unwrap().host(), "192.0.2.7");

    let known = || profile.gate().with_shelf(shelf(&school));
    assert_eq!(known().contact(&target).unwrap_err().notice, school, "fetched, and to be noted");
    profile.note_known(&target, &shelf(&school));
    let gate = profile.gate().with_shelf(shelf(&school));
    assert!(gate.contact(&target).is_ok());
    assert!(gate.contact(&Target::new("192.0.2.8", Some(&school.sha256(Lang::De))).unwrap()).is_err(), "elsewhere");
    assert!(gate.host_as(&school).is_err(), "noting it as a guest is not hosting under it");
    profile.stand(&target, Standing::Objected);
    assert!(profile.gate().fetch(&target).unwrap_err().objected.is_some());
}

#[test]
fn another_version_of_a_noted_notice_names_the_earlier_one() {
    let (old, new, mut profile) = (operator("School"), operator("Academy"), Profile::new());
    let target = |notice: &Notice| Target::new("192.0.2.7", Some(&notice.sha256(Lang::En))).unwrap();
    profile.note(&target(&old), Lang::De);
    profile.note_known(&target(&old), &shelf(&old));
    let asks = profile.gate().with_shelf(shelf(&new)).contact(&target(&new)).unwrap_err();
    assert_eq!((asks.stale, asks.earlier), (true, Some(old.sha256(Lang::De))));
    assert_eq!(asks.notice, new);
}

#[test]
fn whoever_noted_the_notice_of_their_own_rooms_may_open_them_and_enter_them() {
    let (school, mut profile) = (operator("School"), Profile::new());
    assert_eq!(profile.gate().host_as(&school).unwrap_err().notice, school);
    profile.note_known(&Target::own_room_with(&school), &shelf(&school));
    let gate = profile.gate().with_shelf(shelf(&school));
    let permit = gate.host_as(&school).unwrap();
    assert_eq!((permit.notice(), permit.access_log()), (&school, school.access_log()));
    assert!(gate.host_as(&operator("Academy")).is_err() && gate.host().is_err());
    let rn = school.sha256(Lang::De);
    assert!(gate.contact(&Target::new("127.0.0.1", Some(&rn)).unwrap()).is_ok(), "one's own machine");
    assert!(gate.contact_served_here(&Target::new("192.0.2.7", Some(&rn)).unwrap(), &permit).is_ok());
}
