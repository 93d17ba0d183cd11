"""The plain ray caster that defines every layer; nothing here is optimised, and speed may not live here."""
