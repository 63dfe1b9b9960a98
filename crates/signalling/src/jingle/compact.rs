//! Sources as Jitsi's compact JSON: `{"sources":{OWNER:[[video],[video groups],[audio],[audio groups]]}}`.
//!
//! A source is `{"s":ssrc,"n":name,"m":msid,"v":"d"}` (`v` only for screens), a group
//! `["f",primary,rtx]` or `["s",low,mid,high]`. Seen in `session-initiate` and `source-add` of the focus.

use super::{Group, Kind, Semantics, Source, Sources, VideoType};
use crate::json::{self, JsonError};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Sources of one message: 100 participants with 20 SSRCs each.
const MAX_SOURCES: usize = 2_000;

/// Reads a message. Entries that are not sources or groups are left out.
///
/// # Errors
/// [`JsonError`] if the text is not bounded JSON or has no `sources` object.
pub fn read_compact(text: &str) -> Result<Sources, JsonError> {
    let value = json::parse(text)?;
    let owners = value.get("sources").and_then(Value::as_object).ok_or(JsonError::Shape)?;
    let mut all = Sources::default();
    for (owner, lists) in owners {
        for (position, kind) in [(0, Kind::Video), (2, Kind::Audio)] {
            let list = |at: usize| lists.get(at).and_then(Value::as_array).into_iter().flatten();
            all.sources.extend(list(position).filter_map(|entry| read_source(entry, kind, owner)));
            all.groups.extend(list(position + 1).filter_map(|entry| read_group(entry, kind)));
        }
        if all.sources.len() > MAX_SOURCES || all.groups.len() > MAX_SOURCES {
            return Err(JsonError::TooLarge);
        }
    }
    Ok(all)
}

fn read_ssrc(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|ssrc| u32::try_from(ssrc).ok())
}

fn read_source(entry: &Value, kind: Kind, owner: &str) -> Option<Source> {
    Some(Source {
        kind,
        ssrc: read_ssrc(entry.get("s")?)?,
        name: entry.get("n").and_then(Value::as_str).unwrap_or_default().to_owned(),
        owner: Some(owner.to_owned()),
        msid: entry.get("m").and_then(Value::as_str).map(str::to_owned),
        video_type: match entry.get("v").and_then(Value::as_str) {
            Some("d") => VideoType::Desktop,
            Some(_) | None => VideoType::Camera,
        },
    })
}

fn read_group(entry: &Value, kind: Kind) -> Option<Group> {
    let (semantics, ssrcs) = entry.as_array()?.split_first()?;
    let semantics = match semantics.as_str()? {
        "f" => Semantics::Fid,
        "s" => Semantics::Sim,
        _ => return None,
    };
    Some(Group { kind, semantics, ssrcs: ssrcs.iter().map(read_ssrc).collect::<Option<_>>()? })
}

/// Writes a message. Sources without an owner are left out: nobody could place them.
#[must_use]
pub fn write_compact(all: &Sources) -> String {
    let mut owners: BTreeMap<&str, [Vec<Value>; 4]> = BTreeMap::new();
    for source in &all.sources {
        let Some(owner) = source.owner.as_deref() else { continue };
        owners.entry(owner).or_default()[column(source.kind)].push(write_source(source));
    }
    for group in &all.groups {
        let owner = group.ssrcs.first().and_then(|ssrc| all.get(*ssrc)).and_then(|s| s.owner.as_deref());
        if let Some(lists) = owner.and_then(|owner| owners.get_mut(owner)) {
            lists[column(group.kind) + 1].push(write_group(group));
        }
    }
    let mut written = Map::new();
    for (owner, [video, video_groups, audio, audio_groups]) in owners {
        let mut lists = vec![video, video_groups, audio];
        // Jicofo leaves the fourth list out when there is nothing in it, and so do we.
        if !audio_groups.is_empty() {
            lists.push(audio_groups);
        }
        written.insert(owner.to_owned(), Value::from(lists.into_iter().map(Value::Array).collect::<Vec<_>>()));
    }
    json!({ "sources": written }).to_string()
}

const fn column(kind: Kind) -> usize {
    match kind {
        Kind::Video => 0,
        Kind::Audio => 2,
    }
}

fn write_source(source: &Source) -> Value {
    let mut object = Map::new();
    object.insert("s".to_owned(), source.ssrc.into());
    if !source.name.is_empty() {
        object.insert("n".to_owned(), source.name.as_str().into());
    }
    if let Some(msid) = &source.msid {
        object.insert("m".to_owned(), msid.as_str().into());
    }
    if source.kind == Kind::Video && source.video_type == VideoType::Desktop {
        object.insert("v".to_owned(), "d".into());
    }
    Value::Object(object)
}

fn write_group(group: &Group) -> Value {
    let letter = match group.semantics {
        Semantics::Fid => "f",
        Semantics::Sim => "s",
    };
    let mut list = vec![Value::from(letter)];
    list.extend(group.ssrcs.iter().copied().map(Value::from));
    Value::Array(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = r#"{"sources":{"12d68b1f":[[{"s":1738586480,"n":"12d68b1f-v0","m":"a b"},{"s":4189505862,"n":"12d68b1f-v0","m":"a b","v":"d"}],[["f",1738586480,4189505862]],[{"s":3564250198,"n":"12d68b1f-a0","m":"c d"}]]}}"#;

    #[test]
    fn a_recorded_message_is_understood_and_written_back_the_same() {
        let sources = read_compact(RECORDED).unwrap();
        assert_eq!(sources.sources.len(), 3);
        assert_eq!(sources.rtx_of(1_738_586_480), Some(4_189_505_862));
        assert_eq!(sources.sources[1].video_type, VideoType::Desktop);
        assert_eq!(sources.sources[2].kind, Kind::Audio);
        let (ours, theirs): (Value, Value) =
            (serde_json::from_str(&write_compact(&sources)).unwrap(), serde_json::from_str(RECORDED).unwrap());
        assert_eq!(ours, theirs);
    }

    #[test]
    fn entries_of_the_wrong_shape_are_skipped_and_the_rest_is_kept() {
        let odd = r#"{"sources":{"a":[[1,{"s":-1},{"s":4294967296},{"s":7,"n":"a-v0"}],[["x",1],[],["f","1"]],"no"],"b":3},"more":[]}"#;
        let sources = read_compact(odd).unwrap();
        assert_eq!(sources.sources.iter().map(|s| s.ssrc).collect::<Vec<_>>(), [7]);
        assert!(sources.groups.is_empty());
        assert_eq!(read_compact("{}"), Err(JsonError::Shape));
    }

    #[test]
    fn a_flood_of_sources_is_refused_as_a_whole() {
        let many = vec![r#"{"s":1}"#; MAX_SOURCES + 1].join(",");
        assert_eq!(read_compact(&format!(r#"{{"sources":{{"a":[[{many}]]}}}}"#)), Err(JsonError::TooLarge));
    }
}
