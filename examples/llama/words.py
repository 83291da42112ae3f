# SPDX-License-Identifier: BSD-2-Clause
# ruff: noqa: SIM905  (word lists read better as text)
"""The words that the tales are made of."""

GIRLS = tuple(
    """Ada Alma Amy Anna Aria Asta Bea Bella Carla Clara Cora Dana Dora Edith Ella Elsa Emma Erna Eva
    Fay Flora Gerda Gina Greta Hanna Hazel Hilda Ida Ines Iris Ivy Jana Jenny Joan Julia June Karin
    Kate Kira Lara Lea Lena Lily Lisa Liv Lotte Lucy Luna Mara Maria Mary May Mila Mina Mira Molly
    Nadia Nell Nina Nora Olga Olive Paula Pia Rita Rosa Ruby Ruth Sally Sara Selma Sonja Sue Tara
    Tess Thea Tilda Tina Uma Vera Viola Willa Yara Zoe""".split()
)
BOYS = tuple(
    """Abe Adam Alan Albert Alex Anton Arno Ben Bert Bill Bruno Carl Cole Dan David Dean Emil Eric Ernst
    Felix Finn Frank Fred George Gus Hans Harry Henry Hugo Ian Ivan Jack Jacob James Jan Jim Joe John
    Jonas Karl Ken Kurt Lars Leo Leon Liam Louis Luke Mark Martin Max Mike Milo Nick Nico Nils Noah
    Olaf Oscar Otto Owen Paul Pete Ralph Rob Roy Sam Simon Steve Sven Ted Theo Tim Toby Tom Tony
    Victor Walter Will Zack""".split()
)
PETS = tuple(
    """Biscuit Bobo Button Cookie Daisy Dot Fluff Ginger Honey Jumbo Kiki Lulu Mango Nibbles Pebble
    Pepper Pip Poppy Scout Snowy Spot Sunny Tiny Toto Whiskers Ziggy""".split()
)
ANIMALS = tuple(
    """ant badger bear bee bird cat chick cow crab crow deer dog donkey duck eagle elephant fish fox
    frog goat goose hamster hedgehog hen horse kitten lamb lion mole monkey mouse otter owl parrot
    pig pony puppy rabbit robin seal sheep snail spider squirrel swan tiger turtle whale wolf
    zebra""".split()
)
NOUNS = tuple(
    """ball balloon basket bell bike blanket boat book bottle bowl box brush bucket button cap car
    card chair clock coat crown cup doll drum flag flute glove hat horn jar kettle key kite ladder
    lamp mask mirror mug necklace paintbrush pencil pillow plane puppet puzzle ribbon ring robot
    rope scarf shell ship shovel sled spoon star stick stone sword teapot tent top toy train truck
    umbrella vase wagon whistle""".split()
)
COLOURS = tuple("black blue brown golden green orange pink purple red silver white yellow".split())
LOOKS = tuple(
    "big bright heavy little long new nice old pretty round shiny small smooth soft special tall tiny".split()
)
TRAITS = tuple(
    """brave busy careful cheerful clever curious friendly funny gentle happy helpful honest kind little
    lively lucky merry polite proud quick quiet shy silly smart strong sweet wise young""".split()
)
PLACES = tuple(
    """barn beach bridge castle cave farm field forest garden harbor hill island lake library market
    meadow mill mountain museum park playground pond river school shop station swamp tower town
    valley village woods zoo""".split()
)
SPOTS = (
    "behind the door",
    "behind the house",
    "behind the tree",
    "by the gate",
    "in the bushes",
    "in the grass",
    "in the kitchen",
    "in the mud",
    "in the sand",
    "in the shed",
    "near the fence",
    "near the wall",
    "next to the path",
    "on the roof",
    "on the stairs",
    "under a bench",
    "under a leaf",
    "under a rock",
    "under the bed",
    "under the table",
)
FOODS = tuple(
    """apples berries biscuits bread cake carrots cheese cherries cookies corn eggs grapes honey jam
    nuts oranges pancakes peaches pears pie plums porridge pudding rice salad soup""".split()
)
FRUIT = tuple("apples berries cherries oranges peaches pears plums".split())
WEATHERS = tuple("bright cold cool fine foggy rainy snowy sunny warm windy".split())
TIMES = tuple("afternoon day evening morning".split())
SAD = tuple("angry bored frightened gloomy grumpy lonely nervous sad scared unhappy upset worried".split())
HAPPY = tuple("cheerful excited glad happy joyful merry pleased proud thankful".split())
ELDERS = ("aunt", "dad", "grandma", "grandpa", "mom", "uncle")
ELDER_IS_FEMALE = frozenset(("aunt", "grandma", "mom"))
