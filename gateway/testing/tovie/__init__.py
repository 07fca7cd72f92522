"""A fake of Tovie DialogStudio with a Chat API channel: a bot a test scripts, and Tovie Agent behind it.

`FakeTovieBot` is the server; `Question` what its script is asked; `Dialog` what an agent has of a client; `text` makes
the reply used most. `Answer`, `Call`, `Hold` as in every fake.
"""

from __future__ import annotations

from gateway.testing.side import Answer, Call, Hold
from gateway.testing.tovie.bot import TOKEN, FakeTovieBot
from gateway.testing.tovie.script import Dialog, Question, Script, echoing, text

__all__ = ["TOKEN", "Answer", "Call", "Dialog", "FakeTovieBot", "Hold", "Question", "Script", "echoing", "text"]
