"""Which triangle each ray meets first, as OpenGL decides it; no look and no camera of its own may live here."""
