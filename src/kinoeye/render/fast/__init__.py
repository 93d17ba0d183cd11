"""The compiled ray caster; it is held equal to the reference by tests, and no look of its own may live here."""
