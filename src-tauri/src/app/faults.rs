//! From what the client and the device crate say went wrong to the codes that have sentences. One table, no decision elsewhere.

use crate::view::{ErrorCode, UiError};
use runde_client::wire::WireError;
use runde_client::{DeviceFault, DeviceKind, LeftReason, LinkError, Refusal};

/// Longest piece of a refused link that is shown again, in characters.
const SHOWN_OF_A_LINK: usize = 80;

/// Why a text is no room.
pub fn of_link(error: &LinkError, text: &str) -> UiError {
    tracing::debug!(%error, "a link was refused");
    let shown: String = text.chars().filter(|letter| !letter.is_control()).take(SHOWN_OF_A_LINK).collect();
    let code = match error {
        LinkError::NoRoom => ErrorCode::LinkWithoutRoom,
        LinkError::Unprotected => ErrorCode::LinkUnprotected,
        LinkError::Fingerprint => ErrorCode::LinkDamaged,
        LinkError::TooLong | LinkError::Characters | LinkError::Scheme | LinkError::Host => ErrorCode::LinkUnreadable,
    };
    UiError::new(code).with("text", shown)
}

/// Why a meeting ended against the person's will, or never began.
pub fn of_ending(reason: &LeftReason, host: &str, room: &str) -> UiError {
    match reason {
        LeftReason::Unreachable(error) => of_wire(error, host),
        LeftReason::Refused(refusal) => of_refusal(refusal, host, room),
        LeftReason::Kicked => UiError::new(ErrorCode::Kicked).with("room", room),
        LeftReason::RoomEnded => UiError::new(ErrorCode::RoomEnded).with("room", room),
        LeftReason::Lost | LeftReason::Asked => UiError::new(ErrorCode::ConnectionLost).with("host", host).retryable(),
    }
}

fn of_wire(error: &WireError, host: &str) -> UiError {
    let with = |code| UiError::new(code).with("host", host);
    match error {
        WireError::UnknownName | WireError::BadAddress => with(ErrorCode::HostUnknown).retryable(),
        WireError::Refused => with(ErrorCode::HostRefused).retryable(),
        WireError::Timeout => with(ErrorCode::HostSilent).retryable(),
        WireError::Unreachable(detail) => with(ErrorCode::NetworkUnreachable).with("detail", detail).retryable(),
        WireError::WrongFingerprint => with(ErrorCode::FingerprintDiffers),
        WireError::UntrustedCertificate => with(ErrorCode::CertificateUntrusted),
        WireError::Tls(detail) => with(ErrorCode::EncryptionFailed).with("detail", detail).retryable(),
        WireError::PlainRefused => UiError::new(ErrorCode::LinkUnprotected).with("text", host),
        WireError::NotJitsi(_) | WireError::NoWebSocket | WireError::TooNear => with(ErrorCode::HostUnsupported),
        WireError::NoRelay => with(ErrorCode::RelayMissing).retryable(),
        WireError::ProxyRefused(status) => {
            with(ErrorCode::NetworkUnreachable).with("detail", format!("proxy: {status}")).retryable()
        }
        WireError::Broken => with(ErrorCode::ConnectionLost).retryable(),
    }
}

fn of_refusal(refusal: &Refusal, host: &str, room: &str) -> UiError {
    let with = |code| UiError::new(code).with("host", host).with("room", room);
    match refusal {
        Refusal::PasswordNeeded | Refusal::PasswordWrong => with(ErrorCode::PasswordNeeded).retryable(),
        Refusal::MembersOnly => with(ErrorCode::MembersOnly).retryable(),
        Refusal::LobbyRefused => with(ErrorCode::TurnedAway),
        Refusal::LobbyClosed => with(ErrorCode::LobbyClosed).retryable(),
        Refusal::Banned => with(ErrorCode::Banned),
        Refusal::VisitorsOnly { .. } => with(ErrorCode::VisitorsOnly).retryable(),
        Refusal::ServerUnproven => with(ErrorCode::ServerUnproven),
        Refusal::Full => with(ErrorCode::RoomFull).retryable(),
        Refusal::AuthenticationNeeded
        | Refusal::NoAnonymousLogin
        | Refusal::LoginRefused
        | Refusal::TokenRefused
        | Refusal::NoPasswordLogin => with(ErrorCode::LoginNeeded),
        Refusal::NameNeeded => with(ErrorCode::NameNeeded).retryable(),
        Refusal::NotAllowed | Refusal::NickTaken => with(ErrorCode::EntryRefused).retryable(),
        Refusal::NotReserved(detail) | Refusal::RequestRefused(detail) | Refusal::Refused(detail) => {
            with(ErrorCode::EntryRefused).with("detail", detail).retryable()
        }
        Refusal::Silent(_) | Refusal::NoFocus => with(ErrorCode::HostSilent).retryable(),
        Refusal::Closed(_) => with(ErrorCode::ConnectionLost).retryable(),
    }
}

