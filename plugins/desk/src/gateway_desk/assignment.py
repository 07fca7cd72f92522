"""Automatic assignment: whoever waited longest goes to the agent with the fewest dialogs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway_desk.acts import NotDone

if TYPE_CHECKING:
    from gateway_desk.acts import Acts
    from gateway_desk.board import Board, Dialog
    from gateway_desk.options import DeskOptions
    from gateway_desk.roster import Roster
    from gateway_desk.teams import Teams


class Assignment:
    """Hands waiting dialogs to agents who are connected, online and not full."""

    def __init__(self, options: DeskOptions, teams: Teams, board: Board, roster: Roster, acts: Acts) -> None:
        self._options = options
        self._teams = teams
        self._board = board
        self._roster = roster
        self._acts = acts

    async def hand_out(self) -> None:
        """Hand out what can be handed out now."""
        for dialog in self._board.opened():
            if dialog.waiting and not dialog.handoff.transfer.one_time_message:
                await self._hand_out(dialog)

    async def _hand_out(self, dialog: Dialog) -> None:
        free = sorted(filter(self._is_free, self._teams.audience(dialog.handoff.destination) - {dialog.passed_by}))
        if not free:
            return
        try:
            await self._acts.take(min(free, key=self._acts.chats_of), dialog.session)
        except NotDone:  # Somebody took it by hand, or the client left.
            return

    def _is_free(self, agent: str) -> bool:
        return self._roster.present(agent) and self._acts.chats_of(agent) < self._options.max_chats
