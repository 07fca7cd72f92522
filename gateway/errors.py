"""What can go wrong, sorted by what the gateway does about it.

GatewayError
├── UserMistake           one line for the person who typed it, no traceback (config, script, command line)
├── Failure               a call to another system did not work; a plugin raises one of
│   ├── Temporary         try again later (connection refused, 5xx, 429 with its delay)
│   ├── AuthenticationFailed   the other side does not know us: retried slowly, the instance is unhealthy
│   ├── Permanent         never try this one again (the client blocked the bot, a bad request)
│   └── Refused           the agent platform will not take this dialog (nobody online, full, closed)
├── BadInput              what came in is malformed: answered 4xx with the reason, nothing else disturbed
│   ├── Unauthorized      wrong token or signature: 401, and the caller learns nothing
│   ├── Blocked           the client may not write here: 403
│   ├── NotHere           nothing at this address, or nothing any more: 404
│   ├── WrongMethod       another verb is wanted: 405
│   ├── AlreadyTaken      a colleague has the dialog: 409
│   └── TooLarge          over a size limit: 413
├── Unavailable           the gateway cannot take this now (stopping, disk full): 503 with Retry-After
├── UnknownConversation   no conversation has this id or session
└── Conflict              a step was decided on state that is no longer current (a bug, or a second gateway)
"""

from __future__ import annotations


class GatewayError(Exception):
    """Everything the gateway raises on purpose."""


class UserMistake(GatewayError):
    """Somebody typed something wrong; the message says where, what, and what to do."""


class Failure(GatewayError):
    """A call to another system failed. `reason` is shown to whoever wrote the message: no secrets in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Temporary(Failure):
    """Worth another try; `retry_after_seconds` if the other side named a delay.

    `everyone`: the delay is for all that goes to this instance, not for one dialog (a limit per bot or account). The
    core then calls it for nothing before the delay is over; what waits meanwhile has not been tried.
    """

    def __init__(self, reason: str, *, retry_after_seconds: float | None = None, everyone: bool = False) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds
        self.everyone = everyone


class AuthenticationFailed(Failure):
    """The other side refused our credentials; `reason` says which option to correct."""


class Permanent(Failure):
    """Trying again cannot help."""


class Refused(Failure):
    """An agent platform will not take the dialog. `code`: `offline`, `busy`, `rejected`."""

    def __init__(self, reason: str, *, code: str = "rejected") -> None:
        super().__init__(reason)
        self.code = code


class BadInput(GatewayError):
    """A request, frame or upload we cannot accept. The text is sent to the caller."""

    status = 400


class Unauthorized(BadInput):
    """The caller did not prove who they are."""

    status = 401


class Blocked(BadInput):
    """This client was blocked by an agent."""

    status = 403


class NotHere(BadInput):
    """There is nothing at this address, or nothing any more."""

    status = 404


class WrongMethod(BadInput):
    """Another verb is wanted here."""

    status = 405


class AlreadyTaken(BadInput):
    """Another agent took the dialog first; the text names them."""

    status = 409


class TooLarge(BadInput):
    """More bytes than the limit allows."""

    status = 413


class TooMany(BadInput):
    """The caller made too many mistakes and is not listened to for a while."""

    status = 429

    def __init__(self, reason: str, *, retry_after_seconds: float) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(GatewayError):
    """Try again in `retry_after_seconds`: the gateway is stopping, overloaded, or cannot write its store."""

    def __init__(self, reason: str, *, retry_after_seconds: float = 1.0) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class Overloaded(Unavailable):
    """There is too much to do. That is told once, and not for each who is put off: telling would be work, too."""


class UnknownConversation(GatewayError):
    """No open conversation answers to this id or session."""


class Conflict(GatewayError):
    """The stored version of the conversation is not the one the step was decided on."""
