"""The studio: the whole loop and its report. Mathematics, models and file formats may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.studio.edit_sources import edit_files as edit_files
    from kinoeye.studio.picture import write_picture as write_picture
    from kinoeye.studio.report import Report as Report
    from kinoeye.studio.report import write_report as write_report
    from kinoeye.studio.scene_files import write_scene as write_scene
    from kinoeye.studio.scene_page import scene_html as scene_html
    from kinoeye.studio.shooting import shoot as shoot
    from kinoeye.studio.viewable import report_for as report_for

__getattr__, __dir__, __all__ = lazy_exports(__name__)
