"""Which voice a Say gets."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.voices import VOICES, Gender, Kind, VoiceUnknown, choose


class TestTheDictionary:
    def test_codes_and_uuids_are_unique(self) -> None:
        assert len({voice.code for voice in VOICES}) == len(VOICES)
        assert len({voice.uuid for voice in VOICES}) == len(VOICES)

    def test_a_uuid_stays_what_it_was(self) -> None:
        [voice] = [voice for voice in VOICES if voice.code == "en-US-Standard-C"]
        assert voice.uuid == UUID("b2240e98-eb84-5001-8db5-aa2cbad27473")

    def test_every_language_has_both_genders(self) -> None:
        genders: dict[str, set[Gender]] = {}
        for voice in VOICES:
            genders.setdefault(voice.language, set()).add(voice.gender)

        assert len(genders) >= 25
        assert set(map(frozenset, genders.values())) == {frozenset(Gender)}


class TestChoosing:
    def test_nothing_said_is_an_american_woman(self) -> None:
        choice = choose()
        assert (choice.code, choice.gender) == ("en-US-Standard-C", Gender.FEMALE)

    @pytest.mark.parametrize(
        ("lang", "language"),
        [
            ("es", "es-ES"),
            ("ES_es", "es-ES"),
            ("es-419", "es-US"),
            ("es-MX", "es-US"),
            ("en", "en-US"),
            ("en-gb", "en-GB"),
            ("en-AU", "en-US"),
            ("pt", "pt-BR"),
            ("no", "nb-NO"),
            ("no-NO", "nb-NO"),
            (" de-DE ", "de-DE"),
        ],
    )
    def test_languages_are_understood_as_people_write_them(self, lang: str, language: str) -> None:
        assert choose(lang).language == language

    def test_gender_and_type_are_heard_in_any_case(self) -> None:
        choice = choose("en-US", gender="male", kind="wavenet")
        assert (choice.code, choice.kind) == ("en-US-Wavenet-D", Kind.WAVENET)

    def test_a_natural_voice_that_is_not_there_is_a_standard_one(self) -> None:
        assert choose("de", gender="MALE", kind="WaveNet").code == "de-DE-Standard-D"

    def test_a_code_overrules_the_rest(self) -> None:
        choice = choose("en-US", gender="MALE", code="fr-fr-standard-c")

        assert (choice.code, choice.language) == ("fr-FR-Standard-C", "fr-FR")
        assert (choice.gender, choice.exact) == (Gender.FEMALE, True)


class TestRefusing:
    @pytest.mark.parametrize(
        ("lang", "words"),
        [
            ("english", r"no voice speaks 'english'; near it: en-US"),
            ("dutsch", r"near it: .*nl-NL"),
            ("xx", r"no voice speaks 'xx'; known are en, "),
            ("", r"no voice speaks ''; known are"),
            ("en-" + "x" * 1000, r"no voice speaks 'en-xxx"),
        ],
    )
    def test_an_unknown_language_names_near_ones(self, lang: str, words: str) -> None:
        with pytest.raises(VoiceUnknown, match=words) as caught:
            choose(lang)
        assert len(str(caught.value)) < 300

    def test_an_unknown_code_names_near_ones(self) -> None:
        with pytest.raises(VoiceUnknown, match=r"'de-DE-Standard-Q'; near it: .*de-DE-Standard-C"):
            choose(code="de-DE-Standard-Q")

    def test_what_a_gender_and_a_type_may_be(self) -> None:
        with pytest.raises(VoiceUnknown, match="gender 'robot' is none of FEMALE, MALE"):
            choose(gender="robot")
        with pytest.raises(VoiceUnknown, match="type 'Neural' is none of Standard, WaveNet"):
            choose(kind="Neural")

    @given(st.text(max_size=60), st.text(max_size=60))
    def test_any_words_are_a_voice_or_a_refusal(self, lang: str, code: str) -> None:
        try:
            choice = choose(lang, code=code)
        except VoiceUnknown:
            return
        assert choice.code in {voice.code for voice in VOICES}
