"""The wall clock: the one place that reads it for jobs."""

import time
from typing import Final

from jobs.ports import Clock

wall_clock: Final[Clock] = time.time
