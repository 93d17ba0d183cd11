"""The named environments: where a sentence can set a shot."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kinoeye.language.lexicon import PLACES
from kinoeye.shot.environment import Environment, Ground, Sky, Sun
from kinoeye.shot.scenery import broadleaves, colonnade, crates, houses, lamps, pines, rocks, walls

_ALL = (
    Environment(
        name="desert",
        prompt="a sandy desert at noon",
        ground=Ground(
            pattern="noise", color_a_rgb=(0.86, 0.69, 0.45), color_b_rgb=(0.70, 0.50, 0.29), tile_m=1.6, grain=0.30
        ),
        sky=Sky(horizon_rgb=(0.93, 0.86, 0.72), zenith_rgb=(0.33, 0.57, 0.84)),
        sun=Sun(azimuth_deg=140, elevation_deg=58, color_rgb=(1.0, 0.96, 0.86), strength=0.95, ambient=0.42),
        fog_per_m=0.006,
        fog_rgb=(0.93, 0.86, 0.72),
        props=rocks(11, 16, stone=(0.66, 0.47, 0.32), largest_m=3.2),
    ),
    Environment(
        name="meadow",
        prompt="a green meadow on a clear day",
        ground=Ground(
            pattern="noise", color_a_rgb=(0.44, 0.61, 0.22), color_b_rgb=(0.24, 0.43, 0.14), tile_m=1.2, grain=0.50
        ),
        sky=Sky(horizon_rgb=(0.83, 0.91, 0.97), zenith_rgb=(0.25, 0.50, 0.88)),
        sun=Sun(azimuth_deg=115, elevation_deg=47, color_rgb=(1.0, 0.97, 0.88), strength=0.90, ambient=0.45),
        fog_per_m=0.006,
        fog_rgb=(0.80, 0.90, 0.95),
        props=broadleaves(12, 15, leaves=(0.26, 0.48, 0.17)),
    ),
    Environment(
        name="snow",
        prompt="a snowy field in winter light",
        ground=Ground(
            pattern="noise", color_a_rgb=(0.90, 0.93, 0.97), color_b_rgb=(0.70, 0.77, 0.87), tile_m=1.8, grain=0.22
        ),
        sky=Sky(horizon_rgb=(0.88, 0.92, 0.96), zenith_rgb=(0.52, 0.68, 0.86)),
        sun=Sun(azimuth_deg=155, elevation_deg=28, color_rgb=(1.0, 0.95, 0.88), strength=0.85, ambient=0.55),
        fog_per_m=0.008,
        fog_rgb=(0.88, 0.92, 0.96),
        props=pines(13, 15, needles=(0.20, 0.34, 0.30), snow=True),
    ),
    Environment(
        name="beach",
        prompt="a bright sandy beach under a turquoise sky",
        ground=Ground(
            pattern="stripes", color_a_rgb=(0.93, 0.85, 0.68), color_b_rgb=(0.83, 0.72, 0.52), tile_m=0.55, grain=0.32
        ),
        sky=Sky(horizon_rgb=(0.80, 0.95, 0.95), zenith_rgb=(0.10, 0.60, 0.78)),
        sun=Sun(azimuth_deg=95, elevation_deg=52, color_rgb=(1.0, 0.97, 0.90), strength=0.90, ambient=0.45),
        fog_per_m=0.005,
        fog_rgb=(0.72, 0.93, 0.94),
        props=rocks(14, 14, stone=(0.50, 0.45, 0.42), largest_m=2.0),
    ),
    Environment(
        name="night street",
        prompt="a street at night under a cold lamp",
        ground=Ground(
            pattern="tiles", color_a_rgb=(0.33, 0.34, 0.40), color_b_rgb=(0.15, 0.16, 0.20), tile_m=0.9, grain=0.45
        ),
        sky=Sky(horizon_rgb=(0.13, 0.15, 0.27), zenith_rgb=(0.03, 0.04, 0.10), glow=0.25),
        sun=Sun(azimuth_deg=125, elevation_deg=62, color_rgb=(0.72, 0.82, 1.0), strength=0.85, ambient=0.30),
        fog_per_m=0.015,
        fog_rgb=(0.11, 0.13, 0.24),
        props=(
            *houses(15, 9, wall=(0.17, 0.17, 0.24), pane=(1.2, 0.95, 0.5), roofs=False),
            *lamps(16, 7, light=(1.5, 1.3, 0.85)),
        ),
    ),
    Environment(
        name="studio",
        prompt="a plain photo studio with a soft grey backdrop",
        ground=Ground(
            pattern="plain", color_a_rgb=(0.76, 0.76, 0.77), color_b_rgb=(0.66, 0.66, 0.68), tile_m=0.7, grain=0.28
        ),
        sky=Sky(horizon_rgb=(0.84, 0.84, 0.86), zenith_rgb=(0.60, 0.61, 0.65), glow=0.10),
        sun=Sun(azimuth_deg=135, elevation_deg=55, color_rgb=(1.0, 0.98, 0.95), strength=0.75, ambient=0.50),
        fog_per_m=0.022,
        fog_rgb=(0.84, 0.84, 0.86),
    ),
    Environment(
        name="forest clearing",
        prompt="a mossy forest clearing in the shade",
        ground=Ground(
            pattern="noise", color_a_rgb=(0.30, 0.38, 0.17), color_b_rgb=(0.33, 0.24, 0.14), tile_m=0.9, grain=0.60
        ),
        sky=Sky(horizon_rgb=(0.36, 0.47, 0.33), zenith_rgb=(0.16, 0.29, 0.20), glow=0.45),
        sun=Sun(azimuth_deg=110, elevation_deg=60, color_rgb=(1.0, 0.95, 0.75), strength=0.80, ambient=0.38),
        fog_per_m=0.020,
        fog_rgb=(0.34, 0.45, 0.32),
        props=(*pines(17, 14, needles=(0.16, 0.31, 0.16)), *broadleaves(18, 7, leaves=(0.28, 0.38, 0.14))),
    ),
    Environment(
        name="sunset plain",
        prompt="a wide plain at sunset",
        ground=Ground(
            pattern="noise", color_a_rgb=(0.72, 0.52, 0.36), color_b_rgb=(0.46, 0.32, 0.28), tile_m=1.1, grain=0.55
        ),
        sky=Sky(horizon_rgb=(0.99, 0.63, 0.33), zenith_rgb=(0.33, 0.24, 0.50), glow=0.70),
        sun=Sun(azimuth_deg=62, elevation_deg=14, color_rgb=(1.0, 0.66, 0.36), strength=1.25, ambient=0.50),
        fog_per_m=0.010,
        fog_rgb=(0.95, 0.58, 0.34),
        props=broadleaves(19, 7, leaves=(0.30, 0.26, 0.16), inner_m=14.0),
    ),
    Environment(
        name="overcast plaza",
        prompt="a paved plaza under an overcast sky",
        ground=Ground(
            pattern="tiles", color_a_rgb=(0.60, 0.59, 0.57), color_b_rgb=(0.40, 0.39, 0.38), tile_m=0.8, grain=0.28
        ),
        sky=Sky(horizon_rgb=(0.82, 0.83, 0.84), zenith_rgb=(0.62, 0.65, 0.69), glow=0.05),
        sun=Sun(azimuth_deg=150, elevation_deg=66, color_rgb=(1.0, 0.99, 0.97), strength=0.38, ambient=0.62),
        fog_per_m=0.010,
        fog_rgb=(0.82, 0.83, 0.84),
        props=houses(20, 10, wall=(0.66, 0.58, 0.48), pane=(0.27, 0.31, 0.36), roofs=True),
    ),
    Environment(
        name="checkerboard hall",
        prompt="a hall with a checkerboard floor",
        ground=Ground(
            pattern="checker", color_a_rgb=(0.88, 0.86, 0.80), color_b_rgb=(0.15, 0.15, 0.18), tile_m=0.8, grain=0.20
        ),
        sky=Sky(horizon_rgb=(0.62, 0.50, 0.40), zenith_rgb=(0.30, 0.20, 0.19), glow=0.12),
        sun=Sun(azimuth_deg=130, elevation_deg=57, color_rgb=(1.0, 0.92, 0.78), strength=0.80, ambient=0.42),
        fog_per_m=0.020,
        fog_rgb=(0.60, 0.48, 0.39),
        props=(
            *colonnade(14, radius_m=12.0, height_m=6.0, stone=(0.72, 0.62, 0.52)),
            *walls(half_m=17.0, height_m=8.0, color=(0.52, 0.36, 0.30)),
        ),
    ),
    Environment(
        name="foggy moor",
        prompt="a foggy moor in the morning",
        ground=Ground(
            pattern="noise", color_a_rgb=(0.43, 0.42, 0.26), color_b_rgb=(0.30, 0.24, 0.27), tile_m=1.0, grain=0.55
        ),
        sky=Sky(horizon_rgb=(0.74, 0.78, 0.79), zenith_rgb=(0.60, 0.66, 0.70), glow=0.15),
        sun=Sun(azimuth_deg=100, elevation_deg=35, color_rgb=(1.0, 0.97, 0.92), strength=0.45, ambient=0.60),
        fog_per_m=0.036,
        fog_rgb=(0.74, 0.78, 0.79),
        props=rocks(21, 18, stone=(0.36, 0.36, 0.34), largest_m=2.6),
    ),
    Environment(
        name="warehouse",
        prompt="a warehouse with a striped concrete floor",
        ground=Ground(
            pattern="stripes", color_a_rgb=(0.46, 0.48, 0.50), color_b_rgb=(0.66, 0.58, 0.27), tile_m=1.5, grain=0.38
        ),
        sky=Sky(horizon_rgb=(0.42, 0.46, 0.50), zenith_rgb=(0.16, 0.18, 0.21), glow=0.05),
        sun=Sun(azimuth_deg=145, elevation_deg=64, color_rgb=(0.95, 0.98, 1.0), strength=0.72, ambient=0.42),
        fog_per_m=0.016,
        fog_rgb=(0.40, 0.44, 0.48),
        props=(*crates(22, 14, wood=(0.58, 0.42, 0.26)), *walls(half_m=21.0, height_m=7.0, color=(0.44, 0.47, 0.50))),
    ),
)

ENVIRONMENTS: Mapping[str, Environment] = MappingProxyType({environment.name: environment for environment in _ALL})
"""Name -> environment; the names are the places that a sentence can mention (`language.lexicon.PLACES`)."""


def find_environment(words: str) -> str | None:
    """The name of the environment that words mention, by the longest synonym in them; None when there is none.

    Example:
        >>> find_environment("two robots among sand dunes")
        'desert'
    """
    text = f" {' '.join(words.lower().split())} "
    found = [(len(word), name) for name, synonyms in PLACES.items() for word in synonyms if f" {word} " in text]
    return max(found)[1] if found else None
