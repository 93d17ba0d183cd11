"""One reader and writer a container (npz, glTF, USD, COLMAP models); what it means as a path may not live here."""
