//! config.js as deployments write it, and as nobody should.

use super::*;
use runde_signalling::config::Addresses;

/// For programs that end by themselves, on however busy a computer.
const PLENTY: Duration = Duration::from_secs(20);
/// For those that do not.
const LITTLE: Duration = Duration::from_millis(100);
/// Beyond it nobody looked at the clock.
const STUCK: Duration = Duration::from_secs(30);

/// Why a hostile program gave nothing.
fn refused(source: &str) -> Option<ScriptError> {
    let begun = Instant::now();
    let said = run(source, &link("https://h.de/x"), LITTLE);
    assert!(begun.elapsed() < STUCK, "{source}: {:?}", begun.elapsed());
    said.err()
}

fn link(text: &str) -> RoomLink {
    RoomLink::parse(text, "").unwrap()
}

/// Runs without the thread around it, so that tests beside each other do not find it busy.
fn read(source: &str, place: &str) -> Result<Addresses, ScriptError> {
    let link = link(place);
    let json = run(&included(source, &link), &link, PLENTY)?;
    Ok(Addresses::from_config(&json, &link).unwrap())
}

const DEBIAN: &str = r#"
/* eslint-disable comma-dangle, no-unused-vars, no-var, prefer-template, vars-on-top */
var subdomain = '<!--# echo var="subdomain" default="" -->';
if (subdomain) {
    subdomain = subdomain.substr(0, subdomain.length - 1).split('.')
        .join('_')
        .toLowerCase() + '.';
}
var enableJaaS = false;
var config = {
    // Connection
    hosts: {
        // XMPP domain.
        domain: 'meet.example.org',
        // anonymousdomain: 'guest.example.com',
        muc: 'conference.' + subdomain + 'meet.example.org',
    },
    bosh: 'https://meet.example.org/' + '<!--# echo var="subdir" default="" -->' + 'http-bind',
    websocket: 'wss://meet.example.org/<!--# echo var="subdir" default="" -->xmpp-websocket',
    enableNoAudioDetection: true, channelLastN: -1,
    p2p: { enabled: true, stunServers: [ { urls: 'stun:meet-jit-si-turnrelay.jitsi.net:443' } ] },
    deploymentInfo: { },
    makeJsonParserHappy: 'even if last key had a trailing comma'
};
if (enableJaaS) { config.dialInNumbersUrl = 'https://conference-mapper.jitsi.net/v1/access/dids'; }
"#;

const DOCKER: &str = r#"
// Begin default config overrides.
var config = {};

if (!config.hasOwnProperty('hosts')) config.hosts = {};

config.hosts.domain = 'meet.jitsi';
config.focusUserJid = 'focus@auth.meet.jitsi';

var subdomain = '';
if (subdomain) {
    subdomain = subdomain.substr(0,subdomain.length-1).split('.').join('_').toLowerCase() + '.';
}
config.hosts.muc = 'muc.' + subdomain + 'meet.jitsi';
config.hosts.anonymousdomain = 'guest.meet.jitsi';
config.hosts.authdomain = 'meet.jitsi';

config.bosh = 'https://meet.example.org:8443/' + subdomain + 'http-bind';
config.websocket = 'wss://meet.example.org:8443/' + subdomain + 'xmpp-websocket';
config.bridgeChannel = { preferSctp: true };

// Video configuration.
//
if (!config.hasOwnProperty('constraints')) config.constraints = {};
if (!config.constraints.hasOwnProperty('video')) config.constraints.video = {};
config.resolution = 720;
config.constraints.video.height = { ideal: 720, max: 720, min: 180 };
config.startVideoMuted = 10;
config.videoQuality = { codecPreferenceOrder: ['AV1', 'VP9', 'VP8', 'H264'], preferredCodec: undefined };
"#;

