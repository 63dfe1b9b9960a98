//! What lies where once a package is installed (Filesystem Hierarchy Standard, XDG folders).

use super::{Content, completions, manual, moment, output_of, third_party, version};
use crate::workspace;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const ICONS: [(&str, &str); 5] = [
    ("icons/32x32.png", "32x32/apps/org.runde.Runde.png"),
    ("icons/128x128.png", "128x128/apps/org.runde.Runde.png"),
    ("icons/128x128@2x.png", "256x256/apps/org.runde.Runde.png"),
    ("icons/icon.png", "512x512/apps/org.runde.Runde.png"),
    ("icons/logo.svg", "scalable/apps/org.runde.Runde.svg"),
];

/// Leads ALSA to the sound server. Where the server's cookie does not lie below `~/.config` (`XDG_CONFIG_HOME`), our own way to it finds
/// nothing, and the programs fall back on ALSA.
const SOUND_WITHOUT_COOKIE: &str = "libasound2-plugins";

const ON_INSTALL: &str = "#!/bin/sh\nset -e\nif [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi\n";
const BEFORE_REMOVAL: &str = "#!/bin/sh\nset -e\nif [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then systemctl --no-reload disable --now runde-cli.service || true; fi\n";
/// What the server kept belongs to the machine, not to a person: purging takes it along. Homes are never touched.
const AFTER_REMOVAL: &str = "#!/bin/sh\nset -e\nif [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi\nif [ \"$1\" = purge ]; then rm -rf /var/lib/private/runde-cli /var/lib/runde-cli; fi\n";

/// The window.
pub fn app(root: &Path, program: &Path) -> Result<Content, String> {
    let tree = Tree { root };
    tree.program(program, "usr/bin/runde")?;
    tree.text("usr/share/applications/org.runde.Runde.desktop", &source("packaging/linux/org.runde.Runde.desktop")?)?;
    tree.text("usr/share/metainfo/org.runde.Runde.metainfo.xml", &metainfo()?)?;
    for (from, to) in ICONS {
        tree.copy(&workspace::root().join(from), &format!("usr/share/icons/hicolor/{to}"), 0o644)?;
    }
    let page = manual::page("runde", 1, version(), &source("packaging/linux/runde.md")?);
    tree.packed("usr/share/man/man1/runde.1", &page)?;
    documents(&tree, "runde")?;
    Ok(Content {
        name: "runde",
        summary: "video meetings on Jitsi",
        description: "Joins Jitsi rooms from their links, hosts rooms with no server but itself, and\nshows whose privacy notice applies before the first packet.",
        root: root.to_owned(),
        program: root.join("usr/bin/runde"),
        // The tray's library is opened at run time, xdg-mime and the desktop database when a link scheme is taken over.
        depends: &["libayatana-appindicator3-1", "xdg-utils", "desktop-file-utils"],
        recommends: &[
            "gnome-keyring | org.freedesktop.secrets",
            "pipewire-pulse | pulseaudio",
            SOUND_WITHOUT_COOKIE,
            "gstreamer1.0-plugins-good",
        ],
        requires: &["libayatana-appindicator3.so.1()(64bit)", "xdg-utils", "desktop-file-utils"],
        settings: &[],
        scripts: &[],
    })
}

