//! What is the matter with a microphone, a speaker or a camera: what happened, why, what to do.

use runde_client::{DeviceFault, DeviceKind, DeviceNews};
use runde_privacy::Lang;

/// The word for programs (docs/cli.md).
pub const fn fault_word(fault: &DeviceFault) -> &'static str {
    match fault {
        DeviceFault::NotChosen => "not-chosen",
        DeviceFault::Missing => "missing",
        DeviceFault::NotFound { .. } => "not-found",
        DeviceFault::Busy { .. } => "busy",
        DeviceFault::Denied { .. } => "denied",
        DeviceFault::SoundSystemSilent { .. } => "sound-system-silent",
        DeviceFault::Lost { .. } => "lost",
        DeviceFault::File { .. } => "file",
        DeviceFault::Failed { .. } => "failed",
    }
}

pub fn sentence(device: DeviceKind, news: &DeviceNews, lang: Lang) -> String {
    match (news, lang) {
        (DeviceNews::Failed(fault), Lang::De | Lang::DeSimple) => german(device, fault),
        (DeviceNews::Failed(fault), Lang::En) => english(device, fault),
        (DeviceNews::Reopened { id }, Lang::De | Lang::DeSimple) => {
            format!("{} »{id}« ist jetzt in Gebrauch.", german_name(device))
        }
        (DeviceNews::Reopened { id }, Lang::En) => format!("{} \"{id}\" is in use now.", english_name(device)),
    }
}

const fn german_name(device: DeviceKind) -> &'static str {
    match device {
        DeviceKind::Microphone => "Das Mikrofon",
        DeviceKind::Speaker => "Der Lautsprecher",
        DeviceKind::Camera => "Die Kamera",
    }
}

const fn english_name(device: DeviceKind) -> &'static str {
    match device {
        DeviceKind::Microphone => "The microphone",
        DeviceKind::Speaker => "The speaker",
        DeviceKind::Camera => "The camera",
    }
}

fn german(device: DeviceKind, fault: &DeviceFault) -> String {
    let name = german_name(device);
    let (plural, option) = match device {
        DeviceKind::Microphone => ("kein Mikrofon", "--audio-in"),
        DeviceKind::Speaker => ("keinen Lautsprecher", "--audio-out"),
        DeviceKind::Camera => ("keine Kamera", "--video-in"),
    };
    let on = "das Gespräch geht ohne weiter";
    match fault {
        DeviceFault::NotChosen => format!("{name} ist nicht gewählt; {on}. Geben Sie {option} an."),
        DeviceFault::Missing => {
            format!(
                "Das System meldet {plural}; {on}. Schließen Sie ein Gerät an oder geben Sie mit {option} eine Datei an."
            )
        }
        DeviceFault::NotFound { id } => format!(
            "{name} »{id}« ist nicht angeschlossen oder heißt anders; {on}. `runde-cli doctor` nennt die Geräte, {option} wählt eines."
        ),
        DeviceFault::Busy { .. } => format!(
            "{name} ist belegt, ein anderes Programm benutzt das Gerät; {on}. Schließen Sie das andere Programm oder wählen Sie mit {option} ein anderes Gerät."
        ),
        DeviceFault::Denied { .. } => format!(
            "{name} darf nicht benutzt werden, das System verbietet es; {on}. Erlauben Sie es in den Einstellungen des Systems (unter Linux: Gruppen audio und video)."
        ),
        DeviceFault::SoundSystemSilent { detail } => format!(
            "Das Tonsystem antwortet nicht ({detail}); {on}. Starten Sie PipeWire oder PulseAudio und treten Sie neu bei."
        ),
        DeviceFault::Lost { id } => format!(
            "{name} »{id}« wurde getrennt; Runde sucht es und nimmt sonst das Gerät, das im System eingestellt ist. Schließen Sie es wieder an."
        ),
        DeviceFault::File { path, detail } => format!(
            "Die Datei {} lässt sich nicht benutzen ({detail}); {on}. Prüfen Sie Ort, Rechte und Format.",
            path.display()
        ),
        DeviceFault::Failed { detail, .. } => format!(
            "{name} lässt sich nicht benutzen (das System sagt: {detail}); {on}. Stecken Sie das Gerät neu ein oder wählen Sie mit {option} ein anderes."
        ),
    }
}

