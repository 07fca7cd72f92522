"""What the gateway gets from the bot, to the last field."""

from __future__ import annotations

from gateway import (
    Attachment,
    BotFailed,
    Button,
    Buttons,
    Card,
    Carousel,
    Contact,
    Location,
    Markup,
    Media,
    MediaKind,
    Message,
    Started,
    Text,
    Transfer,
    text_message,
)
from gateway_script.talk import Talk

START = Started()


def reply_to_start(program, source, **facts):
    return Talk(program(source), **facts).turn(START)


def test_one_item_is_one_message(program):
    reply = reply_to_start(
        program,
        """
        start:
          - say: Look
            image: { source: kettle.png, caption: A kettle }
            buttons: [Nice, { text: Order, goto: order }, { text: Shop, url: "https://example.com/?n=${client.id}" }]
          - markdown: "**Bye**"
        steps: { order: ok }
        """,
    )

    kettle = Attachment(url="/files/kettle.png", name="kettle.png", media_type="image/png")
    assert reply.messages == (
        Message(
            contents=(
                Text(text="Look"),
                Media(kind=MediaKind.IMAGE, attachment=kettle, caption="A kettle"),
                Buttons(
                    buttons=(
                        Button(text="Nice", value="Nice"),
                        Button(text="Order", value="order"),
                        Button(text="Shop", url="https://example.com/?n=client"),
                    )
                ),
            )
        ),
        text_message("**Bye**", markup=Markup.MARKDOWN),
    )


def test_files_elsewhere_places_cards(program):
    reply = reply_to_start(
        program,
        """
        start:
          file: https://example.com/manual.pdf?page=1
          location: { latitude: 1.5, longitude: 2, title: Here }
          contact: { name: Bo }
          carousel: [{ title: One, image: kettle.png, buttons: [{ text: Buy, value: buy-1 }] }]
        """,
    )

    manual = Attachment(url="https://example.com/manual.pdf?page=1", name="manual.pdf", media_type="application/pdf")
    kettle = Attachment(url="/files/kettle.png", name="kettle.png", media_type="image/png")
    assert reply.messages[0].contents == (
        Media(kind=MediaKind.DOCUMENT, attachment=manual),
        Location(latitude=1.5, longitude=2.0, title="Here"),
        Contact(name="Bo"),
        Carousel(cards=(Card(title="One", image=kettle, buttons=(Button(text="Buy", value="buy-1"),)),)),
    )


def test_a_transfer_with_every_field(program):
    reply = reply_to_start(
        program,
        """
        variables: { nr: "42" }
        start:
          transfer:
            destination: sales
            history: 7
            first_message: About ${nr}
            message_before: Calling
            waiting_message: Wait
            last_message: Gone
            close_phrases: [back, stop]
            close_button: yes
            attributes: { Order: "${nr}", Empty: "${attributes.nothing}" }
            hidden_attributes: { secret: "s${nr}" }
            custom_data: { order: "${nr}", number: 5, price: 1.5, really: true, list: [a, "1"], none: }
            theme: Orders
            ignore_offline: true
            reason: asked
            summary: Order ${nr}
        """,
    )

    assert reply.transfer == Transfer(
        destination="sales",
        history=7,
        first_message="About 42",
        message_before="Calling",
        waiting_message="Wait",
        last_message="Gone",
        close_phrases=("back", "stop"),
        close_button=True,
        attributes={"Order": "42"},
        hidden_attributes={"secret": "s42"},
        custom_data={"order": "42", "number": 5, "price": 1.5, "really": True, "list": ["a", "1"], "none": None},
        theme="Orders",
        ignore_offline=True,
        one_time_message=False,
        reason="asked",
        summary="Order 42",
    )


def test_a_transfer_without_anything_is_up_to_the_route(program):
    assert reply_to_start(program, "start: { transfer: }").transfer == Transfer()


def test_a_one_time_message(program):
    reply = reply_to_start(program, "start: [{ transfer: { first_message: Hi, one_time_message: true } }, Done]")

    assert reply.transfer == Transfer(first_message="Hi", one_time_message=True)
    assert reply.messages == (text_message("Done"),)


def test_attributes_are_told(program):
    reply = reply_to_start(program, "start: { set: { attributes.plan: gold, other: x } }")

    assert reply.attributes == {"plan": "gold"}


def test_the_end(program):
    reply = reply_to_start(program, "start: { close: Bye }")

    assert reply.close
    assert reply.messages == (text_message("Bye"),)


def test_a_markdown_link_takes_a_variable_safely(program):
    reply = reply_to_start(
        program,
        'start: { markdown: "[Order](https://example.com/${attributes.order})" }',
        attributes={"order": "1) [x](javascript:y"},
    )

    assert reply.messages[0].text == r"[Order](https://example.com/1\) \[x\]\(javascript:y)"


def test_variables_are_not_filled_in_twice(program):
    reply = reply_to_start(program, "start: Hi ${attributes.name}", attributes={"name": "${client.id}"})

    assert reply.messages == (text_message("Hi ${client.id}"),)


def test_a_failure_is_admitted(program):
    reply = Talk(program("start: Hi")).turn(BotFailed(number=1, reason="it broke"))

    assert reply.messages == (text_message("Sorry, something went wrong on my side. Please try again."),)
