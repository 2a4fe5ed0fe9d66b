"""Settings changed on the operator's page: checked, shown as a difference, written with all else kept, and applied."""

# ruff: noqa: ASYNC240 - one small file

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest

from llmlb.config.document import Document, parse_document
from llmlb.config.edit import CannotEdit
from llmlb.config.edit_file import edit_file, version_of
from llmlb.testing import ScriptedNode, eventually
from llmlb.web.operator.settings import MOST_AT_ONCE
from llmlb.web.operator.settings_form import MOST_ROWS
from llmlb.web.operator.settings_places import row_id
from tests.integration.bench import Bench, bench, config
from tests.integration.browsing import OPERATOR as OPERATOR_CONFIG
from tests.integration.browsing import Browser
from tests.integration.browsing import signed_in as sign_in
from tests.integration.tuning import APPLY, FILE, SETTINGS, tuning

Lines = Callable[[], list[dict[str, Any]]]
WEIGHT_OF_ALICE = f"key.{row_id('alice')}.weight"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server of this machine is taken for a node."""
    monkeypatch.setattr("llmlb.app.places", lambda _: ())


async def test_a_change_goes_round_and_keeps_every_other_byte(file: Path, log: Lines) -> None:
    async with tuning(file) as desk:
        difference = await desk.review(queue__max_size="200", **{WEIGHT_OF_ALICE: "3.5"})
        assert difference.status == 200
        assert "Most that may wait [queue] max_size = 200 100 200" in difference.text
        assert "alice Weight [[api_keys]] weight = 3.5 2 3.5" in difference.text
        assert file.read_text() == FILE, "nothing is written before it is confirmed"
        assert desk.gateway.gateway.config.queue.max_size == 100

        done = await desk.apply(difference)
        written = FILE.replace("max_size = 100", "max_size = 200").replace("weight = 2", "weight = 3.5")
        assert file.read_text() == written
        assert "Applied. Most that may wait: 100 → 200 alice Weight: 2 → 3.5" in done.text
        assert "Applied." not in (await desk.page()).text, "it is told once"
        assert done.fields()["queue.max_size"] == "200"
        applied = desk.gateway.gateway.config
        assert (applied.queue.max_size, applied.api_keys[0].weight) == (200, 3.5)

        (line,) = [line for line in log() if line["event"] == "configuration applied"]
        assert line["by"] == "operator at 127.0.0.1"
        assert line["values"] == {"queue.max_size": "100 -> 200", "api_keys.alice.weight": "2 -> 3.5"}
        assert "operator's page, from 127.0.0.1" in done.text
        assert "queue.max_size: 100 → 200" in done.text
        assert "sk-" not in done.answer.body.decode()
        assert "argon2" not in done.answer.body.decode()


async def test_a_queue_of_another_size_behaves_so_at_once(file: Path, node: ScriptedNode) -> None:
    nodes = f'[[nodes]]\nname = "n1"\nurl = "{node.url}"\n'
    async with tuning(file, FILE + nodes) as desk:
        gateway = desk.gateway
        await eventually(lambda: gateway.states == {"n1": "idle"}, "the node has answered")
        kept = [await gateway.arrive(key="sk-alice-0123456789") for _ in range(3)]
        await gateway.waiting(2)
        difference = await desk.review(queue__max_size="1")
        assert "2 requests wait now. None of them is turned out" in difference.text
        await desk.apply(difference)
        await gateway.waiting(2)
        assert (await gateway.post(key="sk-alice-0123456789")).status == 429
        await desk.change(queue__max_size="3")
        kept.append(await gateway.arrive(key="sk-alice-0123456789"))
        await gateway.waiting(3)
        for request in kept:
            request.cancel()


async def test_a_setting_that_was_not_written_is_added_and_one_set_to_its_default_stays_written(file: Path) -> None:
    async with tuning(file) as desk:
        difference = await desk.review(queue__when_full="push_out", **{f"key.{row_id('bob')}.max_waiting": "7"})
        await desk.apply(difference)
        text = FILE.replace("people angry\n", 'people angry\nwhen_full = "push_out"\n')
        assert file.read_text() == text.replace('name = "bob"\n', 'name = "bob"\nmax_waiting = 7\n')
        difference = await desk.review(queue__when_full="refuse")
        assert "The newcomer the default" in difference.text
        await desk.apply(difference)
        assert 'when_full = "refuse"\n' in file.read_text()
        assert "Longest wait: 60 s → 30 s" in (await desk.change(queue__timeout_secs="30")).text


async def test_everything_wrong_is_told_at_once_and_kept_as_typed(file: Path) -> None:
    async with tuning(file) as desk:
        wrong = await desk.review(
            queue__max_size="lots <b>", queue__timeout_secs="0", queue__max_per_key="5", **{WEIGHT_OF_ALICE: "1000"}
        )
        assert wrong.status == 422
        assert "3 values need another look. Nothing has been changed yet." in wrong.text
        assert "Must be a whole number from 1 to 10000." in wrong.text
        assert "Must be a whole number from 1 to 3600, in seconds." in wrong.text
        assert "Must be a number from 0.01 to 100." in wrong.text
        assert wrong.fields()["queue.max_size"] == "lots <b>"
        assert wrong.fields()["queue.max_per_key"] == "5", "what is right stays typed as well"
        assert wrong.answer.body.count(b'aria-invalid="true"') == 3
        mended = await desk.send(
            wrong.fields() | {"queue.max_size": "１２０", "queue.timeout_secs": " 30 ", WEIGHT_OF_ALICE: "2"}
        )
        assert "max_size = 120" in mended.text, "digits may be of full width"
        await desk.apply(mended)
        assert desk.gateway.gateway.config.queue.max_per_key == 5
        assert file.read_text().count("\n") == FILE.count("\n") + 1


async def test_nothing_changed_writes_nothing(file: Path) -> None:
    async with tuning(file) as desk:
        before = file.stat()
        same = await desk.review(queue__max_size="0100", **{WEIGHT_OF_ALICE: "2.0"})
        assert (same.status, "Nothing was changed." in same.text) == (200, True)
        assert file.stat() == before


async def test_one_can_go_back_from_the_difference_to_what_was_typed(file: Path) -> None:
    async with tuning(file) as desk:
        difference = await desk.review(queue__max_size="200")
        form = await desk.send(difference.fields(APPLY) | {"edit": "1"})
        assert (form.status, form.fields()["queue.max_size"]) == (200, "200")
        assert form.fields()["queue.timeout_secs"] == "60"
        assert "max_size = 200" in (await desk.send(form.fields())).text


@pytest.mark.parametrize("when", ["before the review", "before it is applied", "while it is written"])
async def test_a_file_that_was_changed_meanwhile_is_not_overwritten(file: Path, when: str) -> None:
    patch = pytest.MonkeyPatch()
    theirs = FILE.replace("max_size = 100", "max_size = 150").replace("timeout_secs = 60", "timeout_secs = 30")
    async with tuning(file) as desk:
        form = (await desk.page()).fields() | {"queue.max_size": "200", WEIGHT_OF_ALICE: "3"}
        if when == "before the review":
            file.write_text(theirs)
            conflict = await desk.send(form)
        else:
            difference = await desk.send(form)
            if when == "before it is applied":
                file.write_text(theirs)
            else:

                def edited_just_before(*arguments: Any) -> Any:
                    file.write_text(theirs)
                    return edit_file(*arguments)

                patch.setattr("llmlb.gateway.steering.edit_file", edited_just_before)
            conflict = await desk.apply(difference)
            patch.undo()
        assert conflict.status == 409
        assert file.read_text() == theirs
        assert "The file was changed meanwhile. Nothing was overwritten" in conflict.text
        assert "Changed from 100 to 150 meanwhile." in conflict.text
        again = conflict.fields()
        assert (again["queue.max_size"], again["queue.timeout_secs"], again[WEIGHT_OF_ALICE]) == ("200", "30", "3")
        difference = await desk.send(again)
        assert "timeout_secs" not in difference.text, "what somebody else changed is not the operator's wish"
        await desk.apply(difference)
        both = theirs.replace("max_size = 150", "max_size = 200").replace("weight = 2", "weight = 3")
        assert file.read_text() == both


async def test_a_form_sent_twice_says_that_all_is_as_wished(file: Path) -> None:
    async with tuning(file) as desk:
        difference = await desk.review(queue__max_size="200")
        assert "Applied." in (await desk.apply(difference)).text
        again = await desk.apply(difference)
        assert (again.status, "Nothing was changed." in again.text) == (200, True)


async def test_changes_of_keys_that_are_gone_are_left_out_and_told(file: Path) -> None:
    async with tuning(file) as desk:
        form = (await desk.page()).fields() | {"queue.max_size": "200", WEIGHT_OF_ALICE: "3"}
        without = FILE.replace('name = "alice"', 'name = "alicia"')
        file.write_text(without)
        conflict = await desk.send(form)
        assert conflict.status == 409
        assert "their keys are no longer in the file: 1 of the changes" in conflict.text
        assert WEIGHT_OF_ALICE not in conflict.fields()
        await desk.apply(await desk.send(conflict.fields()))
        assert file.read_text() == without.replace("max_size = 100", "max_size = 200")


async def test_a_setting_held_by_the_environment_is_locked_with_the_name_of_the_variable(file: Path) -> None:
    async with tuning(file, environ={"LLMLB_QUEUE_MAX_SIZE": "40", "LLMLB_QUEUE_WHEN_FULL": "push_out"}) as desk:
        form = await desk.page()
        assert "Held by the environment variable LLMLB_QUEUE_MAX_SIZE." in form.text
        assert {"queue.max_size", "queue.when_full"} & form.fields().keys() == set(), "a browser does not send them"
        for forged in ({"queue.max_size": "200"}, {"queue.when_full": "refuse"}):
            refused = await desk.send(form.fields() | forged)
            assert refused.status == 422
            assert "so it cannot be changed here" in refused.text
            assert (await desk.send(form.fields() | forged, APPLY)).status == 422
        assert file.read_text() == FILE
        await desk.change(queue__timeout_secs="30")
        assert desk.gateway.gateway.config.queue.max_size == 40


@pytest.mark.parametrize(
    "name", ["server.port", "operator.password_hash", "api_keys.0.weight", "nodes.x", "key..weight", "queue.__class__"]
)
async def test_no_form_changes_what_is_not_on_the_page(file: Path, name: str) -> None:
    async with tuning(file) as desk:
        form = (await desk.page()).fields() | {name: "2", "queue.max_size": "200"}
        for path in (SETTINGS, APPLY):
            assert (await desk.send(form, path)).status == 422
        assert file.read_text() == FILE


async def test_a_file_with_problems_is_told_and_cannot_be_changed(file: Path) -> None:
    broken = FILE.replace("max_size = 100", 'max_size = "sk-secret"') + 'metrics_tokn = "sk-secret"\n'
    async with tuning(file) as desk:
        form = (await desk.page()).fields() | {"queue.timeout_secs": "30"}
        difference = await desk.send(form)
        file.write_text(broken)
        page = await desk.page()
        assert "The configuration file has problems." in page.text
        assert "config.toml:5: [queue] max_size" in page.text
        assert "Review changes" not in page.text
        assert page.fields()["queue.max_size"] == "100", "what applies is shown"
        for refused in (await desk.send(form), await desk.apply(difference), await desk.send(form, APPLY)):
            assert refused.status == 409
            assert refused.fields()["queue.timeout_secs"] == "30", "what was typed is kept"
        assert file.read_text() == broken
        file.write_text(FILE)
        again = await desk.send(refused.fields() | {"edit": "1"})
        assert (again.status, again.fields()["queue.timeout_secs"]) == (409, "30")
        await desk.apply(await desk.send(again.fields()))
        assert file.read_text() == FILE.replace("timeout_secs = 60", "timeout_secs = 30")


@pytest.mark.parametrize("left", [None, "", "\ufeff \n"])
async def test_what_is_left_of_a_lost_file_is_not_made_into_one_without_keys(file: Path, left: str | None) -> None:
    async with tuning(file) as desk:
        form = (await desk.page()).fields()
        file.unlink()
        if left is not None:
            file.write_text(left)
        page = await desk.page()
        why = "there is no such file" if left is None else "the file has become empty"
        assert "The configuration file has problems" in page.text
        assert why in page.text
        assert "Review changes" not in page.text
        version = version_of(None if left is None else left.encode())
        for path in (SETTINGS, APPLY):
            seen = await desk.send(form | {"version": version, "queue.max_size": "200"}, path)
            assert seen.status == 409
            assert why in seen.text
        await desk.send({"csrf": form["csrf"], "node": "http://127.0.0.1:1"}, "/operator/nodes/drain")
        assert why in (await desk.page("/operator")).text
        assert (file.read_text() if file.exists() else None) == left
        assert len(desk.gateway.gateway.config.api_keys) == 2
        file.write_text(FILE)
        assert "Applied." in (await desk.change(queue__max_size="200")).text


async def test_a_file_that_cannot_be_written_is_told_and_stays(file: Path) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    async with tuning(file) as desk:
        difference = await desk.review(queue__max_size="200")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("llmlb.config.edit_file.tempfile.mkstemp", full)
            refused = await desk.apply(difference)
        assert refused.status == 409
        assert "The file cannot be written (the disk is full)." in refused.text
        assert refused.fields()["queue.max_size"] == "200"
        assert (file.read_text(), list(file.parent.glob(".config*"))) == (FILE, [])
        await desk.apply(await desk.send(refused.fields()))
        assert desk.gateway.gateway.config.queue.max_size == 200


async def test_a_form_that_only_its_author_can_edit_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise CannotEdit

    monkeypatch.setattr("llmlb.config.edit.Draft.set_all", refuse)
    async with tuning(file) as desk:
        refused = await desk.review(queue__max_size="200")
        assert refused.status == 409
        assert "The file is written in a form that only its author can edit." in refused.text
        assert file.read_text() == FILE


async def test_a_gateway_that_refuses_what_was_written_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with tuning(file) as desk:
        difference = await desk.review(queue__max_size="200")

        def broken_right_after(*arguments: Any) -> Any:
            edited = edit_file(*arguments)
            file.write_text(file.read_text() + "[qeue]\n")
            return edited

        monkeypatch.setattr("llmlb.gateway.steering.edit_file", broken_right_after)
        told = await desk.apply(difference)
        assert "Written, but the gateway has refused the file." in told.text
        assert "did you mean [queue]?" in told.text


async def test_a_stopping_gateway_says_that_it_applies_later(file: Path) -> None:
    async with tuning(file) as desk:
        difference = await desk.review(queue__max_size="200")
        desk.gateway.gateway.draining = True
        told = await desk.apply(difference)
        assert "Written. The gateway is shutting down" in told.text
        assert "max_size = 200" in file.read_text()


async def test_a_change_saved_while_the_gateway_ends_is_answered(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()

    def slowly(*arguments: Any) -> Any:
        begun.set()
        assert ended.wait(10)
        return edit_file(*arguments)

    async def nobody_follows_the_file() -> None:
        await eventually(lambda: "configuration" not in {task.get_name() for task in asyncio.all_tasks()}, "it is over")
        ended.set()

    monkeypatch.setattr("llmlb.gateway.steering.edit_file", slowly)
    async with aiohttp.ClientSession() as client:
        async with tuning(file) as desk:
            fields = (await desk.review(queue__max_size="200")).fields(APPLY)
            browser = attrs.evolve(desk.browser, gateway=Bench(desk.gateway.running, client))
            saving = asyncio.create_task(browser.post(APPLY, fields))
            await eventually(begun.is_set, "it is being saved")
            ending = asyncio.create_task(nobody_follows_the_file())
        assert (await saving).status == 303
        await ending
    assert "max_size = 200" in file.read_text()


async def test_a_file_that_is_not_there_yet_is_made(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"LLMLB_OPERATOR_PASSWORD_HASH": OPERATOR_CONFIG.password_hash, "LLMLB_SERVER_LOCALE": "en"}
    environ |= {"LLMLB_SERVER_PORT": "0", "LLMLB_SERVER_DRAIN_SECS": "0"}
    async with tuning(file, None, environ) as desk:
        told = await desk.change(queue__max_size="200")
        assert f"Made {file}, and applied it." in told.text
        assert file.read_text() == "[queue]\nmax_size = 200\n"
        assert "No API keys are configured." in told.text


async def test_without_a_configuration_file_the_page_says_so() -> None:
    async with bench(config(operator=OPERATOR_CONFIG)) as gateway:
        browser = await sign_in(gateway)
        for answer in (await browser.get(SETTINGS), await browser.post(SETTINGS, {"queue.max_size": "3"})):
            assert "This gateway runs without a configuration file." in answer.body.decode()
        assert gateway.gateway.config.queue.max_size == 100


async def test_only_the_operator_sees_and_changes_settings(file: Path) -> None:
    async with tuning(file) as desk:
        form = (await desk.page()).fields() | {"queue.max_size": "200"}
        stranger = Browser(desk.gateway)
        assert (await stranger.get(SETTINGS)).headers["Location"] == "/operator/sign-in"
        for path in (SETTINGS, APPLY):
            assert (await stranger.post(path, form)).status == 403
            assert (await desk.send(form | {"csrf": "x" * 43}, path)).status == 403
            foreign = {"Origin": "https://evil.example"}
            assert (await desk.browser.post(path, form, headers=foreign)).status == 403
        assert file.read_text() == FILE


async def test_a_hostile_name_of_a_key_is_text(file: Path) -> None:
    name = '\\"><script>alert(1)</script>&#39;{{x}}'
    async with tuning(file, FILE.replace('"bob"', f'"{name}"')) as desk:
        read = name.replace("\\", "")
        field = f"key.{row_id(read)}.weight"
        difference = await desk.review(**{field: "7"})
        told = await desk.apply(difference)
        for page in (difference, told):
            assert b"<script>alert" not in page.answer.body
            assert read in page.text
        assert desk.gateway.gateway.config.api_keys[1].weight == 7


async def test_a_key_may_be_disabled_and_the_last_one_is_warned_of(file: Path) -> None:
    access = {name: f"key.{row_id(name)}.disabled" for name in ("alice", "bob")}
    async with tuning(file) as desk:
        difference = await desk.review(**{access["alice"]: "true"})
        assert "New requests of the disabled keys (alice) are refused with 401." in difference.text
        assert "nobody can" not in difference.text
        await desk.apply(difference)
        assert (await desk.gateway.post(key="sk-alice-0123456789")).status == 401
        difference = await desk.review(**{access["bob"]: "true"})
        assert "No API key is left that may use the gateway: nobody can." in difference.text


@pytest.mark.parametrize(("locale", "words"), [("ja", "公平に交代"), ("en", "Fair turns between keys")])
async def test_the_page_speaks_the_language_of_its_reader(file: Path, locale: str, words: str) -> None:
    async with tuning(file) as desk:
        assert words in (await desk.page(f"{SETTINGS}?lang={locale}")).text


async def test_a_file_that_applies_is_not_judged_again_to_be_shown(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with tuning(file) as desk:
        judged: list[bytes] = []

        def judge(raw: bytes, name: str) -> Document:
            judged.append(raw)
            return parse_document(raw, name)

        monkeypatch.setattr("llmlb.gateway.steering.parse_document", judge)
        assert (await desk.page()).fields()["queue.max_size"] == "100"
        assert not judged, "with a thousand keys it takes a tenth of a second"
        file.write_text(FILE.replace("max_size = 100", "max_size = 70"))
        assert (await desk.page()).fields()["queue.max_size"] == "70", "another is shown before it applies"


async def test_of_a_thousand_keys_each_is_found_and_changed(file: Path) -> None:
    keys = "".join(
        f'\n[[api_keys]]\nname = "夜間バッチ処理の長い名前のキー {n:04}"\nkey = "sk-{n:016}"\nweight = {1 + n % 3}\n'
        for n in range(1000)
    )
    early, late = (f"key.{row_id(f'夜間バッチ処理の長い名前のキー {n}')}.weight" for n in ("0003", "0998"))
    async with tuning(file, FILE + keys) as desk:
        page = await desk.page()
        fields = page.fields()
        weights = [name for name in fields if name.endswith(".weight")]
        assert len(weights) == MOST_ROWS
        assert f"{1002 - MOST_ROWS} more. Find them by name." in page.text
        found = await desk.page(f"{SETTINGS}?find=0998")
        assert [name for name in found.fields() if name.endswith(".weight")] == [late]
        found = await desk.send(fields | {early: "7", "find": "0998", "edit": "1"})
        assert {early, late} <= found.fields().keys(), "what has been typed is kept while others are looked for"
        difference = await desk.send(found.fields() | {late: "9"})
        assert difference.status == 200, "a form of this size comes back whole"
        await desk.apply(difference)
        assert [key.weight for key in desk.gateway.gateway.config.api_keys if key.weight > 3] == [7, 9]
        refused = await desk.review(**dict.fromkeys(weights, "50"))
        assert (refused.status, f"At most {MOST_AT_ONCE} values" in refused.text) == (422, True)
