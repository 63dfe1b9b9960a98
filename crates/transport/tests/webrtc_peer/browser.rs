//! Their side: a peer connection that answers, sends pictures and notes what it gets.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc::interceptor::{Attribute, Interceptor, Packet, Slot, StreamInfo, TaggedPacket};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_RTX, MIME_TYPE_VP8};
use rtc::peer_connection::transport::RTCDtlsRole;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RTCRtpRtxParameters, RtpCodecKind,
};
use rtc::shared::error::Error;
use webrtc::data_channel::{DataChannel, DataChannelEvent};
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_local::{TrackLocal, TrackLocalEvent};
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
    RTCSessionDescription, Registry, SettingEngineBuilder, SrtpProtectionProfile, register_default_interceptors,
};
use webrtc::runtime::default_runtime;

use crate::are_all_there;
use crate::common::{VIDEO, VIDEO_RTX};
use crate::ours::{OURS, PROTOCOL, THEIRS};

const PACE: Duration = Duration::from_millis(5);

/// What it has seen so far.
#[derive(Default)]
struct Seen {
    gathered: AtomicBool,
    pictures: Mutex<BTreeSet<u16>>,
    key_frame_requested: AtomicBool,
    /// What we said in its own channel.
    heard: Mutex<Vec<String>>,
}

pub struct Browser {
    connection: Arc<dyn PeerConnection>,
    camera: Arc<TrackLocalStaticRTP>,
    seen: Arc<Seen>,
}

impl Browser {
    pub async fn new(role: RTCDtlsRole, counter_mode: bool) -> Self {
        let seen = Arc::new(Seen::default());
        let mut media = MediaEngine::default();
        media.register_codec(parameters(vp8(), 100), RtpCodecKind::Video).unwrap();
        media.register_codec(parameters(rtx(), 96), RtpCodecKind::Video).unwrap();
        let registry = register_default_interceptors(Registry::new(), &mut media).unwrap();
        let registry = registry.with(Slot::from(14_000), HandsOverRtcp::default());
        let mut settings = SettingEngineBuilder::new().with_answering_dtls_role(role);
        if counter_mode {
            settings = settings.with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80]);
        }
        let building = PeerConnectionBuilder::new()
            .with_media_engine(media)
            .with_setting_engine(settings.build())
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(Listener(seen.clone())))
            .with_runtime(default_runtime().unwrap())
            .with_udp_addrs(vec!["127.0.0.1:0".to_owned()])
            .build();
        let connection = Box::pin(building).await.unwrap();
        let camera = Arc::new(TrackLocalStaticRTP::new(MediaStreamTrack::new(
            "theirs".to_owned(),
            "camera".to_owned(),
            "camera".to_owned(),
            RtpCodecKind::Video,
            vec![encoding()],
        )));
        connection.add_track(camera.clone() as Arc<dyn TrackLocal>).await.unwrap();
        let channel = connection.create_data_channel(THEIRS, None).await.unwrap();
        tokio::spawn(speak(channel, seen.clone()));
        Self { connection: Arc::new(connection), camera, seen }
    }

    /// Takes the offer and gives the answer with all its addresses.
    pub async fn answer(&self, offer: String) -> String {
        self.connection.set_remote_description(RTCSessionDescription::offer(offer).unwrap()).await.unwrap();
        let answer = self.connection.create_answer(None).await.unwrap();
        self.connection.set_local_description(answer).await.unwrap();
        while !self.seen.gathered.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.connection.local_description().await.unwrap().sdp
    }

    /// From here on, for as long as the connection lasts.
    pub fn send_pictures(&self) {
        let camera = self.camera.clone();
        tokio::spawn(async move {
            for seq in 0u16.. {
                let mut payload = vec![0u8; 700];
                payload[..2].copy_from_slice(&seq.to_be_bytes());
                let header = rtc::rtp::header::Header {
                    version: 2,
                    payload_type: 100,
                    sequence_number: seq,
                    timestamp: u32::from(seq) * 450,
                    ssrc: VIDEO.0,
                    ..Default::default()
                };
                // Before it is connected there is nowhere to write to.
                let _ = camera.write_rtp(rtc::rtp::Packet { header, payload: Bytes::from(payload) }).await;
                tokio::time::sleep(PACE).await;
            }
        });
        let (camera, seen) = (self.camera.clone(), self.seen.clone());
        tokio::spawn(async move {
            while let Some(TrackLocalEvent::OnRtcpPacket(packets)) = camera.poll().await {
                let asked = packets.iter().any(|packet| packet.as_any().is::<PictureLossIndication>());
                seen.key_frame_requested.fetch_or(asked, Ordering::Relaxed);
            }
        });
    }

    pub fn has_all(&self) -> bool {
        let pictures = self.seen.pictures.lock().unwrap();
        let heard = *self.seen.heard.lock().unwrap() == [THEIRS];
        heard && self.seen.key_frame_requested.load(Ordering::Relaxed) && are_all_there(&pictures)
    }

    pub fn progress(&self) -> String {
        let pictures = self.seen.pictures.lock().unwrap().len();
        let key = self.seen.key_frame_requested.load(Ordering::Relaxed);
        let heard = self.seen.heard.lock().unwrap();
        format!("theirs: {pictures} received, key frame requested {key}, heard {heard:?}")
    }

    pub async fn close(&self) {
        self.connection.close().await.unwrap();
    }
}

