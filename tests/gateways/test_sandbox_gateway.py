"""The test gateway as a process: what it keeps, what it refuses, what it withstands."""

import asyncio
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from perennia.gateways.port import ChargeRequest, ChargeResult, Outcome
from perennia.gateways.sandbox import SandboxGateway
from tests.gateways.gateway_stands import SandboxStand, a_charge


async def charge_all(gateway: SandboxGateway, requests: list[ChargeRequest]) -> list[ChargeResult]:
    try:
        return await asyncio.gather(*(gateway.charge(request) for request in requests))
    finally:
        await gateway.aclose()


def outcomes(sandbox: SandboxStand, method: str, *, times: int) -> list[str]:
    """What `times` charges with this token come to, one after the other."""

    async def story() -> list[str]:
        gateway = sandbox.open()
        results = [await gateway.charge(a_charge(method)) for _ in range(times)]
        await gateway.aclose()
        return [result.decline_code or result.outcome for result in results]

    return asyncio.run(story())


def test_two_thousand_charges_with_two_hundred_in_flight(sandbox: SandboxStand) -> None:
    requests = [a_charge(f"ok#{number}", amount_minor=number) for number in range(1, 2001)]
    results = asyncio.run(charge_all(sandbox.open(max_in_flight=200), requests))
    assert {result.outcome for result in results} == {Outcome.SUCCEEDED}
    assert [result.key for result in results] == [request.key for request in requests]
    assert len({result.gateway_reference for result in results}) == 2000
    assert sandbox.ask("GET", "/v1/charges")[1] == {
        "count": 2000,
        "succeeded": 2000,
        "pending": 0,
        "amounts_minor": {"DKK": 2_001_000},
        "references_charged": 2000,
        "charged_more_than_once": {},
    }


def test_two_charges_of_one_reference_are_told(sandbox: SandboxStand) -> None:
    requests = [
        a_charge("ok", reference="INV-7"),
        a_charge("ok", reference="INV-7"),
        a_charge("soft", reference="INV-7"),
    ]
    asyncio.run(charge_all(sandbox.open(), requests))
    summary = sandbox.ask("GET", "/v1/charges")[1]
    assert (summary["count"], summary["charged_more_than_once"]) == (3, {"INV-7": 2})


def test_a_kill_in_mid_flight_loses_nothing_that_was_answered(sandbox: SandboxStand) -> None:
    requests = [a_charge(f"ok#{number}") for number in range(3000)]

    async def story() -> tuple[list[ChargeResult], list[ChargeResult]]:
        gateway = sandbox.open(max_in_flight=100)
        first = [asyncio.ensure_future(gateway.charge(request)) for request in requests]
        while sum(call.done() for call in first) < 500:
            await asyncio.sleep(0.001)
        sandbox.kill()
        before = await asyncio.gather(*first)
        await asyncio.to_thread(sandbox.start)
        found = await asyncio.gather(*(gateway.look_up(request.key) for request in requests))
        await charge_all(gateway, requests)
        return before, found

    before, found = asyncio.run(story())
    pairs = Counter((was.outcome, is_now.outcome) for was, is_now in zip(before, found, strict=True))
    assert pairs[Outcome.SUCCEEDED, Outcome.SUCCEEDED] >= 500 and pairs[Outcome.NOT_SENT, Outcome.NOT_FOUND] > 0
    assert set(pairs) <= {
        (Outcome.SUCCEEDED, Outcome.SUCCEEDED),
        (Outcome.UNKNOWN, Outcome.SUCCEEDED),
        (Outcome.UNKNOWN, Outcome.NOT_FOUND),
        (Outcome.NOT_SENT, Outcome.NOT_FOUND),
    }
    summary = sandbox.ask("GET", "/v1/charges")[1]
    assert (summary["succeeded"], summary["charged_more_than_once"]) == (3000, {})