/// What is the matter with a device. `name`: as the system calls it, where that is known.
pub fn of_device(device: DeviceKind, fault: &DeviceFault, name: Option<String>) -> UiError {
    let error = match fault {
        DeviceFault::SoundSystemSilent { detail } => UiError::new(ErrorCode::SoundSystemSilent).with("detail", detail),
        DeviceFault::File { detail, .. } | DeviceFault::Failed { detail, .. } => {
            UiError::new(failed(device)).with("detail", detail)
        }
        DeviceFault::NotChosen | DeviceFault::Missing => UiError::new(missing(device)),
        DeviceFault::NotFound { .. } | DeviceFault::Lost { .. } => UiError::new(unplugged(device)),
        DeviceFault::Busy { .. } => UiError::new(busy(device)),
        DeviceFault::Denied { .. } => UiError::new(denied(device)),
    };
    match name {
        Some(name) => error.with("device", name),
        None => error,
    }
}

/// After a loss: another device is in use now.
pub fn replaced(device: DeviceKind, before: String, next: String) -> UiError {
    let code = match device {
        DeviceKind::Microphone => ErrorCode::MicrophoneReplaced,
        DeviceKind::Speaker => ErrorCode::SpeakerReplaced,
        DeviceKind::Camera => ErrorCode::CameraReplaced,
    };
    UiError::new(code).with("device", before).with("next", next)
}

/// The device that a code speaks of, so that newer news take the place of older.
pub fn device_of(code: ErrorCode) -> Option<DeviceKind> {
    [DeviceKind::Microphone, DeviceKind::Speaker, DeviceKind::Camera].into_iter().find(|device| {
        let device = *device;
        let codes = [missing(device), unplugged(device), busy(device), denied(device), failed(device)];
        codes.contains(&code) || replaced(device, String::new(), String::new()).code == code
    })
}

const fn missing(device: DeviceKind) -> ErrorCode {
    match device {
        DeviceKind::Microphone => ErrorCode::MicrophoneMissing,
        DeviceKind::Speaker => ErrorCode::SpeakerMissing,
        DeviceKind::Camera => ErrorCode::CameraMissing,
    }
}

const fn unplugged(device: DeviceKind) -> ErrorCode {
    match device {
        DeviceKind::Microphone => ErrorCode::MicrophoneUnplugged,
        DeviceKind::Speaker => ErrorCode::SpeakerUnplugged,
        DeviceKind::Camera => ErrorCode::CameraUnplugged,
    }
}

const fn busy(device: DeviceKind) -> ErrorCode {
    match device {
        DeviceKind::Microphone => ErrorCode::MicrophoneBusy,
        DeviceKind::Speaker => ErrorCode::SpeakerBusy,
        DeviceKind::Camera => ErrorCode::CameraBusy,
    }
}

/// No system asks before it plays sound; a speaker that is denied is held by somebody.
const fn denied(device: DeviceKind) -> ErrorCode {
    match device {
        DeviceKind::Microphone => ErrorCode::MicrophoneDenied,
        DeviceKind::Speaker => ErrorCode::SpeakerBusy,
        DeviceKind::Camera => ErrorCode::CameraDenied,
    }
}