#[test]
fn a_debian_installation_is_read_with_and_without_a_tenant() {
    let plain = read(DEBIAN, "https://meet.example.org/Rosa").unwrap();
    assert_eq!((plain.domain.as_str(), plain.muc.as_str()), ("meet.example.org", "conference.meet.example.org"));
    assert_eq!(plain.websocket, "wss://meet.example.org/xmpp-websocket?room=rosa");
    assert_eq!(plain.anonymous_domain, None);
    assert_eq!(plain.direct, Some(Duration::from_secs(5)), "two are to talk directly");
    let tenant = read(DEBIAN, "https://meet.example.org/Team.A/Rosa").unwrap();
    assert_eq!(tenant.muc, "conference.team_a.meet.example.org");
    assert_eq!(tenant.websocket, "wss://meet.example.org/team.a/xmpp-websocket?room=rosa");
}

#[test]
fn a_docker_installation_is_read_statement_by_statement() {
    let said = read(DOCKER, "https://meet.example.org:8443/Rosa").unwrap();
    assert_eq!((said.domain.as_str(), said.muc.as_str()), ("meet.jitsi", "muc.meet.jitsi"));
    assert_eq!((said.focus.as_str(), said.focus_user.as_deref()), ("focus.meet.jitsi", Some("focus@auth.meet.jitsi")));
    assert_eq!(said.anonymous_domain.as_deref(), Some("guest.meet.jitsi"));
    assert_eq!(said.auth_domain.as_deref(), Some("meet.jitsi"));
    assert_eq!(said.websocket, "wss://meet.example.org:8443/xmpp-websocket?room=rosa");
}

#[test]
fn what_a_browser_knows_of_its_page_may_be_used_and_its_lexical_names_are_found() {
    let source = "const domain = window.location.hostname; let config = { hosts: { domain, muc: `rooms.${domain}` } };
        config.websocket = location.protocol.replace('http', 'ws') + '//' + location.host + '/ws';
        document.title = 'never reached'; config.websocket = 'wss://elsewhere/';";
    let said = read(source, "https://Meet.example.org:444/Rosa?jwt=a.b.c").unwrap();
    assert_eq!((said.domain.as_str(), said.muc.as_str()), ("meet.example.org", "rooms.meet.example.org"));
    assert_eq!(said.websocket, "wss://meet.example.org:444/ws?room=rosa&token=a.b.c");
    let sly = "var config = { hosts: { domain: location.href + location.search + location.hash } };";
    assert!(!run(sly, &link("https://h.de/x?jwt=a.b.c"), PLENTY).unwrap().contains("a.b.c"), "the page sees no token");
}

#[test]
fn a_deployment_says_whether_it_renews_credentials_in_place_by_a_plain_yes() {
    let renews = |value: &str| {
        let said = read(&format!("var config = {{ enableIceRestart: {value} }};"), "https://h.de/x");
        said.unwrap().renews_ice
    };
    assert!(renews("true"));
    assert!(!renews("false") && !renews("'true'") && !renews("1"));
}

#[test]
fn functions_and_cycles_beside_the_addresses_do_no_harm() {
    let source = "var config = { hosts: { domain: 'h.de', muc: () => 1, focus: 7 }, f() {}, big: 1n };
        config.self = config; Object.defineProperty(config, 'x', { get() { throw 1 }, enumerable: true });";
    let said = read(source, "https://h.de/x").unwrap();
    assert_eq!((said.muc.as_str(), said.focus.as_str()), ("conference.h.de", "focus.h.de"));
}

#[test]
fn nothing_reaches_out_of_the_engine() {
    for name in [
        "fetch",
        "XMLHttpRequest",
        "WebSocket",
        "require",
        "process",
        "setTimeout",
        "console",
        "print",
        "std",
        "os",
        "Promise",
        "Proxy",
        "SharedArrayBuffer",
        "Atomics",
        "Int8Array",
        "WeakRef",
        "performance",
    ] {
        let source = format!("var config = {{ hosts: {{ domain: typeof {name} }} }}");
        assert_eq!(read(&source, "https://h.de/x").unwrap().domain, "undefined", "{name}");
    }
    assert_eq!(read("import('os'); var config = {}", "https://h.de/x").map(|said| said.domain), Ok("h.de".into()));
    for source in ["import 'os'; var config = {}", "config", "", "var config = null", "<html></html>"] {
        assert_eq!(read(source, "https://h.de/x").err(), Some(ScriptError::Fails), "{source}");
    }
}

