"""Named protocols that compare what came back with what was asked; nothing that estimates or trains may live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.evaluation.association import associate as associate
    from kinoeye.evaluation.association import associate_by_index as associate_by_index
    from kinoeye.evaluation.association import associate_by_time as associate_by_time
    from kinoeye.evaluation.clatr_scores import score_with_clatr as score_with_clatr
    from kinoeye.evaluation.comparison import compare as compare
    from kinoeye.evaluation.comparison import differences as differences
    from kinoeye.evaluation.comparison import load_score as load_score
    from kinoeye.evaluation.error_statistics import Statistics as Statistics
    from kinoeye.evaluation.error_statistics import statistics as statistics
    from kinoeye.evaluation.feature_extractor import FeatureExtractor as FeatureExtractor
    from kinoeye.evaluation.feature_scores import score_sets as score_sets
    from kinoeye.evaluation.file_scores import match_folders as match_folders
    from kinoeye.evaluation.file_scores import score_files as score_files
    from kinoeye.evaluation.file_scores import score_many as score_many
    from kinoeye.evaluation.film_evaluation import evaluate_films as evaluate_films
    from kinoeye.evaluation.folder_evaluation import evaluate_folders as evaluate_folders
    from kinoeye.evaluation.frechet import frechet_distance as frechet_distance
    from kinoeye.evaluation.harness import EvalReport as EvalReport
    from kinoeye.evaluation.measurement import Measurement as Measurement
    from kinoeye.evaluation.pose_pairs import Settings as Settings
    from kinoeye.evaluation.pose_protocols import PROTOCOLS as PROTOCOLS
    from kinoeye.evaluation.pose_score import Metric as Metric
    from kinoeye.evaluation.pose_score import PoseScore as PoseScore
    from kinoeye.evaluation.pose_score import score_poses as score_poses
    from kinoeye.evaluation.program_metrics import exact_program as exact_program
    from kinoeye.evaluation.program_metrics import segment_similarity as segment_similarity
    from kinoeye.evaluation.protocol import PoseProtocol as PoseProtocol
    from kinoeye.evaluation.score_table import ScoreTable as ScoreTable
    from kinoeye.evaluation.score_table import tabulate as tabulate

__getattr__, __dir__, __all__ = lazy_exports(__name__)
