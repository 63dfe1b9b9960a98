//! Namespace names, gathered so that a typing mistake is a compile error and not a silent stanza.

/// RFC 7395 framing.
pub const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";
/// RFC 6120 SASL.
pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
/// RFC 6120 resource binding.
pub const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
/// RFC 3921 session, kept by old clients.
pub const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
/// XEP-0198 stream management.
pub const SM: &str = "urn:xmpp:sm:3";
/// RFC 6120 stanza error conditions.
pub const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// XEP-0199 ping.
pub const PING: &str = "urn:xmpp:ping";
/// XEP-0215 external services.
pub const EXTDISCO: &str = "urn:xmpp:extdisco:2";
/// XEP-0030 service discovery.
pub const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
/// XEP-0115 capabilities.
pub const CAPS: &str = "http://jabber.org/protocol/caps";
/// XEP-0045 room join.
pub const MUC: &str = "http://jabber.org/protocol/muc";
/// XEP-0045 occupant items and status codes.
pub const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
/// XEP-0045 kick and affiliations.
pub const MUC_ADMIN: &str = "http://jabber.org/protocol/muc#admin";
/// XEP-0045 room form.
pub const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";
/// XEP-0172 display name.
pub const NICK: &str = "http://jabber.org/protocol/nick";
/// XEP-0033 addresses of somebody else.
pub const ADDRESS: &str = "http://jabber.org/protocol/address";
/// XEP-0203 delayed delivery.
pub const DELAY: &str = "urn:xmpp:delay";
/// XEP-0421 occupant ids.
pub const OCCUPANT_ID: &str = "urn:xmpp:occupant-id:0";
/// XEP-0004 forms.
pub const FORM: &str = "jabber:x:data";
/// Jitsi: conference request, focus properties, bridge session.
pub const FOCUS: &str = "http://jitsi.org/protocol/focus";
/// Jitsi: json-message and others.
pub const JITMEET: &str = "http://jitsi.org/jitmeet";
/// What is wanted of the pictures between two clients.
pub const JITMEET_VIDEO: &str = "http://jitsi.org/jitmeet/video";
/// Jitsi: the name of somebody who speaks through another.
pub const DISPLAY_NAME: &str = "http://jitsi.org/protocol/display-name";
/// In an offer: begin muted.
pub const START_MUTED: &str = "http://jitsi.org/jitmeet/start-muted";
/// Jitsi: mute the microphone.
pub const MUTE_AUDIO: &str = "http://jitsi.org/jitmeet/audio";
/// Jitsi: mute the camera.
pub const MUTE_VIDEO: &str = "http://jitsi.org/jitmeet/video";
/// Jitsi: mute the screen share.
pub const MUTE_DESKTOP: &str = "http://jitsi.org/jitmeet/desktop";
/// Jitsi: bridge web socket.
pub const COLIBRI: &str = "http://jitsi.org/protocol/colibri";
/// XEP-0166 Jingle.
pub const JINGLE: &str = "urn:xmpp:jingle:1";
/// XEP-0166 Jingle errors.
pub const JINGLE_ERRORS: &str = "urn:xmpp:jingle:errors:1";
/// XEP-0167 RTP.
pub const RTP: &str = "urn:xmpp:jingle:apps:rtp:1";
/// XEP-0293 feedback.
pub const RTCP_FB: &str = "urn:xmpp:jingle:apps:rtp:rtcp-fb:0";
/// XEP-0294 header extensions.
pub const HDREXT: &str = "urn:xmpp:jingle:apps:rtp:rtp-hdrext:0";
/// XEP-0339 sources.
pub const SSMA: &str = "urn:xmpp:jingle:apps:rtp:ssma:0";
/// XEP-0320 DTLS.
pub const DTLS: &str = "urn:xmpp:jingle:apps:dtls:0";
/// XEP-0176 ICE.
pub const ICE_UDP: &str = "urn:xmpp:jingle:transports:ice-udp:1";
/// XEP-0338 grouping.
pub const GROUPING: &str = "urn:xmpp:jingle:apps:grouping:0";
/// XEP-0343 data channels, also the feature that asks for them.
pub const SCTP: &str = "urn:xmpp:jingle:transports:dtls-sctp:1";

/// Feature: the focus may send sources as compact JSON.
pub const JSON_SOURCES: &str = "http://jitsi.org/json-encoded-sources";
/// Feature: the bridge may reassign SSRCs and say so in maps.
pub const SSRC_REWRITING: &str = "http://jitsi.org/ssrc-rewriting-1";
/// Feature: the bridge stamps packets with the `mid` that its source maps name.
pub const MID_DEMUX: &str = "http://jitsi.org/rtp-mid-demux";
/// Feature: sources have names.
pub const SOURCE_NAME: &str = "http://jitsi.org/source-name";
/// Feature: several video sources of one participant.
pub const MULTIPLE_STREAMS: &str = "http://jitsi.org/receive-multiple-video-streams";
/// Feature: transport-wide congestion control.
pub const TCC: &str = "http://jitsi.org/tcc";
/// Feature: receiver estimated bandwidth.
pub const REMB: &str = "http://jitsi.org/remb";
/// Feature: retransmission on an own SSRC (RFC 4588).
pub const RTX: &str = "urn:ietf:rfc:4588";
/// Feature: audio content.
pub const RTP_AUDIO: &str = "urn:xmpp:jingle:apps:rtp:audio";
/// Feature: video content.
pub const RTP_VIDEO: &str = "urn:xmpp:jingle:apps:rtp:video";