fn english(device: DeviceKind, fault: &DeviceFault) -> String {
    let name = english_name(device);
    let (none, option) = match device {
        DeviceKind::Microphone => ("no microphone", "--audio-in"),
        DeviceKind::Speaker => ("no speaker", "--audio-out"),
        DeviceKind::Camera => ("no camera", "--video-in"),
    };
    let on = "the meeting goes on without it";
    match fault {
        DeviceFault::NotChosen => format!("{name} is not chosen; {on}. Give {option}."),
        DeviceFault::Missing => {
            format!("The system reports {none}; {on}. Connect a device or give a file with {option}.")
        }
        DeviceFault::NotFound { id } => format!(
            "{name} \"{id}\" is not connected or has another name; {on}. `runde-cli doctor` names the devices, {option} chooses one."
        ),
        DeviceFault::Busy { .. } => format!(
            "{name} is busy, another program uses it; {on}. Close the other program or choose another device with {option}."
        ),
        DeviceFault::Denied { .. } => format!(
            "{name} may not be used, the system forbids it; {on}. Allow it in the system's settings (on Linux: groups audio and video)."
        ),
        DeviceFault::SoundSystemSilent { detail } => {
            format!("The sound system does not answer ({detail}); {on}. Start PipeWire or PulseAudio and join again.")
        }
        DeviceFault::Lost { id } => format!(
            "{name} \"{id}\" was disconnected; Runde looks for it and otherwise takes the system's default. Connect it again."
        ),
        DeviceFault::File { path, detail } => {
            format!("The file {} cannot be used ({detail}); {on}. Check its place, rights and format.", path.display())
        }
        DeviceFault::Failed { detail, .. } => format!(
            "{name} cannot be used (the system says: {detail}); {on}. Plug it in again or choose another with {option}."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every fault with the words that its sentence may not lack, German and English.
    fn table() -> Vec<(DeviceFault, [&'static str; 2])> {
        let detail = || "E42".to_owned();
        vec![
            (DeviceFault::NotChosen, ["nicht gewählt", "not chosen"]),
            (DeviceFault::Missing, ["Das System meldet kein", "The system reports no"]),
            (DeviceFault::NotFound { id: "usb".into() }, ["»usb« ist nicht angeschlossen", "\"usb\" is not connected"]),
            (DeviceFault::Busy { id: None }, ["ein anderes Programm", "another program"]),
            (DeviceFault::Denied { id: None }, ["das System verbietet es", "the system forbids it"]),
            (
                DeviceFault::SoundSystemSilent { detail: detail() },
                ["Tonsystem antwortet nicht", "sound system does not answer"],
            ),
            (DeviceFault::Lost { id: "usb".into() }, ["»usb« wurde getrennt", "\"usb\" was disconnected"]),
            (DeviceFault::File { path: "a.wav".into(), detail: detail() }, ["Die Datei a.wav", "The file a.wav"]),
            (DeviceFault::Failed { id: None, detail: detail() }, ["E42", "E42"]),
        ]
    }

    #[test]
    fn each_fault_of_each_device_says_what_why_and_what_to_do_in_both_languages() {
        let mut words = std::collections::BTreeSet::new();
        for (fault, [de, en]) in table() {
            words.insert(fault_word(&fault));
            for device in [DeviceKind::Microphone, DeviceKind::Speaker, DeviceKind::Camera] {
                let said = sentence(device, &DeviceNews::Failed(fault.clone()), Lang::De);
                assert!(said.contains(de) && said.matches(". ").count() >= 1, "{said}");
                let said = sentence(device, &DeviceNews::Failed(fault.clone()), Lang::En);
                assert!(said.contains(en) && said.matches(". ").count() >= 1, "{said}");
            }
        }
        assert_eq!(words.len(), table().len(), "no two faults share a word");
    }

    #[test]
    fn the_device_taken_instead_is_named() {
        let news = DeviceNews::Reopened { id: "built-in".into() };
        assert!(sentence(DeviceKind::Microphone, &news, Lang::De).contains("»built-in«"));
    }
}
