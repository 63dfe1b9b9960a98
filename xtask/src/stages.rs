//! `cargo xtask test`: the stages in order, each timed, one closing line `N passed, N failed`.

use crate::count::Count;
use crate::{package, process, suites, supply, system, third_party, tidy, ui, windows, workflows, workspace};
use std::process::Command;
use std::time::Instant;

const STAGES: [&str; 10] = ["fmt", "tidy", "supply", "clippy", "unit", "ui", "e2e", "package", "windows", "workflows"];
/// Runs with `--full` or when it is named.
const BY_HAND: &str = "workflows";

/// Runs all stages, or the one that is named; whether every check held. The count is the last line, also after a failure.
pub fn test(arguments: &[&str]) -> Result<bool, String> {
    let full = arguments.contains(&"--full");
    let named: Vec<&str> = arguments.iter().copied().filter(|word| *word != "--full").collect();
    if let Some(unknown) = named.iter().find(|word| !STAGES.contains(word)) {
        return Err(format!("no stage {unknown}; there are: {}", STAGES.join(" ")));
    }
    system::prepare(true)?;
    let mut sum = Count::default();
    let mut times = Vec::new();
    let wanted = |stage: &&str| named.contains(stage) || (named.is_empty() && (full || *stage != BY_HAND));
    for stage in STAGES.into_iter().filter(wanted) {
        println!("== {stage}");
        let start = Instant::now();
        let count = one(stage, full).unwrap_or_else(|reason| {
            eprintln!("{reason}");
            Count::ONE_FAILED
        });
        sum += count;
        let line =
            format!("{stage:8} {:4} s  {} passed, {} failed", start.elapsed().as_secs(), count.passed, count.failed);
        println!("== {line}");
        times.push(line);
    }
    println!("\n{}\n", times.join("\n"));
    println!("{} passed, {} failed", sum.passed, sum.failed);
    Ok(sum.failed == 0 && sum.passed > 0)
}

fn one(stage: &str, full: bool) -> Result<Count, String> {
    match stage {
        "fmt" => cargo(&["fmt", "--all", "--check"]),
        "tidy" => {
            tidy::report()?;
            Ok(Count::ONE_PASSED)
        }
        "supply" => {
            supply::report()?;
            Ok(Count::ONE_PASSED)
        }
        "clippy" => {
            ui::build()?;
            cargo(&[
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                "--features",
                "runde/custom-protocol",
                "--",
                "-D",
                "warnings",
            ])
        }
        "unit" => {
            ui::build()?;
            let mut sum = rust(|suite| !suite.is_system(), full)?;
            sum += suites::documentation()?;
            Ok(sum)
        }
        "ui" => ui::test(),
        "e2e" => {
            third_party::prepare()?;
            ui::build()?;
            rust(|suite| suite.is_system() && !suite.is_of_packages() && !suite.is_of_windows(), full)
        }
        "package" => packages(full),
        "windows" => {
            windows::compile()?;
            let mut sum = Count::ONE_PASSED;
            if full {
                system::prepare_for("windows-tests")?;
                package::installer(package::Profile::Packaged)?;
                package::tests_for_windows(package::Profile::Packaged)?;
                sum += rust(suites::Suite::is_of_windows, full)?;
            }
            Ok(sum)
        }
        "workflows" => {
            workflows::check()?;
            Ok(Count::ONE_PASSED)
        }
        other => Err(format!("no stage {other}")),
    }
}

/// Builds the packages and installs them into clean trees.
fn packages(full: bool) -> Result<Count, String> {
    ui::build()?;
    let suites = suites::build()?;
    // By hand it is what is published that is installed; optimising it takes ten minutes on two quiet cores.
    let profile = if full { package::Profile::Release } else { package::Profile::Tested };
    package::debs(profile)?;
    if full {
        system::prepare_for("packages-tests")?;
        package::rpms(profile)?;
    }
    run(&suites, suites::Suite::is_of_packages, full)
}

fn cargo(arguments: &[&str]) -> Result<Count, String> {
    process::show(Command::new(workspace::cargo()).args(arguments).current_dir(workspace::root()))?;
    Ok(Count::ONE_PASSED)
}

fn rust(wanted: impl Fn(&suites::Suite) -> bool, full: bool) -> Result<Count, String> {
    run(&suites::build()?, wanted, full)
}

fn run(suites: &[suites::Suite], wanted: impl Fn(&suites::Suite) -> bool, full: bool) -> Result<Count, String> {
    let mut sum = Count::default();
    for suite in suites.iter().filter(|suite| wanted(suite) && (full || !suite.is_long())) {
        sum += suite.run()?;
    }
    Ok(sum)
}
