//! Who opens rooms: from a file, or from the profile.

use std::path::{Path, PathBuf};

use runde_privacy::{Notice, Operator};
use runde_profile::Places;

use crate::exit::{Failure, NoticeFailure};
use crate::permit::open_profile;
use crate::rights::paper;

/// The word for the details that the profile keeps; a file of that name is written `./profile`.
const OF_PROFILE: &str = "profile";

/// Details of an operator, and how they were named on the command line.
#[derive(Debug, Clone)]
pub struct Named {
    pub operator: Operator,
    pub place: String,
}

impl Named {
    pub fn notice(&self) -> Notice {
        Notice::stated(self.operator.document())
    }

    /// Keeps them in the profile, so that next time `profile` names them.
    pub fn keep(&self, data: Option<&Path>) -> Result<(), Failure> {
        let mut profile = open_profile(data)?;
        if profile.operator() != Some(&self.operator) {
            profile.set_operator(Some(self.operator.clone()))?;
        }
        Ok(())
    }
}

/// Reads the details that `--operator` names. Changes nothing.
pub fn named(source: &Path, data: Option<&Path>) -> Result<Named, Failure> {
    let place = format!("--operator {}", source.display());
    let file = if source.as_os_str() == OF_PROFILE { kept(data)? } else { source.to_owned() };
    let bytes = paper::read(&file)?;
    let operator = Operator::read(&bytes).map_err(|why| NoticeFailure::Operator { path: file, why })?;
    Ok(Named { operator, place })
}

fn kept(data: Option<&Path>) -> Result<PathBuf, Failure> {
    let places = data.map_or_else(Places::of_user, |root| Ok(Places::at(root)))?;
    Ok(places.config.join("operator.json"))
}
