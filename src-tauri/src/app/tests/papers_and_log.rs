//! The host's pages: the access log with its holds, and the papers for whoever answers for data protection.

use super::*;
use crate::view::{
    Document, HoldAct, HoldRequest, HoldSeal, PackHouse, PackObjection, PackRequest, PackSheet, Responsible,
};

const LINE: &str = "2026-11-23T09:00:07Z 184320 \"Chromium 130\" \"Linux\" 192.0.2.7\n";

fn school(days: &str) -> Responsible {
    Responsible {
        name: "Gymnasium Musterstadt".into(),
        address: "Schulstraße 1".into(),
        retention_days: days.into(),
        ..Responsible::default()
    }
}

fn today() -> String {
    runde_profile::now().to_string().split('T').next().unwrap().to_owned()
}

impl Person {
    /// A host who keeps a log, with one line of today in it.
    async fn keeps_a_log(&mut self) -> std::path::PathBuf {
        self.arrives_home().await;
        self.does(Request::KeepHosting(school("14"))).await.unwrap();
        let log = self.folder.path().join("data/access-log");
        std::fs::create_dir_all(&log).unwrap();
        let file = log.join(format!("access-{}-14d.log", today()));
        std::fs::write(&file, LINE.replace("2026-11-23", &today())).unwrap();
        self.does(Request::OpenDesk(crate::view::DeskPage::RoomLog)).await.unwrap();
        log
    }

    fn desk_page(&mut self) -> crate::view::PrivacyDesk {
        self.app.counter.something_happened();
        let desk = self.app.desk.as_ref().unwrap();
        self.app.counter.slice(desk).unwrap()
    }
}

fn flood() -> HoldRequest {
    HoldRequest {
        incident: "2026-11-flood".into(),
        reason: "flood of requests".into(),
        person: "Ada Example".into(),
        ip: "192.0.2.0/24".into(),
        ..HoldRequest::default()
    }
}

#[tokio::test]
async fn the_whole_log_is_saved_where_the_dialog_said_with_its_five_fields() {
    let mut person = Person::sits_down(None).await;
    person.keeps_a_log().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let fields = "184320,Chromium 130,Linux,192.0.2.7";
    for (document, expected) in [(Document::LogCsv, fields), (Document::LogJson, "\"bytes_sent\":184320")] {
        let path = elsewhere.path().join(format!("{document:?}"));
        person.names(Some(&path), Request::SaveDocument(document)).await;
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(expected), "{text}");
        assert_eq!(person.desk_page().saved.unwrap().path, path.display().to_string());
    }
}

#[tokio::test]
async fn a_host_reads_the_log_holds_lines_with_a_reason_and_releases_them() {
    let mut person = Person::sits_down(None).await;
    let folder = person.keeps_a_log().await;
    assert_eq!(person.desk_page().log, None, "nothing is read before its page asks");
    person.does(Request::LookAtLog).await.unwrap();
    let log = person.desk_page().log.unwrap();
    assert_eq!((log.retention_days, log.days.len(), log.holds.len()), (Some(14), 1, 0));
    let line = &log.newest[0];
    assert_eq!((line.bytes_sent, line.client.as_str(), line.os.as_str()), (184_320, "Chromium 130", "Linux"));
    assert_eq!((line.ip.as_str(), log.days[0].deleted_on - log.days[0].day), ("192.0.2.7", 14 * 24 * 60 * 60));

    person.does(Request::Hold(HoldAct::Start { lines: flood() })).await.unwrap();
    let hold = person.desk_page().log.unwrap().holds.remove(0);
    assert_eq!((hold.lines, hold.seal, hold.needs_review), (Some(1), HoldSeal::Sound, false));
    assert_eq!((hold.reason.as_str(), hold.person.as_str()), ("flood of requests", "Ada Example"));
    let again = person.does(Request::Hold(HoldAct::Start { lines: flood() })).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::HoldKnown);
    let nobody = HoldRequest { incident: "other".into(), ip: "198.51.100.1".into(), ..flood() };
    assert_eq!(
        person.does(Request::Hold(HoldAct::Start { lines: nobody })).await.unwrap_err().code,
        ErrorCode::HoldMatchesNothing
    );
    person.does(Request::Hold(HoldAct::Review { incident: "2026-11-flood".into() })).await.unwrap();
    let sealed = folder.join("holds/2026-11-flood.hold");
    assert!(sealed.is_file());
    person.does(Request::Hold(HoldAct::Release { incident: "2026-11-flood".into() })).await.unwrap();
    let hold = person.desk_page().log.unwrap().holds.remove(0);
    assert!(!sealed.exists() && hold.released.is_some() && hold.lines.is_none() && hold.reason.is_empty());
    let gone = person.does(Request::Hold(HoldAct::Release { incident: "2026-11-flood".into() })).await.unwrap_err();
    assert_eq!(gone.code, ErrorCode::HoldUnknown);
}

#[tokio::test]
async fn the_papers_are_made_of_what_rooms_are_opened_with_and_a_house_only_asks_for_more() {
    let mut person = Person::sits_down(None).await;
    person.arrives_home().await;
    let wish = |sheet, house| PackRequest { sheet, house, lang: Lang::De };
    let refused = person.does(Request::ShowPack(wish(PackSheet::Record, None))).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::OperatorMissing);
    person.does(Request::KeepHosting(school("14"))).await.unwrap();
    person.does(Request::OpenDesk(crate::view::DeskPage::Pack)).await.unwrap();
    for sheet in [PackSheet::Record, PackSheet::Measures, PackSheet::PreCheck, PackSheet::Mapping, PackSheet::Notice] {
        person.does(Request::ShowPack(wish(sheet, None))).await.unwrap();
        let pack = person.desk_page().pack.unwrap();
        assert!(pack.text.len() > 400 && pack.objections.is_empty(), "{sheet:?}");
    }
    person.does(Request::ShowPack(wish(PackSheet::Record, Some(PackHouse::School)))).await.unwrap();
    let pack = person.desk_page().pack.unwrap();
    assert!(pack.text.contains("Gymnasium Musterstadt") && pack.text.contains("14 Tage"), "{}", pack.text);
    assert!(pack.objections.contains(&PackObjection::Retention) && pack.objections.contains(&PackObjection::Officer));

    let (pdf, text) = (person.folder.path().join("p.pdf"), person.folder.path().join("p.md"));
    for (document, path) in [(Document::PackPdf, &pdf), (Document::PackText, &text)] {
        person.desktop.0.lock().unwrap().file = Some(path.clone());
        person.does(Request::SaveDocument(document)).await.unwrap();
        let (errand, path) = counter::chosen(&mut person.app.counter).await.unwrap();
        person.app.file_chosen(errand, &path);
    }
    assert!(std::fs::read(pdf).unwrap().starts_with(b"%PDF-"));
    assert_eq!(std::fs::read_to_string(text).unwrap(), pack.text);
}
