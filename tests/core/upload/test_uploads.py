"""The whole way of a file: offered, promised, sent, retried, ended, and what is told of it."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core import metrics
from core.clock import utc_now
from core.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from core.model.upload import Upload
from core.store.schema import tasks
from core.upload.oss import PART_SIZE
from scheduler.tasks import EmbeddedQueue
from tests.core_upload_station import Station
from tests.sim.oss import Fault, OssServer

DENIED = {"status": 403, "code": "AccessDenied"}