/// The command line and the unit of its server.
pub fn cli(root: &Path, program: &Path) -> Result<Content, String> {
    let tree = Tree { root };
    tree.program(program, "usr/bin/runde-cli")?;
    tree.text("usr/lib/systemd/system/runde-cli.service", &source("packaging/linux/runde-cli.service")?)?;
    tree.text("etc/runde/serve.env", &source("packaging/linux/serve.env")?)?;
    let page = manual::page("runde-cli", 1, version(), &source("docs/cli.md")?);
    tree.packed("usr/share/man/man1/runde-cli.1", &page)?;
    let commands = completions::commands(&usage(program)?);
    tree.text("usr/share/bash-completion/completions/runde-cli", &completions::bash(&commands))?;
    tree.text("usr/share/zsh/vendor-completions/_runde-cli", &completions::zsh(&commands))?;
    tree.text("usr/share/fish/vendor_completions.d/runde-cli.fish", &completions::fish(&commands))?;
    documents(&tree, "runde-cli")?;
    Ok(Content {
        name: "runde-cli",
        summary: "video meetings on Jitsi without a window",
        description: "Opens rooms on this machine and joins Jitsi rooms from the command line. Contains\na systemd unit for the room server, which is off until an administrator turns it on.",
        root: root.to_owned(),
        program: root.join("usr/bin/runde-cli"),
        depends: &[],
        recommends: &[SOUND_WITHOUT_COOKIE],
        requires: &[],
        settings: &["/etc/runde/serve.env"],
        scripts: &[("postinst", ON_INSTALL), ("prerm", BEFORE_REMOVAL), ("postrm", AFTER_REMOVAL)],
    })
}

/// What the built program itself says about its calls; the completions follow from it.
fn usage(program: &Path) -> Result<String, String> {
    output_of(Command::new(program).arg("help").env("LC_ALL", "en_US.UTF-8"))
}

fn source(path: &str) -> Result<String, String> {
    std::fs::read_to_string(workspace::root().join(path)).map_err(|error| format!("{path}: {error}"))
}

fn metainfo() -> Result<String, String> {
    let day = output_of(Command::new("date").args(["-u", "+%F", "-d"]).arg(format!("@{}", moment())))?;
    let text = source("packaging/linux/org.runde.Runde.metainfo.xml")?;
    Ok(text.replace("{{version}}", version()).replace("{{date}}", day.trim()))
}

fn documents(tree: &Tree, name: &str) -> Result<(), String> {
    let folder = format!("usr/share/doc/{name}");
    let owner = "Runde, copyright the Runde authors. Licensed under the Apache License, version 2.0; on Debian its text lies in\n/usr/share/common-licenses/Apache-2.0. What is linked in has licences of its own: THIRD-PARTY.gz beside this file.\n\n";
    tree.text(&format!("{folder}/copyright"), &format!("{owner}{}", source("LICENSE")?))?;
    tree.packed(&format!("{folder}/THIRD-PARTY"), &third_party(name)?)?;
    tree.packed(&format!("{folder}/changelog"), &source("CHANGELOG.md")?)
}

struct Tree<'a> {
    root: &'a Path,
}

impl Tree<'_> {
    fn place(&self, path: &str) -> Result<PathBuf, String> {
        let place = self.root.join(path);
        let parent = place.parent().unwrap_or(self.root);
        std::fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
        Ok(place)
    }

    fn text(&self, path: &str, text: &str) -> Result<(), String> {
        let place = self.place(path)?;
        std::fs::write(&place, text).map_err(|error| format!("{}: {error}", place.display()))?;
        rights(&place, 0o644)
    }

    fn copy(&self, from: &Path, path: &str, mode: u32) -> Result<(), String> {
        let place = self.place(path)?;
        std::fs::copy(from, &place).map_err(|error| format!("{}: {error}", from.display()))?;
        rights(&place, mode)
    }

    /// A program without the names of its functions, which the release profile leaves out by itself.
    fn program(&self, from: &Path, path: &str) -> Result<(), String> {
        self.copy(from, path, 0o755)?;
        output_of(Command::new("strip").arg("--strip-all").arg(self.root.join(path))).map(drop)
    }

    /// Compressed without name and date, so that the same text gives the same file.
    fn packed(&self, path: &str, text: &str) -> Result<(), String> {
        self.text(path, text)?;
        output_of(Command::new("gzip").arg("-9nf").arg(self.root.join(path))).map(drop)
    }
}

fn rights(place: &Path, mode: u32) -> Result<(), String> {
    let wanted = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(place, wanted).map_err(|error| format!("{}: {error}", place.display()))
}
