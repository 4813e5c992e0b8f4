"""Error pages of a development server: where it broke, and none of the data it broke on."""

from collections.abc import ItemsView
from types import FrameType, TracebackType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class WithoutData(SafeExceptionReporterFilter):
    """Frames without their variables, requests without what was posted: both hold contacts."""

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType | TracebackType
    ) -> ItemsView[str, Any]:
        return dict[str, Any]().items()
