"""What can be configured. Everything that does not fit together is reported with the cure."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from gateway import Options

Id: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class Part(BaseModel):
    """Something inside the options. What was typed stays out of error texts: it may be a token."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class AgentOptions(Part):
    """A person who works at the desk."""

    id: Id = Field(
        description="Unique at this desk; lower-case letters, digits, `-`, `_`. Bots may name it as destination."
    )
    name: str = Field(min_length=1, max_length=80, description="What colleagues and clients see.")
    token: SecretStr = Field(
        min_length=16,
        max_length=256,
        description="Personal sign-in token, at least 16 characters. Keep it in a secret.",
    )
    avatar: str = Field(
        default="", pattern=r"^(https?://[^\s;,]+|/[^\s;,]*)?$", description="Address of a picture; empty: initials."
    )
    groups: tuple[Id, ...] = Field(default=(), description="Groups this agent serves; empty: all.")


class GroupOptions(Part):
    """A queue of its own, for instance a department."""

    name: str = Field(min_length=1, max_length=80, description="What agents and clients see.")


class CannedReply(Part):
    """A text agents insert by typing `/` and the beginning of its name."""

    name: str = Field(pattern=r"^[^\s/]{1,40}$", description="What is typed after `/`; one word.")
    text: str = Field(min_length=1, max_length=4000, description="The text; `{client}` and `{agent}` become the names.")


class DeskOptions(Options):
    """Options of `type: desk`."""

    model_config = ConfigDict(hide_input_in_errors=True)

    agents: tuple[AgentOptions, ...] = Field(min_length=1, description="Who may sign in.")
    groups: dict[Id, GroupOptions] = Field(
        default_factory=dict, description="Groups by id; a transfer names one of them."
    )
    canned: tuple[CannedReply, ...] = Field(default=(), description="Ready-made replies.")
    title: str = Field(default="Agent desk", min_length=1, max_length=60, description="Name of the workspace.")
    colour: str = Field(default="#3556d8", pattern=r"^#[0-9a-fA-F]{6}$", description="Accent colour, `#rrggbb`.")
    assignment: Literal["manual", "auto"] = Field(
        default="manual",
        description="manual: agents take dialogs; auto: the longest waiting one goes to who has fewest.",
    )
    max_chats: int = Field(default=20, ge=1, le=500, description="Most dialogs one agent may have at a time.")
    grace_seconds: float = Field(
        default=60, ge=1, le=3600, description="How long an online agent counts as present without a connection."
    )
    session_hours: float = Field(default=168, gt=0, le=8760, description="How long a sign-in lasts without a visit.")
    upload_bytes: int = Field(
        default=20_000_000, ge=1, description="Largest file an agent may send; the gateway's own limit holds too."
    )
    outside_images: bool = Field(
        default=False, description="Show pictures kept on other servers. They learn the agents' network addresses."
    )
    demo: bool = Field(
        default=False,
        description="For demos: show one-click sign-in addresses, tokens included, at the start.",
    )

    @field_validator("agents")
    @classmethod
    def _agents_differ(cls, agents: tuple[AgentOptions, ...]) -> tuple[AgentOptions, ...]:
        ids = [agent.id for agent in agents]
        if twice := _first_repeated(ids):
            raise ValueError(f"two agents have the id {twice!r}; every agent needs an id of its own")
        tokens = [agent.token.get_secret_value() for agent in agents]
        if twice := _first_repeated(tokens):
            shared = " and ".join(agent.id for agent in agents if agent.token.get_secret_value() == twice)
            raise ValueError(f"{shared} share one token; every agent needs a token of their own")
        return agents

    @field_validator("canned")
    @classmethod
    def _canned_differ(cls, canned: tuple[CannedReply, ...]) -> tuple[CannedReply, ...]:
        if twice := _first_repeated([reply.name for reply in canned]):
            raise ValueError(f"two canned replies are named {twice!r}; rename one of them")
        return canned

    @model_validator(mode="after")
    def _names_fit(self) -> DeskOptions:
        known = ", ".join(self.groups) or "none is defined"
        for agent in self.agents:
            for group in agent.groups:
                if group not in self.groups:
                    raise ValueError(f"agent {agent.id!r} is in group {group!r}, which is not under `groups` ({known})")
            if agent.id in self.groups:
                raise ValueError(f"{agent.id!r} is both an agent and a group; a transfer could not tell them apart")
        return self


def _first_repeated(values: list[str]) -> str:
    return next((value for place, value in enumerate(values) if value in values[:place]), "")
