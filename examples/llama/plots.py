# SPDX-License-Identifier: BSD-2-Clause
"""The plots: each a row of beats, each beat some ways to say it. `corpus.py` fills the gaps in.

A beat of None may be left out. {he} {him} {his} stand for the hero, {fhe} {fhim} {fhis} for the friend,
{ehe} for the grown-up; a capital makes a capital.
{a_friend} brings the friend in: "Sunny the eagle", "her friend Nell".
"""

Beat = tuple[str | None, ...]
Plot = tuple[Beat, ...]

OPENINGS: Beat = (
    "Once upon a time, there was {a_trait} {kind} named {hero}.",
    "Once there was {a_trait} {kind} named {hero} who lived near the {place}.",
    "{hero} was {a_trait} {kind} who lived in {a_colour} house by the {place}.",
    "In a small house near the {place}, there lived {a_trait} {kind} named {hero}.",
    "There was once {a_trait} {kind}. {His} name was {hero}.",
)

CLOSINGS: Beat = (
    "From that day on, {hero} and {friend} were best friends.",
    "{hero} and {friend} went home and felt very {happy}.",
    "{hero} was so {happy} that {he} danced all the way home.",
    'That night, {hero} told {his} {elder} about it. "I am proud of you," {ehe} said.',
    "{hero} smiled. It was the best day ever.",
    "They laughed and played until the sun went down.",
    "And every {time} after that, {hero} and {friend} met at the {place}.",
)

LOST: Plot = (
    (
        "{He} had {a_thing} and took it everywhere.",
        "{He} loved {his} {thing} more than any other toy.",
        "Every day, {he} played with {his} {thing}.",
    ),
    (
        "One {weather} {time}, {he} could not find the {noun}.",
        "But one {time}, the {noun} was gone.",
        "Then {he} lost the {noun} on the way to the {place}.",
    ),
    (
        "{hero} looked {spot}, but it was not there.",
        "{He} looked {spot} and {spot_two}, but {he} did not see it.",
        "{hero} felt {sad} and began to cry.",
    ),
    (
        '{A_fkind} named {friend} came by and asked, "What is wrong?"',
        '{A_friend} saw {him} and said, "Do not be {sad}. I will help you."',
    ),
    ('"I lost my {noun}," said {hero}.', None),
    (
        "They looked together, and {friend} found the {noun} {spot_three}.",
        'Then {friend} called, "Here it is!" The {noun} was {spot_three}.',
    ),
    ('"Thank you, {friend}!" said {hero}.', "{hero} gave {friend} a big hug.", None),
)

SHARED_MEAL: Plot = (
    (
        "One {weather} {time}, {he} took some {food} to the {place}.",
        "One {time}, {his} {elder} gave {him} some {food} for lunch.",
        "{He} liked {food} very much and ate some every day.",
    ),
    (
        "{A_fkind} named {friend} sat {spot} and looked {sad}.",
        "On the way to the {place}, {he} saw {a_friend}.",
        "Then {he} met {a_fkind} named {friend}.",
    ),
    (
        '"I am so hungry," said {friend}. "I have nothing to eat."',
        '{friend} said, "Your {food} look good. May I have some?"',
        '"Why do you look so {sad}?" asked {hero}. "I have no food," said {friend}.',
    ),
    (
        "{hero} wanted to keep the {food}, but {he} felt sorry for {friend}.",
        "{hero} thought about it for a while.",
        None,
    ),
    (
        '"We can share," said {hero}, and gave {friend} half of the {food}.',
        "Then {hero} gave {friend} some of the {food}.",
    ),
    ("They sat {spot} and ate together.", "Never had {friend} eaten such good {food}."),
)

AFRAID: Plot = (
    (
        "{He} wanted to see the {place}, but {he} was afraid of the dark.",
        "{He} was afraid of the big {animal} that lived near the {place}.",
        "{He} was afraid of the deep water near the {place}.",
    ),
    (
        "One {time}, {a_friend} asked {him} to come along.",
        'One {weather} {time}, {a_friend} said, "Come with me to the {place}!"',
    ),
    ('"I am scared," said {hero}.', "{hero} shook {his} head.", "{hero} hid {spot}."),
    (
        '"Hold my hand," said {friend}. "We will go step by step."',
        '{friend} said, "I was scared once too. Now I am not."',
        '"Be brave," said {friend}. "I am here with you."',
    ),
    (
        "{hero} closed {his} eyes, took a deep breath, and went on.",
        "So {hero} took one small step, and then one more.",
    ),
    ("Soon {he} was not afraid any more.", "When {he} looked up, {he} was there!"),
    ('"I did it!" said {hero}.', None),
)

RESCUE: Plot = (
    (
        "One {weather} {time}, {he} went for a walk to the {place}.",
        "One {time}, {he} was playing near the {place}.",
        "{He} liked to walk by the {place} with {his} {elder}.",
    ),
    ("Then {he} heard a small sound.", "Suddenly, {he} heard someone cry."),
    (
        "A little {animal} was stuck {spot}.",
        "It was {a_animal}. It had hurt its leg and could not walk.",
        "{spot_start} {he} saw {a_sad} {animal}.",
    ),
    (
        '"Do not be {sad}," said {hero}. "I will help you."',
        "{hero} wanted to help, but {he} was too small.",
        "{hero} did not know what to do.",
    ),
    (
        "{He} called {a_friend}, and they pulled and pulled.",
        "{He} ran to get {a_friend}, who had {a_colour} rope.",
        "Then {a_friend} came to help.",
    ),
    ("At last the {animal} was free.", "Soon the {animal} was safe and well."),
    ("The {animal} was very {happy} and ran back home.", '"Thank you," said the {animal}.'),
)

