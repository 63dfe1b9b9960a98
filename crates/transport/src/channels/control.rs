//! The messages that open a data channel (RFC 8832).

use std::time::Instant;

use rtc_datachannel::data_channel::DataChannel;
use rtc_datachannel::message::Message;
use rtc_datachannel::message::message_channel_ack::DataChannelAck;
use rtc_datachannel::message::message_channel_open::{CHANNEL_PRIORITY_NORMAL, ChannelType, DataChannelOpen};
use rtc_sctp::{Association, PayloadProtocolIdentifier as Ppi};
use rtc_shared::marshal::{Marshal, Unmarshal};

use super::{LOW_UNSENT, MAX_NAME};

const ACKNOWLEDGE: u8 = 2;
const OPEN: u8 = 3;

/// What a channel is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) label: String,
    pub(super) protocol: String,
    kind: ChannelType,
    reliability: u32,
}

impl Open {
    pub(super) fn reliable(label: &str, protocol: &str) -> Self {
        Self { label: label.to_owned(), protocol: protocol.to_owned(), kind: ChannelType::Reliable, reliability: 0 }
    }
}

/// What the other side says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Open(Open),
    Acknowledged,
}

/// What we say.
pub(super) enum Said {
    Open,
    Acknowledge,
}

/// Only the two types of the RFC: the library keeps 0 and 1 for itself, and a lone 0 from the network makes it panic.
pub(super) fn parse(payload: &[u8]) -> Option<Heard> {
    if !matches!(payload.first(), Some(&(ACKNOWLEDGE | OPEN))) {
        return None;
    }
    match Message::unmarshal(&mut &*payload).ok()? {
        Message::DataChannelOpen(open) => {
            let name = |bytes: Vec<u8>| String::from_utf8(bytes).ok().filter(|name| name.len() <= MAX_NAME);
            Some(Heard::Open(Open {
                label: name(open.label)?,
                protocol: name(open.protocol)?,
                kind: open.channel_type,
                reliability: open.reliability_parameter,
            }))
        }
        Message::DataChannelAck(_) => Some(Heard::Acknowledged),
        Message::DataChannelThreshold(_) | Message::DataChannelClose(_) | _ => None,
    }
}

/// Prepares the stream as the channel wants it and says the message on it. False when the library refuses.
pub(super) fn say(line: &mut Association, now: Instant, id: u16, open: &Open, said: &Said) -> bool {
    let message = match said {
        Said::Open => Message::DataChannelOpen(DataChannelOpen {
            channel_type: open.kind,
            priority: CHANNEL_PRIORITY_NORMAL,
            reliability_parameter: open.reliability,
            label: open.label.clone().into_bytes(),
            protocol: open.protocol.clone().into_bytes(),
        }),
        Said::Acknowledge => Message::DataChannelAck(DataChannelAck {}),
    };
    let (Ok(bytes), Ok(mut stream)) = (message.marshal(), line.stream(id)) else { return false };
    let (unordered, reliability) = DataChannel::get_reliability_params(open.kind);
    stream.set_reliability_params(unordered, reliability, open.reliability).is_ok()
        && stream.set_buffered_amount_low_threshold(LOW_UNSENT).is_ok()
        && stream.write_chunk_with_ppi(now, &bytes.freeze(), Ppi::Dcep).is_ok()
}
