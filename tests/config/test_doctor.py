"""The doctor names what is wrong and what to do, for people and for programs."""

import json

from tests.config.machine import Machine

DOCTOR = ("-m", "perennia", "doctor")


def test_it_warns_of_settings_that_lose_data(machine: Machine) -> None:
    command = machine.start(*DOCTOR, "--json")
    words = command.communicate(timeout=60)[0]
    checks = {check["name"]: check for check in json.loads(words)["checks"]}
    assert all(check["state"] in ("ok", "warning", "error") for check in checks.values())
    assert all(check["remedy"] for check in checks.values() if check["state"] != "ok")
    assert checks["durability"]["state"] == "error"
    assert checks["durability"]["detail"] == "fsync is off"
    assert checks["workers"]["state"] == "warning"
    assert checks["checksums"]["state"] == "ok"
    assert checks["migrations"] == {"name": "migrations", "state": "ok", "detail": "none pending", "remedy": ""}
    assert command.returncode == 1


def test_a_sound_installation_is_no_error(machine: Machine) -> None:
    machine.settings["PERENNIA_POSTGRES_SETTINGS"] = "shared_buffers=16MB"
    command = machine.start(*DOCTOR)
    words = command.communicate(timeout=60)[0]
    assert command.returncode == 0, words
    assert "ERROR" not in words
    assert "none pending" in words
    assert "row security  on for" in words


def test_a_server_that_cannot_start_is_a_finding(machine: Machine) -> None:
    (machine.data / "PG_VERSION").unlink()
    command = machine.start(*DOCTOR)
    words = command.communicate(timeout=60)[0]
    assert command.returncode == 1
    assert words.startswith("ERROR  server")
    assert "is damaged" in words
    assert "Traceback" not in words
