//! The room server's unit under a real systemd, booted from a clean tree with the package in it: off until an administrator noted the
//! notice, without rights while it runs, gone with its state when the package is purged.

use e2e::tree::{self, Tree, privileged};
use e2e::{Failure, Outcome};
use std::collections::BTreeMap;

/// What an administrator types, in one go; each answer stands below a heading.
const STEPS: &str = r#"exec >/opt/said 2>&1
say() { echo "== $1"; }
say enabled; systemctl is-enabled runde-cli
say active; systemctl is-active runde-cli
say unread; systemctl start runde-cli; sleep 3; systemctl show -p SubState,ExecMainStatus,NRestarts runde-cli
say why; journalctl --no-pager -o cat -u runde-cli
HASH=$(RUNDE_HOME=/tmp/mine runde-cli notice embedded-room | sed -n 's/^sha256: //p')
echo "RUNDE_SERVE=--listen 127.0.0.1:8443 --notice-ack $HASH" >> /etc/runde/serve.env
systemctl enable --now runde-cli
for second in 1 2 3 4 5 6 7 8 9 10; do
  LINK=$(journalctl --no-pager -o cat -u runde-cli | grep '^https://')
  [ -n "$LINK" ] && break; sleep 1
done
say running; systemctl show -p SubState,DynamicUser,NRestarts runde-cli
say rights; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/$(systemctl show -p MainPID --value runde-cli)/status
say state; stat -c '%a %n' /var/lib/private/runde-cli /var/lib/private/runde-cli/data/acknowledgements.ledger
say guest
export RUNDE_HOME=/tmp/guest
NOTED=$(runde-cli notice "$LINK" | sed -n 's/^sha256: //p')
runde-cli join "$LINK" --name Ada --notice-ack "$NOTED" --audio-in tone --json --for 2s
say left; echo $?
say again; systemctl restart runde-cli; sleep 3; systemctl is-active runde-cli
say stopped; systemctl stop runde-cli; systemctl show -p Result,ExecMainStatus runde-cli
say purged; dpkg --purge runde-cli >/dev/null 2>&1; ls -d /var/lib/private/runde-cli /var/lib/runde-cli /etc/runde /etc/systemd/system/*/runde-cli.service 2>/dev/null
say end
systemctl poweroff
"#;
const UNIT: &str = "[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\nExecStart=/bin/sh /opt/steps\n[Install]\nWantedBy=multi-user.target\n";

/// What was answered below each heading.
fn answers(said: &str) -> BTreeMap<String, String> {
    let parts = said.split("== ").skip(1).filter_map(|part| part.split_once('\n'));
    parts.map(|(heading, answer)| (heading.to_owned(), answer.trim().to_owned())).collect()
}

#[test]
fn the_unit_runs_without_rights_once_its_notice_is_noted_and_a_guest_comes_in() -> Outcome {
    let tree = Tree::clean("unit")?;
    let file = tree::package("runde-cli")?;
    let package = format!("/packages/{}", file.file_name().unwrap_or_default().to_string_lossy());
    tree.install(&["systemd", "dbus", &package])?;
    tree.place("opt/steps", STEPS.as_bytes())?;
    tree.place("etc/systemd/system/steps.service", UNIT.as_bytes())?;
    tree.administer(&["systemctl", "enable", "--quiet", "steps"])?;
    let mut boot = privileged("timeout");
    boot.args(["--kill-after=5", "180", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit"]);
    boot.args(["--private-network", "--boot", "--directory"]).arg(tree.root());
    let console = tree::run(&mut boot)?;
    let said = std::fs::read_to_string(tree.root().join("opt/said")).map_err(|error| format!("{error}\n{console}"))?;
    let said = answers(&said);
    let answer = |name: &str| -> Outcome<&str> {
        said.get(name).map(String::as_str).ok_or_else(|| Failure::from(format!("no answer to {name}: {said:?}")))
    };
    assert_eq!((answer("enabled")?, answer("active")?), ("disabled", "inactive"));
    // Exit code 3 is not tried again: it does not get better by itself.
    assert_eq!(answer("unread")?, "NRestarts=0\nExecMainStatus=3\nSubState=failed");
    assert!(answer("why")?.contains("has to be noted first"), "{}", answer("why")?);
    assert_eq!(answer("running")?, "NRestarts=0\nDynamicUser=yes\nSubState=running");
    let rights: Vec<&str> = answer("rights")?.split_whitespace().collect();
    let none = "0000000000000000";
    assert_eq!(rights, ["CapEff:", none, "CapBnd:", none, "NoNewPrivs:", "1", "Seccomp:", "2"]);
    assert!(
        answer("state")?
            .lines()
            .eq(["700 /var/lib/private/runde-cli", "600 /var/lib/private/runde-cli/data/acknowledgements.ledger"])
    );
    assert!(answer("guest")?.contains("\"event\":\"joined\""), "{}", answer("guest")?);
    assert_eq!((answer("left")?, answer("again")?), ("0", "active"));
    assert_eq!(answer("stopped")?, "Result=success\nExecMainStatus=0");
    assert_eq!((answer("purged")?, answer("end")?), ("", ""));
    Ok(())
}