const fn failed(device: DeviceKind) -> ErrorCode {
    match device {
        DeviceKind::Microphone => ErrorCode::MicrophoneFailed,
        DeviceKind::Speaker => ErrorCode::SpeakerFailed,
        DeviceKind::Camera => ErrorCode::CameraFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_a_meeting_fails_has_its_own_code_and_says_whether_to_try_again() {
        use ErrorCode as C;
        use LeftReason::{Refused, Unreachable};
        let detail = || "E42".to_owned();
        let table = [
            (LeftReason::Kicked, C::Kicked, false),
            (LeftReason::RoomEnded, C::RoomEnded, false),
            (LeftReason::Lost, C::ConnectionLost, true),
            (Unreachable(WireError::UnknownName), C::HostUnknown, true),
            (Unreachable(WireError::Refused), C::HostRefused, true),
            (Unreachable(WireError::Timeout), C::HostSilent, true),
            (Unreachable(WireError::Unreachable(detail())), C::NetworkUnreachable, true),
            (Unreachable(WireError::WrongFingerprint), C::FingerprintDiffers, false),
            (Unreachable(WireError::UntrustedCertificate), C::CertificateUntrusted, false),
            (Unreachable(WireError::Tls(detail())), C::EncryptionFailed, true),
            (Unreachable(WireError::NotJitsi(404)), C::HostUnsupported, false),
            (Unreachable(WireError::NoRelay), C::RelayMissing, true),
            (Refused(Refusal::PasswordNeeded), C::PasswordNeeded, true),
            (Refused(Refusal::MembersOnly), C::MembersOnly, true),
            (Refused(Refusal::LobbyClosed), C::LobbyClosed, true),
            (Refused(Refusal::Banned), C::Banned, false),
            (Refused(Refusal::VisitorsOnly { node: "v1".into() }), C::VisitorsOnly, true),
            (Refused(Refusal::ServerUnproven), C::ServerUnproven, false),
            (Refused(Refusal::LobbyRefused), C::TurnedAway, false),
            (Refused(Refusal::PasswordWrong), C::PasswordNeeded, true),
            (Refused(Refusal::TokenRefused), C::LoginNeeded, false),
            (Refused(Refusal::NoFocus), C::HostSilent, true),
            (Refused(Refusal::Full), C::RoomFull, true),
            (Refused(Refusal::AuthenticationNeeded), C::LoginNeeded, false),
            (Refused(Refusal::NameNeeded), C::NameNeeded, true),
            (Refused(Refusal::Refused(detail())), C::EntryRefused, true),
        ];
        for (reason, code, retry) in table {
            let error = of_ending(&reason, "h", "r");
            assert_eq!((error.code, error.retry), (code, retry), "{reason:?}");
        }
    }

    #[test]
    fn each_kind_of_bad_link_is_told_apart() {
        use ErrorCode as C;
        let table = [
            ("https://", C::LinkUnreadable),
            ("ftp://meet.example/room", C::LinkUnreadable),
            ("https://meet.example", C::LinkWithoutRoom),
            ("http://meet.example/room", C::LinkUnprotected),
            ("https://meet.example/room#fp=12", C::LinkDamaged),
            ("\u{202e}moor", C::LinkUnreadable),
        ];
        for (text, code) in table {
            let error = runde_client::RoomLink::parse(text, "meet.jit.si").unwrap_err();
            assert_eq!(of_link(&error, text).code, code, "{text}: {error:?}");
        }
    }

    #[test]
    fn each_fault_of_each_device_has_the_code_of_its_sentence() {
        use ErrorCode as C;
        let (id, detail) = (|| Some("usb".to_owned()), || "E42".to_owned());
        let faults = [
            DeviceFault::Missing,
            DeviceFault::NotFound { id: "usb".into() },
            DeviceFault::Lost { id: "usb".into() },
            DeviceFault::Busy { id: id() },
            DeviceFault::Denied { id: id() },
            DeviceFault::Failed { id: id(), detail: detail() },
            DeviceFault::SoundSystemSilent { detail: detail() },
        ];
        let table = [
            (
                DeviceKind::Microphone,
                [
                    C::MicrophoneMissing,
                    C::MicrophoneUnplugged,
                    C::MicrophoneUnplugged,
                    C::MicrophoneBusy,
                    C::MicrophoneDenied,
                    C::MicrophoneFailed,
                    C::SoundSystemSilent,
                ],
            ),
            (
                DeviceKind::Camera,
                [
                    C::CameraMissing,
                    C::CameraUnplugged,
                    C::CameraUnplugged,
                    C::CameraBusy,
                    C::CameraDenied,
                    C::CameraFailed,
                    C::SoundSystemSilent,
                ],
            ),
            (
                DeviceKind::Speaker,
                [
                    C::SpeakerMissing,
                    C::SpeakerUnplugged,
                    C::SpeakerUnplugged,
                    C::SpeakerBusy,
                    C::SpeakerBusy,
                    C::SpeakerFailed,
                    C::SoundSystemSilent,
                ],
            ),
        ];
        for (device, codes) in table {
            for (fault, code) in faults.iter().zip(codes) {
                let error = of_device(device, fault, Some("USB Audio".into()));
                assert_eq!((error.code, error.params["device"].as_str()), (code, "USB Audio"), "{device:?} {fault:?}");
                assert_eq!(device_of(code), (code != C::SoundSystemSilent).then_some(device));
            }
        }
    }
}