def test_a_torn_last_line_is_cut_off(sandbox: SandboxStand) -> None:
    kept = a_charge("ok")
    asyncio.run(charge_all(sandbox.open(), [kept]))
    sandbox.kill()
    with (sandbox.state / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"key":"att_torn","amount_mi')
    sandbox.start()
    assert sandbox.ask("GET", f"/v1/charges/{kept.key}")[1]["status"] == "succeeded"
    assert outcomes(sandbox, "ok", times=1) == ["succeeded"]
    assert sandbox.ask("GET", "/v1/charges")[1]["count"] == 2


def test_a_sequence_is_followed_across_a_restart(sandbox: SandboxStand) -> None:
    assert outcomes(sandbox, "seq:soft,hard,ok#c42", times=1) == ["insufficient_funds"]
    sandbox.kill()
    sandbox.start()
    assert outcomes(sandbox, "seq:soft,hard,ok#c42", times=3) == ["account_closed", "succeeded", "succeeded"]
    assert outcomes(sandbox, "seq:soft,hard,ok#c43", times=1) == ["insufficient_funds"]


def test_a_lost_call_uses_up_its_step(sandbox: SandboxStand) -> None:
    assert outcomes(sandbox, "seq:drop-before,drop-after,soft,ok", times=1) == ["unknown"]
    sandbox.kill()
    sandbox.start()
    assert outcomes(sandbox, "seq:drop-before,drop-after,soft,ok", times=3) == [
        *("unknown", "insufficient_funds"),
        "succeeded",
    ]


def test_each_third_charge_fails(sandbox: SandboxStand) -> None:
    assert outcomes(sandbox, "every-3:soft", times=7) == [
        *("succeeded", "succeeded", "insufficient_funds"),
        *("succeeded", "succeeded", "insufficient_funds"),
        "succeeded",
    ]


def test_a_script_can_be_given_to_any_token_and_is_kept(sandbox: SandboxStand) -> None:
    assert outcomes(sandbox, "pm_anna", times=1) == ["no_such_method"]
    assert sandbox.ask("POST", "/v1/scripts", {"method": "pm_anna", "script": "seq:expired_card,ok"})[0] == 200
    sandbox.kill()
    sandbox.start()
    assert outcomes(sandbox, "pm_anna", times=2) == ["expired_card", "succeeded"]
    assert sandbox.ask("POST", "/v1/scripts", {"method": "pm_anna", "script": "seq:soft,ok"})[0] == 200
    assert outcomes(sandbox, "pm_anna", times=2) == ["insufficient_funds", "succeeded"]


def test_a_slow_charge_is_processing_until_it_takes_effect(sandbox: SandboxStand) -> None:
    request = a_charge("slow-3s")

    async def story() -> list[Outcome]:
        hasty, patient = sandbox.open(timeout_s=0.1), sandbox.open()
        results = [await hasty.charge(request), await patient.look_up(request.key), await patient.charge(request)]
        while (last := await patient.look_up(request.key)).outcome is Outcome.PROCESSING:
            await asyncio.sleep(0.05)
        results.append(last)
        await hasty.aclose()
        await patient.aclose()
        return [result.outcome for result in results]

    assert asyncio.run(story()) == [Outcome.UNKNOWN, Outcome.PROCESSING, Outcome.PROCESSING, Outcome.SUCCEEDED]
    assert sandbox.effects(request.reference) == 1


@pytest.mark.parametrize(
    ("sent", "status", "word"),
    [
        (b"\r\n\r\n", b"400", b"first line"),
        (b"hello\r\n\r\n", b"400", b"first line"),
        (b"GET /healthz HTTP/2\r\n\r\n", b"400", b"first line"),
        (b"GET /healthz HTTP/1.1\r\nnonsense\r\n\r\n", b"400", b"name: value"),
        (b"GET /" + b"a" * 9000, b"400", b"head is longer"),
        (b"POST /v1/charges HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400", b"not a number"),
        (b"POST /v1/charges HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"400", b"body is longer"),
        (b"POST /v1/charges HTTP/1.1\r\nContent-Length: 4097\r\n\r\n", b"400", b"body is longer"),
        (b"POST /v1/charges HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400", b"Content-Length"),
        (b"POST /v1/charges HTTP/1.1\r\nContent-Length: 3\r\n\r\n{no", b"400", b"not JSON"),
        (b"POST /v1/charges HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]", b"400", b"exactly key"),
        (b"POST /v1/charges HTTP/1.1\r\nContent-Length: 2\r\n\r\n\xff\xfe", b"400", b"not JSON"),
        (b"DELETE /v1/charges HTTP/1.1\r\n\r\n", b"405", b"DELETE"),
        (b"GET /elsewhere HTTP/1.1\r\n\r\n", b"404", b"no_such_page"),
        (b"GET /v1/charges/%00%ff HTTP/1.1\r\n\r\n", b"404", b"charge_not_found"),
    ],
)
def test_a_malformed_request_is_told_what_is_wrong(
    stand: SandboxStand, sent: bytes, status: bytes, word: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", stand.port), timeout=5) as peer:
        peer.sendall(sent)
        answer = peer.recv(65536)
    assert answer.startswith(b"HTTP/1.1 " + status) and b'{"error":{"code":' in answer and word in answer
    assert stand.ask("GET", "/healthz") == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("key", "", "key must have 1 to 255"),
        ("key", 7, "key must be text"),
        ("reference", "x" * 256, "reference must have 1 to 255"),
        ("amount_minor", 19.9, "whole number"),
        ("amount_minor", True, "whole number"),
        ("amount_minor", -1, "above zero"),
        ("currency", "dkk", "three capital letters"),
        ("colour", "red", "exactly key, amount_minor, currency, method, reference"),
    ],
)
def test_a_field_that_is_wrong_is_named(stand: SandboxStand, field: str, value: object, word: str) -> None:
    body = {"key": "att_bad", "amount_minor": 1, "currency": "DKK", "method": "ok", "reference": "INV-1", field: value}
    status, answer = stand.ask("POST", "/v1/charges", body)
    assert (status, answer["error"]["code"]) == (400, "malformed") and word in answer["error"]["message"]
    assert stand.ask("GET", "/v1/charges/att_bad")[0] == 404


def test_requests_written_ahead_and_in_pieces_are_answered_in_order(stand: SandboxStand) -> None:
    body = b'{"key":"att_piece","amount_minor":1,"currency":"DKK","method":"slow-0.1s","reference":"INV-piece"}'
    post = b"POST /v1/charges HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    with socket.create_connection(("127.0.0.1", stand.port), timeout=5) as peer:
        for byte in post:
            peer.sendall(bytes([byte]))
        peer.sendall(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: peer.recv(65536), b""))
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.index(b"succeeded") < answer.index(b'"status":"ok"')


