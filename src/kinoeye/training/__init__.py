"""One loop for any recipe: phases, averages, exact resume, many processes; what is learned may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.training.fitting import Fitted as Fitted
    from kinoeye.training.fitting import fit as fit
    from kinoeye.training.interruption import TrainingInterruptedError as TrainingInterruptedError
    from kinoeye.training.phase_options import adjusted_phases as adjusted_phases
    from kinoeye.training.schedule import learning_rate as learning_rate

__getattr__, __dir__, __all__ = lazy_exports(__name__)
