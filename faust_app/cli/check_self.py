"""`shop-images check`: what is mis-set or unreachable, one line each with what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from faust_app.cli.command import print_report, run
from faust_app.core.selfcheck.finding import Finding, Verdict, worst
from faust_app.settings import Settings
from faust_app.wiring.selfcheck import selfcheck

EXIT_CODES: Final = {Verdict.OK: 0, Verdict.WARNING: 3, Verdict.ERROR: 1}
"""By the worst line; 2 is wrong usage or a wrong setting, as everywhere."""
_WORDS: Final = {Verdict.OK: "ok", Verdict.WARNING: "warning", Verdict.ERROR: "ERROR"}


@dataclass(frozen=True, slots=True)
class SelfcheckReport:
    """What was found, worst first."""

    findings: Sequence[Finding]

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {
            "verdict": worst(self.findings).value,
            "findings": [
                {"subject": each.subject, "verdict": each.verdict.value, "found": each.found, "remedy": each.remedy or None}
                for each in self.findings
            ],
        }

    def lines(self) -> list[str]:
        """Return the report for people."""
        return [_line(each) for each in self.findings]


def run_selfcheck_command(settings: Settings, *, as_json: bool) -> None:
    """Print what is mis-set or unreachable, and exit by the worst line."""
    findings = run(selfcheck(settings))
    print_report(SelfcheckReport(findings), as_json=as_json)
    if code := EXIT_CODES[worst(findings)]:
        raise SystemExit(code)


def _line(finding: Finding) -> str:
    line = f"{_WORDS[finding.verdict]:<8}{finding.subject}: {finding.found}"
    return f"{line}; {finding.remedy}" if finding.remedy else line
