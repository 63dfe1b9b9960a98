//! German supervisory authorities by federal state, for complaints (Art. 77 GDPR).
//!
//! Names and sites only: offices move, so the writer takes the present address from the site.

/// Whom to complain to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority {
    /// `bund`, or the usual two letters of a state.
    pub key: &'static str,
    pub name: &'static str,
    pub site: &'static str,
}

const fn authority(key: &'static str, name: &'static str, site: &'static str) -> Authority {
    Authority { key, name, site }
}

/// For private controllers; `bund` for federal bodies and telecommunications.
pub const AUTHORITIES: [Authority; 17] = [
    authority("bund", "Bundesbeauftragte für den Datenschutz und die Informationsfreiheit", "www.bfdi.bund.de"),
    authority(
        "bw",
        "Landesbeauftragter für den Datenschutz Baden-Württemberg",
        "www.baden-wuerttemberg.datenschutz.de",
    ),
    authority("by", "Bayerisches Landesamt für Datenschutzaufsicht", "www.lda.bayern.de"),
    authority("be", "Berliner Beauftragte für Datenschutz und Informationsfreiheit", "www.datenschutz-berlin.de"),
    authority("bb", "Landesbeauftragte für den Datenschutz Brandenburg", "www.lda.brandenburg.de"),
    authority("hb", "Landesbeauftragter für Datenschutz Bremen", "www.datenschutz.bremen.de"),
    authority("hh", "Hamburgischer Beauftragter für Datenschutz", "www.datenschutz-hamburg.de"),
    authority("he", "Hessischer Beauftragter für Datenschutz", "www.datenschutz.hessen.de"),
    authority("mv", "Landesbeauftragter für Datenschutz Mecklenburg-Vorpommern", "www.datenschutz-mv.de"),
    authority("ni", "Landesbeauftragter für den Datenschutz Niedersachsen", "www.lfd.niedersachsen.de"),
    authority("nw", "Landesbeauftragte für Datenschutz Nordrhein-Westfalen", "www.ldi.nrw.de"),
    authority("rp", "Landesbeauftragter für den Datenschutz Rheinland-Pfalz", "www.datenschutz.rlp.de"),
    authority("sl", "Unabhängiges Datenschutzzentrum Saarland", "www.datenschutz.saarland.de"),
    authority("sn", "Sächsische Datenschutz- und Transparenzbeauftragte", "www.datenschutz.sachsen.de"),
    authority("st", "Landesbeauftragte für den Datenschutz Sachsen-Anhalt", "www.datenschutz.sachsen-anhalt.de"),
    authority("sh", "Unabhängiges Landeszentrum für Datenschutz Schleswig-Holstein", "www.datenschutzzentrum.de"),
    authority("th", "Thüringer Landesbeauftragter für den Datenschutz", "www.tlfdi.de"),
];

impl Authority {
    #[must_use]
    pub fn find(key: &str) -> Option<Self> {
        AUTHORITIES.into_iter().find(|authority| authority.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_an_authority_of_its_own() {
        let mut keys: Vec<_> = AUTHORITIES.iter().map(|authority| authority.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 17);
        assert!(Authority::find("he").is_some_and(|found| found.name.contains("Hessisch")));
        assert_eq!(Authority::find("xx"), None);
    }
}
