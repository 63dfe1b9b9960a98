//! Sources (an SSRC with a name and an owner) and their groups, and the form that receivers get.

use super::Kind;
use crate::{ns, xml::Element};

/// What a video source shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VideoType {
    /// A camera; also what is meant when nothing is said.
    #[default]
    Camera,
    /// A screen or window.
    Desktop,
}

/// One SSRC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Sound or picture.
    pub kind: Kind,
    /// RTP synchronisation source.
    pub ssrc: u32,
    /// `EP-a0`, `EP-v0`, `EP-v1` …; several SSRCs of one picture share it.
    pub name: String,
    /// Endpoint id of the sender, or `jvb`. `None` in what a client says about itself.
    pub owner: Option<String>,
    /// `stream track`.
    pub msid: Option<String>,
    /// Camera or screen; only for pictures.
    pub video_type: VideoType,
}

/// What the SSRCs of a group are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Semantics {
    /// Primary and its retransmissions (RFC 5576).
    Fid,
    /// Simulcast layers, low to high.
    Sim,
}

impl Semantics {
    /// The attribute's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fid => "FID",
            Self::Sim => "SIM",
        }
    }
}

/// Some SSRCs that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Sound or picture.
    pub kind: Kind,
    /// What they are to each other.
    pub semantics: Semantics,
    /// In order of the stanza.
    pub ssrcs: Vec<u32>,
}

/// A set of sources with the groups among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The sources.
    pub sources: Vec<Source>,
    /// The groups.
    pub groups: Vec<Group>,
}

impl Sources {
    /// Is there neither a source nor a group?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.groups.is_empty()
    }

    /// The source of an SSRC.
    #[must_use]
    pub fn get(&self, ssrc: u32) -> Option<&Source> {
        self.sources.iter().find(|source| source.ssrc == ssrc)
    }

    /// The retransmission SSRC of a primary.
    #[must_use]
    pub fn rtx_of(&self, primary: u32) -> Option<u32> {
        self.groups
            .iter()
            .filter(|group| group.semantics == Semantics::Fid && group.ssrcs.first() == Some(&primary))
            .find_map(|group| group.ssrcs.get(1).copied())
    }

    /// Takes everything of another set.
    pub fn append(&mut self, mut other: Sources) {
        self.sources.append(&mut other.sources);
        self.groups.append(&mut other.groups);
    }

    /// What receivers are told: of simulcast only the first SSRC and its retransmissions remain,
    /// because the bridge rewrites all layers onto it. SIM groups disappear.
    #[must_use]
    pub fn without_simulcast(&self) -> Sources {
        let mut hidden: Vec<u32> = Vec::new();
        for group in self.groups.iter().filter(|group| group.semantics == Semantics::Sim) {
            for layer in group.ssrcs.iter().skip(1) {
                hidden.push(*layer);
                hidden.extend(self.rtx_of(*layer));
            }
        }
        Sources {
            sources: self.sources.iter().filter(|source| !hidden.contains(&source.ssrc)).cloned().collect(),
            groups: self
                .groups
                .iter()
                .filter(|group| group.semantics == Semantics::Fid)
                .filter(|group| !group.ssrcs.iter().any(|ssrc| hidden.contains(ssrc)))
                .cloned()
                .collect(),
        }
    }

    /// Writes owners, so that the set may leave its sender's session.
    #[must_use]
    pub fn owned_by(mut self, owner: &str) -> Sources {
        for source in &mut self.sources {
            source.owner = Some(owner.to_owned());
        }
        self
    }
}

pub(super) fn read_source(element: &Element, kind: Kind) -> Option<Source> {
    let parameter = |name: &str| {
        element
            .all("parameter", ns::SSMA)
            .find(|parameter| parameter.get("name") == Some(name))
            .and_then(|parameter| parameter.get("value"))
            .map(str::to_owned)
    };
    let owner = element
        .find("ssrc-info", ns::JITMEET)
        .and_then(|said| said.get("owner"))
        .map(|owner| owner.rsplit('/').next().unwrap_or(owner).to_owned());
    Some(Source {
        kind,
        ssrc: element.get("ssrc")?.parse().ok()?,
        name: element.get("name").unwrap_or_default().to_owned(),
        owner,
        msid: parameter("msid"),
        video_type: match element.get("videoType") {
            Some("desktop") => VideoType::Desktop,
            Some(_) | None => VideoType::Camera,
        },
    })
}

pub(super) fn read_group(element: &Element, kind: Kind) -> Option<Group> {
    let semantics = match element.get("semantics")? {
        "FID" => Semantics::Fid,
        "SIM" => Semantics::Sim,
        _ => return None,
    };
    let ssrcs = element
        .all("source", ns::SSMA)
        .map(|source| source.get("ssrc").and_then(|ssrc| ssrc.parse().ok()))
        .collect::<Option<Vec<u32>>>()?;
    Some(Group { kind, semantics, ssrcs })
}

pub(super) fn write_source(source: &Source) -> Element {
    let mut element = Element::new("source", ns::SSMA).attr("ssrc", source.ssrc);
    if !source.name.is_empty() {
        element.set("name", &source.name);
    }
    if source.kind == Kind::Video {
        element.set(
            "videoType",
            match source.video_type {
                VideoType::Camera => "camera",
                VideoType::Desktop => "desktop",
            },
        );
    }
    if let Some(msid) = &source.msid {
        element.push(Element::new("parameter", ns::SSMA).attr("name", "msid").attr("value", msid));
    }
    if let Some(owner) = &source.owner {
        element.push(Element::new("ssrc-info", ns::JITMEET).attr("owner", owner));
    }
    element
}

pub(super) fn write_group(group: &Group) -> Element {
    Element::new("ssrc-group", ns::SSMA)
        .attr("semantics", group.semantics.as_str())
        .with_children(group.ssrcs.iter().map(|ssrc| Element::new("source", ns::SSMA).attr("ssrc", ssrc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video(ssrc: u32) -> Source {
        Source { kind: Kind::Video, ssrc, name: "a-v0".into(), owner: None, msid: None, video_type: VideoType::Camera }
    }

    fn group(semantics: Semantics, ssrcs: &[u32]) -> Group {
        Group { kind: Kind::Video, semantics, ssrcs: ssrcs.to_vec() }
    }

    #[test]
    fn receivers_are_told_the_first_layer_and_its_retransmissions_only() {
        let all = Sources {
            sources: [1, 2, 3, 11, 12, 13].map(video).to_vec(),
            groups: vec![
                group(Semantics::Fid, &[1, 11]),
                group(Semantics::Sim, &[1, 2, 3]),
                group(Semantics::Fid, &[2, 12]),
                group(Semantics::Fid, &[3, 13]),
            ],
        };
        let told = all.without_simulcast();
        assert_eq!(told.sources.iter().map(|s| s.ssrc).collect::<Vec<_>>(), [1, 11]);
        assert_eq!(told.groups, [group(Semantics::Fid, &[1, 11])]);
    }

    #[test]
    fn without_simulcast_everything_is_told() {
        let all = Sources { sources: [1, 11].map(video).to_vec(), groups: vec![group(Semantics::Fid, &[1, 11])] };
        assert_eq!(all.without_simulcast(), all);
    }
}
