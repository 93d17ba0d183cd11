"""From characters to items: words, numbers, phrases of the lexicon and noun phrases. No Plan is built here."""
