"""WordNet's files are read by their format; what is none of it is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinoeye.base.errors import InputError
from kinoeye.formats.dictionaries.thesaurus import read_thesaurus
from kinoeye.formats.dictionaries.wordnet import Sense, read_wordnet

LICENCE = "  1 This software and database is being provided to you, the LICENSEE, by  \n"
FILES = {
    "data.noun": LICENCE
    + '00000001 05 n 03 dog 0 domestic_dog 0 Fido 0 001 @ 00000002 n 0000 | barks; "the dog | barked"  \n'
    + "00000002 05 n 01 animal 0 001 ~ 00000001 n 0000 | lives  \n"
    + "00000003 18 n 01 dog 1 000 | a dull man  \n",
    "index.noun": LICENCE
    + "animal n 1 1 ~ 1 0 00000002  \n"
    + "dog n 2 1 @ 2 1 00000001 00000003  \n"
    + "domestic_dog n 1 1 @ 1 0 00000001  \n"
    + "fido n 1 1 @ 1 0 00000001  \n",
    "data.adj": "00000001 00 a 01 galore(ip) 0 000 | in great numbers  \n",
    "index.adj": "galore a 1 0 1 0 00000001  \n",
    "noun.exc": "oxen ox\nkine cow ox\ncan can\n",
    "cntlist.rev": "dog%1:05:00:: 1 42\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for ending in ("noun", "verb", "adj", "adv"):
        for name in (f"data.{ending}", f"index.{ending}", f"{ending}.exc"):
            (tmp_path / name).write_text(FILES.get(name, ""))
    (tmp_path / "cntlist.rev").write_text(FILES["cntlist.rev"])
    return tmp_path


def test_synsets_senses_and_counts_are_read(folder: Path):
    wordnet = read_wordnet(folder)
    assert wordnet.senses["dog"] == (Sense("n00000001", 42), Sense("n00000003", 0))
    dog = wordnet.synsets["n00000001"]
    assert dog.words == ("dog", "domestic dog", "Fido")
    assert wordnet.senses["fido"] == (Sense("n00000001", 0),)
    assert dog.topic == "noun.animal"
    assert dog.pointers == (("@", "n00000002"),)
    assert dog.gloss == 'barks; "the dog | barked"'
    assert wordnet.synsets["a00000001"].words == ("galore",)
    assert wordnet.irregular == {"oxen": "ox", "kine": "cow"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("data.noun", "00000001 05 n 0x dog", "line 1 of .*data.noun is no synset"),
        ("data.noun", "00000001 05 n 01 dog 0 002 @ 00000002 n 0000 | barks", "line 1 of .*data.noun is no synset"),
        ("data.noun", "00000001 77 n 01 dog 0 000 | barks", "line 1 of .*data.noun is no synset"),
        ("index.noun", "dog n one", "line 1 of .*index.noun is no word"),
        ("index.noun", "dog n 1 0 1 0 00000099", "n00000099, a synset that it lacks"),
        ("cntlist.rev", "dog 1 42", "line 1 of .*cntlist.rev is no count"),
        ("cntlist.rev", "dog%1:05:00:: 42", "line 1 of .*cntlist.rev is no count"),
    ],
)
def test_a_line_of_another_format_is_told(folder: Path, name: str, text: str, message: str):
    (folder / name).write_text(text + "\n")
    with pytest.raises(InputError, match=message):
        read_wordnet(folder)


def test_a_missing_file_is_named(folder: Path):
    (folder / "data.verb").unlink()
    with pytest.raises(InputError, match=r"data.verb is missing; give a folder with"):
        read_wordnet(folder)


def test_a_thesaurus_is_an_entry_a_line(tmp_path: Path):
    path = tmp_path / "words.txt"
    path.write_text("glade,clearing,meadow\r\n\nOrb,ball\nalone\n")
    assert read_thesaurus(path) == {"glade": ("clearing", "meadow"), "orb": ("ball",)}
    path.write_text("no entries here\n")
    with pytest.raises(InputError, match="has no entry"):
        read_thesaurus(path)
