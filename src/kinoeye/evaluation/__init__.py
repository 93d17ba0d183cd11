"""Named protocols that compare what came back with what was asked; nothing that estimates or trains may live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.evaluation.association import associate as associate
    from kinoeye.evaluation.association import associate_by_index as associate_by_index
    from kinoeye.evaluation.association import associate_by_time as associate_by_time
    from kinoeye.evaluation.comparison import compare as compare
    from kinoeye.evaluation.comparison import differences as differences
    from kinoeye.evaluation.comparison import load_score as load_score
    from kinoeye.evaluation.error_statistics import Statistics as Statistics
    from kinoeye.evaluation.error_statistics import statistics as statistics
    from kinoeye.evaluation.file_scores import match_folders as match_folders
    from kinoeye.evaluation.file_scores import score_files as score_files
    from kinoeye.evaluation.file_scores import score_many as score_many
    from kinoeye.evaluation.pose_pairs import Settings as Settings
    from kinoeye.evaluation.pose_protocols import PROTOCOLS as PROTOCOLS
    from kinoeye.evaluation.pose_score import Metric as Metric
    from kinoeye.evaluation.pose_score import PoseScore as PoseScore
    from kinoeye.evaluation.pose_score import score_poses as score_poses
    from kinoeye.evaluation.protocol import PoseProtocol as PoseProtocol
    from kinoeye.evaluation.score_table import ScoreTable as ScoreTable
    from kinoeye.evaluation.score_table import tabulate as tabulate

__getattr__, __dir__, __all__ = lazy_exports(__name__)