/// Says its own name in its own channel and notes what comes back.
async fn speak(channel: Arc<dyn DataChannel>, seen: Arc<Seen>) {
    while let Some(event) = channel.poll().await {
        if matches!(event, DataChannelEvent::OnOpen) {
            channel.send_text(THEIRS).await.unwrap();
        }
        let DataChannelEvent::OnMessage(message) = event else { continue };
        assert!(message.is_string);
        seen.heard.lock().unwrap().push(String::from_utf8(message.data.to_vec()).unwrap());
    }
}

fn feedback(kind: &str, parameter: &str) -> RTCPFeedback {
    RTCPFeedback { typ: kind.to_owned(), parameter: parameter.to_owned() }
}

fn vp8() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_VP8.to_owned(),
        clock_rate: 90_000,
        channels: 0,
        sdp_fmtp_line: String::new(),
        rtcp_feedback: vec![feedback("nack", ""), feedback("nack", "pli")],
    }
}

fn rtx() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_RTX.to_owned(),
        clock_rate: 90_000,
        channels: 0,
        sdp_fmtp_line: "apt=100".to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

fn parameters(rtp_codec: RTCRtpCodec, payload_type: u8) -> RTCRtpCodecParameters {
    RTCRtpCodecParameters { rtp_codec, payload_type }
}

fn encoding() -> RTCRtpEncodingParameters {
    let rtx = Some(RTCRtpRtxParameters { ssrc: VIDEO_RTX.0 });
    RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(VIDEO.0), rtx, ..Default::default() },
        codec: vp8(),
        ..Default::default()
    }
}

struct Listener(Arc<Seen>);

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Listener {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.0.gathered.fetch_or(state == RTCIceGatheringState::Complete, Ordering::Relaxed);
    }

    /// Gives back whatever comes in a channel that we opened.
    async fn on_data_channel(&self, channel: Arc<dyn DataChannel>) {
        tokio::spawn(async move {
            assert_eq!(channel.label().await.unwrap(), OURS);
            assert_eq!(channel.protocol().await.unwrap(), PROTOCOL);
            while let Some(event) = channel.poll().await {
                let DataChannelEvent::OnMessage(message) = event else { continue };
                channel.send(message.data).await.unwrap();
            }
        });
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let seen = self.0.clone();
        tokio::spawn(async move {
            let media_ssrc = track.ssrcs().await.first().copied().unwrap_or_default();
            while let Some(event) = track.poll().await {
                let TrackRemoteEvent::OnRtpPacket(packet) = event else { continue };
                let seq = packet.header.sequence_number;
                assert_eq!(packet.payload[..2], seq.to_be_bytes());
                if seq.is_multiple_of(50) {
                    let request = PictureLossIndication { sender_ssrc: 0, media_ssrc };
                    track.write_rtcp(vec![Box::new(request)]).await.unwrap();
                }
                seen.pictures.lock().unwrap().insert(seq);
            }
        });
    }
}

/// Without it the crate keeps RTCP to itself: marks all of it for the application.
#[derive(Default)]
struct HandsOverRtcp {
    read: VecDeque<TaggedPacket>,
    written: VecDeque<TaggedPacket>,
}

impl sansio::Protocol<TaggedPacket, TaggedPacket, ()> for HandsOverRtcp {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, mut packet: TaggedPacket) -> Result<(), Error> {
        if matches!(packet.message.packet, Packet::Rtcp(_)) {
            packet.message.add(Attribute::DeliverToApplication);
        }
        self.read.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.read.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.written.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.written.pop_front()
    }
}

impl Interceptor for HandsOverRtcp {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}
