//! The commands of the window: doors, not rooms. Each builds a [`Request`], hands it to the app's loop and waits for the answer.

use crate::app::{Handle, Request};
use crate::view::{
    DeskPage, DeviceKind, Document, HoldAct, HostOptions, Lang, LetterRequest, Moderation, NoticeDecision, PackRequest,
    Reminder, Responsible, SettingChange, Slice, Tile, UiError, Wish,
};
use std::collections::BTreeMap;
use tauri::State;
use tauri::ipc::Channel;

type Answer = Result<(), UiError>;
type App<'a> = State<'a, Handle>;

#[tauri::command]
pub async fn subscribe(app: App<'_>, channel: Channel<Slice>) -> Answer {
    app.request(Request::Subscribe(channel)).await
}

#[tauri::command]
pub async fn decide_notice(app: App<'_>, decision: NoticeDecision, lang: Lang, scrolled_to_end: bool) -> Answer {
    app.request(Request::DecideNotice { decision, lang, scrolled_to_end }).await
}

#[tauri::command]
pub async fn decide_consents(app: App<'_>, answers: BTreeMap<String, bool>, lang: Lang) -> Answer {
    app.request(Request::DecideConsents { answers, lang }).await
}

#[tauri::command]
pub async fn set_consent(app: App<'_>, purpose: String, granted: bool, lang: Lang) -> Answer {
    app.request(Request::SetConsent { purpose, granted, lang }).await
}

#[tauri::command]
pub async fn open_link(app: App<'_>, text: String) -> Answer {
    app.request(Request::OpenLink(text)).await
}

#[tauri::command]
pub async fn host_room(app: App<'_>, options: HostOptions) -> Answer {
    app.request(Request::HostRoom(options)).await
}

#[tauri::command]
pub async fn close_room(app: App<'_>) -> Answer {
    app.request(Request::CloseRoom).await
}

#[tauri::command]
pub async fn retry(app: App<'_>) -> Answer {
    app.request(Request::Retry).await
}

#[tauri::command]
pub async fn join(app: App<'_>, name: String, microphone: bool, camera: bool) -> Answer {
    app.request(Request::Join { name, microphone, camera }).await
}

#[tauri::command]
pub async fn give_password(app: App<'_>, password: String) -> Answer {
    app.request(Request::GivePassword(password.into())).await
}

#[tauri::command]
pub async fn give_login(app: App<'_>, user: String, password: String) -> Answer {
    app.request(Request::GiveLogin { user, password: password.into() }).await
}

#[tauri::command]
pub async fn give_name(app: App<'_>, name: String) -> Answer {
    app.request(Request::GiveName(name)).await
}

#[tauri::command]
pub async fn open_login_page(app: App<'_>) -> Answer {
    app.request(Request::OpenLoginPage).await
}

#[tauri::command]
pub async fn moderate(app: App<'_>, what: Moderation) -> Answer {
    app.request(Request::Moderate(what)).await
}

#[tauri::command]
pub async fn wish(app: App<'_>, what: Wish) -> Answer {
    app.request(Request::Wish(what)).await
}

#[tauri::command]
pub async fn set_name(app: App<'_>, name: String) -> Answer {
    app.request(Request::SetName(name)).await
}

#[tauri::command]
pub async fn leave(app: App<'_>) -> Answer {
    app.request(Request::Leave).await
}

#[tauri::command]
pub async fn go_home(app: App<'_>) -> Answer {
    app.request(Request::GoHome).await
}

#[tauri::command]
pub async fn set_microphone(app: App<'_>, on: bool) -> Answer {
    app.request(Request::SetMicrophone(on)).await
}

#[tauri::command]
pub async fn set_camera(app: App<'_>, on: bool) -> Answer {
    app.request(Request::SetCamera(on)).await
}

#[tauri::command]
pub async fn set_hand(app: App<'_>, raised: bool) -> Answer {
    app.request(Request::SetHand(raised)).await
}

#[tauri::command]
pub async fn send_chat(app: App<'_>, text: String) -> Answer {
    app.request(Request::SendChat(text)).await
}

#[tauri::command]
pub async fn set_tiles(app: App<'_>, tiles: Vec<Tile>) -> Answer {
    app.request(Request::SetTiles(tiles)).await
}

#[tauri::command]
pub async fn choose_device(app: App<'_>, kind: DeviceKind, id: Option<String>) -> Answer {
    app.request(Request::ChooseDevice { kind, id }).await
}

#[tauri::command]
pub async fn set_setting(app: App<'_>, change: SettingChange) -> Answer {
    app.request(Request::SetSetting(change)).await
}

#[tauri::command]
pub async fn set_scheme(app: App<'_>, scheme: String, on: bool) -> Answer {
    app.request(Request::SetScheme { scheme, on }).await
}

#[tauri::command]
pub async fn show_notice(app: App<'_>, controller: String) -> Answer {
    app.request(Request::ShowNotice(controller)).await
}

#[tauri::command]
pub async fn show_text(app: App<'_>, sha256: String) -> Answer {
    app.request(Request::ShowText(sha256)).await
}

#[tauri::command]
pub async fn forget_recent(app: App<'_>, link: Option<String>) -> Answer {
    app.request(Request::ForgetRecent(link)).await
}

#[tauri::command]
pub async fn dismiss_toast(app: App<'_>, id: u32) -> Answer {
    app.request(Request::DismissToast(id)).await
}

#[tauri::command]
pub async fn open_desk(app: App<'_>, page: DeskPage) -> Answer {
    app.request(Request::OpenDesk(page)).await
}

#[tauri::command]
pub async fn close_desk(app: App<'_>) -> Answer {
    app.request(Request::CloseDesk).await
}

#[tauri::command]
pub async fn object(app: App<'_>, host: String, objects: bool, lang: Lang) -> Answer {
    app.request(Request::Object { host, objects, lang }).await
}

#[tauri::command]
pub async fn erase(app: App<'_>, item: String) -> Answer {
    app.request(Request::Erase(item)).await
}

#[tauri::command]
pub async fn save_document(app: App<'_>, document: Document) -> Answer {
    app.request(Request::SaveDocument(document)).await
}

#[tauri::command]
pub async fn import_profile(app: App<'_>) -> Answer {
    app.request(Request::ImportProfile).await
}

#[tauri::command]
pub async fn compose_letter(app: App<'_>, wish: LetterRequest) -> Answer {
    app.request(Request::ComposeLetter(wish)).await
}

#[tauri::command]
pub async fn remind_of_letter(app: App<'_>) -> Answer {
    app.request(Request::RemindOfLetter).await
}

#[tauri::command]
pub async fn forget_reminder(app: App<'_>, reminder: Reminder) -> Answer {
    app.request(Request::ForgetReminder(reminder)).await
}

#[tauri::command]
pub async fn draft_hosting(app: App<'_>, details: Responsible) -> Answer {
    app.request(Request::DraftHosting(details)).await
}

#[tauri::command]
pub async fn keep_hosting(app: App<'_>, details: Responsible) -> Answer {
    app.request(Request::KeepHosting(details)).await
}

#[tauri::command]
pub async fn forget_hosting(app: App<'_>) -> Answer {
    app.request(Request::ForgetHosting).await
}

#[tauri::command]
pub async fn look_at_log(app: App<'_>) -> Answer {
    app.request(Request::LookAtLog).await
}

#[tauri::command]
pub async fn hold(app: App<'_>, what: HoldAct) -> Answer {
    app.request(Request::Hold(what)).await
}

#[tauri::command]
pub async fn show_pack(app: App<'_>, wish: PackRequest) -> Answer {
    app.request(Request::ShowPack(wish)).await
}
