"""The demo's script is right, and its story goes well."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway_script.loading import load
from gateway_script.program import compiled
from gateway_script.talk import Talk, replay

SHOP = Path(__file__).parents[3] / "config" / "demo" / "shop.yaml"
STORY = """
> (start)
Hello there, and welcome to Kettle & Kiln! I am Pip, the shop's assistant.
What can I do for you?
[Where is my order?] [Show me something nice] [Delivery and returns] [Opening hours] [Talk to a person]
> [Where is my order?]
What is your order number? It has four to eight digits.
> no idea
Hm, I was looking for four to eight digits, like 20417. It stands in the e-mail we sent you.
> 20417
Order **20417** is still in the kiln at 1240 °C. We send it **on Thursday**.
Anything else about it?
[Change the address] [No thanks]
> and order #1234?
Order **1234** left our workshop yesterday and should be with you **tomorrow**.
Anything else about it?
[Change the address] [No thanks]
> can I see your mugs
(image mugs.png: No Early mug is like another. All of them survive the dishwasher.)
Shall I show you more, or would you like advice from a potter?
[Show me more] [Ask a potter]
> [Ask a potter]
(transfer to sales: Our potters love questions. I am calling one.)
> (returned Anna Lind: promised a discount)
It is me again, Pip. Anna Lind left me a note: promised a discount
Can I do anything else for you?
[Yes] [No, that is all]
> agent
(transfer to service: I am calling a colleague. Please stay in the chat.)
> (offline)
I am sorry, nobody is at the desk right now. What would you like to do?
[Leave my e-mail] [Wait in the queue] [Go on with Pip]
> [Wait in the queue]
(transfer to service: All right, I keep your place. A colleague will write here as soon as they are back.)
> (wait_timeout)
I am sorry that you had to wait, and in vain. Shall we write to you instead?
[Leave my e-mail] [Wait a little longer] [Go on with Pip]
> leave my e-mail
At which e-mail address may we write to you?
> pip@example.com
And what shall we answer?
> Do you ship to Malta?
Thank you! We write to pip@example.com as soon as somebody is back. Can I do something else for you?
[Yes] [No, that is all]
> [No, that is all]
Thank you for stopping by. May your kettle never run dry!
(closed)
""".strip()


@pytest.fixture
def loaded():
    return load(SHOP)


def test_the_demo_script_has_no_mistakes(loaded):
    assert loaded.mistakes == []
    assert loaded.warnings == []


def test_the_story(loaded):
    assert replay(Talk(compiled(loaded.script)), STORY) == STORY


def test_in_the_middle_of_a_question_a_person_can_be_called(loaded):
    talk = Talk(compiled(loaded.script))
    talk.hear("[leave-email]")

    assert (
        talk.hear("a human please")[-1] == "(transfer to service: I am calling a colleague. Please stay in the chat.)"
    )


def test_who_looks_at_a_product_is_told_that_it_is_seen(loaded):
    talk = Talk(compiled(loaded.script), attributes={"product": "Tide bowl"})

    assert talk.hear("(start)")[1] == "I see you like the Tide bowl. Good choice!"