#[test]
fn endless_programs_are_ended_in_time() {
    for source in [
        "while (true) {}",
        "for (;;) { try { while (true) {} } catch (e) {} }",
        "var config = { get websocket() { for (;;) {} } }",
        "var config = { websocket: { toString() { for (;;) {} } }, hosts: { get domain() { for (;;); } } }",
        "(function f() { try { f() } finally { f() } })(); for (;;);",
        "/(a+)+$/.test('a'.repeat(40) + 'b'); for (;;);",
        "eval('for (;;);')",
    ] {
        assert_eq!(refused(source), Some(ScriptError::TooSlow), "{source}");
    }
}

#[test]
fn loops_inside_the_engine_are_ended_too() {
    let endless = "{ length: 2 ** 53 - 1 }";
    for call in [
        "forEach.call(L, x => x)",
        "map.call(L, x => x)",
        "filter.call(L, x => x)",
        "some.call(L, x => x)",
        "every.call(L, x => x)",
        "reduce.call(L, (a, b) => a, 0)",
        "reduceRight.call(L, (a, b) => a, 0)",
        "indexOf.call(L, 1)",
        "lastIndexOf.call(L, 1)",
        "includes.call(L, 1)",
        "join.call(L, '')",
        "sort.call(L)",
        "reverse.call(L)",
        "fill.call(L, 1)",
        "find.call(L, x => 0)",
        "findLast.call(L, x => 0)",
        "shift.call(L)",
        "unshift.call(L, 1)",
        "splice.call(L, 0, 1)",
        "slice.call(L)",
        "copyWithin.call(L, 1, 0)",
        "flat.call(L)",
        "flatMap.call(L, x => x)",
        "toLocaleString.call(L)",
        "concat.call([], Object.assign(L, { [Symbol.isConcatSpreadable]: true }))",
        "toSorted.call(L)",
        "toReversed.call(L)",
        "with.call(L, 0, 1)",
        "toSpliced.call(L, 0, 0)",
    ] {
        let source = format!("var config = {{}}; var L = {endless}; try {{ [].{call} }} catch (e) {{}} for (;;);");
        assert_eq!(refused(&source), Some(ScriptError::TooSlow), "{call}");
    }
}

#[test]
fn memory_and_stack_are_bounded() {
    for source in [
        "var s = 'x'; for (;;) s += s;",
        "var a = []; for (;;) a.push(new Array(1000).fill(a.length));",
        "'x'.repeat(2 ** 29)",
        "'x'.padStart(2 ** 30)",
        "JSON.stringify(new Array(2 ** 31))",
        "JSON.stringify({}, new Array(2 ** 32 - 1)); for (;;);",
        "var a = []; a.length = 2 ** 32 - 1; [a].concat(a); for (;;);",
        "var a = []; a.length = 2 ** 32 - 1; a.join(''); for (;;);",
        "Array.from({ length: 2 ** 31 })",
        "String.raw({ raw: { length: 2 ** 53 - 1 } })",
        "(function f() { f() })()",
        "[[[[]]]]; eval('['.repeat(100000))",
        "new RegExp('(' .repeat(100000))",
        "var o = {}; for (var i = 0; ; i++) o['k' + i] = i;",
        "var m = new Map(); for (var i = 0; ; i++) m.set(i, i);",
        "2n ** 100000000n",
    ] {
        assert!(refused(source).is_some(), "{source}");
    }
}

#[tokio::test]
async fn a_long_or_binary_file_is_not_run() {
    let place = link("https://h.de/x");
    let long = format!("var config = {{}}; // {}", "x".repeat(MAX_SOURCE));
    assert_eq!(evaluate(long.into_bytes(), place.clone()).await, Err(ScriptError::TooLong));
    assert_eq!(evaluate(vec![0xff, 0xfe], place).await, Err(ScriptError::NoText));
}
