//! Counting what test runners say of themselves.

/// How many checks held and how many did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: usize,
    pub failed: usize,
}

impl Count {
    pub const ONE_PASSED: Self = Self { passed: 1, failed: 0 };
    pub const ONE_FAILED: Self = Self { passed: 0, failed: 1 };

    /// A check that is not a test runner: one, held or not.
    pub fn of(result: &Result<(), String>) -> Self {
        if result.is_ok() { Self::ONE_PASSED } else { Self::ONE_FAILED }
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Sums libtest's closing lines (`test result: ok. 3 passed; 0 failed; 1 ignored; …`). An ignored test counts as failed:
/// nothing here may look green without having run.
pub fn libtest(lines: &[String]) -> Option<Count> {
    let mut sum = None;
    for line in lines.iter().filter(|line| line.starts_with("test result:")) {
        let number = |word: &str| -> usize {
            line.split(';')
                .find(|part| part.trim_end().ends_with(word))
                .and_then(|part| part.split_whitespace().rev().nth(1))
                .and_then(|digits| digits.parse().ok())
                .unwrap_or(0)
        };
        let total: &mut Count = sum.get_or_insert_with(Count::default);
        *total += Count { passed: number("passed"), failed: number("failed") + number("ignored") };
    }
    sum
}

/// Reads vitest's JSON report.
pub fn vitest(report: &str) -> Option<Count> {
    let report: serde_json::Value = serde_json::from_str(report).ok()?;
    let number = |key: &str| report.get(key).and_then(serde_json::Value::as_u64).and_then(|n| usize::try_from(n).ok());
    Some(Count {
        passed: number("numPassedTests")?,
        failed: number("numFailedTests")?
            + number("numPendingTests").unwrap_or(0)
            + number("numFailedTestSuites").unwrap_or(0),
    })
}

/// Sums plain closing lines: `7 passed, 0 failed`.
pub fn plain(lines: &[String]) -> Option<Count> {
    lines.iter().rev().find_map(|line| {
        let (passed, rest) = line.trim().split_once(" passed, ")?;
        let failed = rest.strip_suffix(" failed")?;
        Some(Count { passed: passed.parse().ok()?, failed: failed.parse().ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn closing_lines_of_several_binaries_add_up() {
        let said = lines(
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\nnoise\n\
             test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured",
        );
        assert_eq!(libtest(&said), Some(Count { passed: 4, failed: 2 }));
    }

    #[test]
    fn an_ignored_test_is_a_failed_one() {
        let said = lines("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured");
        assert_eq!(libtest(&said), Some(Count { passed: 3, failed: 1 }));
    }

    #[test]
    fn a_runner_that_never_closed_counts_as_nothing_known() {
        assert_eq!(libtest(&lines("running 3 tests")), None);
        assert_eq!(plain(&lines("almost passed")), None);
    }

    #[test]
    fn a_report_of_the_ui_tests_is_read() {
        let report = r#"{"numPassedTests":12,"numFailedTests":1,"numPendingTests":2,"numFailedTestSuites":0}"#;
        assert_eq!(vitest(report), Some(Count { passed: 12, failed: 3 }));
        assert_eq!(plain(&lines("x\n7 passed, 1 failed")), Some(Count { passed: 7, failed: 1 }));
    }
}
