"""A command on a terminal of its own, as rehearsals run it too."""

from __future__ import annotations

from rehearsal.terminal import Ended, at_a_terminal

__all__ = ["Ended", "at_a_terminal"]
