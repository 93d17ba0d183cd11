"""Dictionaries of English as their publishers ship them. What is made of their words may not live here."""
