"""Words, Plans, tags and paths. No scene, pixel or network lives here, and parsing and tagging import no torch."""
