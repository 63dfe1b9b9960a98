//! The few lines of SDP (RFC 8866, RFC 8829) in which the other crate wants to hear what we otherwise say in Jingle.

use std::net::SocketAddr;

use runde_transport::{Candidate, Config, Credentials, Fingerprint, IceRole, Identity, Remote, Setup};

use crate::common::{FROM_HOST, FROM_HOST_RTX};

/// One bundled video section: VP8 with RTX, our stream with its repairs, our only address; and one of data channels.
pub fn offer(config: &Config, identity: &Identity) -> String {
    let (fingerprint, own, addr) = (identity.fingerprint(), &config.local, config.address);
    let lite = if config.role == IceRole::Lite { "a=ice-lite\r\n" } else { "" };
    let (ssrc, rtx) = (FROM_HOST.0, FROM_HOST_RTX.0);
    let transport = [
        format!("a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n", own.ufrag, own.pwd),
        format!("a=fingerprint:{} {fingerprint}\r\na=setup:actpass\r\n", fingerprint.hash),
    ]
    .concat();
    [
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
        lite,
        "a=group:BUNDLE 0 1\r\na=msid-semantic:WMS *\r\n",
        "m=video 9 UDP/TLS/RTP/SAVPF 100 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n",
        &transport,
        "a=rtpmap:100 VP8/90000\r\na=rtcp-fb:100 nack\r\na=rtcp-fb:100 nack pli\r\na=rtcp-fb:100 transport-cc\r\n",
        "a=rtpmap:96 rtx/90000\r\na=fmtp:96 apt=100\r\n",
        "a=extmap:5 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n",
        &format!("a=ssrc-group:FID {ssrc} {rtx}\r\n"),
        &format!("a=ssrc:{ssrc} cname:ours\r\na=ssrc:{ssrc} msid:ours picture\r\n"),
        &format!("a=ssrc:{rtx} cname:ours\r\na=ssrc:{rtx} msid:ours picture\r\n"),
        &format!("a=candidate:1 1 udp 2130706431 {} {} typ host\r\na=end-of-candidates\r\n", addr.ip(), addr.port()),
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n",
        &transport,
        "a=sctp-port:5000\r\na=max-message-size:262144\r\n",
    ]
    .concat()
}

/// What the answer says in our terms.
pub fn remote(answer: &str) -> Remote {
    let value = |name: &str| {
        let line = answer.lines().find_map(|line| line.strip_prefix(&format!("a={name}:")));
        line.unwrap_or_else(|| panic!("no {name} in {answer}")).trim()
    };
    let (hash, fingerprint) = value("fingerprint").split_once(' ').unwrap();
    Remote {
        credentials: Credentials { ufrag: value("ice-ufrag").to_owned(), pwd: value("ice-pwd").to_owned() },
        fingerprint: Fingerprint::parse(hash, fingerprint).unwrap(),
        setup: match value("setup") {
            "active" => Setup::Active,
            "passive" => Setup::Passive,
            other => panic!("an answer says who begins, not {other}"),
        },
        candidates: answer.lines().filter_map(candidate).collect(),
    }
}

fn candidate(line: &str) -> Option<Candidate> {
    let words: Vec<&str> = line.strip_prefix("a=candidate:")?.split(' ').collect();
    let addr = SocketAddr::new(words[4].parse().ok()?, words[5].parse().ok()?);
    (words[1] == "1" && words[2].eq_ignore_ascii_case("udp")).then(|| Candidate::host(addr))
}
