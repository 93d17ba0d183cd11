"""The mathematics of a move: its profile over time, its timing and its path. No words live here."""
