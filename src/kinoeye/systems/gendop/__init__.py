"""GenDoP: captions and a first RGB-D frame become camera paths (Zhang et al. 2025, arXiv 2504.07083).

`quirks` names upstream's defects, `tokens` holds the pose codec, `official` the network of the released checkpoints,
`generation` the token loop on `engine`, whose compiled products are in `kernels`; `tokenizer` reads captions, `images`
first frames, `captions_file` what stands beside a shot, `encoders` pretrained towers; `folders` directs many shots,
`directors` names who directs. `frame_recipe` trains what reads first frames for our own director, on lessons from
rendered worlds; `clatr_recipe` trains the CLaTr of the scores on `worded_paths`,
`baseline_recipes` the published networks that our director is compared with, of which `diffusion_director` runs E.T.'s.
What other systems need, training loops and scores may not live here.
"""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.systems.gendop.config import GenDoPConfig as GenDoPConfig
    from kinoeye.systems.gendop.directors import director as director
    from kinoeye.systems.gendop.official import GenDoP as GenDoP
    from kinoeye.systems.gendop.official import GenDoPDecoder as GenDoPDecoder
    from kinoeye.systems.gendop.pipeline import GenDoPPipeline as GenDoPPipeline
    from kinoeye.systems.gendop.quirks import Quirks as Quirks
    from kinoeye.systems.gendop.ranking import Candidate as Candidate
    from kinoeye.systems.gendop.ranking import best_candidates as best_candidates
    from kinoeye.systems.gendop.segment_director import SegmentDirector as SegmentDirector
    from kinoeye.systems.gendop.tokens import Codec as Codec

__getattr__, __dir__, __all__ = lazy_exports(__name__)
