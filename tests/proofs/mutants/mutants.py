"""The guards that hold the promises, each taken out of the source, and the test by name that must miss it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final


class NoLongerApplies(Exception):  # noqa: N818 - it is what the message says
    """The source no longer reads as the mutant expects: write the mutant anew, or it proves nothing."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """In `file`, the one place that reads `guard` reads `without` instead; `test` must fail then."""

    file: str
    guard: str
    without: str
    test: str

    def apply(self, clone: Path) -> None:
        """Remove the guard. Raises NoLongerApplies unless it stands there exactly once."""
        path = clone / self.file
        path.write_text(taken_out(path.read_text(), self.guard, self.without))


def taken_out(text: str, guard: str, without: str) -> str:
    """Return the text without its guard. Raises NoLongerApplies unless it stands there exactly once."""
    if text.count(guard) != 1:
        raise NoLongerApplies(f"stands there {text.count(guard)} times, not once: {guard!r}")
    return text.replace(guard, without)


MUTANTS: Final = {
    "an outcome of any version is settled": Mutant(
        "faust_app/core/images/transitions/settle.py",
        "current.version != outcome.row.version or ",
        "",
        "tests/core/images/test_transitions.py::test_every_outcome_is_refused_once_the_row_moved_on",
    ),
    "an event of any version is worked on": Mutant(
        "faust_app/core/images/plan.py",
        "if event.version < row.version:",
        "if False:",
        "tests/core/images/test_plan.py::test_version_comes_first_then_state_then_retry_count",
    ),
    "a position is written without the lease": Mutant(
        "faust_app/core/images/transitions/publish.py",
        "(current.version, current.scheduled_at) != (published.version, published.scheduled_at)",
        "current.version != published.version",
        "tests/contracts/mariadb/test_image_repository.py::test_a_position_is_written_only_under_the_lease_it_was_published_by[fake]",
    ),
    "an event is acknowledged when it starts": Mutant(
        "faust_app/stream/dispatcher.py",
        "            ticket.item.start(now)\n            task = asyncio.create_task(self._run",
        "            ticket.item.start(now)\n            self._windows.release(ticket.item, State.ENDED)\n"
        "            task = asyncio.create_task(self._run",
        "tests/stream/test_dispatcher.py::test_only_the_finished_prefix_of_a_partition_is_acknowledged",
    ),
    "a partition without a committed offset is left where it is": Mutant(
        "faust_app/stream/consumer/rewinding.py",
        "            await self.seek_wait(dict.fromkeys(uncommitted, 0))\n",
        "            pass\n",
        "tests/stream/consumer/test_rewinding.py::test_partitions_without_a_committed_offset_are_sought_to_their_beginning",
    ),
    "the late answer to a cancelled PUT is taken for the next one's": Mutant(
        "faust_app/adapters/s3/connections.py",
        "        except BaseException:\n            self.close()\n            raise\n",
        "        except BaseException:\n            raise\n",
        "tests/adapters/s3/test_connections.py::test_a_cancelled_request_closes_its_connection_and_frees_its_place",
    ),
    "an answer that nobody asked for is taken for the next PUT's": Mutant(
        "faust_app/adapters/s3/connections.py",
        "        if self._answer is not None and self._answer.done():\n            self._keep_alive = False\n",
        "",
        "tests/adapters/s3/test_connections.py::test_after_an_answer_that_ends_its_connection_another_is_opened",
    ),
    "an event is dealt with before it is settled": Mutant(
        "faust_app/flows/images/executor.py",
        "            end = await self._settler.settle(run.event.record, _decided(run))\n",
        '            end = "unsettled"\n            asyncio.create_task(self._settler.settle(run.event.record, _decided(run)))\n',
        "tests/flows/images/test_killed_between_steps.py::test_killed_between_any_two_steps_an_image_ends_as_if_nothing_had_been",
    ),
    "a retry of any attempt is settled": Mutant(
        "faust_app/core/images/transitions/settle.py",
        "case Retry() | Deferred() | AckedEarly() if current.attempt != outcome.row.attempt:",
        "case Retry() | Deferred() | AckedEarly() if current.attempt < 0:",
        "tests/core/images/test_transitions.py::test_a_retry_or_deferral_of_another_attempt_is_refused",
    ),
    "the collector deletes whatever is listed": Mutant(
        "faust_app/flows/maintenance/collect_garbage.py",
        "[key for key in keys if may_collect(key, version_of(key), rows.get(entry.key))]",
        "list(keys)",
        "tests/flows/maintenance/test_collect_garbage.py::test_what_is_shown_or_can_still_become_shown_is_kept",
    ),
    "the audit lists whatever it meets": Mutant(
        "faust_app/flows/maintenance/audit_bucket.py",
        "(row := _row_of(key, rows)) and may_collect(key, version_of(key), row)",
        "(row := _row_of(key, rows))",
        "tests/flows/maintenance/test_audit_bucket.py::test_what_is_shown_or_can_still_be_shown_or_has_no_row_is_left_alone",
    ),
    "nothing is rescued": Mutant(
        "faust_app/flows/maintenance/rescue.py",
        "lost = await self.find_lost(RESCUED_A_PASS)",
        "lost: list[ImageRow] = []",
        "tests/flows/maintenance/test_rescue.py::test_a_consumed_row_without_an_outcome_is_due_at_once_and_ends_in_storage",
    ),
    "a new request opens the same version again": Mutant(
        "faust_app/core/images/transitions/accept.py",
        "version=next_version(row.version, now)",
        "version=max(row.version, 1)",
        "tests/core/images/test_accept.py::test_every_accepted_request_opens_a_version_of_its_own",
    ),
    "a restored row opens the same version again": Mutant(
        "faust_app/core/images/transitions/repair.py",
        "    version = next_version(row.version, now)\n",
        "    version = row.version\n",
        "tests/flows/maintenance/test_recover.py::test_an_image_whose_object_is_gone_is_fetched_anew_whatever_its_state",
    ),
    "a cancelled republish takes a request back": Mutant(
        "faust_app/core/images/transitions/repair.py",
        "if current.requested_at > former.requested_at:",
        "if current.version < 0:",
        "tests/flows/republish/test_control.py::test_a_request_that_came_during_the_run_is_not_taken_back",
    ),
    "a republish begins what moved on since its plan": Mutant(
        "faust_app/core/republish/items.py",
        "if current.version != item.version or current.state is not item.former_state:",
        "if current.version < 0:",
        "tests/contracts/mariadb/test_republish.py::test_what_moved_on_since_the_plan_is_skipped_for_its_reason[fake]",
    ),
    "validators are sent to any address": Mutant(
        "faust_app/core/images/plan.py",
        " and row.shown.url == row.source_url",
        "",
        "tests/core/images/test_plan.py::test_a_fetch_is_conditional_only_where_what_is_shown_came_from_the_same_address",
    ),
    "an outcome is not told": Mutant(
        "faust_app/core/images/changes.py",
        "self.results.append(of_finished(row, settlement.history))",
        "pass",
        "tests/core/results/test_told.py::test_a_stored_image_is_told_with_what_is_shown",
    ),
    "a result that is not acknowledged counts as published": Mutant(
        "faust_app/flows/results/publish.py",
        "return next((number for number, result in enumerate(sent) if isinstance(result, Unavailable)), len(sent))",
        "return len(sent)",
        "tests/flows/results/test_publish_results.py::test_only_what_is_acknowledged_without_a_gap_counts_as_published",
    ),
}


@dataclass(frozen=True, slots=True)
class StatementMutant:
    """In a statement of an adapter, `guard` is taken out; the contract's `test` must fail then on the real database."""

    module: str
    statement: str
    guard: str
    test: str


STATEMENT_MUTANTS: Final = {
    "the database writes an outcome of any version": StatementMutant(
        "image_writes",
        "_WRITE_FINISHED",
        "image.version = x.version AND ",
        "test_a_finished_row_is_refused_for_another_version",
    ),
    "the database writes a position without the lease": StatementMutant(
        "image_repository",
        "_WRITE_PUBLISHED",
        " AND image.scheduled_at = x.lease",
        "test_a_position_is_written_only_under_the_lease_it_was_published_by",
    ),
    "the database writes a position of any version": StatementMutant(
        "image_repository",
        "_WRITE_PUBLISHED",
        "image.version = x.v AND ",
        "test_a_position_of_an_older_version_is_not_written",
    ),
    "the database writes a retry of any attempt": StatementMutant(
        "image_writes",
        "_WRITE_SCHEDULED",
        " AND image.attempt = x.attempt_before",
        "test_a_row_that_waits_is_not_written_by_the_outcome_of_another_attempt",
    ),
}
