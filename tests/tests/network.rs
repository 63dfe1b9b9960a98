//! The network under a guest changes: Wi-Fi to cable, a new address, a link that is down for a while, a VPN; and a program that
//! sleeps. Sound is back at once in both directions, and the others see nobody leave and nobody twice.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::listen::{assert_back, removed, wait_for_sound};
use e2e::program::Program;
use e2e::room::notice_of;
use e2e::world::{SERVER, Side, World};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A server, a guest beside it and one on the road, who hear each other.
struct Call {
    world: World,
    bert: Program,
    alice: Program,
    _server: Program,
    _homes: [Home; 3],
}

impl Call {
    fn new() -> Outcome<Self> {
        let (world, homes) = (World::new()?, [Home::new()?, Home::new()?, Home::new()?]);
        let noted = notice_of(&homes[0], "embedded-room")?;
        let mut server =
            world.cli(Side::House, &homes[0], &["serve", "--json", "--listen", SERVER, "--notice-ack", &noted])?;
        let heard = server.event("listening", PATIENCE)?;
        let part = |key: &str| heard[key].as_str().unwrap_or_default().to_owned();
        let link = format!("{}/table{}", part("url"), part("fragment"));
        let notice = notice_of(&homes[0], &link)?;
        let join = |side, home, name| {
            world.cli(
                side,
                home,
                &["join", &link, "--name", name, "--notice-ack", &notice, "--json", "--audio-in", "tone"],
            )
        };
        let mut bert = join(Side::House, &homes[1], "Bert")?;
        bert.event("joined", PATIENCE)?;
        let mut alice = join(Side::Road, &homes[2], "Alice")?;
        alice.event("connected", PATIENCE)?;
        let mut call = Self { world, bert, alice, _server: server, _homes: homes };
        call.wait_until_both_hear()?;
        Ok(call)
    }

    fn wait_until_both_hear(&mut self) -> Outcome {
        wait_for_sound(&mut self.bert, true)?;
        wait_for_sound(&mut self.alice, true)?;
        Ok(())
    }

    /// Both hear each other again, soon after now.
    fn assert_both_hear(&mut self, what: &str) -> Outcome {
        let moment = Instant::now();
        let (there, here) = (assert_back(&mut self.bert, moment)?, assert_back(&mut self.alice, moment)?);
        println!("{what}: heard after {there:?}, hears after {here:?}");
        Ok(())
    }

    /// A moment later: nobody has left, nobody came twice, nobody had to join again, and a line of chat still arrives.
    fn assert_nobody_noticed(&mut self) -> Outcome {
        for _ in 0..3 {
            self.bert.event("stats", PATIENCE)?;
        }
        for guest in [&mut self.bert, &mut self.alice] {
            // Everything printed so far.
            guest.event("stats", PATIENCE)?;
            let added = guest.events("participant").iter().filter(|line| line["change"] == "added").count();
            assert_eq!((added, removed(guest), guest.events("joined").len()), (1, vec![], 1));
        }
        Ok(())
    }
}

#[test]
fn from_wifi_to_cable_and_back() -> Outcome {
    let mut call = Call::new()?;
    call.world.down("wifi")?;
    call.world.up("cable")?;
    call.assert_both_hear("from Wi-Fi to cable")?;
    call.assert_nobody_noticed()?;
    call.world.down("cable")?;
    std::thread::sleep(Duration::from_secs(5));
    call.world.up("wifi")?;
    call.assert_both_hear("back, after five seconds without any network")?;
    call.assert_nobody_noticed()
}

#[test]
fn a_link_that_is_down_for_a_while_and_a_new_address_on_it() -> Outcome {
    let mut call = Call::new()?;
    call.world.down("wifi")?;
    std::thread::sleep(Duration::from_secs(8));
    call.world.up("wifi")?;
    call.assert_both_hear("after eight seconds with the link down")?;
    call.assert_nobody_noticed()?;
    let renumber = "ip address del 10.9.1.2/24 dev wifi && ip address add 10.9.1.77/24 dev wifi \
                    && ip route replace default via 10.9.1.1";
    call.world.set(Side::Road, renumber)?;
    call.assert_both_hear("with a new address")?;
    call.assert_nobody_noticed()
}

#[test]
fn a_vpn_comes_up_beside_the_network_and_goes_away() -> Outcome {
    let mut call = Call::new()?;
    // Both links are up; only the way to the server goes over the other one, as a VPN has it.
    call.world.set(Side::Road, "ip link set cable up && ip route add 10.9.0.1/32 via 10.9.2.1")?;
    // What still comes from the old address over the new way is nobody's, as behind a VPN.
    call.world.set(Side::House, "ip route add blackhole 10.9.1.2/32")?;
    call.assert_both_hear("with a VPN")?;
    call.assert_nobody_noticed()?;
    call.world.set(Side::House, "ip route del blackhole 10.9.1.2/32")?;
    call.world.down("cable")?;
    call.assert_both_hear("without the VPN")?;
    call.assert_nobody_noticed()
}

/// The new network carries datagrams only after the moment at which a bridge that follows would be heard: new ICE credentials, no new session.
#[test]
fn a_network_that_is_deaf_at_first_costs_no_session() -> Outcome {
    let mut call = Call::new()?;
    let deaf = "ip rule add ipproto udp lookup 100 && ip route add default via 10.9.2.250 dev cable table 100 onlink";
    call.world.down("wifi")?;
    call.world.set(Side::Road, &format!("ip link set cable up && {deaf}"))?;
    call.world.up("cable")?;
    std::thread::sleep(Duration::from_millis(1_500));
    call.world.set(Side::Road, "ip rule del ipproto udp lookup 100")?;
    call.assert_both_hear("deaf for a second and a half")?;
    assert_eq!(call.alice.events("reconnecting"), Vec::<serde_json::Value>::new(), "the session was made anew");
    call.assert_nobody_noticed()
}

#[test]
fn a_program_that_slept_for_twenty_seconds() -> Outcome {
    let mut call = Call::new()?;
    call.alice.sleep(Duration::from_secs(20))?;
    call.assert_both_hear("after twenty seconds asleep")?;
    call.assert_nobody_noticed()
}