MENDING: Plot = (
    (
        "{He} had {a_thing} from {his} {elder}.",
        "One {time}, {his} {elder} gave {him} {a_thing}.",
        "For {his} birthday, {he} got {a_thing}.",
    ),
    (
        "One day, the {noun} fell down and broke.",
        "But then someone stepped on the {noun} and it broke.",
        "{He} played with it {spot}, and then it broke.",
    ),
    ("{hero} was very {sad}.", '"Oh no!" said {hero}. "My {noun}!"'),
    ("Then {a_friend} came by.", "{A_fkind} named {friend} saw it."),
    (
        '"Do not cry," said {friend}. "Let us fix it."',
        "{friend} had an idea. They could fix it with some glue.",
        '"We can fix it," said {friend}. "I know how."',
    ),
    (
        "They worked all {time} to make the {noun} whole again.",
        "They used glue and {a_colour} ribbon.",
    ),
    (
        "In the end, the {noun} looked as good as new.",
        "Now the {noun} looked even better than before.",
    ),
)

TRUTH: Plot = (
    (
        "One {time}, {he} saw {a_thing} {spot}.",
        "One {weather} {time}, {he} found {a_thing} near the {place}.",
    ),
    (
        '"What a nice {noun}!" said {hero}. "I want to keep it."',
        "{He} liked it so much that {he} took it home.",
    ),
    (
        "Then {he} met {a_friend}, who looked {sad}.",
        "The next day, {he} saw {a_friend}. {Fhe} looked very {sad}.",
    ),
    (
        '"I lost my {noun}," said {friend}. "Did you see it?"',
        "{friend} was looking for {fhis} {noun}.",
    ),
    (
        "{hero} wanted to say no, but {he} knew it was not right.",
        "{hero} felt bad. {He} thought of what {his} {elder} had said.",
    ),
    (
        '"Here it is," said {hero}. "I am sorry that I took it."',
        "So {hero} told the truth and gave the {noun} back.",
    ),
    ('"Thank you for telling me," said {friend}.', "{friend} was {happy} and not angry at all."),
)

GARDEN: Plot = (
    (
        "One {time}, {his} {elder} gave {him} a little seed.",
        "{He} found a tiny seed {spot}.",
    ),
    ("{He} put the seed in the ground near the {place}.", "{He} planted it in the garden."),
    (
        "Every {time}, {he} gave it some water.",
        "{He} watered it every day and waited.",
    ),
    (
        '"Nothing grows here," said {a_friend}.',
        "For a long time, nothing happened. {A_friend} was {sad} too.",
    ),
    ('"You must wait," said {his} {elder}. "Good things take time."', None),
    (
        "Then, one {weather} {time}, there was {a_colour} flower!",
        "At last, a little green leaf came out of the ground.",
        "In the end, it grew into a big tree full of {fruit}.",
    ),
    ('"Look, {friend}!" said {hero}. "It is so pretty!"', "{hero} jumped up and down."),
)

BUILDING: Plot = (
    (
        "One {weather} {time}, {he} wanted to build a house for {his} {noun}.",
        "One {time}, {he} wanted to make a big {colour} tower.",
        "{He} wanted to build a boat and go to the {place}.",
    ),
    (
        "{He} took some wood and a rope and began to work.",
        "{He} worked hard, but it fell down.",
    ),
    (
        "{A_fkind} named {friend} came and watched.",
        '"What are you making?" asked {a_friend}.',
    ),
    (
        '"It is too hard for me," said {hero}. "I am {sad}."',
        '"Can you help me?" asked {hero}.',
    ),
    (
        '"If we work together, we can do it," said {friend}.',
        '"I am strong," said {friend}. "I will hold it for you."',
    ),
    ("They worked until the {time} was over.", "They worked and sang a song.", None),
    ("When it was done, they were very {happy}.", "It was big and strong, and it did not fall down."),
)

GIFT: Plot = (
    (
        "It was the birthday of {a_friend}.",
        "The next day was the birthday of {a_friend}.",
    ),
    (
        "{hero} wanted to give {fhim} {a_thing}, but {he} did not have one.",
        "{hero} did not know what to give {fhim}, so {he} asked {his} {elder}.",
    ),
    (
        "{He} looked in every shop near the {place} and felt {sad}.",
        '"A gift does not have to be new," said {his} {elder}. "You can make one."',
    ),
    (
        "So {he} took some {colour} paper and made a card.",
        "So {he} worked all {time} and made {a_thing}.",
        "Then {he} had an idea. {He} picked {colour} flowers by the {place}.",
    ),
    (
        '"I made it for you," said {hero}.',
        '"Happy birthday, {friend}!" said {hero}.',
    ),
    (
        '"It is the best gift of all," said {friend}.',
        "{friend} was very {happy} and gave {him} a hug.",
    ),
    ("Then they ate some {food} together.", None),
)

PLOTS: tuple[Plot, ...] = (LOST, SHARED_MEAL, AFRAID, RESCUE, MENDING, TRUTH, GARDEN, BUILDING, GIFT)
