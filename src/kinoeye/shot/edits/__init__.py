"""Edits of camera paths: pure functions of tracks, cameras and shots, and the words that name them.

Files may not be read or written here, nor sentences understood: who calls hands in other paths and operators.
"""
