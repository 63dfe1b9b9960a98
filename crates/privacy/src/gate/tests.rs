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
fn a_record_that_is_not_on_disk_opens_nothing() {
    let mut profile = Profile::new();
    let ack = profile.acknowledgement(&host("meet.jit.si"), Lang::De);
    let pending = profile.ledger.record(ack, &mut profile.rng).unwrap();
    drop(pending);
    assert!(profile.gate().contact(&host("meet.jit.si")).is_err());
}