def test_it_listens_on_loopback_only(stand: SandboxStand) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", stand.port), timeout=5)
    with pytest.raises(ValueError, match=r"127\.0\.0\.1"):
        SandboxGateway("http://192.0.2.1:8000")


def test_it_cannot_be_bound_elsewhere(tmp_path: Path) -> None:
    files = ["--state", str(tmp_path), "--ready-file", str(tmp_path / "ready")]
    done = start_sandbox("--host", "0.0.0.0", *files)
    assert done.returncode == 2 and "--host" in done.stderr


def test_a_folder_has_one_gateway(sandbox: SandboxStand, tmp_path: Path) -> None:
    done = start_sandbox("--state", str(sandbox.state), "--ready-file", str(tmp_path / "ready"))
    assert done.returncode == 1 and "give each its own folder" in done.stderr


def test_a_damaged_journal_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text('{"key":\n{"method":"pm_a","script":"ok"}\n')
    done = start_sandbox("--state", str(tmp_path), "--ready-file", str(tmp_path / "ready"))
    assert done.returncode == 1 and "cannot be read at byte 0" in done.stderr
    assert not (tmp_path / "ready").exists()


def start_sandbox(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "perennia.gateways.sandbox", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=20)


def http(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


@pytest.mark.parametrize(
    "answer",
    [
        http(b"200 OK", b"{}"),
        http(b"200 OK", b"[]"),
        http(b"200 OK", b'{"key":"att_another","status":"succeeded"}'),
        http(b"200 OK", b'{"key":"att_x","status":"splendid"}'),
        http(b"200 OK", b'{"key":"att_x","status":"not_found"}'),
        http(b"404 Not Found", b"{}"),
        http(b"404 Not Found", b"Not Found"),
        http(b"503 Busy", b""),
        http(b"200 OK", b'{"key":"att_x","status":"succeeded"}')[:-1],
        b"SSH-2.0-OpenSSH\r\n\r\n\r\n",
        b"\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_says_nothing_of_the_charge_is_unknown(answer: bytes) -> None:
    """Someone else may have the port: a stranger's 404 must not become `the provider has never seen it`."""

    async def stranger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async def story() -> ChargeResult:
        async with await asyncio.start_server(stranger, "127.0.0.1", 0) as server:
            gateway = SandboxGateway(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout_s=2.0)
            return await gateway.look_up("att_x")

    result = asyncio.run(story())
    assert result.outcome is Outcome.UNKNOWN and result.message
