//! What the app makes of the system around it: devices that come, fail and go, and the links that the system opens with it.

use super::*;
use crate::view::DeviceState;
use runde_client::devices::{DeviceEvent, DeviceList};
use runde_client::{DeviceFault, DeviceNews};

/// The system's list of devices, as the looking thread tells it.
fn plug(person: &mut Person, microphones: &[(&str, &str)]) {
    let device =
        |(id, name): &(&str, &str)| devices::Device { id: (*id).into(), name: (*name).into(), is_default: false };
    let list = DeviceList { microphones: microphones.iter().map(device).collect(), ..DeviceList::default() };
    let sender = person.desktop.0.lock().unwrap().devices.clone().expect("somebody looks");
    sender.push(DeviceEvent::ListChanged(list));
    person.app.tick();
}

#[tokio::test]
async fn a_device_that_does_not_open_before_the_meeting_is_told_and_its_switch_goes_off() {
    let mut person = Person::sits_down(Some("https://meet.example/table")).await;
    person.arrives_home().await;
    let Place::Prejoin(door) = &mut person.app.place else { panic!("the door") };
    door.camera = true;
    let busy = DeviceNews::Failed(DeviceFault::Busy { id: None });
    person.app.said_at_the_door(runde_client::DeviceKind::Camera, busy);
    assert_eq!(person.toasts(), [ErrorCode::CameraBusy]);
    let Place::Prejoin(door) = &person.app.place else { panic!("the door") };
    assert!(!door.camera);
}

#[tokio::test]
async fn a_microphone_that_is_pulled_out_is_named_and_so_is_the_one_taken_instead() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    plug(&mut person, &[("usb", "USB Audio"), ("mb", "Eingebaut")]);
    plug(&mut person, &[("mb", "Eingebaut")]);
    let said = |fault| DeviceNews::Failed(fault);
    let microphone = runde_client::DeviceKind::Microphone;
    person.app.device_said(microphone, said(DeviceFault::Lost { id: "usb".into() }));
    assert_eq!(person.toasts(), [ErrorCode::MicrophoneUnplugged]);
    assert_eq!(person.app.toasts[0].error.params["device"], "USB Audio");
    person.app.device_said(microphone, DeviceNews::Reopened { id: "mb".into() });
    assert_eq!(person.toasts(), [ErrorCode::MicrophoneReplaced], "the newer news stand in the place of the older");
    let told = &person.app.toasts[0].error.params;
    assert_eq!((told["device"].as_str(), told["next"].as_str()), ("USB Audio", "Eingebaut"));
}

#[tokio::test]
async fn a_microphone_that_comes_back_takes_its_sentence_with_it() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let microphone = runde_client::DeviceKind::Microphone;
    person.app.device_said(microphone, DeviceNews::Failed(DeviceFault::Lost { id: "usb".into() }));
    person.app.device_said(microphone, DeviceNews::Reopened { id: "usb".into() });
    assert!(person.toasts().is_empty());
}

#[tokio::test]
async fn a_busy_device_is_marked_until_it_is_tried_again() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    plug(&mut person, &[("usb", "USB Audio")]);
    let microphone = runde_client::DeviceKind::Microphone;
    person.app.device_said(microphone, DeviceNews::Failed(DeviceFault::Busy { id: Some("usb".into()) }));
    let state = |person: &Person| person.app.devices_slice(person.app.desk.as_ref().ok().unwrap()).microphone.state;
    assert_eq!(state(&person), DeviceState::Busy);
    person.does(Request::ChooseDevice { kind: DeviceKind::Microphone, id: None }).await.unwrap();
    assert_eq!(state(&person), DeviceState::Ready);
    assert!(person.toasts().is_empty());
}

#[tokio::test]
async fn devices_are_looked_at_once_a_notice_was_noted_and_not_before() {
    let mut person = Person::sits_down(None).await;
    assert!(person.desktop.0.lock().unwrap().devices.is_none());
    person.notes().await;
    assert!(person.desktop.0.lock().unwrap().devices.is_some());
}

#[tokio::test]
async fn links_open_this_program_only_after_somebody_chose_so_and_each_kind_by_itself() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let ours = |person: &Person| person.app.schemes_slice().into_iter().map(|entry| entry.ours).collect::<Vec<_>>();
    assert_eq!(ours(&person), [false, false]);
    person.does(Request::SetScheme { scheme: "runde".into(), on: true }).await.unwrap();
    assert_eq!(ours(&person), [true, false], "another program's links stay where they are");
    let foreign = person.does(Request::SetScheme { scheme: "https".into(), on: true }).await.unwrap_err();
    assert_eq!(foreign.code, ErrorCode::Internal, "the system is not even asked");
    person.desktop.0.lock().unwrap().fixed = true;
    let refused = person.does(Request::SetScheme { scheme: "runde".into(), on: false }).await.unwrap_err();
    assert_eq!((refused.code, refused.params["detail"].as_str()), (ErrorCode::SchemeRefused, "no such tool"));
}

#[tokio::test]
async fn what_makes_links_open_the_program_is_on_the_page_of_what_is_stored_and_goes_with_it() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let folder = person.folder.path().to_owned();
    // The system's own tools write these; the recording writes nothing.
    let write = || {
        std::fs::create_dir_all(folder.join("share/applications")).unwrap();
        std::fs::create_dir_all(folder.join("choices")).unwrap();
        let entry = "[Desktop Entry]\nType=Application\nName=Runde\nExec=/usr/bin/runde %u\nTerminal=false\nMimeType=x-scheme-handler/runde;\nNoDisplay=true\n";
        std::fs::write(folder.join("share/applications/runde-handler.desktop"), entry).unwrap();
        let list = "[Default Applications]\ntext/html=web.desktop\nx-scheme-handler/runde=runde-handler.desktop\n";
        std::fs::write(folder.join("choices/mimeapps.list"), list).unwrap();
    };
    let gone = || {
        let list = std::fs::read_to_string(folder.join("choices/mimeapps.list")).unwrap();
        list == "[Default Applications]\ntext/html=web.desktop\n"
            && !folder.join("share/applications/runde-handler.desktop").exists()
    };
    for item in ["links", "all"] {
        person.does(Request::SetScheme { scheme: "runde".into(), on: true }).await.unwrap();
        write();
        let stored = person.app.desk().unwrap().stored().unwrap();
        let files: Vec<_> = stored.iter().filter(|file| file.item.as_deref() == Some("links")).collect();
        assert_eq!(files.len(), 2, "{stored:?}");
        let mut values = files.iter().flat_map(|file| &file.records).flat_map(|record| &record.values);
        assert!(values.all(|value| value.says.is_some()), "{files:?}");
        person.does(Request::Erase(item.into())).await.unwrap();
        assert!(gone(), "{item}");
        assert_eq!(person.desktop.0.lock().unwrap().schemes.get("runde"), Some(&false), "the system was told");
    }
}

#[tokio::test]
async fn a_profile_in_a_folder_of_its_own_offers_no_links() {
    let folder = tempfile::tempdir().unwrap();
    let places = runde_profile::Places::at(folder.path());
    let opener = Box::new(move || Desk::at(places.clone()));
    let desktop = Recording::default();
    let mut app = App::with_desk(desktop.clone(), Arc::new(Frames::default()), opener);
    let refused = app.answer(Request::SetScheme { scheme: "runde".into(), on: true }).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Internal);
    assert!(app.schemes_slice().is_empty() && desktop.0.lock().unwrap().schemes.is_empty());
}
