"""At inference AMG sees avatars, their camera and words: never the renderer, never the answers."""

import subprocess
import sys


def test_the_pipeline_reaches_neither_renderer_nor_worlds_nor_pairs():
    code = (
        "import sys, kinoeye.systems.amg.pipeline\n"
        "bad = [name for name in sys.modules if name.startswith(('kinoeye.render', 'kinoeye.systems.amg.pairs', "
        "'kinoeye.systems.amg.data', 'kinoeye.evaluation', 'kinoeye.facts'))]\n"
        "print(bad)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
