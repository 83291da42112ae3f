# SPDX-License-Identifier: BSD-2-Clause
"""Writes tiny tales: `python corpus.py [--count N] [--seed S]` prints one to a line.

The same seed gives the same tales.
"""

import argparse
import random
from collections.abc import Iterator, Sequence

import plots
import words

Gaps = dict[str, str]


def article(words_after: str) -> str:
    """`words_after` behind "a" or "an"; no word of ours sounds otherwise than it is written but "honest"."""
    vowel = words_after[0] in "aeiou" or words_after.startswith("honest")
    return f"{'an' if vowel else 'a'} {words_after}"


def pronouns(female: bool, prefix: str = "") -> Gaps:
    """he, him, his and their capitals; `prefix` goes before each key, the capital on it."""
    forms = {"he": "she", "him": "her", "his": "her"} if female else {k: k for k in ("he", "him", "his")}
    gaps = {prefix + key: form for key, form in forms.items()}
    return gaps | {key.capitalize(): form.capitalize() for key, form in gaps.items()}


def someone(rng: random.Random) -> tuple[str, str, bool]:
    """Name, kind and whether female: a child more often than an animal."""
    female = rng.random() < 0.5
    if rng.random() < 0.35:
        return rng.choice(words.PETS), rng.choice(words.ANIMALS), female
    return rng.choice(words.GIRLS if female else words.BOYS), "girl" if female else "boy", female


def people(rng: random.Random) -> Gaps:
    """Hero, friend (of another name) and grown-up."""
    hero, kind, female = someone(rng)
    friend, fkind, friend_female = someone(rng)
    while friend == hero:
        friend, fkind, friend_female = someone(rng)
    elder = rng.choice(words.ELDERS)
    own = pronouns(female)
    brought_in = f"{own['his']} friend {friend}" if fkind in ("girl", "boy") else f"{friend} the {fkind}"
    return {
        **own,
        **pronouns(friend_female, "f"),
        **pronouns(elder in words.ELDER_IS_FEMALE, "e"),
        "hero": hero,
        "kind": kind,
        "friend": friend,
        "fkind": fkind,
        "a_friend": brought_in,
        "elder": elder,
    }


def scenery(rng: random.Random) -> Gaps:
    """Everything of a tale but the people."""
    noun, look = rng.choice(words.NOUNS), rng.choice(rng.choice((words.COLOURS, words.LOOKS)))
    spots = rng.sample(words.SPOTS, 3)
    return {
        "noun": noun,
        "thing": f"{look} {noun}",
        "spot": spots[0],
        "spot_two": spots[1],
        "spot_three": spots[2],
        "spot_start": spots[0].capitalize(),
        "animal": rng.choice(words.ANIMALS),
        "colour": rng.choice(words.COLOURS),
        "food": rng.choice(words.FOODS),
        "fruit": rng.choice(words.FRUIT),
        "happy": rng.choice(words.HAPPY),
        "place": rng.choice(words.PLACES),
        "sad": rng.choice(words.SAD),
        "time": rng.choice(words.TIMES),
        "trait": rng.choice(words.TRAITS),
        "weather": rng.choice(words.WEATHERS),
    }


def with_articles(gaps: Gaps) -> Gaps:
    """Adds a_word for the words that take one, and A_word at the beginning of a sentence."""
    nouns = ("animal", "colour", "fkind", "sad", "thing", "trait")
    added = {f"a_{key}": article(gaps[key]) for key in nouns} | {"a_friend": gaps["a_friend"]}
    capitals = {"A" + key[1:]: text[0].upper() + text[1:] for key, text in added.items()}
    return gaps | added | capitals


def tale(rng: random.Random) -> str:
    """One tale of five to ten sentences, on one line."""
    gaps = with_articles(people(rng) | scenery(rng))
    beats = (plots.OPENINGS, *rng.choice(plots.PLOTS), plots.CLOSINGS)
    told = (rng.choice(beat) for beat in beats)
    return " ".join(sentence.format_map(gaps) for sentence in told if sentence)


def tales(seed: int, count: int) -> Iterator[str]:
    """`count` tales, the same for the same seed."""
    rng = random.Random(seed)
    return (tale(rng) for _ in range(count))


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints tales."""
    parser = argparse.ArgumentParser(description="write tiny tales, one to a line")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    for text in tales(options.seed, options.count):
        print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
