//! The papers for whoever answers for data protection: what `runde-cli pack` writes, made from what this window opens rooms with.

use super::{Desk, words};
use crate::app::App;
use crate::shell::Shell;
use crate::view::{ErrorCode, Pack, PackHouse, PackObjection, PackRequest, PackSheet, UiError};
use runde_privacy::pack::{House, Protection, Setup, Sheet, Stricter};
use std::net::IpAddr;

impl<S: Shell> App<S> {
    /// Writes the paper for the page.
    pub(in crate::app) fn show_pack(&mut self, wish: PackRequest) -> Result<(), UiError> {
        self.counter.pack = None;
        let open = self.hosted.as_ref().map(crate::app::host::Hosted::address);
        let desk = self.desk()?;
        let pack = desk.pack(wish, open.unwrap_or_else(|| desk.listen().ip()))?;
        self.counter.pack = Some(pack);
        Ok(())
    }
}

impl Desk {
    /// Rooms of the window have a certificate that is known by its fingerprint in the link.
    fn pack(&self, wish: PackRequest, listen: IpAddr) -> Result<Pack, UiError> {
        let operator = self.profile.operator().cloned().ok_or_else(|| UiError::new(ErrorCode::OperatorMissing))?;
        let setup = Setup { operator, protection: Protection::SelfSigned, listen, public: false };
        let PackRequest { sheet, house, lang } = wish;
        let objections = house.map(|house| kind(house).objections(&setup)).unwrap_or_default();
        Ok(Pack {
            sheet,
            house,
            lang,
            text: paper(sheet).text(&setup, words::language(lang)),
            objections: objections.into_iter().map(objection).collect(),
        })
    }
}

/// As a file for other programs to print.
pub fn pdf(pack: &Pack) -> Result<Vec<u8>, UiError> {
    runde_print::pdf_of_text(&pack.text, words::language(pack.lang)).map_err(|error| words::unprintable(&error))
}

const fn paper(sheet: PackSheet) -> Sheet {
    match sheet {
        PackSheet::Record => Sheet::Record,
        PackSheet::Measures => Sheet::Measures,
        PackSheet::PreCheck => Sheet::PreCheck,
        PackSheet::Mapping => Sheet::Mapping,
        PackSheet::Notice => Sheet::Notice,
    }
}

const fn kind(house: PackHouse) -> House {
    match house {
        PackHouse::School => House::School,
        PackHouse::PublicOffice => House::PublicOffice,
        PackHouse::WorksCouncil => House::WorksCouncil,
    }
}

const fn objection(stricter: Stricter) -> PackObjection {
    match stricter {
        Stricter::Retention => PackObjection::Retention,
        Stricter::Officer => PackObjection::Officer,
        Stricter::Basis => PackObjection::Basis,
        Stricter::Authority => PackObjection::Authority,
        Stricter::Contact => PackObjection::Contact,
        Stricter::Certificate => PackObjection::Certificate,
    }
}
