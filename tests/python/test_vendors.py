"""The example of vendors' webhooks: what each becomes, whatever their order, and what closed_loop makes of it.

The expected rows are worked out by hand from the webhooks in examples/vendors/webhooks and the rules in its README.
"""

from __future__ import annotations

import contextlib
import csv
import json
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from project import ROOT, WITHOUT_TESTS, WITHOUT_UNIT_TESTS, build, dbt, query

from scripts import postgres_server

EXAMPLE = ROOT / "examples/vendors"
VENDORS = ("whatsapp", "twilio", "sendgrid", "stripe", "zendesk")
MAPPED = (
    "case_triggers", "case_closures", "message_events", "action_events", "writeback_attempts", "writeback_acks", "exceptions",
    "agent_touches", "payments", "unmapped_webhooks",
)  # fmt: skip


class Mapped:
    """A build of the mapping alone, of shuffled webhooks: its folder, and what dbt said."""

    def __init__(self, project: Path, folder: Path) -> None:
        (folder / "webhooks").mkdir()
        for vendor in VENDORS:
            lines = (EXAMPLE / f"webhooks/{vendor}.jsonl").read_text(encoding="utf-8").splitlines()
            random.Random(vendor).shuffle(lines)
            (folder / f"webhooks/{vendor}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.folder = folder
        self.said = build(folder, None, "--select", "vendors", project=project)

    def rows(self, columns: str, table: str, condition: str = "true") -> list[tuple[Any, ...]]:
        """Columns of a mapped table, as text, in the order of the first ones."""
        listed = ", ".join(f"cast({column.strip()} as varchar)" for column in columns.split(","))
        return query(self.folder, f"select {listed} from vendor_events.{table} where {condition} order by all")


def project_alone(folder: Path) -> Path:
    """The example without closed_loop, which the mapping doesn't need: dbt parses it in a second."""
    ignored = shutil.ignore_patterns("packages.yml", "dbt_packages", "target", "logs", "*.duckdb")
    return Path(shutil.copytree(EXAMPLE, folder / "vendors", ignore=ignored))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project_alone(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def mapped(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    return Mapped(project, tmp_path_factory.mktemp("mapped"))


def test_money_has_a_sign_and_its_currency(mapped: Mapped) -> None:
    """Refunds and disputes take off, a dispute that was won adds again; Stripe counts cents of a dollar, but whole yen."""
    columns = "case_id, occurred_at, payment_id, flow, status, amount, currency, decline_reason"
    assert mapped.rows(columns, "payments", "case_id is not null") == [
        ("case-501", "2026-03-02 09:24:01", "pi_501", "automated", "succeeded", "49.00", "USD", None),
        ("case-501", "2026-03-02 09:24:01", "pi_501", "automated", "succeeded", "49.00", "USD", None),
        ("case-502", "2026-03-02 10:33:01", "pi_502", "automated", "failed", "120.00", "USD", "insufficient_funds"),
        ("case-502", "2026-03-02 10:36:01", "pi_502", "automated", "succeeded", "120.00", "USD", None),
        ("case-502", "2026-03-10 08:00:01", "pi_502", "automated", "refunded", "120.00", "USD", None),
        ("case-503", "2026-03-04 10:00:01", "pi_503", "agent", "succeeded", "75.50", "USD", None),
        ("case-503", "2026-03-06 12:00:00", "pi_503", "agent", "refunded", "10.00", "USD", None),
        ("case-506", "2026-03-05 08:00:01", "pi_506", "automated", "succeeded", "6000.00", "JPY", None),
        ("case-506", "2026-03-12 08:00:01", "pi_506", "automated", "refunded", "6000.00", "JPY", None),
        ("case-506", "2026-03-25 09:00:01", "pi_506", "automated", "succeeded", "6000.00", "JPY", None),
    ]  # fmt: skip


def test_a_dispute_takes_the_acknowledgement_back(mapped: Mapped) -> None:
    columns = "case_id, occurred_at, idempotency_key, ack_id, outcome"
    assert mapped.rows(columns, "writeback_acks", "case_id in ('case-502', 'case-506')") == [
        ("case-502", "2026-03-02 10:36:01", "pi_502", "ch_502b", "persisted"),
        ("case-502", "2026-03-10 08:00:01", "pi_502", "du_502", "reversed"),
        ("case-506", "2026-03-05 08:00:01", "pi_506", "ch_506", "persisted"),
        ("case-506", "2026-03-12 08:00:01", "pi_506", "du_506", "reversed"),
        ("case-506", "2026-03-25 09:00:01", "pi_506", "du_506", "persisted"),
    ]  # fmt: skip
    assert mapped.rows("occurred_at, idempotency_key, status, error_reason", "writeback_attempts", "case_id = 'case-502'") == [
        ("2026-03-02 10:33:00", "pi_502", "failed", "card_declined"),
        ("2026-03-02 10:36:00", "pi_502", "accepted", None),
    ]  # fmt: skip


def test_messages_say_what_their_vendor_said_and_no_more(mapped: Mapped) -> None:
    """case-501 was read without a word of its delivery: none is invented here."""
    assert mapped.rows("case_id, occurred_at, message_id, channel, status, is_fallback", "message_events") == [
        ("case-501", "2026-03-02 09:05:00", "wamid.HBg501", "whatsapp", "sent", "false"),
        ("case-501", "2026-03-02 09:20:00", "wamid.HBg501", "whatsapp", "opened", "false"),
        ("case-501", "2026-03-02 09:20:00", "wamid.HBg501", "whatsapp", "opened", "false"),
        ("case-502", "2026-03-02 10:05:00", "wamid.HBg502", "whatsapp", "sent", "false"),
        ("case-502", "2026-03-02 10:06:00", "wamid.HBg502", "whatsapp", "delivered", "false"),
        ("case-502", "2026-03-02 10:30:00", "wamid.HBg502", "whatsapp", "opened", "false"),
        ("case-503", "2026-03-03 08:05:00", "wamid.HBg503", "whatsapp", "failed", "false"),
        ("case-503", "2026-03-03 08:10:01", "SM00000000000000000000000000000503", "sms", "sent", "true"),
        ("case-503", "2026-03-03 08:10:06", "SM00000000000000000000000000000503", "sms", "delivered", "true"),
        ("case-504", "2026-03-03 09:02:00", "mx504", "email", "sent", "false"),
        ("case-504", "2026-03-03 09:04:00", "mx504", "email", "delivered", "false"),
        ("case-504", "2026-03-03 11:15:00", "mx504", "email", "opened", "false"),
        ("case-504", "2026-03-03 11:15:01", "mx504", "email", "clicked", "false"),
        ("case-505", "2026-03-04 14:02:00", "mx505", "email", "sent", "false"),
        ("case-505", "2026-03-04 14:02:02", "mx505", "email", "failed", "false"),
        ("case-506", "2026-03-05 07:05:00", "wamid.HBg506", "whatsapp", "sent", "false"),
        (None, "2026-03-06 07:00:00", "mx600", "email", "delivered", "false"),
    ]  # fmt: skip


def test_a_button_has_the_case_of_the_message_that_it_answers(mapped: Mapped) -> None:
    columns = "case_id, occurred_at, message_id, action, step, actor, error_reason"
    assert mapped.rows(columns, "action_events", "case_id in ('case-502', 'case-503')") == [
        ("case-502", "2026-03-02 10:31:00", "wamid.HBg502", "pay", "started", "customer", None),
        ("case-502", "2026-03-02 10:33:01", None, "pay", "failed", "customer", "insufficient_funds"),
        ("case-502", "2026-03-02 10:36:01", None, "pay", "completed", "customer", None),
        ("case-503", "2026-03-04 10:00:01", None, "pay", "completed", "agent", None),
    ]  # fmt: skip


def test_tickets_open_and_close_cases(mapped: Mapped) -> None:
    """The due date of case-504 is the first that was promised. A withdrawn ticket is closed; one that an agent simply solved is not."""
    assert mapped.rows("case_id, occurred_at, workflow, customer_ref, source_system, due_at", "case_triggers") == [
        ("case-501", "2026-03-02 09:00:00", "failed_payment", "370000000501", "zendesk", None),
        ("case-502", "2026-03-02 10:00:00", "failed_payment", "370000000502", "zendesk", None),
        ("case-503", "2026-03-03 08:00:00", "failed_payment", "370000000503", "zendesk", None),
        ("case-504", "2026-03-03 09:00:00", "invoice_question", "370000000504", "zendesk", "2026-03-06 17:00:00"),
        ("case-505", "2026-03-04 14:00:00", "invoice_question", "370000000505", "zendesk", None),
        ("case-506", "2026-03-05 07:00:00", "failed_payment", "370000000506", "zendesk", None),
        ("case-507", "2026-03-05 10:00:00", "invoice_question", "370000000505", "zendesk", None),
    ]  # fmt: skip
    assert mapped.rows("case_id, occurred_at, kind, reason, actor", "case_closures") == [
        ("case-504", "2026-03-05 12:00:00", "closed", "withdrawn", "agent"),
        ("case-505", "2026-03-05 16:00:00", "closed", "withdrawn", "agent"),
        ("case-505", "2026-03-06 08:00:00", "reopened", None, "customer"),
        ("case-507", "2026-03-05 10:20:00", "closed", "duplicate", "agent"),
    ]  # fmt: skip


def test_touches_belong_to_the_hand_over_before_them(mapped: Mapped) -> None:
    assert mapped.rows("event_id, case_id, occurred_at, reason", "exceptions") == [
        ("01HZ-503-2", "case-503", "2026-03-03 15:00:00", "billing_desk"),
        ("01HZ-505-2", "case-505", "2026-03-04 14:30:00", "billing_desk"),
    ]  # fmt: skip
    assert mapped.rows("case_id, occurred_at, ended_at, exception_id, agent_ref, outcome", "agent_touches") == [
        ("case-503", "2026-03-04 10:05:00", "2026-03-04 10:05:00", "01HZ-503-2", "360000000802", "resolved"),
        ("case-504", "2026-03-05 12:00:00", "2026-03-05 12:00:00", None, "360000000803", "resolved"),
        ("case-505", "2026-03-05 09:00:00", "2026-03-05 09:00:00", "01HZ-505-2", "360000000802", "transferred"),
        ("case-505", "2026-03-05 16:00:00", "2026-03-05 16:00:00", "01HZ-505-2", "360000000803", "resolved"),
    ]  # fmt: skip


def test_loaded_is_when_it_was_received(mapped: Mapped) -> None:
    """A webhook that came three days late, and one that came twice under the same id."""
    assert mapped.rows("event_id, loaded_at", "payments", "case_id in ('case-501', 'case-503')") == [
        ("evt_501b", "2026-03-02 09:24:03"), ("evt_501b", "2026-03-02 10:24:03"),
        ("evt_503b", "2026-03-07 09:00:00"), ("evt_503c", "2026-03-06 12:00:02"),
    ]  # fmt: skip


def test_what_has_no_case_stays_without_one(mapped: Mapped) -> None:
    """closed_loop quarantines it; the mapping neither drops it nor finds it a case."""
    caseless = {table: len(mapped.rows("event_id", table, "case_id is null")) for table in MAPPED[:-1]}
    assert {table: count for table, count in caseless.items() if count} == {
        "message_events": 1, "action_events": 1, "writeback_attempts": 1, "writeback_acks": 1, "payments": 1,
    }  # fmt: skip


def test_what_becomes_no_event_is_listed(mapped: Mapped) -> None:
    """And what the mapping doesn't know is a warning."""
    assert mapped.rows("vendor, event_type, is_known, webhook_count", "unmapped_webhooks") == [
        ("sendgrid", "deferred", "true", "1"),
        ("stripe", "charge.dispute.created", "true", "1"),
        ("stripe", "charge.refunded", "true", "1"),
        ("stripe", "payout.paid", "false", "1"),
        ("twilio", "queued", "true", "1"),
        ("whatsapp", "changes.message_template_status_update", "false", "1"),
        ("whatsapp", "messages.text", "true", "1"),
        ("zendesk", "ticket.csat_received", "false", "1"),
        ("zendesk", "ticket.task_due_at_changed", "true", "2"),
    ]  # fmt: skip
    assert "event_types_are_known" in mapped.said and "WARN 3" in mapped.said


def test_the_readme_says_how_much_it_is() -> None:
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    with (EXAMPLE / "seeds/event_types.csv").open(encoding="utf-8") as file:
        types = list(csv.DictReader(file))
    for vendor in VENDORS:
        (model,) = EXAMPLE.glob(f"models/staging/stg_{vendor}__*.sql")
        listed = [row for row in types if row["vendor"] == vendor]
        names, tables = ({row[column] for row in listed} - {""} for column in ("event_type", "contract_table"))
        row = f"| {vendor} | {lines_of(model)} | {len(names)} | {len(tables)} |"
        assert row in readme.lower(), row
    assert f"have {sum(map(lines_of, EXAMPLE.glob('models/events/*.sql')))} lines together" in readme


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.slow
def test_postgres_maps_them_alike(mapped: Mapped, project: Path, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server.running_server())
        except postgres_server.PostgresMissing as missing:
            pytest.skip(f"not compared with PostgreSQL: {missing}")
        connection = psycopg2.connect(
            host=server["PGHOST"], port=server["PGPORT"], user=server["PGUSER"], dbname=server["PGDATABASE"]
        )
        stack.callback(connection.close)
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("create schema webhooks")
        for vendor in VENDORS:
            cursor.execute(f"create table webhooks.{vendor} (received_at text, query jsonb, body jsonb)")
            for line in (EXAMPLE / f"webhooks/{vendor}.jsonl").read_text(encoding="utf-8").splitlines():
                webhook = json.loads(line)
                values = (webhook["received_at"], json.dumps(webhook.get("query")), json.dumps(webhook["body"]))
                cursor.execute(f"insert into webhooks.{vendor} values (%s, %s, %s)", values)
        build(tmp_path, None, "--target", "postgres", "--select", "vendors", project=project, environment=server)
        # What no vendor fills is made by closed_loop, and what is there stays.
        made = dbt("run-operation", "create_event_tables", "--target", "postgres", folder=tmp_path / "made", environment=server,
            variables={"events_schema": "vendor_events"})  # fmt: skip
        assert made.returncode == 0, made.stdout[-3000:]
        for table in ("evidence_items", "identity_checks"):
            cursor.execute(f"select count(event_id) from vendor_events.{table}")
            assert cursor.fetchall() == [(0,)]
        for table in MAPPED:
            cursor.execute(f"select * from vendor_events.{table}")
            assert Counter(cursor.fetchall()) == Counter(query(mapped.folder, f"from vendor_events.{table}")), table


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the commands of the README were run one after the other."""
    folder = tmp_path_factory.mktemp("built")
    project = project_alone(folder)
    # What `dbt deps` does.
    (project / "dbt_packages").mkdir()
    (project / "dbt_packages/closed_loop").symlink_to(ROOT)
    shutil.copy(EXAMPLE / "packages.yml", project)
    for name in ("webhooks", "reference"):
        (folder / name).symlink_to(project / name)
    result = dbt("run-operation", "closed_loop.create_event_tables", folder=folder, project=project)
    assert result.returncode == 0, result.stdout[-3000:]
    run_both(folder, project, WITHOUT_UNIT_TESTS)
    return folder


def run_both(folder: Path, project: Path, without: tuple[str, ...]) -> str:
    """The mapping, and closed_loop on it without these; returns what the second printed."""
    build(folder, None, "--select", "vendors", project=project)
    return build(folder, None, "--select", "package:closed_loop", *without, project=project)


@pytest.mark.slow
def test_the_cases_end_as_the_readme_says(built: Path) -> None:
    """As of 2026-03-25 09:00:05, when the last webhook was received."""
    moments = "cast(resolved_at as varchar), cast(due_at as varchar)"
    columns = f"case_id, resolution_path, {moments}, net_collected, is_sla_breached, closure_reason"
    assert query(built, f"select {columns} from marts.fct_case_journey order by case_id") == [
        ("case-501", "in_message", "2026-03-02 09:24:01", "2026-03-05 09:00:00", 49.0, False, None),
        ("case-502", "open", None, "2026-03-05 10:00:00", 0.0, True, None),
        ("case-503", "assisted", "2026-03-04 10:00:01", "2026-03-06 08:00:00", 65.5, False, None),
        # Closed before the due date of its own.
        ("case-504", "closed", None, "2026-03-06 17:00:00", 0.0, False, "withdrawn"),
        # Five business days after a Wednesday.
        ("case-505", "open", None, "2026-03-12 00:00:00", 0.0, True, None),
        # 6,000 yen at 0.01 dollars each.
        ("case-506", "in_message", "2026-03-25 09:00:01", "2026-03-08 07:00:00", 60.0, True, None),
        ("case-507", "closed", None, "2026-03-13 00:00:00", 0.0, False, "duplicate"),
    ]  # fmt: skip


@pytest.mark.slow
def test_each_webhook_counts_once_or_is_quarantined_by_name(built: Path) -> None:
    columns = "source_table, raw_rows, accepted_rows, duplicate_rows, quarantined_rows"
    assert query(built, f"select {columns} from marts.rpt_row_reconciliation order by source_table") == [
        ("action_events", 9, 7, 1, 1), ("agent_touches", 4, 4, 0, 0), ("case_closures", 4, 4, 0, 0), ("case_triggers", 7, 7, 0, 0),
        ("evidence_items", 0, 0, 0, 0), ("exceptions", 2, 2, 0, 0), ("identity_checks", 0, 0, 0, 0), ("message_events", 17, 15, 1, 1),
        ("payments", 11, 9, 1, 1), ("writeback_acks", 9, 7, 1, 1), ("writeback_attempts", 6, 5, 0, 1),
    ]  # fmt: skip
    assert query(built, "select distinct reason from marts.rpt_quarantined_event") == [("missing_key",)]


@pytest.mark.slow
def test_a_message_that_was_read_was_delivered(built: Path) -> None:
    columns = "cast(sent_at as varchar), cast(delivered_at as varchar), cast(opened_at as varchar), cast(action_started_at as varchar)"
    assert query(built, f"select {columns} from marts.fct_message where case_id = 'case-501'") == [
        ("2026-03-02 09:05:00", "2026-03-02 09:20:00", "2026-03-02 09:20:00", "2026-03-02 09:21:00"),
    ]  # fmt: skip


@pytest.mark.slow
def test_the_order_of_arrival_changes_nothing(built: Path, mapped: Mapped) -> None:
    """One had the webhooks in the order in which they were received, the other shuffled: as the expected rows above."""
    for table in MAPPED:
        rows, shuffled = (Counter(query(folder, f"from vendor_events.{table}")) for folder in (built, mapped.folder))
        assert rows == shuffled and rows, table


@pytest.mark.slow
def test_the_next_day_reads_only_what_is_new(built: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(built, tmp_path / "next_day", symlinks=True))
    (folder / "webhooks").unlink()
    shutil.copytree(EXAMPLE / "webhooks", folder / "webhooks")
    paid = (EXAMPLE / "webhooks/stripe.jsonl").read_text(encoding="utf-8").splitlines()[:2]
    with (folder / "webhooks/stripe.jsonl").open("a", encoding="utf-8") as lines:
        lines.writelines(on_the_26th(line.replace("501", "507")) + "\n" for line in paid)
    assert "Full rebuild" not in run_both(folder, built / "vendors", WITHOUT_TESTS)
    columns = "resolution_path, cast(resolved_at as varchar), net_collected"
    assert query(folder, f"select {columns} from marts.fct_case_journey where case_id = 'case-507'") == [
        ("in_message", "2026-03-26 09:24:01", 49.0),
    ]  # fmt: skip


def on_the_26th(line: str) -> str:
    """A webhook of Stripe of 2 March, as if it were of the 26th."""
    webhook = json.loads(line.replace("2026-03-02T", "2026-03-26T"))
    for dated in (webhook["body"], webhook["body"]["data"]["object"]):
        dated["created"] += 24 * 86_400
    return json.dumps(webhook)
